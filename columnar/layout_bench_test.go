package columnar

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// offsetStrings is the classic Arrow layout, kept here to measure the choice of views against.
type offsetStrings struct {
	offsets []int32
	data    []byte
}

func (s *offsetStrings) at(i int) []byte { return s.data[s.offsets[i]:s.offsets[i+1]] }

func (s *offsetStrings) gather(dst *offsetStrings, rows []int32) {
	dst.offsets, dst.data = append(dst.offsets[:0], 0), dst.data[:0]
	for _, r := range rows {
		dst.data = append(dst.data, s.at(int(r))...)
		dst.offsets = append(dst.offsets, int32(len(dst.data)))
	}
}

// layouts makes the same rows in both layouts: short ones like l_shipmode, long ones like
// l_comment.
func layouts(long bool) (*Vector, *offsetStrings) {
	rng := rand.New(rand.NewPCG(3, 4))
	v, o := NewVector(TypeString), &offsetStrings{offsets: []int32{0}}
	v.Reset(BatchRows)
	modes := []string{"REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB"}
	for i := range BatchRows {
		s := []byte(modes[rng.IntN(len(modes))])
		if long {
			s = fmt.Appendf(nil, "%0*d carefully final deposits", 1+rng.IntN(16), rng.IntN(500))
		}
		v.SetBytes(i, s)
		o.data = append(o.data, s...)
		o.offsets = append(o.offsets, int32(len(o.data)))
	}
	return v, o
}

func BenchmarkStringLayout(b *testing.B) {
	for _, long := range []bool{false, true} {
		v, o := layouts(long)
		rows := make([]int32, 0, BatchRows)
		for i := range BatchRows {
			if i*2654435761>>7&3 != 0 {
				rows = append(rows, int32(i))
			}
		}
		name := map[bool]string{false: "short", true: "long"}[long]
		needle := append([]byte(nil), v.Bytes(7)...)
		one := NewVector(TypeString)
		one.Reset(1)
		one.SetBytes(0, needle)
		c := Values[View](one)[0]
		report := func(b *testing.B) {
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/BatchRows, "ns/row")
		}
		b.Run(name+"/filter/views", func(b *testing.B) {
			sel := make([]int32, BatchRows)
			for b.Loop() {
				views := Values[View](v)
				SelectWhere(sel, nil, BatchRows, func(i int) bool { return ViewsEqual(&views[i], v.Bufs, &c, one.Bufs) })
			}
			report(b)
		})
		b.Run(name+"/filter/offsets", func(b *testing.B) {
			sel := make([]int32, BatchRows)
			for b.Loop() {
				SelectWhere(sel, nil, BatchRows, func(i int) bool { return bytes.Equal(o.at(i), needle) })
			}
			report(b)
		})
		b.Run(name+"/join gather/views", func(b *testing.B) {
			dst := NewVector(TypeString)
			for b.Loop() {
				dst.Gather(v, rows)
			}
			report(b)
		})
		b.Run(name+"/join gather/offsets", func(b *testing.B) {
			var dst offsetStrings
			for b.Loop() {
				o.gather(&dst, rows)
			}
			report(b)
		})
		b.Run(name+"/group/views", func(b *testing.B) {
			tab, err := NewTable([]Type{TypeString}, 1, nil)
			if err != nil {
				b.Fatal(err)
			}
			ids, hashes := make([]uint32, BatchRows), make([]uint64, BatchRows)
			for b.Loop() {
				hashes = HashRows(hashes, []*Vector{v}, nil, BatchRows)
				if _, err := tab.Upsert(ids, hashes, []*Vector{v}, nil); err != nil {
					b.Fatal(err)
				}
			}
			report(b)
		})
		b.Run(name+"/group/offsets", func(b *testing.B) {
			t := newOffsetTable()
			for b.Loop() {
				for i := range BatchRows {
					t.upsert(o.at(i))
				}
			}
			report(b)
		})
	}
}

// offsetTable groups strings of the offset layout with the same hashing and probing.
type offsetTable struct {
	dir  []uint64
	keys offsetStrings
}

func newOffsetTable() *offsetTable {
	return &offsetTable{dir: make([]uint64, 1<<15), keys: offsetStrings{offsets: []int32{0}}}
}

func (t *offsetTable) upsert(s []byte) uint32 {
	var h uint64
	if len(s) <= InlineLength {
		v := inlineView(s)
		h = hashView(&v, nil)
	} else {
		h = hashLong(s)
	}
	mask := uint64(len(t.dir) - 1)
	for slot := h >> 16 & mask; ; slot = (slot + 1) & mask {
		e := t.dir[slot]
		if e == 0 {
			t.keys.data = append(t.keys.data, s...)
			t.keys.offsets = append(t.keys.offsets, int32(len(t.keys.data)))
			id := uint32(len(t.keys.offsets) - 2)
			t.dir[slot] = h&saltMask | uint64(id+1)
			return id
		}
		if (e^h)&saltMask == 0 && bytes.Equal(t.keys.at(int(uint32(e)-1)), s) {
			return uint32(e) - 1
		}
	}
}
