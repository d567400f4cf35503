package order

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

// Limit passes a number of rows on after leaving some out, then stops its inputs.
type Limit struct {
	skip, left int64
	unlimited  bool
	sel        []int32
}

var (
	_ dataflow.Operator = (*Limit)(nil)
	_ dataflow.Stopper  = (*Limit)(nil)
)

// NewLimit makes the operator of spec.
func NewLimit(spec LimitSpec) *Limit {
	l := &Limit{skip: spec.Offset, unlimited: spec.Limit == nil}
	if spec.Limit != nil {
		l.left = *spec.Limit
	}
	return l
}

// Process emits the part of b that lies in the wanted range.
func (l *Limit) Process(_ dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	n := int64(b.Live())
	skip := min(l.skip, n)
	take := n - skip
	l.skip -= skip
	if !l.unlimited {
		take = min(take, l.left)
		l.left -= take
	}
	switch {
	case take == 0:
		return dataflow.Done, nil
	case take == n:
		return dataflow.Done, out.Emit(b)
	}
	l.sel = l.sel[:0]
	for k := skip; k < skip+take; k++ {
		l.sel = append(l.sel, int32(b.Row(int(k))))
	}
	return dataflow.Done, out.Emit(b.WithSel(l.sel))
}

// Stopped reports that the limit is reached.
func (l *Limit) Stopped() bool { return !l.unlimited && l.left == 0 }

// Close does nothing.
func (l *Limit) Close() error { return nil }
