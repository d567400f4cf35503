package parquet

import "encoding/binary"

// compactWriter appends Thrift's compact protocol.
type compactWriter struct {
	b    []byte
	last []int // field number before, of each open struct
}

const (
	thriftInt32 = 5
	thriftInt64 = 6
)

func (c *compactWriter) begin() { c.last = append(c.last, 0) }

func (c *compactWriter) end() {
	c.b = append(c.b, 0)
	c.last = c.last[:len(c.last)-1]
}

func (c *compactWriter) field(id int, kind byte) {
	last := &c.last[len(c.last)-1]
	if d := id - *last; d > 0 && d <= 15 {
		c.b = append(c.b, byte(d)<<4|kind)
	} else {
		c.b = append(c.b, kind)
		c.b = binary.AppendVarint(c.b, int64(id))
	}
	*last = id
}

func (c *compactWriter) int32(id, v int) {
	c.field(id, thriftInt32)
	c.b = binary.AppendVarint(c.b, int64(v))
}

func (c *compactWriter) int64(id int, v int64) {
	c.field(id, thriftInt64)
	c.b = binary.AppendVarint(c.b, v)
}

func (c *compactWriter) bool(id int, v bool) {
	kind := byte(thriftFalse)
	if v {
		kind = thriftTrue
	}
	c.field(id, kind)
}

func (c *compactWriter) bytes(id int, v []byte) {
	c.field(id, thriftBinary)
	c.b = binary.AppendUvarint(c.b, uint64(len(v)))
	c.b = append(c.b, v...)
}

func (c *compactWriter) list(id, n int, kind byte) {
	c.field(id, thriftList)
	if n < 15 {
		c.b = append(c.b, byte(n)<<4|kind)
		return
	}
	c.b = append(c.b, 15<<4|kind)
	c.b = binary.AppendUvarint(c.b, uint64(n))
}

// open begins a struct that is a field; end closes it.
func (c *compactWriter) open(id int) {
	c.field(id, thriftStruct)
	c.begin()
}
