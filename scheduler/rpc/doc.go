// Package rpc has the messages between client, JobManager and TaskManagers, and their form as bytes.
//
// Invariants:
//   - A message holds values only: what it points to is not changed once it is sent.
//   - Messages from one sender to one receiver arrive in the order they were sent in, each once, or the
//     receiver is told that the sender is lost.
//   - Decode of Encode is the message itself, and Decode of anything else is an error.
package rpc
