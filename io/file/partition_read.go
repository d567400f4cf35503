package file

import (
	"fmt"
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
)

var _ dataflow.Narrower = (*source)(nil)

// Narrow leaves out the files of partitions whose values no wanted row has.
func (s *source) Narrow(filter []*expr.Expr, env *expr.Env) (dataflow.Source, error) {
	n := *s
	n.env = env
	l := s.table.layout
	if l == nil {
		return &n, nil
	}
	n.filter = l.onKeys(filter)
	if s.table.monitor > 0 {
		return &n, nil // files are looked at when they are discovered
	}
	return &n, n.narrow()
}

// onKeys are the conditions that read partition columns only, over those.
func (l *layout) onKeys(filter []*expr.Expr) []*expr.Expr {
	var on []*expr.Expr
	for _, e := range filter {
		key := func(c int) int { return slices.Index(l.columns, c) }
		if !slices.ContainsFunc(e.Columns(), func(c int) bool { return key(c) < 0 }) {
			on = append(on, e.Remap(key))
		}
	}
	return on
}

// narrow keeps the files of partitions that satisfy the filter.
func (s *source) narrow() error {
	p, err := s.table.layout.partition(s.files)
	if err != nil {
		return err
	}
	wanted, err := s.table.layout.wanted(p.distinct, s.filter, s.env)
	if err != nil {
		return err
	}
	s.extent = &extent{partitions: len(p.distinct), partitionsRead: len(wanted), files: len(s.files)}
	kept := s.files[:0:0]
	for i, f := range s.files {
		if _, ok := slices.BinarySearch(wanted, int32(p.of[i])); ok {
			kept = append(kept, f)
		}
	}
	s.files, s.extent.filesRead = kept, len(kept)
	return nil
}

// wanted are the partitions that satisfy the filter, in their order.
func (l *layout) wanted(partitions [][]*string, filter []*expr.Expr, env *expr.Env) ([]int32, error) {
	b, free, err := l.batch(partitions, env)
	if err != nil {
		return nil, err
	}
	defer free()
	sel := make([]int32, b.Len())
	for i := range sel {
		sel[i] = int32(i)
	}
	for _, e := range filter {
		p, err := expr.Compile(e, env)
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", l.table, err)
		}
		b.Sel = sel
		sel, err = p.Select(b, nil)
		p.Close()
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", l.table, err)
		}
	}
	return sel, nil
}

// extent is how much of a table is read.
type extent struct{ partitions, partitionsRead, files, filesRead int }

// Extent says how many partitions and files are read; it is empty for a table without partitions.
func (s *source) Extent() string {
	e := s.extent
	if e == nil {
		return ""
	}
	return fmt.Sprintf("%d of %d partitions, %d of %d files", e.partitionsRead, e.partitions, e.filesRead, e.files)
}

// partitionReader adds the values of a file's partition to its rows.
type partitionReader struct {
	dataflow.Reader
	from   []int           // where each wanted column is among those of the file, -1 for a value
	values []*expr.Program // of the wanted columns that have one
	out    columnar.Batch
}

// ofFiles is a request for the columns that files hold.
func (l *layout) ofFiles(req dataflow.ReadRequest) dataflow.ReadRequest {
	wanted := req.Columns
	req.Columns = []int{}
	for _, c := range wanted {
		if at := l.at[c]; at >= 0 {
			req.Columns = append(req.Columns, at)
		}
	}
	var filter []*expr.Expr
	for _, e := range req.Filter {
		if !slices.ContainsFunc(e.Columns(), func(c int) bool { return l.at[c] < 0 }) {
			filter = append(filter, e.Remap(func(c int) int { return l.at[c] }))
		}
	}
	req.Filter = filter
	return req
}

// withValues makes the reader of a file's rows one of the table's.
func (s *source) withValues(r dataflow.Reader, path string, wanted []int) (dataflow.Reader, error) {
	l := s.table.layout
	values, err := l.valuesOf(path)
	if err != nil {
		return nil, err
	}
	p := &partitionReader{Reader: r, values: make([]*expr.Program, len(wanted))}
	p.out.Schema = s.schema.Project(wanted)
	p.out.Cols = make([]*columnar.Vector, len(wanted))
	next := 0
	for i, c := range wanted {
		if l.at[c] >= 0 {
			p.from = append(p.from, next)
			next++
			continue
		}
		p.from = append(p.from, -1)
		key := slices.Index(l.columns, c)
		value := expr.Null(l.types[key])
		if text := values[key]; text != nil {
			value, err = expr.NewCast(expr.String(*text), l.types[key], false)
			if value = expr.Fold(value, s.env); err == nil && !value.IsConstant() {
				err = fmt.Errorf("the value '%s' of the partition of %s is not %s", *text, path, l.types[key].Nullable())
			}
		}
		if err == nil {
			p.values[i], err = expr.Compile(value, s.env)
		}
		if err != nil {
			p.closeValues()
			return nil, fmt.Errorf("table %s: column %s: %w", l.table, l.keys[key], err)
		}
	}
	return p, nil
}

// Next returns the next batch with its partition's values.
func (r *partitionReader) Next() (*columnar.Batch, error) {
	b, err := r.Reader.Next()
	if b == nil || err != nil {
		return nil, err
	}
	r.out.SetLen(b.Len())
	r.out.Sel, r.out.Kinds = b.Sel, b.Kinds
	for i, p := range r.values {
		if p == nil {
			r.out.Cols[i] = b.Cols[r.from[i]]
		} else if r.out.Cols[i], err = p.Eval(b); err != nil {
			return nil, err
		}
	}
	return &r.out, nil
}

// Counts are those of the file's reader.
func (r *partitionReader) Counts() map[string]int64 {
	if c, ok := r.Reader.(dataflow.Counter); ok {
		return c.Counts()
	}
	return nil
}

func (r *partitionReader) closeValues() {
	for _, p := range r.values {
		p.Close()
	}
}

// Close closes the file's reader.
func (r *partitionReader) Close() error {
	r.closeValues()
	return r.Reader.Close()
}
