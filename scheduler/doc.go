// Package scheduler is the client of the runtime: it submits a job to a JobManager and waits for its
// end. JobManager and TaskManagers are in this process and talk in messages, as they would between
// processes.
//
// Invariants:
//   - There is one path: whatever runs is submitted, placed, deployed and told about in messages.
//   - Run returns when every goroutine it started has ended and every operator is closed.
package scheduler
