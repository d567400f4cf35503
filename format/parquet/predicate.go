package parquet

import (
	"fmt"

	"github.com/anabranch/anabranch/columnar"
)

// Op is the comparison of a Predicate.
type Op uint8

// The comparisons.
const (
	Eq Op = iota
	Ne
	Lt
	Le
	Gt
	Ge
	IsNull
	IsNotNull
)

// Predicate compares a column with a constant; null makes a comparison false.
type Predicate struct {
	Column int // in the schema
	Op     Op
	Value  Value
}

// CanSkip reports whether the statistics of a row group prove that no row of it satisfies p.
func (f *File) CanSkip(group int, p Predicate) bool {
	return p.excludes(f.columns[p.Column].typ, f.RowGroup(group).Stats(p.Column))
}

// excludes reports whether no row of those described by s satisfies p.
func (p *Predicate) excludes(t columnar.Type, s Stats) bool {
	switch p.Op {
	case IsNull:
		return s.Nulls == 0
	case IsNotNull:
		return s.Nulls >= 0 && s.Nulls == s.Rows
	}
	if s.Nulls >= 0 && s.Nulls == s.Rows {
		return true
	}
	if p.Value.Float != p.Value.Float {
		return false
	}
	// Statistics leave NaN out, which is above every number and unlike each of them.
	if t.IsFloat() && (p.Op == Ne || p.Op == Gt || p.Op == Ge) {
		return false
	}
	below := s.Max != nil && compareStat(t, s.Max, &p.Value) < 0   // all values are below the constant
	above := s.Min != nil && compareStat(t, s.Min, &p.Value) > 0   // all are above
	atMost := s.Max != nil && compareStat(t, s.Max, &p.Value) <= 0 // none is above
	atLeast := s.Min != nil && compareStat(t, s.Min, &p.Value) >= 0
	switch p.Op {
	case Eq:
		return below || above
	case Ne:
		// The bounds of strings may be cut off, so that equal bounds prove nothing.
		return atMost && atLeast && !t.IsString() && !t.IsBinary()
	case Lt:
		return atLeast
	case Le:
		return above
	case Gt:
		return atMost
	case Ge:
		return below
	}
	return false
}

// RowRange is the rows [From, To) of a row group.
type RowRange struct{ From, To int64 }

// PageRanges are the rows of a row group that may satisfy p by the page index, in order;
// without an index it is the whole group.
func (f *File) PageRanges(group int, p Predicate) ([]RowRange, error) {
	g := &f.footer.groups[group]
	n := f.columns[p.Column]
	all := []RowRange{{0, g.rows}}
	if n.leaf == nil {
		return all, nil
	}
	k := &g.columns[n.leaf.index]
	if k.columnIndex.length == 0 || k.offsetIndex.length == 0 {
		return all, nil
	}
	ranges, err := f.pageRanges(g, k, n, p)
	if err != nil {
		return nil, fmt.Errorf("parquet: %s: row group %d: column %q: page index: %w", f.name, group, n.leaf.path, err)
	}
	return ranges, nil
}

func (f *File) pageRanges(g *rowGroup, k *chunk, n *node, p Predicate) ([]RowRange, error) {
	b, err := f.section(k.columnIndex)
	if err != nil {
		return nil, err
	}
	c := compact{b: b}
	pages := c.columnIndex(n)
	if b, err = f.section(k.offsetIndex); err != nil {
		return nil, err
	}
	o := compact{b: b}
	first := o.offsetIndex()
	if c.bad || o.bad || len(first) != len(pages) {
		return nil, fmt.Errorf("corrupt, or %d pages where the offsets have %d", len(pages), len(first))
	}
	var ranges []RowRange
	for i := range pages {
		from, to := first[i], g.rows
		if i+1 < len(first) {
			to = first[i+1]
		}
		if from < 0 || to < from || to > g.rows {
			return nil, fmt.Errorf("page %d has rows %d to %d of %d", i, from, to, g.rows)
		}
		s := pages[i].stats
		if s.Rows = to - from; pages[i].null {
			s.Nulls = s.Rows
		}
		if p.excludes(n.typ, s) {
			continue
		}
		if last := len(ranges) - 1; last >= 0 && ranges[last].To == from {
			ranges[last].To = to
			continue
		}
		ranges = append(ranges, RowRange{from, to})
	}
	return ranges, nil
}

func (f *File) section(s section) ([]byte, error) {
	if s.offset < 0 || s.length < 0 || s.offset > f.size || s.length > f.size-s.offset {
		return nil, fmt.Errorf("%d bytes at %d are outside of the file", s.length, s.offset)
	}
	b := make([]byte, s.length)
	return b, readAt(f.r, b, s.offset)
}

type pageStats struct {
	null  bool // of nulls only
	stats Stats
}

// columnIndex reads the bounds of each page of a column chunk.
func (c *compact) columnIndex(n *node) []pageStats {
	var pages []pageStats
	grow := func() int {
		count, _ := c.list()
		for len(pages) < count {
			pages = append(pages, pageStats{stats: Stats{Nulls: -1}})
		}
		return count
	}
	var lows, highs [][]byte
	c.fields(func(id int, kind byte) {
		switch id {
		case 1:
			for i := range grow() {
				pages[i].null = c.byte() == thriftTrue
			}
		case 2:
			for range grow() {
				lows = append(lows, c.binary())
			}
		case 3:
			for range grow() {
				highs = append(highs, c.binary())
			}
		case 5:
			for i := range grow() {
				pages[i].stats.Nulls = c.int()
			}
		default:
			c.skip(kind)
		}
	})
	if len(lows) != len(pages) || len(highs) != len(pages) {
		c.bad = true
		return pages
	}
	for i := range pages {
		if p := &pages[i]; !p.null {
			p.stats.Min, p.stats.Max = statValue(n, lows[i]), statValue(n, highs[i])
		}
		if n.leaf.def == 0 {
			pages[i].stats.Nulls = 0
		}
	}
	return pages
}

// offsetIndex reads the first row of each page of a column chunk.
func (c *compact) offsetIndex() []int64 {
	var first []int64
	c.fields(func(id int, kind byte) {
		if id != 1 {
			c.skip(kind)
			return
		}
		n, _ := c.list()
		for range n {
			row := int64(0)
			c.fields(func(id int, kind byte) {
				if id == 3 {
					row = c.int()
				} else {
					c.skip(kind)
				}
			})
			first = append(first, row)
		}
	})
	return first
}
