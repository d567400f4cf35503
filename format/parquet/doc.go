// Package parquet owns reading and writing Parquet files as columnar batches.
//
// A File is the decoded footer. A Scanner keeps one cursor a projected column; a cursor walks
// the pages of its column chunk and decodes values straight into the vector, so that pages of
// different sizes in different columns still yield batches of equal rows. Encodings other
// than PLAIN and dictionary are turned into PLAIN when their page is opened.
//
// Invariant: no input makes the package panic; what is wrong with a file is an error that
// names the file, the row group and the column. A dictionary vector handed out is never
// written again, whereas every other buffer of a batch is used again by the next one.
package parquet
