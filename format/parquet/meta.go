package parquet

// physical is Parquet's physical type.
type physical int32

const (
	physBoolean physical = iota
	physInt32
	physInt64
	physInt96
	physFloat
	physDouble
	physByteArray
	physFixed
)

// Page encodings.
const (
	encPlain           = 0
	encPlainDictionary = 2
	encRLE             = 3
	encDelta           = 5
	encDeltaLength     = 6
	encDeltaBytes      = 7
	encRLEDictionary   = 8
	encByteStreamSplit = 9
)

// Page kinds.
const (
	pageData       = 0
	pageDictionary = 2
	pageDataV2     = 3
)

// Repetition of a schema element.
const (
	repRequired = 0
	repOptional = 1
	repRepeated = 2
)

// Members of the LogicalType union.
const (
	logicalNone      = 0
	logicalString    = 1
	logicalMap       = 2
	logicalList      = 3
	logicalEnum      = 4
	logicalDecimal   = 5
	logicalDate      = 6
	logicalTime      = 7
	logicalTimestamp = 8
	logicalInt       = 10
	logicalJSON      = 12
	logicalFloat16   = 15
)

// Units of time, by their member number.
const (
	unitMillis = 1
	unitMicros = 2
	unitNanos  = 3
)

type logical struct {
	kind             int
	scale, precision int
	unit             int
	utc              bool
	bits             int
	signed           bool
}

type element struct {
	name             string
	typ              physical // -1 for a group
	length           int
	repetition       int
	children         int
	converted        int // -1 if absent
	scale, precision int
	logical          logical
}

type statistics struct {
	min, max       []byte
	hasMin, hasMax bool
	legacy         bool // from the deprecated fields, whose order is that of signed integers
	nulls          int64
	hasNulls       bool
}

type chunk struct {
	external                 bool // in another file
	encrypted                bool
	typ                      physical
	codec                    int
	values                   int64
	compressed, uncompressed int64
	dataOffset, dictOffset   int64
	stats                    statistics
	offsetIndex, columnIndex section
}

// section is a byte range of the file.
type section struct{ offset, length int64 }

type rowGroup struct {
	columns []chunk
	bytes   int64
	rows    int64
}

type footer struct {
	elements []element
	rows     int64
	groups   []rowGroup
}

type pageHeader struct {
	kind                     int
	uncompressed, compressed int
	values                   int
	encoding                 int
	defEncoding, repEncoding int
	defBytes, repBytes       int
	plain                    bool // v2: the values are not compressed
	checksum                 uint32
	hasChecksum              bool
}

func readFooter(b []byte) (f footer, ok bool) {
	c := &compact{b: b}
	c.fields(func(id int, kind byte) {
		switch id {
		case 2:
			n, _ := c.list()
			for range n {
				f.elements = append(f.elements, c.element())
			}
		case 3:
			f.rows = c.int()
		case 4:
			n, _ := c.list()
			for range n {
				f.groups = append(f.groups, c.rowGroup())
			}
		default:
			c.skip(kind)
		}
	})
	return f, !c.bad
}

func (c *compact) element() element {
	e := element{typ: -1, converted: -1}
	c.fields(func(id int, kind byte) {
		switch id {
		case 1:
			e.typ = physical(c.int())
		case 2:
			e.length = int(c.int())
		case 3:
			e.repetition = int(c.int())
		case 4:
			e.name = string(c.binary())
		case 5:
			e.children = int(c.int())
		case 6:
			e.converted = int(c.int())
		case 7:
			e.scale = int(c.int())
		case 8:
			e.precision = int(c.int())
		case 10:
			c.fields(func(id int, kind byte) { e.logical = c.logical(id, kind) })
		default:
			c.skip(kind)
		}
	})
	return e
}

func (c *compact) logical(member int, kind byte) logical {
	l := logical{kind: member}
	if kind != thriftStruct {
		c.skip(kind)
		return l
	}
	c.fields(func(id int, kind byte) {
		switch {
		case member == logicalDecimal && id == 1:
			l.scale = int(c.int())
		case member == logicalDecimal && id == 2:
			l.precision = int(c.int())
		case (member == logicalTime || member == logicalTimestamp) && id == 1:
			l.utc = kind == thriftTrue
		case (member == logicalTime || member == logicalTimestamp) && id == 2:
			c.fields(func(id int, kind byte) {
				l.unit = id
				c.skip(kind)
			})
		case member == logicalInt && id == 1:
			l.bits = int(c.byte())
		case member == logicalInt && id == 2:
			l.signed = kind == thriftTrue
		default:
			c.skip(kind)
		}
	})
	return l
}

