package columnar_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
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
func layouts(long bool) (*columnar.Vector, *offsetStrings) {
	rng := rand.New(rand.NewPCG(3, 4))
	v, o := columnar.NewVector(columnar.TypeString), &offsetStrings{offsets: []int32{0}}
	v.Reset(columnar.BatchRows)
	modes := []string{"REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB"}
	for i := range columnar.BatchRows {
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
		rows := make([]int32, 0, columnar.BatchRows)
		for i := range columnar.BatchRows {
			if i*2654435761>>7&3 != 0 {
				rows = append(rows, int32(i))
			}
		}
		name := map[bool]string{false: "short", true: "long"}[long]
		needle := append([]byte(nil), v.Bytes(7)...)
		one := columnar.NewVector(columnar.TypeString)
		one.Reset(1)
		one.SetBytes(0, needle)
		c := columnar.Values[columnar.View](one)[0]
		report := func(b *testing.B) {
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/columnar.BatchRows, "ns/row")
		}
		b.Run(name+"/filter/views", func(b *testing.B) {
			sel := make([]int32, columnar.BatchRows)
			for b.Loop() {
				views := columnar.Values[columnar.View](v)
				columnar.SelectWhere(sel, nil, columnar.BatchRows, func(i int) bool { return columnar.ViewsEqual(&views[i], v.Bufs, &c, one.Bufs) })
			}
			report(b)
		})
		b.Run(name+"/filter/offsets", func(b *testing.B) {
			sel := make([]int32, columnar.BatchRows)
			for b.Loop() {
				columnar.SelectWhere(sel, nil, columnar.BatchRows, func(i int) bool { return bytes.Equal(o.at(i), needle) })
			}
			report(b)
		})
		b.Run(name+"/join gather/views", func(b *testing.B) {
			dst := columnar.NewVector(columnar.TypeString)
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
			tab, err := hashtable.New([]columnar.Type{columnar.TypeString}, 1, nil)
			if err != nil {
				b.Fatal(err)
			}
			ids, hashes := make([]uint32, columnar.BatchRows), make([]uint64, columnar.BatchRows)
			for b.Loop() {
				hashes = columnar.HashRows(hashes, []*columnar.Vector{v}, nil, columnar.BatchRows)
				if _, err := tab.Upsert(ids, hashes, []*columnar.Vector{v}, nil); err != nil {
					b.Fatal(err)
				}
			}
			report(b)
		})
		b.Run(name+"/group/offsets", func(b *testing.B) {
			t := newOffsetTable()
			for b.Loop() {
				for i := range columnar.BatchRows {
					t.upsert(o.at(i))
				}
			}
			report(b)
		})
	}
}

// saltMask is the part of a directory's entry that is of the hash, as in a hashtable.Table.
const saltMask = 0xffffffff_00000000

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
	if len(s) <= columnar.InlineLength {
		v := columnar.MakeView(s, 0, 0)
		h = columnar.HashView(&v, nil)
	} else {
		h = columnar.HashLong(s)
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
