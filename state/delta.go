package state

import (
	"encoding/binary"
	"fmt"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
)

// Delta writes a table whose rows have stable ids into snapshots: all of it or the rows that have
// changed since the snapshot before, bit by bit, each row as it was when the snapshot began.
type Delta struct {
	changes *hashtable.Changes
	section string
	table   Table
	w       *Writer
	held    []uint32
	rows    *columnar.Batch // scratch of Fill; nil while nothing is copied
	copied  deltaRows
}

// Table is what a Delta must know of a table.
type Table interface {
	// Made is the number of ids given so far, those of removed rows among them.
	Made() int
	// Held reports whether the row id is there.
	Held(id uint32) bool
	// Fill makes b the rows ids, which are there.
	Fill(b *columnar.Batch, ids []uint32) error
}

// deltaMark tells sections with ids from those that stand for themselves; behind it is the part of
// the state the ids are of.
const deltaMark = "+"

// NewDelta makes the Delta of a table, which is the whole state called name or, if part is not empty,
// one of its tables. Reader.Rows reads back what it writes, rows of the schema.
func NewDelta(name, part string, schema *columnar.Schema, table Table) *Delta {
	d := &Delta{section: name + deltaMark + part, table: table, copied: deltaRows{schema: schema, most: columnar.BatchRows}}
	d.changes = hashtable.NewChanges(d.copyOut)
	return d
}

// Track is the Changes of d, nil if d is.
func (d *Delta) Track() *hashtable.Changes {
	if d == nil {
		return nil
	}
	return d.changes
}

// Freeze begins a snapshot into w, of everything if full.
func (d *Delta) Freeze(full bool, w *Writer) {
	d.w = w
	d.Release()
	d.changes.Freeze(d.table.Made(), full)
}

// Copy writes about n further rows and reports whether all are written.
func (d *Delta) Copy(n int) (done bool, err error) {
	if done, err = d.changes.Copy(n); err == nil && done {
		d.copied.flush(d.section, d.w)
		d.Release()
	}
	return done, err
}

func (d *Delta) copyOut(ids []uint32) error {
	if d.rows == nil {
		d.rows = columnar.NewBatch(d.copied.schema)
	}
	d.held = d.held[:0]
	for _, id := range ids {
		if d.table.Held(id) {
			d.held = append(d.held, id)
		} else {
			d.copied.gone = append(d.copied.gone, id)
		}
	}
	for held := d.held; len(held) > 0; {
		n := min(len(held), columnar.BatchRows)
		if err := d.table.Fill(d.rows, held[:n]); err != nil {
			return err
		}
		d.copied.add(held[:n], d.rows)
		held = held[n:]
		if d.copied.full() {
			d.copied.flush(d.section, d.w)
		}
	}
	return nil
}

// Release gives the memory back.
func (d *Delta) Release() {
	if d == nil {
		return
	}
	d.copied.release()
	if d.rows != nil {
		d.rows.Release()
		d.rows = nil
	}
}

// deltaRows are rows with their ids, and ids of rows that are gone, on their way into a section.
type deltaRows struct {
	schema *columnar.Schema
	most   int // rows in a section, about
	ids    []uint32
	gone   []uint32
	rows   *columnar.Batch // nil while there are none
}

// add takes the live rows of b in.
func (d *deltaRows) add(ids []uint32, b *columnar.Batch) {
	if d.rows == nil {
		d.rows = columnar.NewBatch(d.schema)
	}
	d.rows.AppendSel(b, b.Sel)
	d.ids = append(d.ids, ids...)
}

func (d *deltaRows) empty() bool { return len(d.ids)+len(d.gone) == 0 }
func (d *deltaRows) full() bool  { return len(d.ids) >= d.most }

// flush writes a section of what has come: ids and rows, and the ids of rows that are gone.
func (d *deltaRows) flush(section string, w *Writer) {
	if !d.empty() {
		w.section(section, d.encode)
	}
	d.forget()
}

// encode appends the payload of a section.
func (d *deltaRows) encode(dst []byte) []byte {
	if d.rows == nil {
		d.rows = columnar.NewBatch(d.schema)
	}
	dst = appendIDs(appendIDs(dst, d.ids), d.gone)
	return columnar.EncodeBatch(dst, d.rows)
}

func (d *deltaRows) forget() {
	d.ids, d.gone = d.ids[:0], d.gone[:0]
	if d.rows != nil {
		d.rows.Reset(0)
	}
}

func (d *deltaRows) release() {
	d.forget()
	if d.rows != nil {
		d.rows.Release()
		d.rows = nil
	}
}

func appendIDs(dst []byte, ids []uint32) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(ids)))
	for _, id := range ids {
		dst = binary.LittleEndian.AppendUint32(dst, id)
	}
	return dst
}

func takeIDs(src []byte) (ids []uint32, rest []byte, err error) {
	if len(src) < 4 {
		return nil, nil, ErrCorrupt
	}
	n := int(binary.LittleEndian.Uint32(src))
	if src = src[4:]; n > len(src)/4 {
		return nil, nil, ErrCorrupt
	}
	ids = make([]uint32, n)
	for k := range ids {
		ids[k] = binary.LittleEndian.Uint32(src[4*k:])
	}
	return ids, src[4*n:], nil
}

// idSet are the ids a newer section has told of.
type idSet map[uint32]uint64 // by id/64

func (s idSet) add(id uint32) (isNew bool) {
	w, bit := s[id/64], uint64(1)<<(id%64)
	s[id/64] = w | bit
	return w&bit == 0
}

// decodeDelta makes b the rows of a section that no newer one has told of.
func decodeDelta(b *columnar.Batch, payload []byte, told idSet) error {
	ids, rest, err := takeIDs(payload)
	if err != nil {
		return err
	}
	gone, rest, err := takeIDs(rest)
	if err != nil {
		return err
	}
	all := columnar.NewBatch(b.Schema)
	defer all.Release()
	if _, err := columnar.DecodeBatch(all, rest); err != nil {
		return err
	}
	if all.Len() != len(ids) {
		return fmt.Errorf("%w: %d rows with %d ids", ErrCorrupt, all.Len(), len(ids))
	}
	sel := make([]int32, 0, len(ids))
	for k, id := range ids {
		if told.add(id) {
			sel = append(sel, int32(k))
		}
	}
	for _, id := range gone {
		told.add(id)
	}
	b.AppendSel(all, sel)
	return nil
}
