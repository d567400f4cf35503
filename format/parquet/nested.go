package parquet

import (
	"errors"
	"fmt"

	"github.com/anabranch/anabranch/columnar"
)

const (
	// pieceRows is how many levels are decoded at once.
	pieceRows = 4096
	// entriesMax bounds the values of one batch of a nested column: a few bytes of levels can
	// claim a list of any length.
	entriesMax = 1 << 26
)

// nested reads a ROW, ARRAY or MAP: the levels and dense values of every stored column below
// it, from which the vectors are then put together.
type nested struct {
	root   *node
	leaves []*nestedLeaf
	at     *leafReader
	taken  int // leaves the assembly has passed
}

// nestedLeaf holds what was read of one stored column: an entry of levels for each value, null
// and empty list, and the values.
type nestedLeaf struct {
	leafReader
	defs, reps []int32
	dense      *columnar.Vector
	part       *columnar.Vector
	// aheadDefs and aheadReps are the levels of the page from pos on not yet asked for: that a
	// row has ended is only seen at the start of the next.
	aheadDefs, aheadReps []int32
	pos                  int
	rows32               []int32 // scratch
}

func newNested(n *node, dec *decompressor) *nested {
	c := &nested{root: n}
	c.addLeaves(n, dec)
	c.at = &c.leaves[0].leafReader
	return c
}

func (c *nested) addLeaves(n *node, dec *decompressor) {
	if n.leaf == nil {
		for _, child := range n.children {
			c.addLeaves(child, dec)
		}
		return
	}
	l := &nestedLeaf{leafReader: *newLeafReader(n, dec)}
	l.dense, l.part = columnar.NewVector(n.typ), columnar.NewVector(n.typ)
	if s, ok := l.values.(*stringValues); ok {
		s.flatOnly = true
	}
	c.leaves = append(c.leaves, l)
}

func (c *nested) current() *leafReader { return c.at }

func (c *nested) close() {
	for _, l := range c.leaves {
		l.dense.Release()
		l.part.Release()
		l.closeLeaf()
	}
}

func (c *nested) open(f *File, group int) error {
	for _, l := range c.leaves {
		c.at = &l.leafReader
		if err := l.openChunk(f, group); err != nil {
			return err
		}
		l.aheadDefs, l.aheadReps, l.pos = l.aheadDefs[:0], l.aheadReps[:0], 0
	}
	return nil
}

func (c *nested) read(v *columnar.Vector, n int) error {
	for _, l := range c.leaves {
		c.at = &l.leafReader
		l.release()
		if err := l.rows(n); err != nil {
			return noEOF(err)
		}
	}
	c.taken = 0
	if err := c.build(c.root, v); err != nil {
		return err
	}
	if v.Len() != n {
		return fmt.Errorf("%d rows where %d were wanted", v.Len(), n)
	}
	return nil
}

// rows reads the entries and values of the next n rows.
func (l *nestedLeaf) rows(n int) error {
	l.defs, l.reps = l.defs[:0], l.reps[:0]
	l.dense.Reset(0)
	seen := 0
	for {
		if l.pos == len(l.aheadDefs) {
			if l.left == 0 && l.chunkLeft == 0 {
				break
			}
			if err := l.lookAhead(); err != nil {
				return err
			}
		}
		end := l.pos
		for end < len(l.aheadReps) && (l.aheadReps[end] != 0 || seen < n) {
			if l.aheadReps[end] == 0 {
				seen++
			} else if seen == 0 {
				return errors.New("the levels begin inside a row")
			}
			end++
		}
		if err := l.take(end); err != nil {
			return err
		}
		if l.pos < len(l.aheadDefs) {
			return nil
		}
	}
	if seen < n {
		return fmt.Errorf("%d rows where %d were wanted", seen, n)
	}
	return nil
}

