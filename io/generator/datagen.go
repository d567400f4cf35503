package generator

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

// Datagen is the connector 'datagen' with Flink's options: rows of random or sequential values.
type Datagen struct{}

var _ catalog.SourceConnector = Datagen{}

// Name is 'datagen'.
func (Datagen) Name() string { return "datagen" }

// Options lists the options; fields.NAME.* stand for those of a column.
func (Datagen) Options() []catalog.Option {
	return []catalog.Option{
		{Key: "rows-per-second", Description: "rate of all readers together; 0 is as fast as possible", Default: "10000"},
		{Key: "number-of-rows", Description: "rows in all; without it the table ends with its first sequence, or never"},
		{Key: "fields.*", Description: "of a column: kind (random or sequence), min, max, length, var-len, max-past, null-rate, start, end"},
	}
}

// datagenColumn is how a column's values are made.
type datagenColumn struct {
	field      columnar.Field
	sequence   bool
	low, span  int64 // random integers: low to low+span; sequence: low on
	floatLow   float64
	floatSpan  float64
	length     int64
	varies     bool // texts are of 1 to length characters
	nullPerMil int64
	salt       uint64
}

// datagenSource is a table.
type datagenSource struct {
	columns []datagenColumn
	schema  *columnar.Schema
	rows    int64 // -1 is without end
	rate    int64
}

// Source checks the options.
func (d Datagen) Source(spec *catalog.TableSpec) (dataflow.Source, error) {
	err := catalog.CheckOptions(d, spec.Options)
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", spec.Name, err)
	}
	o := &options{given: spec.Options, used: map[string]bool{}}
	s := &datagenSource{schema: spec.Schema, rate: o.int("rows-per-second", 10000, 0), rows: o.int("number-of-rows", -1, 0)}
	for i, f := range spec.Schema.Fields {
		c, last := newDatagenColumn(o, f, uint64(i+1))
		if last >= 0 && (s.rows < 0 || last < s.rows) {
			s.rows = last
		}
		s.columns = append(s.columns, c)
	}
	o.unknown("fields.")
	if err := o.err(); err != nil {
		return nil, fmt.Errorf("table %s: %w", spec.Name, err)
	}
	return s, nil
}

// newDatagenColumn reads the options of a column; rows is how many a sequence has, else -1.
func newDatagenColumn(o *options, f columnar.Field, salt uint64) (c datagenColumn, rows int64) {
	key := func(name string) string { return "fields." + f.Name + "." + name }
	c = datagenColumn{field: f, salt: salt * 0x9e3779b97f4a7c15}
	rate := o.float(key("null-rate"), 0)
	if !(rate >= 0 && rate <= 1) {
		o.errs = append(o.errs, fmt.Sprintf("option '%s' is '%v', not a number from 0 to 1", key("null-rate"), rate))
	}
	c.nullPerMil = int64(rate * 1000)
	kind := o.text(key("kind"), "random")
	switch kind {
	case "random":
	case "sequence":
		c.sequence = true
		low, high := int64(math.MinInt64), int64(math.MaxInt64-1)
		if f.Type.IsInteger() && f.Type.Kind != columnar.BigInt {
			low, high = integerRange(f.Type)
		}
		c.low = o.between(key("start"), 0, low, high)
		return c, o.between(key("end"), high, c.low, high) - c.low + 1
	default:
		o.errs = append(o.errs, fmt.Sprintf("option '%s' is '%s', not random or sequence", key("kind"), kind))
	}
	switch t := f.Type; {
	case t.IsFloat():
		c.floatLow = o.float(key("min"), 0)
		c.floatSpan = o.float(key("max"), 1e9) - c.floatLow
	case t.IsInteger() || t.Kind == columnar.Decimal:
		low, high := integerRange(t)
		c.low = o.int(key("min"), low, low)
		top := high
		if t.Kind == columnar.BigInt {
			top = math.MaxInt64 + min(c.low, 0) // the span is a BIGINT too
		}
		c.span = o.between(key("max"), high, c.low, top) - c.low
	case t.IsTimestamp() || t.Kind == columnar.Date:
		c.span = o.duration(key("max-past"), 0)
	case t.IsString() || t.IsBinary():
		c.length = o.between(key("length"), lengthOf(t), 0, int64(t.Precision))
		if t.Kind != columnar.Char && t.Kind != columnar.Binary {
			c.varies = o.bool(key("var-len"), false)
		}
	case t.Kind == columnar.Boolean:
	default:
		o.errs = append(o.errs, fmt.Sprintf("column %s: values of type %s cannot be generated", f.Name, t))
	}
	return c, -1
}

