// Package hashtable owns what finds rows by key: Table, which has one row a key with words of its owner beside
// it, for grouping, joins and distinct values; Rows, which keeps whole rows, any number a key; and the Changes
// of either since its last snapshot.
//
// Invariants:
//   - A row is the words of its columns, after the hash of its key; null equals null, -0 equals 0 and NaN itself
//     in a key.
//   - The id of a row stays as long as the row does.
//   - What is held is reserved from the table's account.
package hashtable
