package parquet

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// scanAll reads what can be read of data; only a panic is a failure. Batches are limited,
// since a corrupt footer may claim any number of rows.
func scanAll(data []byte) {
	f, err := Open(bytes.NewReader(data), int64(len(data)), "fuzz")
	if err != nil {
		return
	}
	for g := range f.NumRowGroups() {
		for c := range f.Schema().Fields {
			for op := Eq; op <= IsNotNull; op++ {
				p := Predicate{Column: c, Op: op}
				f.CanSkip(g, p)
				_, _ = f.PageRanges(g, p)
			}
		}
	}
	// One scan a column, so that an error in one does not hide the others.
	for c := range f.Schema().Fields {
		s := f.Scan(ScanOptions{Columns: []int{c}, BatchRows: 1000})
		for range 20 {
			if _, err := s.Next(); err != nil {
				break
			}
		}
		s.Close()
	}
}

func foreignFiles(tb testing.TB) [][]byte {
	tb.Helper()
	paths, err := filepath.Glob("testdata/foreign/*.parquet")
	if err != nil {
		tb.Fatal(err)
	}
	var files [][]byte
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			tb.Fatal(err)
		}
		files = append(files, b)
	}
	return files
}

// smallFile has 20 rows of column c.
func smallFile(tb testing.TB, file *File, c int) []byte {
	tb.Helper()
	s := file.Scan(ScanOptions{Columns: []int{c}, BatchRows: 20})
	defer s.Close()
	b, err := s.Next()
	if err != nil {
		tb.Fatal(err)
	}
	var out bytes.Buffer
	w := NewWriter(&out, b.Schema, WriterOptions{Codec: Uncompressed})
	if err := w.Write(b); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func FuzzScan(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("PAR1\x00\x00\x00\x00PAR1"))
	// Small, uncompressed files, one column each: the fuzzer soon reaches the page decoders.
	file := openBytes(f, foreignFiles(f)[0])
	for c := range file.Schema().Fields {
		f.Add(smallFile(f, file, c))
	}
	f.Fuzz(func(_ *testing.T, data []byte) { scanAll(data) })
}

// TestCorruption changes bytes of whole files, which reaches the page decoders more often than
// the fuzzer does.
func TestCorruption(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	rounds := 300
	if testing.Short() {
		rounds = 20
	}
	for _, file := range foreignFiles(t) {
		for range rounds {
			b := bytes.Clone(file)
			for range 1 + r.IntN(4) {
				b[r.IntN(len(b))] = byte(r.IntN(256))
			}
			if r.IntN(8) == 0 {
				b = b[:r.IntN(len(b))]
			}
			scanAll(b)
		}
	}
}

func TestNotParquet(t *testing.T) {
	for _, s := range []string{"", "PAR1", "hello, this is no parquet file", "PAR1\xff\xff\xff\xffPAR1"} {
		if _, err := Open(bytes.NewReader([]byte(s)), int64(len(s)), "x.parquet"); err == nil {
			t.Errorf("%q opened", s)
		} else {
			t.Log(err)
		}
	}
}
