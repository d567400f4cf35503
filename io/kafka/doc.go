// Package kafka owns the connectors 'kafka', tables whose rows are the records of topics, and
// 'upsert-kafka', tables with one row for each key of records.
//
// What is written exactly once is written in transactions, one an epoch and subtask, whose ids no
// other epoch uses. A checkpoint holds what is needed to end those of its epoch: id, producer and
// protocol version. A restore ends them first, then aborts those the checkpoint does not know.
//
// A split is a partition of a topic. Offsets are part of checkpoints, and what a job goes on from. The
// group's committed offsets are read to start from, and told what complete checkpoints have read. Two clients
// read for all splits of a table in the process.
//
// Invariant: a batch never reaches beyond what its reader's Position says, and each record is in
// exactly one batch or counted.
package kafka
