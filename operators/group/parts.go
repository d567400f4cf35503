package group

import "github.com/anabranch/anabranch/columnar"

// parts cuts batches. Where most rows of a batch are of groups of their own and the groups do not fit a
// processor's cache, it is taken part by part: what one step reads of the groups of a part the next ones find in
// the cache. Elsewhere a batch is taken as a whole, as it then has fewer changes.
type parts struct {
	rows, groups int // how large a part is, and from how many groups on

	scattered bool    // so was the batch before
	every     []int32 // 0, 1, 2, ...
}

const (
	partRows   = 1024
	partGroups = 16 * partRows
)

// size is the number of rows of a part of a batch of n live rows.
func (p *parts) size(n int) int {
	if p.scattered {
		return p.rows
	}
	return n
}

// seen notes how many groups the parts of a batch of n live rows were of, and how many there are.
func (p *parts) seen(n, touched, groups int) { p.scattered = 2*touched > n && groups > p.groups }

// part is the live rows of b from one to another.
func (p *parts) part(b *columnar.Batch, from, to int) *columnar.Batch {
	if to-from == b.Live() {
		return b
	}
	sel := b.Sel
	if sel == nil {
		for i := len(p.every); i < b.Len(); i++ {
			p.every = append(p.every, int32(i))
		}
		sel = p.every
	}
	return b.WithSel(sel[from:to])
}
