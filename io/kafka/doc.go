// Package kafka owns the connector 'kafka': tables whose rows are the records of topics.
//
// What is written exactly once is written in transactions, one an epoch and subtask, whose ids no
// other epoch uses. A checkpoint holds what is needed to end those of its epoch: id, producer and
// protocol version. A restore ends them first, then aborts those the checkpoint does not know.
//
// A split is a partition of a topic. Offsets are part of checkpoints; the group's committed offsets
// are only read, to start from. One client reads for all splits of a table in the process.
//
// Invariant: a batch never reaches beyond what its reader's Position says, and each record is in
// exactly one batch or counted.
package kafka
