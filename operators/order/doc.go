// Package order orders rows and chooses some of them: sort, limit, rows numbered by partition, the first or
// last row of a key, and the rows that a changelog leaves at its end.
package order
