package expr

import (
	"slices"

	"github.com/anabranch/anabranch/columnar"
)

// Change takes the live rows of b in like Update, and before it does calls before with the ids of
// the groups they belong to: ascending, each once, new ones among them. It returns the same ids,
// which are valid until the next call.
func (g *Grouping) Change(b *columnar.Batch, cols []*columnar.Vector, before func(ids []uint32) error) ([]uint32, error) {
	rows, err := g.locate(b, cols)
	if err != nil {
		return nil, err
	}
	if len(g.keys) == 0 {
		g.touched = append(g.touched[:0], 0)
	} else {
		g.touched = append(g.touched[:0], g.ids...)
		slices.Sort(g.touched)
		g.touched = slices.Compact(g.touched)
	}
	if err := before(g.touched); err != nil {
		return nil, err
	}
	return g.touched, g.updateAll(b, rows)
}

// EmitRows makes out the groups ids, which ascend: the keys, then the results. The columns of out
// after those are left alone.
func (g *Grouping) EmitRows(out *columnar.Batch, ids []uint32) error {
	g.emitKeys(out, ids)
	for i := range g.calls {
		c := &g.calls[i]
		cells := g.table.Cells(c.word)
		err := eachRun(ids, func(first uint32, n int) error {
			return c.acc.Result(cells, first, n, out.Cols[len(g.keys)+i])
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (g *Grouping) emitKeys(out *columnar.Batch, ids []uint32) {
	out.Reset(0)
	for c := range g.keys {
		g.table.KeyColumnOf(out.Cols[c], c, ids)
	}
	out.SetLen(len(ids))
}

// eachRun calls each with the first and the number of ids that lie side by side.
func eachRun(ids []uint32, each func(first uint32, n int) error) error {
	for from := 0; from < len(ids); {
		n := 1
		for from+n < len(ids) && ids[from+n] == ids[from]+uint32(n) {
			n++
		}
		if err := each(ids[from], n); err != nil {
			return err
		}
		from += n
	}
	return nil
}
