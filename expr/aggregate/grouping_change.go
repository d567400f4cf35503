package aggregate

import "github.com/anabranch/anabranch/columnar"

// Change takes the live rows of b in like Update, and before it does calls before with the ids of
// the groups they belong to, each once, new ones among them. It returns the same ids, which are valid
// until the next call.
func (g *Grouping) Change(b *columnar.Batch, cols []*columnar.Vector, before func(ids []uint32) error) ([]uint32, error) {
	rows, err := g.locate(b, cols)
	if err != nil {
		return nil, err
	}
	g.touched = g.touched[:0]
	if len(g.keys) == 0 {
		g.touched = append(g.touched, 0)
	} else {
		g.distinctIDs()
	}
	if err := before(g.touched); err != nil {
		return nil, err
	}
	return g.touched, g.updateAll(b, rows)
}

// SetApart leaves a call out of Update and Change: it takes rows by UpdateCall only.
func (g *Grouping) SetApart(call int) { g.calls[call].apart = true }

// UpdateCall takes the live rows of b in for one call: cols are their key columns, whose groups are there and
// are known to be changed, and arg is the call's argument.
func (g *Grouping) UpdateCall(call int, b *columnar.Batch, cols []*columnar.Vector, arg *columnar.Vector) error {
	rows := Rows{Len: b.Len(), Sel: b.Sel, Kinds: b.Kinds}
	if len(g.keys) > 0 {
		g.ids = g.table.FindRows(g.ids, cols, b.Sel, b.Len())
		rows.Group = g.byPosition(b)
	}
	c := &g.calls[call]
	return c.acc.Update(g.table.Cells(c.word), rows, arg)
}

// distinctIDs makes touched the ids of the batch, each once.
func (g *Grouping) distinctIDs() {
	if w := columnar.BitmapWords(g.Rows()); w > len(g.seen) {
		g.seen = append(g.seen, make(columnar.Bitmap, max(w-len(g.seen), len(g.seen)/2))...)
	}
	for _, id := range g.ids {
		if w, bit := &g.seen[id/64], uint64(1)<<(id%64); *w&bit == 0 {
			*w |= bit
			g.touched = append(g.touched, id)
		}
	}
	for _, id := range g.touched {
		g.seen[id/64] = 0
	}
}

// EmitRows makes out the groups ids: the keys, then the results. The columns of out after those are left
// alone.
func (g *Grouping) EmitRows(out *columnar.Batch, ids []uint32) error {
	g.emitKeys(out, ids)
	return g.results(out.Cols[len(g.keys):], ids)
}

// EmitResults makes out the results of the groups ids, without keys.
func (g *Grouping) EmitResults(out *columnar.Batch, ids []uint32) error {
	out.Reset(0)
	out.SetLen(len(ids))
	return g.results(out.Cols, ids)
}

func (g *Grouping) emitKeys(out *columnar.Batch, ids []uint32) {
	out.Reset(0)
	for c := range g.keys {
		g.table.KeyColumnOf(out.Cols[c], c, ids)
	}
	out.SetLen(len(ids))
}
