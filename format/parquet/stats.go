package parquet

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"

	"github.com/anabranch/anabranch/columnar"
)

// Value is a constant in the form of the column it is compared with: Int for booleans (0 and
// 1), integers, dates, times, timestamps and decimals of up to columnar.NarrowDigits digits,
// Wide for longer decimals, Float for floats, Bytes for strings and binaries. Decimals are
// unscaled, timestamps in the unit of the column's precision.
type Value struct {
	Int   int64
	Wide  columnar.Int128
	Float float64
	Bytes []byte
}

// Stats are what is known of a column's values in a row group or page.
type Stats struct {
	// Min and Max are bounds, not always values that occur; nil if unknown.
	Min, Max *Value
	// Nulls is the number of nulls, -1 if unknown.
	Nulls int64
	// Rows is the number of rows.
	Rows int64
}

// RowGroup describes a row group.
type RowGroup struct {
	Rows            int64
	Bytes           int64 // uncompressed
	CompressedBytes int64
	file            *File
	index           int
}

// RowGroup is row group i.
func (f *File) RowGroup(i int) RowGroup {
	g := &f.footer.groups[i]
	r := RowGroup{Rows: g.rows, Bytes: g.bytes, file: f, index: i}
	for c := range g.columns {
		r.CompressedBytes += g.columns[c].compressed
	}
	return r
}

// Stats are those of a column of the schema; nothing is known of nested ones.
func (r RowGroup) Stats(column int) Stats {
	g := &r.file.footer.groups[r.index]
	s := Stats{Nulls: -1, Rows: g.rows}
	n := r.file.columns[column]
	if n.leaf == nil {
		return s
	}
	k := &g.columns[n.leaf.index]
	if k.stats.hasNulls {
		s.Nulls = k.stats.nulls
	}
	if n.leaf.def == 0 {
		s.Nulls = 0
	}
	if k.stats.legacy && !signedOrder(n) {
		return s
	}
	if k.stats.hasMin {
		s.Min = statValue(n, k.stats.min)
	}
	if k.stats.hasMax {
		s.Max = statValue(n, k.stats.max)
	}
	return s
}

// ColumnBytes is the stored size of a column of the schema in the row group.
func (r RowGroup) ColumnBytes(column int) int64 {
	total := int64(0)
	for _, l := range r.file.columns[column].leaves(nil) {
		total += r.file.footer.groups[r.index].columns[l.index].compressed
	}
	return total
}

// signedOrder reports whether the deprecated statistics, which compare as signed integers or
// floats, can be used for the column.
func signedOrder(n *node) bool {
	switch n.leaf.phys {
	case physInt32, physInt64:
		return n.leaf.logical.kind != logicalInt || n.leaf.logical.signed
	case physBoolean, physFloat, physDouble:
		return true
	}
	return false
}

// statValue decodes a PLAIN value without its length; nil if it is not usable.
func statValue(n *node, b []byte) *Value {
	t, l := n.typ, n.leaf
	switch {
	case t.IsString() || t.IsBinary():
		return &Value{Bytes: b}
	case l.phys == physInt96:
		return nil // its order was never defined
	case l.phys == physBoolean && len(b) == 1:
		return &Value{Int: int64(b[0] & 1)}
	case t.IsFloat():
		return floatStat(l, b)
	case l.phys == physByteArray || l.phys == physFixed:
		if len(b) == 0 || len(b) > 16 {
			return nil
		}
		return decimalValue(t, bigEndian(b))
	case l.phys == physInt32 && len(b) == 4:
		v := int64(int32(binary.LittleEndian.Uint32(b)))
		if t.Kind == columnar.BigInt {
			v = int64(uint32(v))
		}
		return decimalValue(t, columnar.Int128Of(v))
	case l.phys == physInt64 && len(b) == 8:
		v := wideInt(b, 8, l.logical.kind == logicalInt && !l.logical.signed)
		if t.Kind == columnar.Time {
			unit := int64(1000)
			if l.logical.unit == unitNanos {
				unit = 1e6
			}
			v = columnar.Int128Of(int64(v.Lo) / unit)
		}
		return decimalValue(t, v)
	}
	return nil
}

func decimalValue(t columnar.Type, v columnar.Int128) *Value {
	if t.Physical() == columnar.PhysInt128 {
		return &Value{Wide: v}
	}
	return &Value{Int: int64(v.Lo)}
}

func floatStat(l *leaf, b []byte) *Value {
	f := math.NaN()
	switch {
	case l.phys == physFloat && len(b) == 4:
		f = float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
	case l.phys == physDouble && len(b) == 8:
		f = math.Float64frombits(binary.LittleEndian.Uint64(b))
	case l.phys == physFixed && len(b) == 2:
		f = float64(half(binary.LittleEndian.Uint16(b)))
	}
	if math.IsNaN(f) {
		return nil
	}
	return &Value{Float: f}
}

// compareStat orders two values of a column of type t.
func compareStat(t columnar.Type, a, b *Value) int {
	switch {
	case t.IsString() || t.IsBinary():
		return bytes.Compare(a.Bytes, b.Bytes)
	case t.IsFloat():
		return cmp.Compare(a.Float, b.Float)
	case t.Physical() == columnar.PhysInt128:
		return a.Wide.Cmp(b.Wide)
	}
	return cmp.Compare(a.Int, b.Int)
}
