package join

import (
	"errors"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/operators/held"
	"github.com/anabranch/anabranch/state"
)

// meta is what a symmetric join remembers beside its rows.
type meta struct {
	Marks [2]dataflow.Time // by port
	// Dropped is what rows that are on disk, by slices, have expired before whose slices are gone; older snapshots
	// have these rows.
	Dropped [2]int64
	Late    int64
}

// matchesField is the column, behind those of a side, with the number of matches.
func (s *side) stateSchema() *columnar.Schema {
	fields := append([]columnar.Field(nil), s.schema.Fields...)
	return columnar.NewSchema(append(fields, columnar.Field{Name: "$matches", Type: columnar.TypeBigInt.Required()})...)
}

// Snapshot writes the rows of both sides down.
func (j *Symmetric) Snapshot(epoch dataflow.Epoch, w *state.Writer) error {
	if j.store != nil {
		if err := j.Freeze(epoch, true, w); err != nil {
			return err
		}
		for {
			if done, err := j.Copy(columnar.BatchRows); done || err != nil {
				return err
			}
		}
	}
	j.writeMeta(w)
	for in := range j.sides {
		s := &j.sides[in]
		b := columnar.NewBatch(s.stateSchema())
		err := s.rows.Each(func(ids []uint32) error {
			s.fill(b, ids)
			w.Rows(sideName(in), b)
			return nil
		})
		b.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

func (j *Symmetric) writeMeta(w *state.Writer) {
	m := meta{Late: j.late}
	for port := range j.sides {
		s := &j.sides[port]
		if m.Marks[port] = s.mark; s.slices != nil {
			m.Dropped[port] = s.slices.dropped
		}
	}
	w.Value("meta", m)
}

// fill makes b rows of the side with the number of their matches.
func (s *side) fill(b *columnar.Batch, ids []uint32) {
	last := len(b.Cols) - 1
	for c, v := range b.Cols[:last] {
		s.rows.Gather(v, c, ids)
	}
	b.Cols[last].Reset(len(ids))
	for k, id := range ids {
		columnar.Values[int64](b.Cols[last])[k] = int64(s.rows.Extra(id)[0])
	}
	b.SetLen(len(ids))
}

// Freeze begins a snapshot of both sides.
func (j *Symmetric) Freeze(_ dataflow.Epoch, full bool, w *state.Writer) error {
	j.writeMeta(w)
	for port := range j.sides {
		s := &j.sides[port]
		if s.slices == nil {
			s.delta.Freeze(full, w)
		} else if err := s.slices.freeze(full, w); err != nil {
			return err
		}
	}
	return nil
}

// Copy writes further rows.
func (j *Symmetric) Copy(n int) (done bool, err error) {
	for port := range j.sides {
		s := &j.sides[port]
		if s.slices == nil {
			done, err = s.delta.Copy(n)
		} else {
			done, err = s.slices.copy(n)
		}
		if err != nil || !done {
			return done, err
		}
	}
	return true, nil
}

// Restore stores the rows of this subtask's keys again; what they decided was emitted.
func (j *Symmetric) Restore(r *state.Reader) error {
	metas, err := state.Values[meta](r, "meta")
	if err != nil {
		return err
	}
	for i, m := range metas {
		for port := range j.sides {
			if s := &j.sides[port]; i == 0 || m.Marks[port] < s.mark {
				s.mark = m.Marks[port]
			}
		}
		if r.Mine(i) {
			j.late += m.Late
		}
	}
	for old := range r.Tasks {
		one := &state.Reader{Subtask: r.Subtask, Parallelism: r.Parallelism, Tasks: r.Tasks[old : old+1]}
		for in := range j.sides {
			if err := errors.Join(j.restoreRows(one, dataflow.Port(in)), j.restoreLists(one, dataflow.Port(in))); err != nil {
				return err
			}
		}
	}
	return nil
}

// restoreRows stores what a subtask wrote that had all rows in memory.
func (j *Symmetric) restoreRows(r *state.Reader, in dataflow.Port) error {
	s := &j.sides[in]
	return r.Rows(sideName(int(in)), s.stateSchema(), func(b *columnar.Batch) error {
		last := len(b.Cols) - 1
		rows := &columnar.Batch{Schema: s.schema, Cols: b.Cols[:last]}
		rows.SetLen(b.Len())
		rows.Sel = r.SelectOwn(columnar.HashRows(nil, held.KeyColumns(nil, b, s.keys), nil, b.Len()))
		var matches []uint64
		for _, i := range rows.Sel {
			matches = append(matches, uint64(columnar.Values[int64](b.Cols[last])[i]))
		}
		return j.restore(in, rows, matches)
	})
}

// restoreLists stores what a subtask wrote that had rows on disk.
func (j *Symmetric) restoreLists(r *state.Reader, in dataflow.Port) error {
	metas, err := state.Values[meta](r, "meta")
	if err != nil {
		return err
	}
	return j.sides[in].form(int(in), "").Restore(r, func(rows *columnar.Batch, matches []uint64) error {
		if j.expiring != nil {
			rows, matches = j.expiring.notBefore(metas[0].Dropped[in], in, rows, matches)
		}
		return j.restore(in, rows, matches)
	})
}

// notBefore are those of rows that expire at a time or later.
func (e *expiry) notBefore(start int64, port dataflow.Port, rows *columnar.Batch, matches []uint64) (*columnar.Batch, []uint64) {
	after, ok := e.after(port)
	if !ok {
		return rows, matches
	}
	sel, words := []int32{}, []uint64(nil)
	for k, t := range e.times(nil, port, rows) {
		if t+after >= start {
			sel, words = append(sel, int32(rows.Row(k))), append(words, matches[k])
		}
	}
	return rows.WithSel(sel), words
}

// restore stores rows, each with the number of its matches.
func (j *Symmetric) restore(port dataflow.Port, rows *columnar.Batch, matches []uint64) error {
	if s := &j.sides[port]; s.slices != nil && !j.sliced() {
		if err := s.enter(s.slices.list[0], rows, s.keys, true); err != nil {
			return err
		}
	}
	return j.storeRows(port, rows, matches)
}

// StateBytes is the size of both sides, in memory and on disk.
func (j *Symmetric) StateBytes() int64 {
	n := j.store.DiskBytes()
	for port := range j.sides {
		if s := &j.sides[port]; s.slices != nil {
			n += s.slices.sizeBytes()
		} else {
			n += s.rows.SizeBytes()
		}
	}
	return n
}

// Close frees both sides.
func (j *Symmetric) Close() error {
	j.run.drop()
	var err error
	for in := range j.sides {
		s := &j.sides[in]
		if s.slices != nil {
			err = errors.Join(err, s.slices.close())
		} else if s.rows != nil {
			s.rows.Release()
			s.delta.Release()
		}
	}
	if j.out != nil {
		j.out.Release()
	}
	j.residual.Close()
	return errors.Join(err, j.store.Close())
}
