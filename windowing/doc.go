// Package windowing turns rows into rows by when they happened: window assignment and window
// aggregation in event time, and aggregation in processing time.
//
// Invariant: a window is emitted once, when the watermark reaches its end; a row whose windows
// have all been emitted is late, is left out and is counted. In processing time the wall clock is the
// watermark, so no row is late.
package windowing
