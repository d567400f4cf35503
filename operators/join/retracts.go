package join

import "github.com/anabranch/anabranch/columnar"

// retracts are kinds of rows that are all taken back, for batches of one kind.
type retracts []columnar.RowKind

// of are the kinds of n rows, all of the given one; they are borrowed.
func (r *retracts) of(kind columnar.RowKind, n int) []columnar.RowKind {
	if kind == columnar.Insert {
		return nil
	}
	for len(*r) < n {
		*r = append(*r, columnar.Retract)
	}
	return (*r)[:n]
}
