// Package graph describes a job: its operators, the edges between them, and how each prints. It
// runs nothing.
//
// Invariant: a Job encodes as JSON without loss; whatever cannot be encoded (a user's function, a
// result the caller waits for) is named by the uid of its node and bound in the process.
package graph
