// Package columnar owns values inside columns: types, vectors, batches, the kernels that
// work on them, their order, their hashes and their form as bytes. The memory they live in is that of
// columnar/mem; columnar/hashtable finds rows by key.
//
// A Vector is a column in Arrow layout (little-endian fixed-width values, LSB validity
// bitmaps, 16-byte string views) held as typed Go slices, plus an encoding: flat, constant
// or dictionary. A Batch is a schema, one vector a column, at most one selection and an
// optional vector of row kinds.
//
// Invariants:
//   - A selection is strictly increasing and applies to all vectors and kinds of its batch.
//   - Encodings do not nest: a dictionary's values and a constant's value are flat.
//   - A null row of a ROW vector is null in every child too.
//   - What is emitted is read-only and borrowed; Keep makes an own, compact copy.
//   - The hash of a key is the same for every encoding and width of its column, in every
//     process, for one HashVersion.
package columnar
