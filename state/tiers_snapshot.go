package state

import (
	"encoding/binary"
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/state/cold"
)

// tiersSnapshot keeps which keys, by id, have changed since the last snapshot began, and writes the one
// in progress: the rows in memory bit by bit, each before it is changed again, then, in a snapshot of
// everything, the rows on disk as they were when it began. Rows that have changed and leave memory
// before the next snapshot begins are put aside for it.
//
// A row that is touched at 1 and 2 and leaves memory at 3, about a snapshot that begins at F and is done at D:
//
//	-- 1 ------ F ------ 2 ------ D ------ 3 ------ F' --
//	   |        |        |        |        |        |
//	   |        |        |        |        |        what was put aside goes into the next snapshot as it is
//	   |        |        |        |        its bit is taken from changed, the row is put aside
//	   |        |        |        no bit is left in frozen: what is in memory and not yet copied was copied
//	   |        |        its bit is taken from frozen and the row copied out, then it is set in changed
//	   |        frozen becomes changed, of which none is left; of everything: frozen has all ids
//	   its bit is set in changed
//
// A row that leaves between F and D is copied out then, if its bit is in frozen. In a snapshot of everything the
// rows that only the disk has follow last, read as the disk was at F.
type tiersSnapshot struct {
	section string
	dead    func(*columnar.Batch, int) bool
	shown   func(*columnar.Batch) *columnar.Batch
	changed columnar.Bitmap // since the last snapshot began
	frozen  columnar.Bitmap // still to be copied
	aside   [][]byte        // payloads of rows that left memory changed
	left    deltaRows       // such rows, not yet in aside
	all     bool            // too much is aside: the next snapshot is of everything
	gone    []uint32        // ids of rows that left memory dead, which snapshots before may have
	bytes   int             // of aside
	total   *int            // of all tables of the operator

	w      *Writer
	copied deltaRows
	late   [][]byte   // what was aside when the snapshot began
	disk   *cold.Rows // of a snapshot of everything

	ids, rows []uint32
}

// asideMax is how many bytes are put aside at most, by all tables of an operator.
const asideMax = 64 << 20

func newTiersSnapshot[T Entries](o TiersOptions[T], schema *columnar.Schema) *tiersSnapshot {
	s := &tiersSnapshot{
		section: o.Name + deltaMark + o.Part, dead: o.Dead, shown: o.Shown,
		left: deltaRows{schema: schema, most: blockRows}, copied: deltaRows{schema: schema, most: blockRows},
	}
	if s.total = new(int); o.Store != nil {
		s.total = &o.Store.aside
	}
	if s.shown == nil {
		s.shown = func(b *columnar.Batch) *columnar.Batch { return b }
	}
	return s
}

// touch notes that rows of the young generation are about to change, and copies those out which the
// snapshot in progress still wants.
func (s *tiersSnapshot) touch(g *generation, rows []uint32, scratch *columnar.Batch) error {
	s.ids, s.rows = s.ids[:0], s.rows[:0]
	for _, r := range rows {
		id := g.id(r)
		setBit(&s.changed, id)
		if takeBit(s.frozen, id) {
			s.ids, s.rows = append(s.ids, id), append(s.rows, r)
		}
	}
	return s.copyRows(g, scratch)
}

// copyRows copies s.rows, with s.ids, out.
func (s *tiersSnapshot) copyRows(g *generation, scratch *columnar.Batch) error {
	for from := 0; from < len(s.rows); from += blockRows {
		to := min(len(s.rows), from+blockRows)
		if err := g.table.Fill(scratch, s.rows[from:to]); err != nil {
			return err
		}
		s.copied.add(s.ids[from:to], s.shown(scratch))
		if s.copied.full() {
			s.copied.flush(s.section, s.w)
		}
	}
	return nil
}

