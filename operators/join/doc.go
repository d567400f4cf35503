// Package join pairs rows of two inputs: Hash reads its right side first, as a whole; Symmetric takes both
// as they come and emits a changelog, with or without a bound in time.
package join
