package parquet

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/anabranch/anabranch/columnar"
)

// rewrite writes what a scan of f yields, edited by each.
func rewrite(tb testing.TB, f *File, opt WriterOptions, each func(*columnar.Batch) *columnar.Batch) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := NewWriter(&out, f.Schema(), opt)
	s := f.Scan(ScanOptions{})
	defer s.Close()
	drain(tb, s, func(b *columnar.Batch) {
		if each != nil {
			b = each(b)
		}
		if err := w.Write(b); err != nil {
			tb.Fatal(err)
		}
	})
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func openBytes(tb testing.TB, b []byte) *File {
	tb.Helper()
	f, err := Open(bytes.NewReader(b), int64(len(b)), "test.parquet")
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

func rowsOf(tb testing.TB, f *File) []string {
	tb.Helper()
	s := f.Scan(ScanOptions{})
	defer s.Close()
	var rows []string
	drain(tb, s, func(b *columnar.Batch) {
		for k := range b.Live() {
			rows = append(rows, formatRow(b, b.Row(k)))
		}
	})
	return rows
}

func TestRoundTrip(t *testing.T) {
	file, err := os.ReadFile("testdata/foreign/snappy_1.0_True.parquet")
	if err != nil {
		t.Fatal(err)
	}
	f := openBytes(t, file)
	want := rowsOf(t, f)
	for _, opt := range []WriterOptions{{}, {Codec: Zstd, RowGroupRows: 40}, {Codec: Gzip, RowGroupRows: 50}, {Codec: Uncompressed, RowGroupRows: 1}} {
		out := rewrite(t, f, opt, nil)
		if dir := os.Getenv("ANABRANCH_WRITE"); dir != "" && opt.RowGroupRows != 1 {
			name := dir + "/" + string(rune('a'+opt.Codec)) + ".parquet"
			if err := os.WriteFile(name, out, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got := rowsOf(t, openBytes(t, out))
		if len(got) != len(want) {
			t.Fatalf("%+v: %d rows, want %d", opt, len(got), len(want))
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("%+v: row %d:\n got %s\nwant %s", opt, i, got[i], want[i])
			}
		}
	}
}

func TestWriteSelectionAndConstant(t *testing.T) {
	schema := columnar.NewSchema(
		columnar.Field{Name: "a", Type: columnar.TypeBigInt},
		columnar.Field{Name: "s", Type: columnar.TypeString},
	)
	b := columnar.NewBatch(schema)
	b.Reset(4)
	copy(columnar.Values[int64](b.Cols[0]), []int64{1, 2, 3, 4})
	b.Cols[0].SetNull(2)
	b.Cols[1].Reset(1)
	b.Cols[1].SetString(0, "the same in every row")
	b.Cols[1].SetConstant(4)
	var out bytes.Buffer
	w := NewWriter(&out, schema, WriterOptions{})
	if err := w.Write(b.WithSel([]int32{0, 2, 3})); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f := openBytes(t, out.Bytes())
	got := rowsOf(t, f)
	want := []string{"1|the same in every row", "null|the same in every row", "4|the same in every row"}
	if len(got) != 3 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("got %q", got)
	}
	s := f.RowGroup(0).Stats(0)
	if s.Nulls != 1 || s.Min.Int != 1 || s.Max.Int != 4 {
		t.Errorf("statistics %+v", s)
	}
	for _, c := range []struct {
		op   Op
		v    int64
		skip bool
	}{
		{Eq, 0, true},
		{Eq, 1, false},
		{Lt, 1, true},
		{Le, 1, false},
		{Gt, 4, true},
		{Ge, 4, false},
		{Ge, 5, true},
		{Ne, 1, false},
		{IsNull, 0, false},
		{IsNotNull, 0, false},
	} {
		if got := f.CanSkip(0, Predicate{Column: 0, Op: c.op, Value: Value{Int: c.v}}); got != c.skip {
			t.Errorf("op %d of %d: skip %t", c.op, c.v, got)
		}
	}
}

func TestCountOnly(t *testing.T) {
	file, err := os.ReadFile("testdata/foreign/delta.parquet")
	if err != nil {
		t.Fatal(err)
	}
	s := openBytes(t, file).Scan(ScanOptions{Columns: []int{}})
	if rows := drain(t, s, nil); rows != 150 {
		t.Errorf("%d rows", rows)
	}
}

func TestPageRanges(t *testing.T) {
	file, err := os.ReadFile("testdata/foreign/none_1.0_True.parquet")
	if err != nil {
		t.Fatal(err)
	}
	f := openBytes(t, file)
	c := f.Schema().Index("i64")
	p := Predicate{Column: c, Op: Lt, Value: Value{Int: 5e12}}
	ranges, err := f.PageRanges(0, p)
	if err != nil {
		t.Fatal(err)
	}
	if len(ranges) != 1 || ranges[0].From != 0 || ranges[0].To == f.RowGroup(0).Rows && f.RowGroup(0).Rows > 100 {
		t.Errorf("ranges %v of %d rows", ranges, f.RowGroup(0).Rows)
	}
	if !f.CanSkip(1, p) || f.CanSkip(0, p) {
		t.Error("row groups are not told apart")
	}
}

func BenchmarkWrite(b *testing.B) {
	f := openLineitem(b)
	s := f.Scan(ScanOptions{})
	var kept []*columnar.Batch
	for range 15 {
		batch, err := s.Next()
		if err != nil {
			b.Fatal(err)
		}
		kept = append(kept, batch.Copy())
	}
	b.ReportAllocs()
	rows, size := 0, 0
	for b.Loop() {
		var out bytes.Buffer
		w := NewWriter(&out, f.Schema(), WriterOptions{})
		for _, k := range kept {
			if err := w.Write(k); err != nil {
				b.Fatal(err)
			}
			rows += k.Len()
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
		size = out.Len()
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds()/1e6, "Mrows/s")
	b.ReportMetric(float64(size)/float64(kept[0].Len()*len(kept)), "B/row")
}

// TestDamagedPagesAreNoticed changes bytes of the pages one by one: a page's checksum must not
// let any pass.
func TestDamagedPagesAreNoticed(t *testing.T) {
	b := columnar.NewBatch(columnar.NewSchema(columnar.Field{Name: "n", Type: columnar.TypeBigInt}))
	b.Reset(500)
	for i := range 500 {
		columnar.Values[int64](b.Cols[0])[i] = int64(i * i * 7919)
	}
	var buf bytes.Buffer
	w := NewWriter(&buf, b.Schema, WriterOptions{})
	if err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	read := func(file []byte) error {
		f, err := Open(bytes.NewReader(file), int64(len(file)), "test")
		if err != nil {
			return err
		}
		s := f.Scan(ScanOptions{})
		defer s.Close()
		for {
			if _, err := s.Next(); err != nil {
				return err
			}
		}
	}
	if err := read(buf.Bytes()); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	for at := 100; at < 2000; at += 37 {
		file := bytes.Clone(buf.Bytes())
		file[at] ^= 0x10
		if err := read(file); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("byte %d of %d changed: %v", at, len(file), err)
		}
	}
}
