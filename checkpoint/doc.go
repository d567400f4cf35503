// Package checkpoint makes many snapshots one: it decides when a checkpoint starts and when it is
// complete, and keeps checkpoints in a folder.
//
// Invariants:
//   - A checkpoint exists once its metadata does; the metadata is written last, by rename, and
//     names every other file with its size and checksum.
//   - At most one epoch is in progress.
//   - Only the holder of the job's lease writes or deletes, and deletes only what is older than a
//     complete checkpoint or was given up before an attempt at the job starts.
package checkpoint
