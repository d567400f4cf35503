package join

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
	"github.com/anabranch/anabranch/operators/held"
)

// probe walks over the pairs of one left batch.
type probe struct {
	batch *columnar.Batch
	kept  *columnar.Batch // batch, if it is an own one
	ids   []uint32        // table row of each live left row, NoRow if none
	live  int             // cursor: live row
	chain int32           // cursor: next build row plus one; 0 means look at the row's id

	left, right []int32 // the current pairs: positions in batch and build
	pos         []int32 // live index of each pair's left row
	matched     []bool  // by live index
	sel         []int32
	cols        []*columnar.Vector
}

// beside fills p.right with the build row of each position of the batch, where the ids are build
// rows, and returns the live rows that have one. If all are kept, it returns the live rows and
// those without a build row have -1.
func (p *probe) beside(keep bool) []int32 {
	n := p.batch.Len()
	if cap(p.right) < n || cap(p.left) < n {
		p.left, p.right = make([]int32, n), make([]int32, n)
	}
	p.left, p.right = p.left[:n], p.right[:n]
	if keep {
		for i := range p.right {
			p.right[i] = -1 // rows that are not live, too
		}
		for k, id := range p.ids {
			i := p.batch.Row(k)
			p.left[k], p.right[i] = int32(i), int32(id)
		}
		return p.left[:len(p.ids)]
	}
	found := 0
	if p.batch.Sel == nil {
		for i, id := range p.ids[:n] {
			p.left[found] = int32(i)
			p.right[i] = max(int32(id), 0)
			if id != hashtable.NoRow {
				found++
			}
		}
		return p.left[:found]
	}
	clear(p.right)
	for k, i := range p.batch.Sel {
		id := p.ids[k]
		p.left[found] = i
		p.right[i] = max(int32(id), 0)
		if id != hashtable.NoRow {
			found++
		}
	}
	return p.left[:found]
}

func (p *probe) start(b *columnar.Batch, keys []int, s *build) {
	p.batch, p.live, p.chain = b, 0, 0
	p.cols = held.KeyColumns(p.cols, b, keys)
	p.ids = s.table.FindRows(p.ids, p.cols, b.Sel, b.Len())
	n := len(p.ids)
	if cap(p.matched) < n {
		p.matched = make([]bool, n)
	}
	p.matched = p.matched[:n]
	clear(p.matched)
	for _, v := range p.cols {
		if v.Valid == nil {
			continue
		}
		for k := range p.ids {
			if v.IsNull(b.Row(k)) {
				p.ids[k] = hashtable.NoRow
			}
		}
	}
}

func (p *probe) finished() bool { return p.live >= len(p.ids) }

// pairs collects up to limit further pairs and reports whether there are any.
func (p *probe) pairs(s *build, limit int) bool {
	p.left, p.right, p.pos = p.left[:0], p.right[:0], p.pos[:0]
	head := s.table.Cells(0)
	for p.live < len(p.ids) && len(p.left) < limit {
		if p.chain == 0 {
			if p.ids[p.live] == hashtable.NoRow {
				p.live++
				continue
			}
			p.chain = int32(*head.At(p.ids[p.live]))
		}
		i := int32(p.batch.Row(p.live))
		for p.chain != 0 && len(p.left) < limit {
			p.left = append(p.left, i)
			p.right = append(p.right, p.chain-1)
			p.pos = append(p.pos, int32(p.live))
			p.chain = s.next[p.chain-1]
		}
		if p.chain == 0 {
			p.live++
		}
	}
	return len(p.left) > 0
}

// keep makes the batch an own one, so that the walk can go on later. The copy is compact: live
// indexes stay, positions become them.
func (p *probe) keep() {
	if p.kept == nil {
		p.batch = p.batch.Keep()
		p.kept = p.batch
	}
}

// drop frees a batch that was kept.
func (p *probe) drop() {
	if p.kept != nil {
		p.kept.Release()
		p.kept, p.batch = nil, nil
	}
}

// found are the positions of the live rows whose key has (or has no) build row.
func (p *probe) found(with bool) []int32 {
	p.left = p.left[:0]
	for k, id := range p.ids {
		if (id != hashtable.NoRow) == with {
			p.left = append(p.left, int32(p.batch.Row(k)))
		}
	}
	return p.left
}

// rowsWhere are the positions of the live rows that were (or were not) matched.
func (p *probe) rowsWhere(matched bool) []int32 {
	p.left = p.left[:0]
	for k, m := range p.matched {
		if m == matched {
			p.left = append(p.left, int32(p.batch.Row(k)))
		}
	}
	return p.left
}
