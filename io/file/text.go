package file

import (
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/anabranch/anabranch/catalog/deadletter"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/format/csv"
	"github.com/anabranch/anabranch/format/json"
)

// textReader reads a whole file of text and picks the wanted columns.
type textReader struct {
	file io.Closer
	rows interface {
		Line() int64
		Skipped() int64
		Next() (*columnar.Batch, error)
		Close()
	}
	columns []int
	out     columnar.Batch

	keeps bool         // bad rows are kept, so that a position says which of them are
	at    textPosition // after the last batch
	begin textPosition // where to go on
}

// textPosition is how far a file is read: all good rows up to one, all bad rows up to a line.
type textPosition struct {
	Rows int64 `json:"rows"`
	Line int64 `json:"line"`
}

var (
	_ dataflow.Rejecter = (*source)(nil)
	_ dataflow.Counter  = (*textReader)(nil)
)

// Rejects keeps bad rows if the table says so.
func (s *source) Rejects() (dataflow.Rejects, dataflow.Committer) {
	bad := s.table.bad
	if bad.Policy != deadletter.Keep {
		return nil, nil
	}
	return deadletter.NewWriter(s.table.name, bad.Dir), deadletter.Committer{Dir: bad.Dir}
}

func (s *source) openText(part fileSplit, req dataflow.ReadRequest, position []byte) (dataflow.Reader, error) {
	r := &textReader{columns: req.Columns, keeps: s.table.bad.Policy == deadletter.Keep && req.Bad != nil}
	if r.keeps && len(position) > 0 {
		if err := stdjson.Unmarshal(position, &r.begin); err != nil {
			return nil, fmt.Errorf("position in %s: %w", part.Path, err)
		}
	}
	f, err := openText(part.Path)
	if err != nil {
		return nil, err
	}
	r.file = f
	r.out.Schema = s.rows.Project(req.Columns)
	r.out.Cols = make([]*columnar.Vector, len(req.Columns))
	var onBad func(int64, []byte, string) error
	if r.keeps {
		onBad = func(line int64, text []byte, why string) error {
			if line <= r.begin.Line {
				return nil
			}
			return req.Bad(dataflow.BadRow{Source: part.Path, Position: line, Text: text, Err: why})
		}
	}
	if s.table.format == "json" {
		opt := s.table.json
		opt.Name, opt.BatchRows, opt.OnBad = part.Path, req.BatchRows, onBad
		r.rows = json.NewReader(f, s.rows, opt)
		return r, nil
	}
	opt := s.table.csv
	opt.Name, opt.BatchRows, opt.OnBad = part.Path, req.BatchRows, onBad
	if s.table.sniff {
		sample, err := readSample(part.Path)
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		opt.Dialect = csv.SniffDialect(sample, s.rows, s.table.csv)
	}
	r.rows = csv.NewReader(f, s.rows, opt)
	return r, nil
}

// Next returns the wanted columns of the next batch.
func (r *textReader) Next() (*columnar.Batch, error) {
	for {
		b, err := r.rows.Next()
		if err != nil {
			return nil, err
		}
		for i, c := range r.columns {
			r.out.Cols[i] = b.Cols[c]
		}
		r.out.Sel = b.Sel
		r.out.SetLen(b.Len())
		if !r.keeps || r.goOn(b) {
			return &r.out, nil
		}
	}
}

// goOn notes how far the file is read with b and leaves out the rows in front of where to go on; false
// if those are all.
func (r *textReader) goOn(b *columnar.Batch) bool {
	before, n := r.at.Rows, int64(b.Live())
	r.at = textPosition{before + n, r.rows.Line()}
	if before >= r.begin.Rows {
		return true
	}
	if r.at.Rows <= r.begin.Rows && r.at.Line <= r.begin.Line {
		return false
	}
	sel := make([]int32, 0, n) // not nil, which is all rows
	for k := r.begin.Rows - before; k < n; k++ {
		sel = append(sel, int32(b.Row(int(k))))
	}
	r.out.Sel = sel
	return true
}

// Counts are the bad rows left out, but for those that are kept.
func (r *textReader) Counts() map[string]int64 {
	if r.keeps {
		return nil
	}
	return map[string]int64{"bad": r.rows.Skipped()}
}

// Position is where to go on. Without one, since a split is one file, rows are counted from its start.
func (r *textReader) Position() []byte {
	if !r.keeps {
		return nil
	}
	// What is read again after a restart is no step back.
	at := textPosition{max(r.at.Rows, r.begin.Rows), max(r.at.Line, r.begin.Line)}
	text, err := stdjson.Marshal(at)
	if err != nil {
		return nil // integers always encode
	}
	return text
}

// Close frees the last batch and closes the file.
func (r *textReader) Close() error {
	r.rows.Close()
	return r.file.Close()
}
