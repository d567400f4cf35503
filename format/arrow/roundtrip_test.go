package arrow

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
)

var leafTypes = []columnar.Type{
	columnar.TypeBoolean, columnar.TypeTinyInt, columnar.TypeSmallInt, columnar.TypeInteger, columnar.TypeBigInt,
	columnar.TypeFloat, columnar.TypeDouble, columnar.DecimalOf(9, 2), columnar.DecimalOf(18, 0), columnar.DecimalOf(38, 5),
	{Kind: columnar.Char, Precision: 3},
	{Kind: columnar.Varchar, Precision: 40},
	columnar.TypeString,
	{Kind: columnar.Binary, Precision: 5},
	{Kind: columnar.Varbinary, Precision: 30},
	columnar.TypeBytes,
	columnar.TypeDate,
	{Kind: columnar.Time},
	{Kind: columnar.Time, Precision: 3},
	columnar.TimestampOf(0), columnar.TimestampOf(3), columnar.TimestampOf(6), columnar.TimestampOf(9),
	columnar.TimestampLTZOf(3), columnar.TimestampLTZOf(9),
	{Kind: columnar.IntervalMonth},
	{Kind: columnar.IntervalDay},
	columnar.TypeNull,
}

func drawType(t *rapid.T, depth int) columnar.Type {
	kind := rapid.IntRange(0, len(leafTypes)+3).Draw(t, "type")
	if depth == 0 || kind < len(leafTypes) {
		return leafTypes[kind%len(leafTypes)]
	}
	elem := drawType(t, depth-1)
	switch kind - len(leafTypes) {
	case 0:
		return columnar.ArrayOf(elem)
	case 1:
		key := leafTypes[rapid.IntRange(0, len(leafTypes)-2).Draw(t, "key")].Required()
		return columnar.Type{Kind: columnar.Map, Fields: []columnar.Field{{Name: "key", Type: key}, {Name: "value", Type: elem}}}
	}
	return columnar.RowOf(columnar.Field{Name: "a", Type: elem}, columnar.Field{Name: "b", Type: drawType(t, depth-1)})
}

// appendValue appends one random value.
func appendValue(t *rapid.T, v *columnar.Vector) {
	if v.Type.Kind == columnar.Null || !v.Type.NotNull && rapid.IntRange(0, 3).Draw(t, "null") == 0 {
		v.AppendNull()
		return
	}
	i := v.Len()
	v.Extend(1)
	number := rapid.Int64().Draw(t, "number")
	switch v.Phys {
	case columnar.PhysBits:
		v.Bits().SetTo(i, number&1 == 0)
	case columnar.PhysInt8:
		columnar.Values[int8](v)[i] = int8(number)
	case columnar.PhysInt16:
		columnar.Values[int16](v)[i] = int16(number)
	case columnar.PhysInt32:
		columnar.Values[int32](v)[i] = int32(number % 1e6)
	case columnar.PhysInt64:
		columnar.Values[int64](v)[i] = number % 1e9
	case columnar.PhysInt128:
		columnar.Values[columnar.Int128](v)[i] = columnar.Int128{Lo: uint64(number), Hi: number % 1e6}
	case columnar.PhysFloat32:
		columnar.Values[float32](v)[i] = float32(number)
	case columnar.PhysFloat64:
		columnar.Values[float64](v)[i] = float64(number)
	case columnar.PhysView:
		n := rapid.IntRange(0, 30).Draw(t, "length")
		if v.Type.Kind == columnar.Binary {
			n = v.Type.Precision
		}
		v.SetString(i, strings.Repeat(string(rune('a'+number&15)), n))
	case columnar.PhysList:
		n := rapid.IntRange(0, 3).Draw(t, "elements")
		for _, c := range v.Children {
			for range n {
				appendValue(t, c)
			}
		}
		v.Offsets()[i+1] = int32(v.Children[0].Len())
	case columnar.PhysStruct:
		for _, c := range v.Children {
			c.Truncate(i)
			appendValue(t, c)
		}
	}
}

func rowText(b *columnar.Batch, i int) string {
	var out []byte
	for _, c := range b.Cols {
		out = append(columnar.AppendText(out, c, i, time.UTC), '|')
	}
	return string(out)
}

func allRows(f *File, opt ScanOptions) ([]string, error) {
	s := f.Scan(opt)
	defer s.Close()
	var out []string
	for {
		b, err := s.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		kept := b.Keep()
		for k := range kept.Live() {
			out = append(out, rowText(kept, kept.Row(k)))
		}
		kept.Release()
	}
}

