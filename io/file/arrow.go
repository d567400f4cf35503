package file

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

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
	columns, types, err := s.find(f.Schema(), part.Path, req.Columns)
	if err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return &arrowReader{f.Scan(arrow.ScanOptions{Columns: columns, Types: types, From: part.From, To: part.To, BatchRows: req.BatchRows}), h}, nil
}
