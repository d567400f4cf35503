package parquet

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"

	"github.com/anabranch/anabranch/columnar"
)

const (
	// dictionaryBytesMax is the size from which a dictionary is given up.
	dictionaryBytesMax = 1 << 20
	// dictionaryTrial is after how many values a dictionary must have proved useful.
	dictionaryTrial = 4096
	// pageEntries is the number of values, nulls included, on a page.
	pageEntries = 20000
)

// leafWriter gathers the values of a stored column for one row group. Values are kept in
// PLAIN form and, while few are distinct, as codes of a dictionary too.
type leafWriter struct {
	node       *node
	names      []string // path in the schema
	defs, reps []int32
	plain      []byte
	ends       []int // of each value in plain, if lengths vary
	count      int   // values that are not null
	bits       []byte
	codes      []int32
	dict       []byte
	dictEnds   []int
	words      map[uint64]int32
	strings    map[string]int32
	coding     bool
	// ofDict are the codes of the entries of lastDict, -1 if not looked up yet.
	lastDict *columnar.Vector
	ofDict   []int32
}

func newLeafWriter(n *node, names []string) *leafWriter {
	l := &leafWriter{node: n, names: names}
	l.reset()
	return l
}

func (l *leafWriter) reset() {
	l.defs, l.reps, l.plain, l.ends, l.codes = l.defs[:0], l.reps[:0], l.plain[:0], l.ends[:0], l.codes[:0]
	l.dict, l.dictEnds, l.count, l.bits = l.dict[:0], l.dictEnds[:0], 0, l.bits[:0]
	l.coding = l.node.leaf.phys != physBoolean
	l.lastDict = nil
	if w := plainWidth(l.node.leaf); w == 4 || w == 8 {
		l.words = make(map[uint64]int32)
	} else {
		l.strings = make(map[string]int32)
	}
}

// levels appends an entry.
func (l *leafWriter) levels(rep, def int) {
	if l.node.leaf.def > 0 {
		l.defs = append(l.defs, int32(def))
	}
	if l.node.leaf.rep > 0 {
		l.reps = append(l.reps, int32(rep))
	}
}

// value appends row i of v, which is not null.
func (l *leafWriter) value(v *columnar.Vector, i int) error {
	at := v.Index(i)
	values := v
	if v.Enc == columnar.Dictionary {
		values = v.Dict
	}
	start := len(l.plain)
	l.count++
	switch v.Phys {
	case columnar.PhysBits:
		if (l.count-1)%8 == 0 {
			l.bits = append(l.bits, 0)
		}
		if values.Bits().Get(at) {
			l.bits[(l.count-1)/8] |= 1 << ((l.count - 1) % 8)
		}
		return nil
	case columnar.PhysView:
		s := values.ViewBytes(&columnar.Values[columnar.View](values)[at])
		l.plain = binary.LittleEndian.AppendUint32(l.plain, uint32(len(s)))
		l.plain = append(l.plain, s...)
		l.ends = append(l.ends, len(l.plain))
	case columnar.PhysFloat32:
		l.plain = binary.LittleEndian.AppendUint32(l.plain, math.Float32bits(columnar.Values[float32](values)[at]))
	case columnar.PhysFloat64:
		l.plain = binary.LittleEndian.AppendUint64(l.plain, math.Float64bits(columnar.Values[float64](values)[at]))
	default:
		if err := l.integer(values, at); err != nil {
			return err
		}
	}
	if l.coding {
		l.code(v, at, start)
	}
	return nil
}

func (l *leafWriter) integer(values *columnar.Vector, at int) error {
	phys := l.node.leaf.phys
	if phys == physFixed {
		w := values.WideAt(at)
		l.plain = binary.BigEndian.AppendUint64(l.plain, uint64(w.Hi))
		l.plain = binary.BigEndian.AppendUint64(l.plain, w.Lo)
		return nil
	}
	var x int64
	if values.Phys == columnar.PhysInt128 {
		w := columnar.Values[columnar.Int128](values)[at]
		if x = int64(w.Lo); !w.IsInt64() {
			return fmt.Errorf("%s does not fit %s", w, l.node.typ)
		}
	} else {
		x = values.Int64At(at)
	}
	if phys == physInt64 {
		l.plain = binary.LittleEndian.AppendUint64(l.plain, uint64(x))
		return nil
	}
	if int64(int32(x)) != x {
		return fmt.Errorf("%d does not fit %s", x, l.node.typ)
	}
	l.plain = binary.LittleEndian.AppendUint32(l.plain, uint32(x))
	return nil
}

// code appends the dictionary code of the value just appended to plain at start.
func (l *leafWriter) code(v *columnar.Vector, at, start int) {
	if v.Enc == columnar.Dictionary {
		if v.Dict != l.lastDict {
			l.lastDict, l.ofDict = v.Dict, l.ofDict[:0]
			for range v.Dict.Len() {
				l.ofDict = append(l.ofDict, -1)
			}
		}
		if c := l.ofDict[at]; c >= 0 {
			l.codes = append(l.codes, c)
			return
		}
	}
	c := l.lookUp(l.plain[start:])
	if v.Enc == columnar.Dictionary {
		l.ofDict[at] = c
	}
	l.codes = append(l.codes, c)
	n := len(l.dictEnds)
	if len(l.dict) > dictionaryBytesMax || len(l.codes) == dictionaryTrial && n > dictionaryTrial/2 {
		l.coding = false
		l.words, l.strings, l.codes = nil, nil, l.codes[:0]
	}
}

func (l *leafWriter) lookUp(b []byte) int32 {
	next := int32(len(l.dictEnds))
	if l.words != nil {
		var w uint64
		if len(b) == 8 {
			w = binary.LittleEndian.Uint64(b)
		} else {
			w = uint64(binary.LittleEndian.Uint32(b))
		}
		if c, ok := l.words[w]; ok {
			return c
		}
		l.words[w] = next
	} else {
		if c, ok := l.strings[string(b)]; ok {
			return c
		}
		l.strings[string(b)] = next
	}
	l.dict = append(l.dict, b...)
	l.dictEnds = append(l.dictEnds, len(l.dict))
	return next
}

// slice is the PLAIN form of the values from to to.
func (l *leafWriter) slice(from, to int) []byte {
	if w := plainWidth(l.node.leaf); w > 0 {
		return l.plain[from*w : to*w]
	}
	if from == to {
		return nil
	}
	start := 0
	if from > 0 {
		start = l.ends[from-1]
	}
	return l.plain[start:l.ends[to-1]]
}

// appendRuns appends values in the form that hybrid reads: one run if all are alike, else one
// run of bit-packed groups.
func appendRuns(b []byte, values []int32, width uint) []byte {
	same := true
	for _, x := range values {
		same = same && x == values[0]
	}
	if same {
		b = binary.AppendUvarint(b, uint64(len(values))<<1)
		for k := uint(0); k < width; k += 8 {
			b = append(b, byte(values[0]>>k))
		}
		return b
	}
	groups := (len(values) + 7) / 8
	b = binary.AppendUvarint(b, uint64(groups)<<1|1)
	end := len(b) + groups*int(width)
	acc, have := uint64(0), uint(0)
	for _, x := range values {
		acc |= uint64(uint32(x)) << have
		for have += width; have >= 8; have -= 8 {
			b = append(b, byte(acc))
			acc >>= 8
		}
	}
	if have > 0 {
		b = append(b, byte(acc))
	}
	for len(b) < end {
		b = append(b, 0)
	}
	return b
}

func codeWidth(entries int) uint { return uint(bits.Len(uint(max(entries-1, 0)))) }
