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
	Late  int64
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
		return errors.Join(j.sides[leftPort].tiers.CopyAll(), j.sides[rightPort].tiers.CopyAll())
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
	w.Value("meta", meta{[2]dataflow.Time{j.sides[leftPort].mark, j.sides[rightPort].mark}, j.late})
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
		if s.tiers == nil {
			s.delta.Freeze(full, w)
		} else if err := s.tiers.Freeze(full, w); err != nil {
			return err
		}
	}
	return nil
}

// Copy writes further rows.
func (j *Symmetric) Copy(n int) (done bool, err error) {
	for port := range j.sides {
		s := &j.sides[port]
		if s.tiers == nil {
			done, err = s.delta.Copy(n)
		} else {
			done, err = s.tiers.Copy(n)
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
	for in := range j.sides {
		s := &j.sides[in]
		err := r.Rows(sideName(in), s.stateSchema(), func(b *columnar.Batch) error {
			last := len(b.Cols) - 1
			rows := &columnar.Batch{Schema: s.schema, Cols: b.Cols[:last]}
			rows.SetLen(b.Len())
			rows.Sel = r.SelectOwn(columnar.HashRows(nil, held.KeyColumns(nil, b, s.keys), nil, b.Len()))
			var matches []uint64
			for _, i := range rows.Sel {
				matches = append(matches, uint64(columnar.Values[int64](b.Cols[last])[i]))
			}
			return j.restoreRows(dataflow.Port(in), rows, matches)
		})
		if err == nil {
			err = s.form(in).Restore(r, func(rows *columnar.Batch, matches []uint64) error {
				return j.restoreRows(dataflow.Port(in), rows, matches)
			})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// restoreRows stores rows, each with the number of its matches.
func (j *Symmetric) restoreRows(port dataflow.Port, rows *columnar.Batch, matches []uint64) error {
	s := &j.sides[port]
	if s.tiers != nil {
		if err := s.enter(rows, s.keys, true); err != nil {
			return err
		}
	}
	ids, err := s.rows.Add(nil, rows)
	if err != nil {
		return err
	}
	for k, id := range ids {
		s.rows.Extra(id)[0] = matches[k]
	}
	if j.expiring != nil {
		j.expiring.add(port, rows, ids)
	}
	return nil
}

// StateBytes is the size of both sides, in memory and on disk.
func (j *Symmetric) StateBytes() int64 {
	n := j.store.DiskBytes()
	for port := range j.sides {
		if s := &j.sides[port]; s.tiers != nil {
			n += s.tiers.SizeBytes()
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
		if s.tiers != nil {
			err = errors.Join(err, s.tiers.Close())
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
