package parquet

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/columnar"
)

// format renders row i of v as the expected files have it.
func format(v *columnar.Vector, i int) string {
	if v.IsNull(i) {
		return "null"
	}
	if v.Type.IsString() {
		return string(v.Bytes(i))
	}
	if v.Type.IsBinary() {
		return hex.EncodeToString(v.Bytes(i))
	}
	switch v.Phys {
	case columnar.PhysBits:
		return strconv.FormatBool(v.Bits().Get(v.Index(i)))
	case columnar.PhysFloat32:
		return formatFloat(float64(columnar.Values[float32](v)[v.Index(i)]))
	case columnar.PhysFloat64:
		return formatFloat(columnar.Values[float64](v)[v.Index(i)])
	case columnar.PhysInt128:
		return columnar.Values[columnar.Int128](v)[v.Index(i)].String()
	case columnar.PhysStruct:
		var parts []string
		for _, c := range v.Children {
			parts = append(parts, format(c, i))
		}
		return "{" + strings.Join(parts, " ") + "}"
	case columnar.PhysList:
		var parts []string
		for k := v.Offsets()[i]; k < v.Offsets()[i+1]; k++ {
			s := format(v.Children[0], int(k))
			if v.Type.Kind == columnar.Map {
				s += ":" + format(v.Children[1], int(k))
			}
			parts = append(parts, s)
		}
		return "[" + strings.Join(parts, " ") + "]"
	}
	return strconv.FormatInt(v.Int64At(v.Index(i)), 10)
}

// formatFloat is Python's repr for the values of the test files.
func formatFloat(f float64) string {
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s
}

func formatRow(b *columnar.Batch, i int) string {
	var parts []string
	for _, c := range b.Cols {
		parts = append(parts, format(c, i))
	}
	return strings.Join(parts, "|")
}

// TestForeignFiles reads what pyarrow wrote: one table of every type with nulls, in several
// codecs, page versions and encodings, all with small pages.
func TestForeignFiles(t *testing.T) {
	dir := "testdata/foreign"
	if d := os.Getenv("ANABRANCH_FOREIGN"); d != "" {
		dir = d
	}
	text, err := os.ReadFile(filepath.Join(dir, "expect.txt"))
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	files, _ := filepath.Glob(filepath.Join(dir, "*.parquet"))
	if len(files) == 0 {
		t.Fatal("no files")
	}
	for _, path := range files {
		for _, size := range []int{7, 0} {
			t.Run(filepath.Base(path)+"/"+strconv.Itoa(size), func(t *testing.T) {
				checkFile(t, path, size, want)
			})
		}
	}
}

func checkFile(t *testing.T, path string, size int, want []string) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Open(bytes.NewReader(data), int64(len(data)), path)
	if err != nil {
		t.Fatal(err)
	}
	s := f.Scan(ScanOptions{BatchRows: size})
	defer s.Close()
	row := 0
	var kept []*columnar.Batch
	drain(t, s, func(b *columnar.Batch) {
		for i := range b.Len() {
			if got := formatRow(b, i); row+i < len(want) && got != want[row+i] {
				t.Fatalf("row %d:\n got %s\nwant %s", row+i, got, want[row+i])
			}
		}
		row += b.Len()
		kept = append(kept, b.Keep())
	})
	if row != len(want) {
		t.Fatalf("%d rows, want %d", row, len(want))
	}
	row = 0
	for _, b := range kept {
		for i := range b.Len() {
			if got := formatRow(b, i); got != want[row] {
				t.Fatalf("kept row %d:\n got %s\nwant %s", row, got, want[row])
			}
			row++
		}
	}
}
