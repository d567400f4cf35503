// Package kafka runs SQL over a real broker: what is read, what is written, what goes wrong.
//
// Invariant: a subtest uses topics of its own.
package kafka
