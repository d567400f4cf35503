package parquet

import (
	"errors"
	"fmt"

	"github.com/anabranch/anabranch/columnar"
)

// nested reads a ROW, ARRAY or MAP: the levels and dense values of every stored column below
// it, from which the vectors are then put together.
type nested struct {
	root   *node
	leaves []*nestedLeaf
	at     *leafReader
}

// nestedLeaf holds the levels of the rows being read: one entry for each value, null and
// empty list.
type nestedLeaf struct {
	leafReader
	defs, reps []int32
	// ahead says that the first entry of the page belongs to a row not yet asked for: the
	// end of a row is only seen at the start of the next.
	pageDefs, pageReps []int32
	pos                int
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
	if s, ok := l.values.(*stringValues); ok {
		s.flatOnly = true
	}
	c.leaves = append(c.leaves, l)
}

func (c *nested) current() *leafReader { return c.at }

func (c *nested) close() {
	for _, l := range c.leaves {
		l.closeLeaf()
	}
}

func (c *nested) open(f *File, group int) error {
	for _, l := range c.leaves {
		c.at = &l.leafReader
		if err := l.openChunk(f, group); err != nil {
			return err
		}
		l.pageDefs, l.pageReps, l.pos = l.pageDefs[:0], l.pageReps[:0], 0
	}
	return nil
}

func (c *nested) read(v *columnar.Vector, n int) error {
	b := &builder{leaves: c.leaves}
	v.Reset(0)
	for _, l := range c.leaves {
		c.at = &l.leafReader
		l.release()
		if err := l.rows(n); err != nil {
			return noEOF(err)
		}
	}
	return b.build(c.root, v, n)
}

// rows reads the entries of the next n rows; values are left to be read by the builder, one
// run of pages after the other, so they are decoded here into a vector of their own.
func (l *nestedLeaf) rows(n int) error {
	l.defs, l.reps = l.defs[:0], l.reps[:0]
	return errors.New("nested columns are not supported")
}

type builder struct{ leaves []*nestedLeaf }

func (b *builder) build(n *node, v *columnar.Vector, rows int) error {
	return fmt.Errorf("column %q: nested columns are not supported", n.name)
}
