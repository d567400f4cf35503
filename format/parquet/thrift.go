package parquet

import "encoding/binary"

// compact reads Thrift's compact protocol. A failure is sticky: it sets bad, after which every
// read gives zero, so that callers check once at the end.
type compact struct {
	b   []byte
	pos int
	bad bool
}

// The compact protocol's type codes that matter here.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
)

// nestingMax bounds the recursion that a hostile footer can cause.
const nestingMax = 64

func (c *compact) byte() byte {
	if c.bad || c.pos >= len(c.b) {
		c.bad = true
		return 0
	}
	c.pos++
	return c.b[c.pos-1]
}

func (c *compact) uvarint() uint64 {
	if c.bad || c.pos >= len(c.b) {
		c.bad = true
		return 0
	}
	v, n := binary.Uvarint(c.b[c.pos:])
	if n <= 0 {
		c.bad = true
		return 0
	}
	c.pos += n
	return v
}

func (c *compact) int() int64 {
	u := c.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// binary is a byte string, borrowed from the input.
func (c *compact) binary() []byte {
	n := c.uvarint()
	if c.bad || n > uint64(len(c.b)-c.pos) {
		c.bad = true
		return nil
	}
	s := c.b[c.pos : c.pos+int(n) : c.pos+int(n)]
	c.pos += int(n)
	return s
}

// fields calls visit for each field of a struct; visit must read or skip the value.
func (c *compact) fields(visit func(id int, kind byte)) {
	id := 0
	for !c.bad {
		h := c.byte()
		if h == 0 {
			return
		}
		if d := int(h >> 4); d != 0 {
			id += d
		} else {
			id = int(c.int())
		}
		visit(id, h&15)
	}
}

// list reads a list's header: the number of elements, at most one for each byte left.
func (c *compact) list() (n int, kind byte) {
	h := c.byte()
	size := uint64(h >> 4)
	if size == 15 {
		size = c.uvarint()
	}
	if c.bad || size > uint64(len(c.b)-c.pos) {
		c.bad = true
		return 0, 0
	}
	return int(size), h & 15
}

func (c *compact) skip(kind byte) { c.skipNested(kind, 0) }

func (c *compact) skipNested(kind byte, depth int) {
	if depth > nestingMax {
		c.bad = true
		return
	}
	switch kind {
	case thriftTrue, thriftFalse:
	case thriftByte:
		c.byte()
	case thriftDouble:
		c.skipBytes(8)
	case thriftBinary:
		c.binary()
	case thriftList, thriftSet:
		n, elem := c.list()
		for range n {
			c.skipElement(elem, depth+1)
		}
	case thriftMap:
		c.skipMap(depth)
	case thriftStruct:
		c.fields(func(_ int, kind byte) { c.skipNested(kind, depth+1) })
	default:
		c.uvarint()
	}
}

func (c *compact) skipMap(depth int) {
	n := c.uvarint()
	if n == 0 {
		return
	}
	kinds := c.byte()
	for i := uint64(0); i < n && !c.bad; i++ {
		c.skipElement(kinds>>4, depth+1)
		c.skipElement(kinds&15, depth+1)
	}
}

// skipElement is skip inside a collection, where a boolean takes a byte of its own.
func (c *compact) skipElement(kind byte, depth int) {
	if c.bad {
		return
	}
	if kind == thriftTrue || kind == thriftFalse {
		c.byte()
		return
	}
	c.skipNested(kind, depth)
}

func (c *compact) skipBytes(n int) {
	if n > len(c.b)-c.pos {
		c.bad = true
		return
	}
	c.pos += n
}
