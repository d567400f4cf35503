package expr

import "github.com/anabranch/anabranch/columnar"

// shift adds a constant interval of days to seconds to timestamps, column by column. Where a row fails or the
// column is encoded it goes row by row.
type shift struct {
	rowwise
	by, lo, hi int64
}

// compileShift compiles the sum of a date, time or timestamp and an interval, or with a sign of -1 their
// difference.
func compileShift(c *compiler, e *Expr, sign int64) (node, error) {
	n, err := plain(addInterval(e, sign))(c, e)
	by := e.Args[1]
	if err != nil || !e.Type.IsTimestamp() || !by.IsConstant() || by.Value.Null || by.Type.Kind == columnar.IntervalMonth {
		return n, err
	}
	to := moverOf(e.Type)
	steps, ok := to.steps(0, sign*by.Value.Int, 1000)
	if !ok {
		return n, nil
	}
	return &shift{rowwise: *n.(*rowwise), by: steps, lo: to.lo, hi: to.hi}, nil
}

func (n *shift) eval(b *columnar.Batch, sel []int32) (*columnar.Vector, error) {
	v, err := n.args[0].eval(b, sel)
	if err != nil {
		return nil, err
	}
	if v.Enc == columnar.Flat && v.Phys == n.out.Type.Physical() {
		rows := b.Len()
		n.out.Reset(rows)
		if !columnar.ShiftChecked64(columnar.Values[int64](n.out), columnar.Values[int64](v)[:rows], n.by, n.lo, n.hi) {
			if v.Valid != nil {
				n.out.Valid = columnar.AndBitmaps(n.out.OwnValid(rows), v.Valid, nil, rows)
			}
			return n.out, nil
		}
	}
	n.vals[0] = columnar.Reader{Vector: v}
	by, err := n.args[1].eval(b, sel)
	if err != nil {
		return nil, err
	}
	n.vals[1] = columnar.Reader{Vector: by}
	return n.apply(b.Len(), sel)
}