func open(tb testing.TB, b []byte) *File {
	tb.Helper()
	f, err := Open(bytes.NewReader(b), int64(len(b)), "test.arrow")
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

func TestRoundTrip(t *testing.T) {
	before := mem.AllocatedBytes()
	rapid.Check(t, func(t *rapid.T) {
		s := &columnar.Schema{}
		for i := range rapid.IntRange(1, 4).Draw(t, "columns") {
			s.Fields = append(s.Fields, columnar.Field{Name: fmt.Sprint("c", i), Type: drawType(t, 2)})
		}
		b := columnar.NewBatch(s)
		defer b.Release()
		n := rapid.IntRange(0, 150).Draw(t, "rows")
		for _, c := range b.Cols {
			c.Reset(0)
			for range n {
				appendValue(t, c)
			}
		}
		b.SetLen(n)
		var sel []int32
		var want []string
		all := rapid.Bool().Draw(t, "all")
		for i := range n {
			if all || i%3 != 1 {
				sel, want = append(sel, int32(i)), append(want, rowText(b, i))
			}
		}
		if all {
			sel = nil
		}
		opt := WriterOptions{
			Codec:     Codec(rapid.IntRange(0, 2).Draw(t, "codec")),
			Stream:    rapid.Bool().Draw(t, "stream"),
			Views:     rapid.Bool().Draw(t, "views"),
			BatchRows: rapid.SampledFrom([]int{0, 1, 64, 70}).Draw(t, "batch"),
		}
		var out bytes.Buffer
		w, err := NewWriter(&out, s, opt)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.Write(b.WithSel(sel)), w.Close()); err != nil {
			t.Fatal(err)
		}
		f, err := Open(bytes.NewReader(out.Bytes()), int64(out.Len()), "test.arrow")
		if err != nil {
			t.Fatal(err)
		}
		if f.Schema().String() != s.String() {
			t.Fatalf("schema %s, want %s", f.Schema(), s)
		}
		got, err := allRows(f, ScanOptions{BatchRows: rapid.SampledFrom([]int{0, 1, 7, 64}).Draw(t, "read")})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Fatalf("%s\n got %q\nwant %q", s, got, want)
		}
	})
	if left := mem.AllocatedBytes() - before; left != 0 {
		t.Errorf("%d bytes are still allocated", left)
	}
}

// TestSplitsHoldEveryRowOnce reads record batches apart.
func TestSplitsHoldEveryRowOnce(t *testing.T) {
	f := open(t, numbers(t, 1000, WriterOptions{BatchRows: 300}))
	if f.NumBatches() != 4 {
		t.Fatalf("%d record batches", f.NumBatches())
	}
	var got []string
	for i := range f.NumBatches() {
		rows, err := allRows(f, ScanOptions{From: i, To: i + 1})
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, rows...)
	}
	if len(got) != 1000 || got[0] != "0|s0|" || got[999] != "999|s5|" {
		t.Errorf("%d rows: %q ... %q", len(got), got[0], got[len(got)-1])
	}
	rows, err := allRows(f, ScanOptions{Columns: []int{}})
	if err != nil || len(rows) != 1000 {
		t.Errorf("%d rows without columns: %v", len(rows), err)
	}
}

// numbers is a file of rows (i, 's'+i%7).
func numbers(tb testing.TB, n int, opt WriterOptions) []byte {
	tb.Helper()
	b := columnar.NewBatch(columnar.NewSchema(
		columnar.Field{Name: "n", Type: columnar.TypeBigInt}, columnar.Field{Name: "s", Type: columnar.TypeString},
	))
	defer b.Release()
	b.Reset(n)
	for i := range n {
		columnar.Values[int64](b.Cols[0])[i] = int64(i)
		b.Cols[1].SetString(i, fmt.Sprint("s", i%7))
	}
	var out bytes.Buffer
	w, err := NewWriter(&out, b.Schema, opt)
	if err != nil {
		tb.Fatal(err)
	}
	for from := 0; from < n; from += 100 {
		if err := w.Write(b.WithSel(positions(n)[from:min(from+100, n)])); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// TestValuesAreBorrowed wants fixed-width values and views to stay where the library has read them.
func TestValuesAreBorrowed(t *testing.T) {
	f := open(t, numbers(t, 20000, WriterOptions{Views: true}))
	s := f.Scan(ScanOptions{})
	defer s.Close()
	for {
		b, err := s.Next()
		if err != nil {
			break
		}
		for i, c := range b.Cols {
			from := buffer(s.record.Column(i).Data(), 1)
			at := (s.at - b.Len()) * c.Phys.Width()
			if &c.ByteValues()[0] != &from[at] {
				t.Errorf("column %d is a copy", i)
			}
		}
	}
}
