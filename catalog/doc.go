// Package catalog owns the names of tables and what a connector has to offer: it is what io
// implements and sql looks up.
//
// Invariant: a TableSpec says everything a task needs to read or write a table; it holds no
// handles and encodes as JSON.
package catalog
