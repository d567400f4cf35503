// Package spill owns rows that operators put aside on disk because memory has no room for them: runs of
// sorted rows, and the partitions of hash joins and aggregations. It knows nothing of what the rows mean.
//
// Invariants:
//   - What is read back is what was written, or an error: every frame has a checksum.
//   - The files do not outlive the job; those of a process that was killed are removed by the next one.
package spill