// lengthOf is that of the values of a text: the type's if all have it, else at most 100.
func lengthOf(t columnar.Type) int64 {
	if t.Kind == columnar.Char || t.Kind == columnar.Binary {
		return int64(t.Precision)
	}
	return int64(min(t.Precision, 100))
}

func integerRange(t columnar.Type) (low, high int64) {
	switch t.Kind {
	case columnar.TinyInt:
		return math.MinInt8, math.MaxInt8
	case columnar.SmallInt:
		return math.MinInt16, math.MaxInt16
	case columnar.Integer:
		return math.MinInt32, math.MaxInt32
	case columnar.Decimal:
		high = int64(math.Pow10(min(t.Precision, columnar.NarrowDigits))) - 1
		return -high, high
	}
	return math.MinInt64 / 2, math.MaxInt64 / 2
}

// Bounded reports whether the rows end.
func (s *datagenSource) Bounded() bool { return s.rows >= 0 }

// RowCount is the number of rows.
func (s *datagenSource) RowCount() (n int64, ok bool) { return s.rows, s.Bounded() }

// Splits deals blocks of rows out in turn.
func (s *datagenSource) Splits(_ context.Context, parallelism int) ([]dataflow.Split, error) {
	splits := make([]dataflow.Split, parallelism)
	for i := range splits {
		data, err := json.Marshal(nexmarkSplit{Index: int64(i), Of: int64(parallelism)})
		if err != nil {
			return nil, err
		}
		splits[i] = dataflow.Split{ID: fmt.Sprintf("datagen-%d", i), Data: data}
	}
	return splits, nil
}

// Open starts a split.
func (s *datagenSource) Open(_ context.Context, split dataflow.Split, req dataflow.ReadRequest) (dataflow.Reader, error) {
	var part nexmarkSplit
	if err := json.Unmarshal(split.Data, &part); err != nil {
		return nil, fmt.Errorf("split %s: %w", split.ID, err)
	}
	r := &datagenReader{source: s, block: part.Index, of: part.Of, columns: req.Columns, rows: columnar.BatchRows}
	if len(split.Position) > 0 {
		if err := json.Unmarshal(split.Position, &r.block); err != nil {
			return nil, fmt.Errorf("split %s: position: %w", split.ID, err)
		}
	}
	pace := 0.0
	if s.rate > 0 {
		pace = 1e6 / float64(s.rate)
		// A block a tenth of a second at most, so that slow tables still flow.
		r.rows = min(r.rows, max(1, s.rate/10))
	}
	r.pacer, r.begin = newPacer(pace), r.block*r.rows
	r.batch = columnar.NewBatch(s.schema.Project(req.Columns))
	return r, nil
}

// datagenReader makes one block of rows a batch.
type datagenReader struct {
	pacer
	source          *datagenSource
	block, of, rows int64
	begin           int64
	columns         []int
	batch           *columnar.Batch
}

// Next makes the next block.
func (r *datagenReader) Next() (*columnar.Batch, error) {
	first, n := r.block*r.rows, r.rows
	if r.source.rows >= 0 {
		if n = min(n, r.source.rows-first); n <= 0 {
			return nil, io.EOF
		}
	}
	if !r.due(first + n - r.begin) {
		return nil, nil
	}
	r.batch.Reset(int(n))
	for i, c := range r.columns {
		r.source.columns[c].fill(r.batch.Cols[i], first, int(n))
	}
	r.block += r.of
	return r.batch, nil
}

// Position is the number of the next block.
func (r *datagenReader) Position() []byte { return strconv.AppendInt(nil, r.block, 10) }

// Close frees the batch.
func (r *datagenReader) Close() error {
	r.batch.Release()
	return nil
}
