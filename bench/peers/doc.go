// Package peers is the root of the programs that bench compares the engine with.
//
// Invariant: a peer is a program of its own, anabranch-peer-NAME; jobs come in and results go out as
// lines of JSON, and the engine's module needs none of their dependencies.
package peers
