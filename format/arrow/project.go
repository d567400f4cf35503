package arrow

import (
	"cmp"
	"encoding/binary"
	"slices"

	lib "github.com/apache/arrow-go/v18/arrow"
)

// projection makes the metadata of messages name some of the columns only, in place: what it does not
// name is neither read nor decompressed nor decoded.
type projection struct {
	keep  []int          // positions of columns, rising
	types []lib.DataType // of all columns
	dicts map[int64]bool // ids of dictionaries that kept columns refer to, once the schema was met
}

// newProjection is nil if all columns are kept.
func newProjection(all *lib.Schema, columns []int) *projection {
	keep := slices.Compact(slices.Sorted(slices.Values(columns)))
	if len(keep) == all.NumFields() {
		return nil
	}
	p := &projection{keep: keep, dicts: map[int64]bool{}}
	for _, f := range all.Fields() {
		p.types = append(p.types, f.Type)
	}
	return p
}

// metadataV5 is the version of messages since Arrow 1.0.
const metadataV5 = 4

// apply changes a message that was checked; keep is false for a dictionary that nobody needs.
func (p *projection) apply(meta []byte) (keep bool, err error) {
	c := newChecker(meta)
	m := c.root()
	kind, header := c.field(m, 1), c.child(m, 2)
	if kind == 0 || header == 0 {
		return true, nil
	}
	keep = true
	switch c.at(kind, 1)[0] {
	case headerSchema:
		p.schema(c, header)
	case headerBatch:
		version := 0
		if f := c.field(m, 0); f != 0 {
			version = c.u16(f)
		}
		p.batch(c, header, version)
	case headerDictionary:
		keep = p.dicts[c.id(header)]
	}
	if c.bad {
		return false, errMetadata
	}
	return keep, nil
}

// id is the id that a table begins with.
func (c *checker) id(table int) int64 {
	if f := c.field(table, 0); f != 0 {
		return c.i64(f)
	}
	return 0
}

// setLength cuts a vector off behind n elements.
func (c *checker) setLength(start, n int) {
	if start > 0 {
		binary.LittleEndian.PutUint32(c.at(start-4, 4), uint32(n))
	}
}

// schema leaves the fields of the kept columns.
func (p *projection) schema(c *checker, table int) {
	start, n := c.vector(table, 1, 4)
	if n != len(p.types) {
		c.bad = true
		return
	}
	for to, from := range p.keep {
		at := start + 4*from
		field := at + c.u32(at)
		p.references(c, field, 0)
		// The reference counts from where it stands.
		at = start + 4*to
		binary.LittleEndian.PutUint32(c.at(at, 4), uint32(field-at))
	}
	c.setLength(start, len(p.keep))
}

// references notes the dictionaries of a field and of those within it.
func (p *projection) references(c *checker, field, depth int) {
	if depth > nestingMax {
		c.bad = true
		return
	}
	if d := c.child(field, 4); d != 0 {
		p.dicts[c.id(d)] = true
	}
	c.tables(field, 5, func(child int) { p.references(c, child, depth+1) })
}

// shape is how many entries a column has in the metadata of a batch.
type shape struct{ nodes, buffers, views int }

// add counts a column of type t.
func (s *shape) add(t lib.DataType, version int) {
	s.nodes++
	switch t := t.(type) {
	case *lib.NullType:
	case *lib.DictionaryType:
		s.buffers += 2 // those of the indexes
	case lib.ExtensionType:
		s.nodes--
		s.add(t.StorageType(), version)
	case *lib.RunEndEncodedType:
		if version < metadataV5 {
			s.buffers++
		}
		s.add(t.RunEnds(), version)
		s.add(t.Encoded(), version)
	case lib.BinaryViewDataType:
		s.buffers += 2
		s.views++
	case *lib.BinaryType, *lib.StringType, *lib.LargeBinaryType, *lib.LargeStringType:
		s.buffers += 3
	case *lib.StructType:
		s.buffers++
		for _, f := range t.Fields() {
			s.add(f.Type, version)
		}
	case *lib.FixedSizeListType:
		s.buffers++
		s.add(t.Elem(), version)
	case *lib.ListViewType:
		s.buffers += 3
		s.add(t.Elem(), version)
	case *lib.LargeListViewType:
		s.buffers += 3
		s.add(t.Elem(), version)
	case lib.ListLikeType:
		s.buffers += 2
		s.add(t.Elem(), version)
	default:
		s.buffers += 2
	}
}

// entries is a vector of a batch's metadata of which some elements are kept.
type entries struct {
	c               *checker
	start, n, width int
	read, kept      int
}

// next passes over n elements and keeps them, or not.
func (e *entries) next(n int, keep bool) {
	if n < 0 || n > e.n-e.read {
		e.c.bad = true
		return
	}
	if keep {
		from, to := e.start+e.read*e.width, e.start+e.kept*e.width
		copy(e.c.at(to, n*e.width), e.c.at(from, n*e.width))
		e.kept += n
	}
	e.read += n
}

func (c *checker) entries(table, field, width int) *entries {
	e := &entries{c: c, width: width}
	e.start, e.n = c.vector(table, field, width)
	return e
}

// batch leaves what belongs to the kept columns.
func (p *projection) batch(c *checker, table, version int) {
	nodes, buffers, views := c.entries(table, 1, 16), c.entries(table, 2, 16), c.entries(table, 4, 8)
	for i, t := range p.types {
		var s shape
		s.add(t, version)
		_, keep := slices.BinarySearch(p.keep, i)
		for k := range s.views {
			// How many buffers a column of views has beside two.
			if views.read+k >= views.n {
				c.bad = true
				return
			}
			count := c.i64(views.start + 8*(views.read+k))
			if count < 0 || count > int64(buffers.n) {
				c.bad = true
				return
			}
			s.buffers += int(count)
		}
		nodes.next(s.nodes, keep)
		buffers.next(s.buffers, keep)
		views.next(s.views, keep)
		if c.bad {
			return
		}
	}
	for _, e := range []*entries{nodes, buffers, views} {
		c.setLength(e.start, e.kept)
	}
}

// gapMax is how many bytes that are not needed are read rather than asking twice.
const gapMax = 64 << 10

// ranges are the parts of a body that hold the buffers, in order.
func (c *checker) ranges() []extent {
	all := slices.Clone(c.buffers)
	slices.SortFunc(all, func(a, b extent) int { return cmp.Compare(a.offset, b.offset) })
	var out []extent
	for _, x := range all {
		if x.length == 0 {
			continue
		}
		if last := len(out) - 1; last >= 0 && x.offset-out[last].offset-out[last].length <= gapMax {
			out[last].length = max(out[last].length, x.offset+x.length-out[last].offset)
			continue
		}
		out = append(out, x)
	}
	return out
}
