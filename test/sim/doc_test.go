// Package sim runs whole clusters, a JobManager with its TaskManagers and their tasks, in one goroutine:
// time, the network, the order of steps and what fails come from one seed.
//
// Invariants that every run is checked for:
//   - A complete checkpoint has of every task its acknowledgement of that epoch in that attempt, or the
//     task had finished.
//   - What sinks prepare is committed after a durable checkpoint lists it, and never after it was removed.
//   - A job that ends well has committed every row of every split once; one that fails says why.
//   - Every job ends.
package sim