// leave is told of the rows of b, by id, that leave memory. Dead ones are gone for good.
func (s *tiersSnapshot) leave(ids []uint32, b *columnar.Batch) {
	for _, put := range []struct {
		to    *deltaRows
		where columnar.Bitmap
	}{{&s.copied, s.frozen}, {&s.left, s.changed}} {
		sel := make([]int32, 0, len(ids))
		s.ids = s.ids[:0]
		for k, id := range ids {
			set := takeBit(put.where, id)
			switch {
			case s.dead != nil && s.dead(b, k):
				if set || put.to == &s.left {
					put.to.gone = append(put.to.gone, id)
				}
			case set:
				sel, s.ids = append(sel, int32(k)), append(s.ids, id)
			}
		}
		put.to.add(s.ids, s.shown(b).WithSel(sel))
	}
	if s.copied.full() {
		s.copied.flush(s.section, s.w)
	}
	if s.left.full() {
		s.putAside()
	}
}

// putAside makes a payload of the rows that have left. Those of two generations are not in one, as a
// section names an id once.
func (s *tiersSnapshot) putAside() {
	s.gone = append(s.gone, s.left.gone...)
	if !s.left.empty() && !s.all {
		payload := s.left.encode(nil)
		s.aside = append(s.aside, payload)
		s.count(len(payload))
	}
	s.left.release()
	if s.bytes > 0 && *s.total > asideMax {
		s.all, s.aside = true, nil
		s.count(-s.bytes)
	}
}

// count counts bytes that have been put aside.
func (s *tiersSnapshot) count(n int) { s.bytes, *s.total = s.bytes+n, *s.total+n }

// freeze begins a snapshot into w of everything below the id end, of which disk has the rows on disk,
// or, if disk is nil, of what has changed.
func (s *tiersSnapshot) freeze(full bool, end uint32, disk *cold.Rows, w *Writer) {
	s.putAside()
	s.w, s.disk = w, disk
	s.copied.forget()
	s.late = s.aside
	s.frozen = s.changed
	if full {
		s.late = nil // these rows are on disk
		if s.all {
			s.left.gone = s.gone // it may follow on others all the same
			s.late = [][]byte{s.left.encode(nil)}
			s.left.forget()
		}
		s.frozen = make(columnar.Bitmap, columnar.BitmapWords(int(end)))
		s.frozen.Fill(int(end), true)
		if r := end % 64; r != 0 {
			s.frozen[end/64] &= 1<<r - 1 // the ids behind are yet to be given
		}
	}
	s.changed = make(columnar.Bitmap, len(s.changed))
	s.aside, s.gone, s.all = nil, nil, false
	s.count(-s.bytes)
}

// finish writes what was aside and ends the snapshot.
func (s *tiersSnapshot) finish() error {
	s.copied.flush(s.section, s.w)
	s.copied.release()
	for _, payload := range slices.Backward(s.late) { // of an id the first section counts
		s.w.section(s.section, func(dst []byte) []byte { return append(dst, payload...) })
	}
	s.late, s.frozen, s.w = nil, nil, nil
	return s.closeDisk()
}

func (s *tiersSnapshot) closeDisk() error {
	if s.disk == nil {
		return nil
	}
	d := s.disk
	s.disk = nil
	return d.Close()
}

func (s *tiersSnapshot) close() error {
	if s == nil {
		return nil
	}
	s.copied.release()
	s.left.release()
	s.count(-s.bytes)
	return s.closeDisk()
}

func setBit(b *columnar.Bitmap, id uint32) {
	if w := int(id / 64); w >= len(*b) {
		*b = append(*b, make(columnar.Bitmap, max(w+1-len(*b), len(*b)/2, 64))...)
	}
	b.Set(int(id))
}

// takeBit clears a bit and reports whether it was set.
func takeBit(b columnar.Bitmap, id uint32) bool {
	w, bit := int(id/64), uint64(1)<<(id%64)
	if w >= len(b) || b[w]&bit == 0 {
		return false
	}
	b[w] &^= bit
	return true
}

