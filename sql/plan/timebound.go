package plan

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/operators/join"
)

// TimeBound is what the condition of a join says of the times of rows that match; nil if that lets
// no row go, or if the join takes rows back anyway.
func TimeBound(n *Join) *join.TimeBound {
	return timeBound(n, TraitsOf(n.Left), TraitsOf(n.Right))
}

func timeBound(n *Join, left, right Traits) *join.TimeBound {
	if left.Changelog || right.Changelog || !left.Unbounded || !right.Unbounded {
		return nil
	}
	var best *join.TimeBound
	for _, l := range left.Rising {
		for _, r := range right.Rising {
			b := boundBetween(n, left, right, l, r)
			if b == nil || !lets(n.Type, b) {
				continue
			}
			// Of columns that are constants apart those close to the watermark hold it back least.
			if best == nil || b.LeftBehind+b.RightBehind < best.LeftBehind+best.RightBehind {
				best = b
			}
		}
	}
	return best
}

// lets reports whether rows can be let go: a side that is kept without a match must be.
func lets(t join.Type, b *join.TimeBound) bool {
	switch t {
	case join.Left, join.Anti:
		return b.Low != nil
	case join.Right:
		return b.High != nil
	case join.Full:
		return b.Low != nil && b.High != nil
	}
	return b.Low != nil || b.High != nil
}

// boundBetween is what the condition says of two columns, also by way of columns that are constants
// apart from them.
func boundBetween(n *Join, left, right Traits, l, r Rising) *join.TimeBound {
	b := &join.TimeBound{Left: l.Column, Right: r.Column, LeftBehind: l.Behind, RightBehind: r.Behind}
	atLeast := func(v int64) {
		if b.Low == nil || *b.Low < v {
			b.Low = &v
		}
	}
	atMost := func(v int64) {
		if b.High == nil || *b.High > v {
			b.High = &v
		}
	}
	for i, k := range n.LeftKeys {
		lk, okL := left.apart(k, l)
		rk, okR := right.apart(n.RightKeys[i], r)
		if okL && okR {
			// k + lk = right key + rk as times of the two columns.
			atLeast(lk - rk)
			atMost(lk - rk)
		}
	}
	width := Width(n.Left)
	for _, e := range conjunctsOf(n.On) {
		name, low, high, ok := comparison(e, width)
		if !ok {
			continue
		}
		lk, okL := left.apart(low.column, l)
		rk, okR := right.apart(high.column-width, r)
		if !okL || !okR {
			continue
		}
		// left + low.ahead <name> right + high.ahead
		d := high.ahead - low.ahead + lk - rk
		if name == "<" || name == "<=" || name == "=" {
			atMost(d)
		}
		if name == ">" || name == ">=" || name == "=" {
			atLeast(d)
		}
	}
	if b.Low == nil && b.High == nil {
		return nil
	}
	b.Slack = max(left.slack(l), right.slack(r))
	return b
}

// apart is how far the rising column to lies above column, in microseconds, if that is a constant.
func (t *Traits) apart(column int, to Rising) (micros int64, ok bool) {
	if column == to.Column {
		return 0, true
	}
	r, ok := t.rising(column)
	if !ok || r.Base == nil || r.Base != to.Base {
		return 0, false
	}
	return r.Behind - to.Behind, true
}

// slack is how far event times of the relation lie below a column that they are constants apart from.
func (t *Traits) slack(of Rising) int64 {
	var most int64
	for _, c := range t.Time {
		if d, ok := t.apart(c, of); ok {
			most = max(most, d)
		}
	}
	return most
}

// side is a column and a constant added to it, in microseconds.
type side struct {
	column int
	ahead  int64
}

// comparison takes a comparison of a left column with a right one apart, left one first.
func comparison(e *expr.Expr, width int) (name string, l, r side, ok bool) {
	if e.Op != expr.Call || len(e.Args) != 2 {
		return "", l, r, false
	}
	turned, known := map[string]string{"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}[e.Name]
	var okL, okR bool
	l.column, l.ahead, okL = shifted(e.Args[0])
	r.column, r.ahead, okR = shifted(e.Args[1])
	switch {
	case !known || !okL || !okR:
		return "", l, r, false
	case l.column < width && r.column >= width:
		return e.Name, l, r, true
	case r.column < width && l.column >= width:
		return turned, r, l, true
	}
	return "", l, r, false
}

// shifted takes a timestamp column plus or minus constant intervals apart. A cast that keeps all
// digits changes nothing.
func shifted(e *expr.Expr) (column int, ahead int64, ok bool) {
	switch {
	case e.Op == expr.Column && e.Type.IsTimestamp():
		return e.Index, 0, true
	case e.Op == expr.Cast && e.Args[0].Type.Kind == e.Type.Kind && e.Type.IsTimestamp() && e.Type.Precision >= e.Args[0].Type.Precision:
		return shifted(e.Args[0])
	case e.Op == expr.Call && (e.Name == "+" || e.Name == "-") && len(e.Args) == 2:
		by := e.Args[1]
		if column, ahead, ok = shifted(e.Args[0]); !ok || by.Op != expr.Constant || by.Value.Null || by.Type.Kind != columnar.IntervalDay {
			return 0, 0, false
		}
		if e.Name == "-" {
			return column, ahead - by.Value.Int, true
		}
		return column, ahead + by.Value.Int, true
	}
	return 0, 0, false
}

func conjunctsOf(e *expr.Expr) []*expr.Expr {
	if e == nil {
		return nil
	}
	if e.Op == expr.Call && e.Name == "AND" {
		var all []*expr.Expr
		for _, a := range e.Args {
			all = append(all, conjunctsOf(a)...)
		}
		return all
	}
	return []*expr.Expr{e}
}
