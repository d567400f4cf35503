// Package cold owns rows of keyed state that memory has no room for: in a Pebble instance an operator,
// whose files are scratch and do not outlive the process. What has to last is in snapshots.
//
// Invariants:
//   - Rows are ordered by table, key group, hash and key; a key has at most one row.
//   - After a failed write every call returns its error, one that gives something back only if none has yet, and
//     none waits for room on the disk.
package cold