func (c *compact) rowGroup() rowGroup {
	var g rowGroup
	c.fields(func(id int, kind byte) {
		switch id {
		case 1:
			n, _ := c.list()
			for range n {
				g.columns = append(g.columns, c.chunk())
			}
		case 2:
			g.bytes = c.int()
		case 3:
			g.rows = c.int()
		default:
			c.skip(kind)
		}
	})
	return g
}

func (c *compact) chunk() chunk {
	var k chunk
	c.fields(func(id int, kind byte) {
		switch id {
		case 1:
			k.external = len(c.binary()) > 0
		case 3:
			c.chunkMeta(&k)
		case 4:
			k.offsetIndex.offset = c.int()
		case 5:
			k.offsetIndex.length = c.int()
		case 6:
			k.columnIndex.offset = c.int()
		case 7:
			k.columnIndex.length = c.int()
		case 8, 9:
			k.encrypted = true
			c.skip(kind)
		default:
			c.skip(kind)
		}
	})
	return k
}

func (c *compact) chunkMeta(k *chunk) {
	c.fields(func(id int, kind byte) {
		switch id {
		case 1:
			k.typ = physical(c.int())
		case 4:
			k.codec = int(c.int())
		case 5:
			k.values = c.int()
		case 6:
			k.uncompressed = c.int()
		case 7:
			k.compressed = c.int()
		case 9:
			k.dataOffset = c.int()
		case 11:
			k.dictOffset = c.int()
		case 12:
			k.stats = c.statistics()
		default:
			c.skip(kind)
		}
	})
}

func (c *compact) statistics() statistics {
	var s, old statistics
	c.fields(func(id int, kind byte) {
		switch id {
		case 1:
			old.max, old.hasMax = c.binary(), true
		case 2:
			old.min, old.hasMin = c.binary(), true
		case 3:
			s.nulls, s.hasNulls = c.int(), true
		case 5:
			s.max, s.hasMax = c.binary(), true
		case 6:
			s.min, s.hasMin = c.binary(), true
		default:
			c.skip(kind)
		}
	})
	if !s.hasMin && !s.hasMax && (old.hasMin || old.hasMax) {
		old.nulls, old.hasNulls, old.legacy = s.nulls, s.hasNulls, true
		return old
	}
	return s
}

func (c *compact) pageHeader() pageHeader {
	h := pageHeader{kind: -1}
	c.fields(func(id int, kind byte) {
		switch id {
		case 1:
			h.kind = int(c.int())
		case 2:
			h.uncompressed = int(c.int())
		case 3:
			h.compressed = int(c.int())
		case 4:
			h.checksum, h.hasChecksum = uint32(c.int()), true
		case 5, 7:
			c.pageHeaderV1(&h)
		case 8:
			c.pageHeaderV2(&h)
		default:
			c.skip(kind)
		}
	})
	return h
}

// pageHeaderV1 reads the header of a data page v1 or, alike in its first fields, of a
// dictionary page.
func (c *compact) pageHeaderV1(h *pageHeader) {
	c.fields(func(id int, kind byte) {
		switch {
		case id == 1:
			h.values = int(c.int())
		case id == 2:
			h.encoding = int(c.int())
		case id == 3 && kind > thriftFalse:
			h.defEncoding = int(c.int())
		case id == 4:
			h.repEncoding = int(c.int())
		default:
			c.skip(kind)
		}
	})
}

func (c *compact) pageHeaderV2(h *pageHeader) {
	h.defEncoding, h.repEncoding = encRLE, encRLE
	c.fields(func(id int, kind byte) {
		switch id {
		case 1:
			h.values = int(c.int())
		case 4:
			h.encoding = int(c.int())
		case 5:
			h.defBytes = int(c.int())
		case 6:
			h.repBytes = int(c.int())
		case 7:
			h.plain = kind == thriftFalse
		default:
			c.skip(kind)
		}
	})
}