// lookAhead decodes the next piece of levels.
func (l *nestedLeaf) lookAhead() error {
	if l.left == 0 {
		if err := l.nextPage(); err != nil {
			return err
		}
	}
	if l.aheadDefs == nil || cap(l.aheadDefs) < pieceRows {
		l.aheadDefs, l.aheadReps = make([]int32, pieceRows), make([]int32, pieceRows)
	}
	k := min(l.left, pieceRows)
	l.aheadDefs, l.aheadReps, l.pos = l.aheadDefs[:k], l.aheadReps[:k], 0
	if err := l.levels(&l.def, l.aheadDefs, l.leaf.def); err != nil {
		return fmt.Errorf("definition levels: %w", err)
	}
	if err := l.levels(&l.rep, l.aheadReps, l.leaf.rep); err != nil {
		return fmt.Errorf("repetition levels: %w", err)
	}
	l.left -= k
	return nil
}

func (l *nestedLeaf) levels(h *hybrid, dst []int32, top int) error {
	if top == 0 {
		clear(dst)
		return nil
	}
	if err := h.ints(dst); err != nil {
		return err
	}
	for _, x := range dst {
		if uint32(x) > uint32(top) {
			return fmt.Errorf("level %d of at most %d", uint32(x), top)
		}
	}
	return nil
}

// take moves the entries up to end, with their values, from the page to the batch.
func (l *nestedLeaf) take(end int) error {
	defs := l.aheadDefs[l.pos:end]
	count := 0
	for _, d := range defs {
		if int(d) == l.leaf.def {
			count++
		}
	}
	if len(l.defs)+len(defs) > entriesMax {
		return fmt.Errorf("more than %d values in a batch", entriesMax)
	}
	l.values.begin(l.part, count)
	if err := l.values.read(0, count); err != nil {
		return err
	}
	l.values.finish(count)
	l.dense.AppendRange(l.part, 0, count)
	l.defs = append(l.defs, defs...)
	l.reps = append(l.reps, l.aheadReps[l.pos:end]...)
	l.pos = end
	return nil
}

// build puts v together from the entries of the leaves below n. Entries that stand for an
// empty or null list around n have no slot in it.
func (c *nested) build(n *node, v *columnar.Vector) error {
	if n.leaf != nil {
		c.buildLeaf(n, v)
		return nil
	}
	l := c.leaves[c.taken]
	slots := 0
	for i, d := range l.defs {
		if int(l.reps[i]) <= n.rep && int(d) >= n.slot {
			slots++
		}
	}
	v.Reset(slots)
	children := slots
	if n.elemDef > 0 {
		children = setOffsets(n, l, v.Offsets())
	}
	setValid(n, l, v)
	for i, child := range n.children {
		if err := c.build(child, v.Children[i]); err != nil {
			return err
		}
		if got := v.Children[i].Len(); got != children {
			return fmt.Errorf("field %q has %d values where its siblings have %d", child.name, got, children)
		}
	}
	return nil
}

func (c *nested) buildLeaf(n *node, v *columnar.Vector) {
	l := c.leaves[c.taken]
	c.taken++
	rows, next := l.rows32[:0], int32(0)
	for _, d := range l.defs {
		switch {
		case int(d) == n.leaf.def:
			rows = append(rows, next)
			next++
		case int(d) >= n.slot:
			rows = append(rows, -1)
		}
	}
	l.rows32 = rows
	v.Reset(0)
	v.AppendRows(l.dense, rows)
}

// setOffsets cuts the elements into the lists of n and returns their number.
func setOffsets(n *node, l *nestedLeaf, offsets []int32) int {
	slot, elements := 0, int32(0)
	for i, d := range l.defs {
		rep := int(l.reps[i])
		if rep <= n.rep {
			if int(d) < n.slot {
				continue
			}
			slot++
		}
		if rep <= n.rep+1 && int(d) >= n.elemDef {
			elements++
		}
		// A corrupt file may continue a list that has not begun; the children's count then
		// differs or the elements fall to the list before.
		offsets[min(slot, len(offsets)-1)] = elements
	}
	offsets[0] = 0
	return int(elements)
}

func setValid(n *node, l *nestedLeaf, v *columnar.Vector) {
	slot := 0
	for i, d := range l.defs {
		if int(l.reps[i]) > n.rep || int(d) < n.slot {
			continue
		}
		if int(d) < n.def {
			v.MakeValid().Clear(slot)
		}
		slot++
	}
}
