package arrow

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/columnar/mem"
)

// scanAll reads what can be read of data; only a panic is a failure. Batches are limited, since a damaged
// file may claim any number of rows.
func scanAll(data []byte) error {
	f, err := Open(bytes.NewReader(data), int64(len(data)), "damaged.arrow")
	if err != nil {
		return err
	}
	for c := range f.Schema().Fields {
		s := f.Scan(ScanOptions{Columns: []int{c}, BatchRows: 1000})
		for range 20 {
			b, nextErr := s.Next()
			if err = nextErr; err != nil {
				break
			}
			if b.Len() <= 1000 {
				for i := range b.Len() {
					_ = rowText(b, i)
				}
			}
		}
		s.Close()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func seeds(tb testing.TB) [][]byte {
	tb.Helper()
	var files [][]byte
	for _, opt := range []WriterOptions{{}, {Stream: true}, {Codec: LZ4, Views: true}, {Codec: Zstd, BatchRows: 10}} {
		files = append(files, numbers(tb, 30, opt))
	}
	paths, err := filepath.Glob("testdata/foreign/*")
	if err != nil {
		tb.Fatal(err)
	}
	for _, p := range paths {
		if strings.HasSuffix(p, ".arrow") || strings.HasSuffix(p, ".arrows") {
			b, err := os.ReadFile(p)
			if err != nil {
				tb.Fatal(err)
			}
			files = append(files, b)
		}
	}
	return files
}

func FuzzScan(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("ARROW1\x00\x00ARROW1"))
	for _, file := range seeds(f) {
		f.Add(file)
	}
	f.Fuzz(func(_ *testing.T, data []byte) { _ = scanAll(data) })
}

// TestCorruption changes bytes of whole files: there is no panic, and all memory comes back.
func TestCorruption(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	rounds := 60
	if testing.Short() {
		rounds = 5
	}
	before := mem.AllocatedBytes()
	for _, file := range seeds(t) {
		for range rounds {
			b := bytes.Clone(file)
			for range 1 + r.IntN(4) {
				b[r.IntN(len(b))] = byte(r.IntN(256))
			}
			if r.IntN(8) == 0 {
				b = b[:r.IntN(len(b))]
			}
			_ = scanAll(b)
		}
	}
	if left := mem.AllocatedBytes() - before; left != 0 {
		t.Errorf("%d bytes are still allocated", left)
	}
}

// TestCutOffFiles wants an error that names the file wherever a file ends too early.
func TestCutOffFiles(t *testing.T) {
	file := numbers(t, 30, WriterOptions{})
	for n := range len(file) {
		if err := scanAll(file[:n]); err == nil || !strings.Contains(err.Error(), "damaged.arrow") {
			t.Fatalf("%d of %d bytes: %v", n, len(file), err)
		}
	}
	// A stream may end after any record batch.
	stream := numbers(t, 30, WriterOptions{Stream: true})
	ends := 0
	for n := range len(stream) {
		err := scanAll(stream[:n])
		if err == nil {
			ends++
		} else if !strings.Contains(err.Error(), "damaged.arrow") {
			t.Fatalf("%d of %d bytes: %v", n, len(stream), err)
		}
	}
	if ends > 10 {
		t.Errorf("%d ends of a stream of one record batch went unnoticed", ends)
	}
}

func TestNotArrow(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "it is empty",
		"ARROW1":                        "cut off",
		"hello, this is no Arrow file":  `it begins with "hello, t"`,
		"FEA1 and then something":       "Feather file of version 1",
		"PAR1\x00\x00\x00\x00PAR1":      "not an Arrow file",
		"\xff\xff\xff\xff\xff\xff\xff0": "x.arrow",
	} {
		_, err := Open(strings.NewReader(text), int64(len(text)), "x.arrow")
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "x.arrow") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
