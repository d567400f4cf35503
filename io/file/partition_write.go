package file

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
)

// writersMax is how many files of partitions a subtask writes at a time, unless the table says: each
// holds a row group of its rows in memory.
const writersMax = 100

// router finds the partition of each row.
type router struct {
	layout     *layout
	writersMax int
	texts      []*expr.Program // of the keys
	columns    []*columnar.Vector
	key        []byte
	last       []byte
	known      map[string]*partition // by the texts of their values, since the epoch began
	touched    []*partition          // by a batch
	writing    []*partition          // those with a file
	turn       int64                 // counts batches
	number     int                   // of files so far
	out        columnar.Batch        // the columns that files hold
}

// partition is a partition with rows in this epoch.
type partition struct {
	dir  string
	part *part // nil while none is being written
	used int64 // the last batch with rows for it
	sel  []int32
}

func newRouter(l *layout, writers int) *router {
	r := &router{layout: l, writersMax: writers, known: map[string]*partition{}, columns: make([]*columnar.Vector, len(l.keys))}
	r.out.Schema = l.files
	r.out.Cols = make([]*columnar.Vector, len(l.files.Fields))
	return r
}

// compile compiles the texts of the keys.
func (r *router) compile(env *expr.Env) error {
	for i, k := range r.layout.keys {
		text, err := expr.NewCast(expr.Col(r.layout.columns[i], k, r.layout.types[i]), columnar.TypeString, false)
		if err != nil {
			return err
		}
		p, err := expr.Compile(text, env)
		if err != nil {
			return err
		}
		r.texts = append(r.texts, p)
	}
	return nil
}

// route selects the rows of each partition that a batch has rows for.
func (r *router) route(b *columnar.Batch) error {
	for i, p := range r.texts {
		var err error
		if r.columns[i], err = p.Eval(b); err != nil {
			return err
		}
	}
	r.touched = r.touched[:0]
	r.turn++
	var last *partition
	for k := range b.Live() {
		row := b.Row(k)
		r.setKey(row)
		if last == nil || string(r.key) != string(r.last) {
			r.key, r.last = r.last, r.key
			if last = r.known[string(r.last)]; last == nil {
				dir, err := r.dir(row)
				if err != nil {
					return err
				}
				last = &partition{dir: dir}
				r.known[string(r.last)] = last
			}
		}
		if last.used != r.turn {
			last.used, last.sel = r.turn, last.sel[:0]
			r.touched = append(r.touched, last)
		}
		last.sel = append(last.sel, int32(row))
	}
	for c, at := range r.layout.at {
		if at >= 0 {
			r.out.Cols[at] = b.Cols[c]
		}
	}
	r.out.SetLen(b.Len())
	return nil
}

// setKey makes key the texts of a row's keys, each with its length and one for NULL.
func (r *router) setKey(row int) {
	r.key = r.key[:0]
	for _, v := range r.columns {
		var text []byte
		n := uint32(0)
		if !v.IsNull(row) {
			text = textAt(v, row)
			n = uint32(len(text)) + 1
		}
		r.key = append(binary.LittleEndian.AppendUint32(r.key, n), text...)
	}
}

func textAt(v *columnar.Vector, row int) []byte {
	if v.Enc == columnar.Dictionary {
		return v.Dict.Bytes(v.Index(row))
	}
	return v.Bytes(v.Index(row))
}

// dir is the directory of a row's partition.
func (r *router) dir(row int) (string, error) {
	values := make([]*string, len(r.columns))
	for i, v := range r.columns {
		if v.IsNull(row) {
			continue
		}
		text := string(textAt(v, row))
		if slices.Contains(r.layout.nulls, text) {
			return "", fmt.Errorf("column %s: '%s' names the partition of NULL, so it cannot be a value (see 'partition.default-name')", r.layout.keys[i], text)
		}
		values[i] = &text
	}
	return r.layout.path(values), nil
}

// spread writes the rows of b to the files of their partitions.
func (s *sink) spread(b *columnar.Batch) error {
	r := s.partitions
	if err := r.route(b); err != nil {
		return fmt.Errorf("table %s: %w", s.table.name, err)
	}
	for _, p := range r.touched {
		if err := s.beginPartition(p); err != nil {
			return err
		}
		r.out.Sel = p.sel
		if err := p.part.rows.Write(&r.out); err != nil {
			return fmt.Errorf("table %s: %w", s.table.name, err)
		}
	}
	return nil
}

// beginPartition starts a file in a partition that has none. If as many as may be are being written,
// the one that has had no rows for longest is finished.
func (s *sink) beginPartition(p *partition) error {
	if p.part != nil {
		return nil
	}
	r := s.partitions
	if len(r.writing) >= r.writersMax {
		oldest := slices.MinFunc(r.writing, func(a, b *partition) int { return cmp.Compare(a.used, b.used) })
		if err := s.finishPartition(oldest); err != nil {
			return err
		}
	}
	name := fmt.Sprintf("%s%s-%d-%d-%d.%s", partPrefix(s.ctx.Owner), s.run, s.ctx.Subtask, s.epoch, r.number, s.table.format)
	var err error
	if p.part, err = s.begin(filepath.Join(s.table.path, p.dir, name)); err == nil {
		r.number++
		r.writing = append(r.writing, p)
	}
	return err
}

// finishPartition finishes the file that is being written in a partition.
func (s *sink) finishPartition(p *partition) error {
	file := p.part
	p.part = nil
	s.partitions.writing = slices.DeleteFunc(s.partitions.writing, func(o *partition) bool { return o == p })
	done, err := s.finish(file)
	if err == nil {
		s.full = append(s.full, done)
	}
	return err
}

// finishPartitions finishes all files.
func (s *sink) finishPartitions() error {
	for len(s.partitions.writing) > 0 {
		if err := s.finishPartition(s.partitions.writing[0]); err != nil {
			return err
		}
	}
	clear(s.partitions.known)
	return nil
}

// close removes what is being written, and directories below base that are empty then.
func (r *router) close(base string) error {
	var errs []error
	for _, p := range r.writing {
		errs = append(errs, p.part.abort(base))
	}
	for _, p := range r.texts {
		p.Close()
	}
	r.writing, r.texts = nil, nil
	return errors.Join(errs...)
}