// Freeze begins a snapshot into w, of everything if full or if too much has left memory since the last.
func (t *Tiers[T]) Freeze(full bool, w *Writer) error {
	s := t.snapshot
	if err := s.closeDisk(); err != nil {
		return err
	}
	full = full || s.all
	if full {
		// Rows that were written may be gone from memory before they are copied, and disk has only what is
		// in the table now.
		if err := t.finishRun(); err != nil {
			return err
		}
	}
	var disk *cold.Rows
	if full && t.written {
		var err error
		if disk, err = t.table.Rows(); err != nil {
			return err
		}
	}
	end := t.nextID
	if t.store == nil {
		end = uint32(t.young.table.Rows())
	}
	s.freeze(full, end, disk, w)
	t.young.copied = 0
	if t.old != nil {
		t.old.copied = 0
	}
	return nil
}

// Copy writes about n further rows and reports whether all are written.
func (t *Tiers[T]) Copy(n int) (done bool, err error) {
	s := t.snapshot
	if s.w == nil {
		return true, nil
	}
	for _, g := range []*generation{t.old, t.young} {
		if g == nil {
			continue
		}
		all := s.gather(g, n)
		if err := s.copyRows(g, t.rows); err != nil {
			return false, err
		}
		if !all {
			return false, nil
		}
	}
	if s.disk != nil {
		if done, err = t.copyDisk(n); err != nil || !done {
			return false, err
		}
	}
	return true, s.finish()
}

// lookMax is how many rows are looked at for each that may be copied.
const lookMax = 16

// gather makes s.rows up to n further rows of a generation that are to be copied and reports whether it
// has looked at all.
func (s *tiersSnapshot) gather(g *generation, n int) (all bool) {
	s.ids, s.rows = s.ids[:0], s.rows[:0]
	rows, end := g.table.Rows(), g.copied+lookMax*n
	if g.ids == nil {
		end = rows // 64 rows are passed over at once
	}
	for ; g.copied < min(rows, end) && len(s.rows) < n; g.copied++ {
		if w := g.copied / 64; g.ids == nil && g.copied%64 == 0 && (w >= len(s.frozen) || s.frozen[w] == 0) {
			g.copied += 63
			continue
		}
		if id := g.id(uint32(g.copied)); !g.hasMoved(g.copied) && takeBit(s.frozen, id) {
			s.ids, s.rows = append(s.ids, id), append(s.rows, uint32(g.copied))
		}
	}
	return g.copied >= rows
}

// copyDisk writes up to n further rows that are on disk only.
func (t *Tiers[T]) copyDisk(n int) (done bool, err error) {
	s := t.snapshot
	t.rows.Reset(0)
	s.ids = s.ids[:0]
	done, err = s.disk.Next(min(n, blockRows), func(key, value []byte) error {
		id := binary.LittleEndian.Uint32(value)
		if !takeBit(s.frozen, id) {
			return nil
		}
		s.ids = append(s.ids, id)
		return t.decode(t.rows, key, value)
	})
	if err != nil {
		return false, err
	}
	t.rows.SetLen(len(s.ids))
	s.copied.add(s.ids, s.shown(t.rows))
	if s.copied.full() {
		s.copied.flush(s.section, s.w)
	}
	return done, nil
}

// decode appends a row of the disk to b.
func (t *Tiers[T]) decode(b *columnar.Batch, key, value []byte) error {
	if _, err := columnar.DecodeRow(b.Cols[:t.keys], key); err != nil {
		return err
	}
	_, err := columnar.DecodeRow(b.Cols[t.keys:], value[4:])
	return err
}

// CopyAll writes what the snapshot in progress still wants, before the groups are closed.
func (t *Tiers[T]) CopyAll() error {
	if t.snapshot == nil {
		return nil
	}
	for {
		if done, err := t.Copy(columnar.BatchRows); done || err != nil {
			return err
		}
	}
}
