// Package arrow owns reading and writing Arrow IPC files and streams as columnar batches.
//
// The library arrow-go decodes and encodes messages; this package maps types and moves rows between
// its arrays and vectors. A vector refers to an array's memory where the layouts agree: fixed-width
// values, bits and views of strings. Strings with offsets get views of their bytes, which stay where
// they are. What is written is the memory of a batch of our own, except for strings with offsets.
//
// Invariant: no input makes the package panic; what is wrong with a file is an error that names the
// file, the record batch and the column. A dictionary vector handed out is never written again and
// lies in the Go heap, whereas all other memory of a batch is used again by the next one.
package arrow
