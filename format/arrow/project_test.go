package arrow

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
)

// columnRows are the rows of some columns.
func columnRows(t *testing.T, data []byte, columns []int) []string {
	t.Helper()
	rows, err := allRows(open(t, data), ScanOptions{Columns: columns, BatchRows: 7})
	if err != nil {
		t.Fatalf("columns %v: %v", columns, err)
	}
	return rows
}

// TestColumnsAreReadApart wants the same rows of any columns, in any order, as of all: of files with every
// type and encoding, by pyarrow and by ourselves.
func TestColumnsAreReadApart(t *testing.T) {
	before := mem.AllocatedBytes()
	rng := rand.New(rand.NewPCG(3, 4))
	files := seeds(t)
	paths, err := filepath.Glob("../../test/sql/testdata/files/*.arrow*")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(p, "broken") {
			files = append(files, b)
		}
	}
	for i, data := range files {
		n := len(open(t, data).Schema().Fields)
		single := make([][]string, n)
		for c := range n {
			single[c] = columnRows(t, data, []int{c})
		}
		joined := func(columns []int) []string {
			rows := make([]string, len(single[0]))
			for _, c := range columns {
				for r := range rows {
					rows[r] += single[c][r]
				}
			}
			return rows
		}
		if all := columnRows(t, data, nil); !slices.Equal(all, joined(positionsOf(n))) {
			t.Errorf("file %d: columns by themselves are not those of all", i)
		}
		for range 20 {
			var columns []int
			for range 1 + rng.IntN(n+1) {
				columns = append(columns, rng.IntN(n))
			}
			if got := columnRows(t, data, columns); !slices.Equal(got, joined(columns)) {
				t.Errorf("file %d, columns %v: other rows than by themselves", i, columns)
			}
		}
		if got := columnRows(t, data, []int{}); len(got) != len(single[0]) {
			t.Errorf("file %d: %d rows without columns, want %d", i, len(got), len(single[0]))
		}
	}
	if left := mem.AllocatedBytes() - before; left != 0 {
		t.Errorf("%d bytes are still allocated", left)
	}
}

func positionsOf(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// counting counts the bytes read.
type counting struct {
	io.ReaderAt
	n int
}

func (c *counting) ReadAt(b []byte, at int64) (int, error) {
	c.n += len(b)
	return c.ReaderAt.ReadAt(b, at)
}

// wide is a file of n columns of random numbers.
func wide(tb testing.TB, n, rows int, opt WriterOptions) []byte {
	tb.Helper()
	s := &columnar.Schema{}
	for i := range n {
		s.Fields = append(s.Fields, columnar.Field{Name: fmt.Sprint("c", i), Type: columnar.TypeBigInt})
	}
	b := columnar.NewBatch(s)
	defer b.Release()
	b.Reset(rows)
	rng := rand.New(rand.NewPCG(5, 6))
	for _, c := range b.Cols {
		for i := range rows {
			columnar.Values[int64](c)[i] = rng.Int64N(1 << 20)
		}
	}
	var out bytes.Buffer
	w, err := NewWriter(&out, s, opt)
	if err != nil {
		tb.Fatal(err)
	}
	if err := w.Write(b); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// TestColumnsNobodyWantsAreNotRead counts the bytes that are read for one of ten columns.
func TestColumnsNobodyWantsAreNotRead(t *testing.T) {
	for _, opt := range []WriterOptions{{}, {Stream: true}, {Codec: Zstd}} {
		data := wide(t, 10, 100_000, opt)
		c := &counting{ReaderAt: bytes.NewReader(data)}
		f, err := Open(c, int64(len(data)), "t.arrow")
		if err != nil {
			t.Fatal(err)
		}
		c.n = 0
		if rows, err := allRows(f, ScanOptions{Columns: []int{4}}); err != nil || len(rows) != 100_000 {
			t.Fatalf("%d rows: %v", len(rows), err)
		}
		if c.n > len(data)/5 {
			t.Errorf("%d of %d bytes are read", c.n, len(data))
		}
	}
}

func BenchmarkColumns(b *testing.B) {
	const rows = 1 << 20
	for name, opt := range map[string]WriterOptions{"plain": {}, "zstd": {Codec: Zstd}} {
		data := wide(b, 10, rows, opt)
		f := open(b, data)
		for _, n := range []int{1, 10} {
			b.Run(fmt.Sprintf("%s/%d of 10", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					s := f.Scan(ScanOptions{Columns: positionsOf(n)})
					for {
						if _, err := s.Next(); err != nil {
							break
						}
					}
					s.Close()
				}
				b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
			})
		}
	}
}
