package file

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/format/arrow"
)

func writeArrow(t *testing.T, path string, s *columnar.Schema, rows int, opt arrow.WriterOptions) {
	t.Helper()
	b := columnar.NewBatch(s)
	defer b.Release()
	b.Reset(rows)
	for _, c := range b.Cols {
		clear(c.ByteValues())
	}
	var out bytes.Buffer
	w, err := arrow.NewWriter(&out, s, opt)
	if err == nil {
		err = errors.Join(w.Write(b), w.Close(), os.WriteFile(path, out.Bytes(), 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func openAll(t *testing.T, path string, s *columnar.Schema) ([]dataflow.Split, error) {
	t.Helper()
	src, err := Connector{}.Source(&catalog.TableSpec{Name: "t", Schema: s, Options: map[string]string{"path": path}})
	if err != nil {
		t.Fatal(err)
	}
	splits, err := src.Splits(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	var errs []error
	for _, split := range splits {
		r, err := src.Open(t.Context(), split, dataflow.ReadRequest{Columns: []int{0}})
		if err == nil {
			err = r.Close()
		}
		errs = append(errs, err)
	}
	return splits, errors.Join(errs...)
}

// TestArrowFilesOfOtherColumns wants what Parquet files of other columns give: an error that names file,
// column and both types.
func TestArrowFilesOfOtherColumns(t *testing.T) {
	dir := t.TempDir()
	column := func(name string, typ columnar.Type) *columnar.Schema {
		return columnar.NewSchema(columnar.Field{Name: name, Type: typ})
	}
	writeArrow(t, filepath.Join(dir, "a.arrow"), column("n", columnar.TypeBigInt), 3, arrow.WriterOptions{})
	for _, c := range []struct {
		schema *columnar.Schema
		want   string
	}{
		{column("n", columnar.TypeBigInt), ""},
		{column("n", columnar.TypeString), "a.arrow: column n is BIGINT, the table's is STRING"},
		{column("m", columnar.TypeBigInt), "a.arrow has no column m; its columns are (n BIGINT)"},
	} {
		_, err := openAll(t, dir, c.schema)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", c.schema, err)
		}
	}
}

// TestArrowSplits verifies that a large file is several splits, and a stream one.
func TestArrowSplits(t *testing.T) {
	dir := t.TempDir()
	s := columnar.NewSchema(columnar.Field{Name: "n", Type: columnar.TypeBigInt})
	for name, c := range map[string]struct {
		rows, want int
		opt        arrow.WriterOptions
	}{
		"small.arrow":  {1000, 1, arrow.WriterOptions{BatchRows: 10}},
		"none.arrow":   {0, 1, arrow.WriterOptions{}},
		"large.arrow":  {5 << 20, 3, arrow.WriterOptions{}},
		"large.arrows": {5 << 20, 1, arrow.WriterOptions{Stream: true}},
	} {
		path := filepath.Join(dir, name)
		writeArrow(t, path, s, c.rows, c.opt)
		if splits, err := openAll(t, path, s); err != nil || len(splits) != c.want {
			t.Errorf("%s: %d splits, want %d: %v", name, len(splits), c.want, err)
		}
	}
}

func TestArrowOptionsAreChecked(t *testing.T) {
	for key, want := range map[string]string{"arrow.compression": "known: UNCOMPRESSED, LZ4, ZSTD", "arrow.strings": "known: UTF8, VIEW"} {
		_, err := newTable(&catalog.TableSpec{Name: "t", Options: map[string]string{"path": "t.arrow", key: "x"}}, false)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", key, err)
		}
	}
}
