package file

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/format/arrow"
	"github.com/anabranch/anabranch/vfs"
)

// arrowSplitBytes is about how much of an Arrow file is a split.
const arrowSplitBytes = 16 << 20

func (t *table) arrowOptions(o map[string]string) error {
	switch c := strings.ToUpper(o["arrow.compression"]); c {
	case "", "UNCOMPRESSED", "NONE":
	case "LZ4":
		t.arrow.Codec = arrow.LZ4
	case "ZSTD":
		t.arrow.Codec = arrow.Zstd
	default:
		return fmt.Errorf("table %s: unknown arrow.compression '%s' (known: UNCOMPRESSED, LZ4, ZSTD)", t.name, c)
	}
	switch c := strings.ToUpper(o["arrow.strings"]); c {
	case "", "UTF8":
	case "VIEW":
		t.arrow.Views = true
	default:
		return fmt.Errorf("table %s: unknown arrow.strings '%s' (known: UTF8, VIEW)", t.name, c)
	}
	t.arrow.Stream = strings.EqualFold(filepath.Ext(t.path), ".arrows")
	return nil
}

func openArrow(path string) (*arrow.File, vfs.File, error) {
	h, size, err := vfs.Open(path)
	if err != nil {
		return nil, nil, err
	}
	f, err := arrow.Open(h, size, path)
	if err != nil {
		return nil, nil, errors.Join(err, h.Close())
	}
	return f, h, nil
}

// arrowSplits adds the splits of a file: those of its record batches, or a stream as a whole.
func arrowSplits(info vfs.Info, add func(fileSplit, string) error) error {
	f, h, err := openArrow(info.Path)
	if err != nil {
		return err
	}
	if err := h.Close(); err != nil {
		return err
	}
	n := f.NumBatches()
	if n == 0 {
		return add(fileSplit{Path: info.Path}, info.Path)
	}
	step := max(1, int(arrowSplitBytes/max(info.SizeBytes/int64(n), 1)))
	for from := 0; from < n; from += step {
		part := fileSplit{Path: info.Path, From: from, To: min(from+step, n)}
		if err := add(part, fmt.Sprintf("%s#%d", info.Path, from)); err != nil {
			return err
		}
	}
	return nil
}

// arrowReader reads record batches.
type arrowReader struct {
	*arrow.Scanner
	file vfs.File
}

// Position is empty: rows are counted from the start of the split.
func (r *arrowReader) Position() []byte { return nil }

// Close closes scanner and file.
func (r *arrowReader) Close() error {
	r.Scanner.Close()
	return r.file.Close()
}

func (s *source) openArrow(part fileSplit, req dataflow.ReadRequest) (dataflow.Reader, error) {
	f, h, err := openArrow(part.Path)
	if err != nil {
		return nil, err
	}
	opt := arrow.ScanOptions{Columns: []int{}, From: part.From, To: part.To, BatchRows: req.BatchRows}
	for _, c := range req.Columns {
		want := s.schema.Fields[c]
		at := f.Schema().Index(want.Name)
		if at < 0 {
			return nil, errors.Join(fmt.Errorf("%s has no column %s; its columns are %s", part.Path, want.Name, f.Schema()), h.Close())
		}
		if have := f.Schema().Fields[at].Type; !reads(have, want.Type) {
			return nil, errors.Join(fmt.Errorf("%s: column %s is %s, the table's is %s", part.Path, want.Name, have.Nullable(), want.Type.Nullable()), h.Close())
		}
		opt.Columns = append(opt.Columns, at)
		opt.Types = append(opt.Types, want.Type)
	}
	return &arrowReader{f.Scan(opt), h}, nil
}

// reads reports whether a column of a file can be read as a type: files know no lengths of strings, and
// of times only the unit.
func reads(have, want columnar.Type) bool {
	switch {
	case have.IsString() && want.IsString() || have.IsBinary() && want.IsBinary():
		return true
	case have.Kind == want.Kind && have.Kind == columnar.Time:
		return true
	case have.Kind == want.Kind && have.IsTimestamp():
		return columnar.UnitsPerSecond(have.Precision) == columnar.UnitsPerSecond(want.Precision)
	}
	if !have.IsNested() || have.Kind != want.Kind || len(have.Fields) != len(want.Fields) {
		return have.SameValues(want)
	}
	for i, f := range have.Fields {
		if have.Kind == columnar.Row && f.Name != want.Fields[i].Name || !reads(f.Type, want.Fields[i].Type) {
			return false
		}
	}
	return true
}
