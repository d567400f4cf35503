package plan

import (
	"slices"

	"github.com/anabranch/anabranch/operators/order"
)

// Closing says when partitions of a ranking end: one of its columns is of a window, whose rows the watermark bounds.
func Closing(n *Rank) (order.Closing, bool) { return closing(n, TraitsOf(n.Input)) }

func closing(n *Rank, in Traits) (c order.Closing, ok bool) {
	if !in.Unbounded || in.Changelog {
		return c, false
	}
	for _, r := range in.Rising {
		// Of several, the one that is known first to end.
		if r.Closes != nil && slices.Contains(n.Partition, r.Column) && (!ok || *r.Closes < c.After) {
			c, ok = order.Closing{Column: r.Column, After: *r.Closes}, true
		}
	}
	return c, ok
}

// closed are the times of a ranking whose partitions end: they come out before the watermark by which they do.
func (t *Traits) closed(c order.Closing, in Traits) {
	of, _ := in.rising(c.Column)
	for _, r := range in.Rising {
		if r.Column != c.Column && (r.Base == nil || r.Base != of.Base) {
			continue
		}
		t.Rising = append(t.Rising, r)
		if slices.Contains(in.Time, r.Column) {
			t.Time = append(t.Time, r.Column)
		}
	}
}
