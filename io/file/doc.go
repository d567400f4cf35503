// Package file is the connector 'filesystem': tables that are files, globs or directories of
// Parquet, Arrow, CSV or JSON, compressed or not.
//
// Invariant: a written file appears under its name only when the job's input has ended; what a
// failed job leaves behind no table's listing shows.
package file
