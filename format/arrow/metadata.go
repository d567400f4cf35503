package arrow

import (
	"encoding/binary"
	"errors"
	"fmt"
)

var errMetadata = errors.New("the metadata is damaged")

// The headers of messages that are read, and the Flatbuffers type of unions.
const (
	headerSchema     = 1
	headerDictionary = 2
	headerBatch      = 3
	typeUnion        = 14
)

const blockBytes = 24

// block is where a message of a file lies.
type block struct{ offset int64 }

// checker walks Flatbuffers metadata before the library does, which trusts the lengths of vectors and would
// ask for any amount of memory. See the schemas Message.fbs, Schema.fbs and File.fbs of Arrow.
type checker struct {
	b      []byte
	visits int // tables still to be looked at: references may share tables, to any number of paths
	bad    bool
	// Of the rows that a message holds:
	buffers    []extent
	compressed bool
	ratio      int64 // by how much a buffer can grow at most
}

// extent is where a buffer lies in the body.
type extent struct{ offset, length int64 }

// A byte of LZ4 stands for at most 255; a block of Zstandard of 4 bytes for 128 KiB.
const (
	ratioLZ4  = 255
	ratioZstd = 1 << 15
)

func newChecker(b []byte) *checker { return &checker{b: b, visits: len(b)} }

// at is n bytes from p on; zeros if they are not there.
func (c *checker) at(p, n int) []byte {
	if p < 0 || p > len(c.b)-n {
		c.bad = true
		return make([]byte, n)
	}
	return c.b[p : p+n]
}

func (c *checker) u16(p int) int   { return int(binary.LittleEndian.Uint16(c.at(p, 2))) }
func (c *checker) i64(p int) int64 { return int64(binary.LittleEndian.Uint64(c.at(p, 8))) }
func (c *checker) u32(p int) int   { return int(binary.LittleEndian.Uint32(c.at(p, 4))) }

// root is the position of the table that the metadata begins with.
func (c *checker) root() int { return c.u32(0) }

// field is the position of a table's field, 0 if it is not set.
func (c *checker) field(table, i int) int {
	vtable := table - int(int32(c.u32(table)))
	if 4+2*i+2 > c.u16(vtable) {
		return 0
	}
	at := c.u16(vtable + 4 + 2*i)
	if at == 0 {
		return 0
	}
	return table + at
}

// child is the position of the table that a field refers to, 0 if there is none.
func (c *checker) child(table, i int) int {
	c.visits--
	f := c.field(table, i)
	if f == 0 || c.bad || c.visits < 0 {
		c.bad = c.bad || c.visits < 0
		return 0
	}
	return f + c.u32(f)
}

// vector is the start and the length of a field's vector of elements of width bytes.
func (c *checker) vector(table, i, width int) (start, n int) {
	v := c.child(table, i)
	if v == 0 {
		return 0, 0
	}
	n = c.u32(v)
	if c.bad || n > (len(c.b)-v-4)/width {
		c.bad = true
		return 0, 0
	}
	return v + 4, n
}

// tables calls each for the tables of a vector.
func (c *checker) tables(table, i int, each func(table int)) {
	start, n := c.vector(table, i, 4)
	for k := range n {
		if c.visits--; c.bad || c.visits < 0 {
			c.bad = true
			return
		}
		p := start + 4*k
		each(p + c.u32(p))
	}
}

func (c *checker) pairs(table, i int) {
	c.tables(table, i, func(pair int) {
		c.vector(pair, 0, 1)
		c.vector(pair, 1, 1)
	})
}

func (c *checker) schema(table int) {
	c.tables(table, 1, func(f int) { c.schemaField(f, 0) })
	c.pairs(table, 2)
	c.vector(table, 3, 8)
}

func (c *checker) schemaField(f, depth int) {
	if depth > nestingMax {
		c.bad = true
		return
	}
	c.vector(f, 0, 1)
	if kind := c.field(f, 2); kind != 0 && c.at(kind, 1)[0] == typeUnion {
		if t := c.child(f, 3); t != 0 {
			c.vector(t, 1, 4)
		}
	}
	c.tables(f, 5, func(child int) { c.schemaField(child, depth+1) })
	c.pairs(f, 6)
}

func (c *checker) batch(table int) {
	c.vector(table, 1, 16)
	first, buffers := c.vector(table, 2, 16)
	for k := range buffers {
		at := first + 16*k
		c.buffers = append(c.buffers, extent{c.i64(at), c.i64(at + 8)})
	}
	if z := c.child(table, 3); z != 0 {
		c.compressed, c.ratio = true, ratioLZ4
		if codec := c.field(z, 0); codec != 0 && c.at(codec, 1)[0] != 0 {
			c.ratio = ratioZstd
		}
	}
	start, n := c.vector(table, 4, 8)
	for k := range n {
		// How many buffers a column of views has.
		count := c.i64(start + 8*k)
		if count < 0 || count > int64(buffers) {
			c.bad = true
			return
		}
		buffers -= int(count)
	}
}

// message returns the length of the body of the message that c has.
func (c *checker) message() (body int64, err error) {
	m := c.root()
	if kind, header := c.field(m, 1), c.child(m, 2); kind != 0 && header != 0 {
		switch c.at(kind, 1)[0] {
		case headerSchema:
			c.schema(header)
		case headerBatch:
			c.batch(header)
		case headerDictionary:
			if data := c.child(header, 1); data != 0 {
				c.batch(data)
			}
		}
	}
	c.pairs(m, 4)
	if f := c.field(m, 3); f != 0 {
		body = c.i64(f)
	}
	if c.bad || body < 0 {
		return 0, errMetadata
	}
	return body, nil
}

// within reports whether all buffers are within a body of n bytes.
func (c *checker) within(n int64) error {
	for _, x := range c.buffers {
		if x.offset < 0 || x.length < 0 || x.offset > n || x.length > n-x.offset {
			return fmt.Errorf("a buffer of %d bytes at byte %d of %d", x.length, x.offset, n)
		}
	}
	return nil
}

// body reports whether no buffer claims to hold more than it can.
func (c *checker) body(b []byte) error {
	for _, x := range c.buffers {
		if !c.compressed || x.length == 0 {
			continue
		}
		if x.length < 8 {
			return errMetadata
		}
		// -1 means that the buffer is not compressed.
		if size := int64(binary.LittleEndian.Uint64(b[x.offset:])); size < -1 || size > c.ratio*x.length {
			return fmt.Errorf("%d bytes of a compressed buffer cannot hold %d", x.length, size)
		}
	}
	return nil
}

// readFooter returns where the dictionaries and record batches of a file are.
func readFooter(meta []byte) (dictionaries, batches []block, err error) {
	c := newChecker(meta)
	f := c.root()
	blocks := func(i int) (out []block) {
		start, n := c.vector(f, i, blockBytes)
		for k := range n {
			out = append(out, block{c.i64(start + k*blockBytes)})
		}
		return out
	}
	dictionaries, batches = blocks(2), blocks(3)
	if c.bad {
		return nil, nil, errMetadata
	}
	return dictionaries, batches, nil
}
