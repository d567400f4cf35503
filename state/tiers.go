package state

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/state/cold"
)

// Generation is a table of groups as Tiers needs it. Its ids are dense.
type Generation interface {
	Rows() int
	SizeBytes() int64
	// Hash is that of a row's key; equal keys have equal ones in all generations.
	Hash(id uint32) uint64
	// Keys makes the first columns of b the keys of the rows ids.
	Keys(b *columnar.Batch, ids []uint32)
	// Find writes the rows of n keys into ids, NoRow where there is none.
	Find(ids []uint32, keys []*columnar.Vector, n int) []uint32
	// Fill makes b the rows ids.
	Fill(b *columnar.Batch, ids []uint32) error
	// Load gives the rows ids, which are new, the states in b.
	Load(ids []uint32, b *columnar.Batch) error
	Release()
}

// Tiers is a table of groups of which those in use are in memory and the others on disk. In memory are
// two generations. Rows that are touched are in the young one: they come there new, from the old one or
// from disk. When it has taken half of the memory it becomes the old one, whose rows are written to
// disk bit by bit while the next one grows, so that no call takes time in proportion to the state.
//
// Each key has an id for as long as it is there, wherever it is, by which snapshots know it.
//
// One goroutine uses a Tiers.
type Tiers[G Generation] struct {
	o       TierOptions[G]
	store   *cold.Store
	table   *cold.Table
	young   *generation[G]
	old     *generation[G] // nil at first
	run     *cold.Run      // takes the rows of old; nil before the first and after the last
	written bool           // the store has rows
	nextID  uint32

	snapshot *tierSnapshot // nil if the job takes no checkpoints

	row, value []byte
	rows       *columnar.Batch // scratch
	ids, found []uint32
	wanted     []cold.Wanted
}

// TierOptions are what a Tiers needs.
type TierOptions[G Generation] struct {
	Backend *Backend
	// Make makes an empty generation.
	Make func() (G, error)
	// Schema is that of rows: keys, then states.
	Schema *columnar.Schema
	Keys   int
	// Dead reports that row i of b is one that need not be kept; nil: none is.
	Dead func(b *columnar.Batch, i int) bool
	// Snapshots says that the job takes checkpoints, in which the state is called Name.
	Snapshots bool
	Name      string
}

// generation is a table with the ids of its rows.
type generation[G Generation] struct {
	groups G
	ids    []uint32
	moved  columnar.Bitmap // rows that live on in the younger generation
	order  []uint32        // of an old one: its rows by hash
	stored int             // of order: rows before this one are on disk, or have moved
	copied int             // rows before this one are in the snapshot in progress
}

// NewTiers makes an empty table.
func NewTiers[G Generation](o TierOptions[G]) (*Tiers[G], error) {
	t := &Tiers[G]{o: o, rows: columnar.NewBatch(o.Schema)}
	o.Backend.tables.Add(1)
	if o.Snapshots {
		t.snapshot = newTierSnapshot(o.Name, o.Schema)
	}
	var err error
	t.young, err = t.newGeneration()
	return t, err
}

func (t *Tiers[G]) newGeneration() (*generation[G], error) {
	g, err := t.o.Make()
	return &generation[G]{groups: g}, err
}

// evictMin is how many old rows are written at once at least, if there are so many.
const evictMin = 1024

// Begin makes room for further rows, n of which are about to come, and returns the generation they go
// to, whose tracker is t.
func (t *Tiers[G]) Begin(n int) (G, error) {
	if t.old != nil {
		if err := t.evict(max(evictMin, 2*n)); err != nil {
			return t.young.groups, err
		}
	}
	if t.young.groups.SizeBytes() < t.o.Backend.hotBytes()/2 {
		return t.young.groups, nil
	}
	return t.rotate()
}

// rotate makes the young generation the old one.
func (t *Tiers[G]) rotate() (G, error) {
	if t.old != nil {
		if err := t.evict(t.old.groups.Rows()); err != nil {
			return t.young.groups, err
		}
		t.old.groups.Release()
		if t.snapshot != nil {
			t.snapshot.putAside()
		}
	}
	g, err := t.newGeneration()
	if err != nil {
		return t.young.groups, err
	}
	t.old, t.young = t.young, g
	rows := t.old.groups.Rows()
	t.old.moved = make(columnar.Bitmap, columnar.BitmapWords(rows))
	t.old.order = byHash(rows, t.old.groups.Hash)
	return g.groups, nil
}

// evict writes about n rows of the old generation to disk.
func (t *Tiers[G]) evict(n int) error {
	g := t.old
	for n > 0 && g.stored < len(g.order) {
		t.ids = t.ids[:0]
		for ; g.stored < len(g.order) && len(t.ids) < min(n, columnar.BatchRows); g.stored++ {
			if id := g.order[g.stored]; !g.moved.Get(int(id)) {
				t.ids = append(t.ids, id)
			}
		}
		n -= len(t.ids)
		if err := t.write(g, t.ids); err != nil {
			return fmt.Errorf("writing state to disk: %w", err)
		}
	}
	if g.stored < len(g.order) || t.run == nil {
		return nil
	}
	run := t.run
	t.run, t.written = nil, true
	if err := run.Finish(); err != nil {
		return fmt.Errorf("writing state to disk: %w", err)
	}
	return nil
}

// write writes rows of a generation, in order of their hashes, to disk, where they lie until they are
// touched again.
func (t *Tiers[G]) write(g *generation[G], ids []uint32) error {
	if len(ids) == 0 {
		return nil
	}
	if err := t.open(); err != nil {
		return err
	}
	if err := g.groups.Fill(t.rows, ids); err != nil {
		return err
	}
	if t.snapshot != nil {
		t.found = g.idsOf(t.found[:0], ids)
		t.snapshot.leave(t.found, t.rows, t.o.Dead)
	}
	keys, states := t.rows.Cols[:t.o.Keys], t.rows.Cols[t.o.Keys:]
	for k, id := range ids {
		t.row = columnar.AppendRow(t.row[:0], keys, k)
		var err error
		if t.o.Dead != nil && t.o.Dead(t.rows, k) {
			err = t.run.Delete(g.groups.Hash(id), t.row)
		} else {
			t.value = binary.LittleEndian.AppendUint32(t.value[:0], g.ids[id])
			t.value = columnar.AppendRow(t.value, states, k)
			err = t.run.Put(g.groups.Hash(id), t.row, t.value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// open makes the store and the run that are not there yet.
func (t *Tiers[G]) open() (err error) {
	if t.store == nil {
		if t.store, err = t.o.Backend.open(); err != nil {
			return err
		}
		t.table = t.store.Table(0)
	}
	if t.run == nil {
		t.run, err = t.table.NewRun()
	}
	return err
}

// byHash are n rows in order of their hashes, of which the lower 16 bits are zero: sorted by digits of 16
// bits, the least first, where there are many.
func byHash(n int, hash func(id uint32) uint64) []uint32 {
	type row struct {
		hash uint64
		id   uint32
	}
	rows := make([]row, n)
	for i := range rows {
		rows[i] = row{hash(uint32(i)), uint32(i)}
	}
	if n < 1<<14 {
		slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.hash, b.hash) })
	} else {
		other := make([]row, n)
		for shift := 16; shift < 64; shift += 16 {
			var at [1 << 16]int
			for _, r := range rows {
				at[uint16(r.hash>>shift)]++
			}
			sum := 0
			for d, count := range at {
				at[d], sum = sum, sum+count
			}
			for _, r := range rows {
				d := uint16(r.hash >> shift)
				other[at[d]] = r
				at[d]++
			}
			rows, other = other, rows
		}
	}
	ids := make([]uint32, n)
	for i, r := range rows {
		ids[i] = r.id
	}
	return ids
}

func (g *generation[G]) idsOf(dst, rows []uint32) []uint32 {
	for _, r := range rows {
		dst = append(dst, g.ids[r])
	}
	return dst
}

// Touch is called with rows of the young generation before they are changed. New ones get the state
// that an older generation or the disk has for their keys.
func (t *Tiers[G]) Touch(rows []uint32) error {
	if first, n := len(t.young.ids), t.young.groups.Rows(); first < n {
		if err := t.fault(uint32(first), n-first); err != nil {
			return fmt.Errorf("reading state from disk: %w", err)
		}
	}
	if t.snapshot == nil {
		return nil
	}
	return t.snapshot.touch(t.young.ids, rows, t.rows, t.young.groups.Fill)
}

// fault gives n new rows of the young generation, from first on, their ids and states.
func (t *Tiers[G]) fault(first uint32, n int) error {
	y := t.young
	y.ids = append(y.ids, make([]uint32, n)...)
	if t.old == nil {
		for i := range n {
			y.ids[int(first)+i] = t.newID()
		}
		return nil
	}
	for done := 0; done < n; {
		some := min(n-done, columnar.BatchRows)
		if err := t.faultSome(first+uint32(done), some); err != nil {
			return err
		}
		done += some
	}
	return nil
}

func (t *Tiers[G]) newID() uint32 {
	t.nextID++
	return t.nextID - 1
}

func (t *Tiers[G]) faultSome(first uint32, n int) error {
	y, o := t.young, t.old
	t.ids = t.ids[:0]
	for i := range n {
		t.ids = append(t.ids, first+uint32(i))
	}
	y.groups.Keys(t.rows, t.ids)
	keys := t.rows.Cols[:t.o.Keys]
	t.found = o.groups.Find(t.found, keys, n)
	t.wanted, t.row = t.wanted[:0], t.row[:0]
	missing := t.ids[:0]
	var at, from []uint32
	for i, id := range t.found {
		row := first + uint32(i)
		if id != columnar.NoRow {
			o.moved.Set(int(id))
			y.ids[row] = o.ids[id]
			at, from = append(at, row), append(from, id)
			continue
		}
		missing = append(missing, row)
		if t.written {
			start := len(t.row)
			t.row = columnar.AppendRow(t.row, keys, i)
			t.wanted = append(t.wanted, cold.Wanted{Hash: y.groups.Hash(row), Key: t.row[start:]})
		}
	}
	if len(at) > 0 {
		if err := o.groups.Fill(t.rows, from); err != nil {
			return err
		}
		if err := y.groups.Load(at, t.rows); err != nil {
			return err
		}
	}
	return t.read(missing)
}

// read gives the new rows of the young generation what the disk has for them: t.wanted are their keys.
func (t *Tiers[G]) read(rows []uint32) error {
	for _, r := range rows {
		t.young.ids[r] = columnar.NoRow
	}
	if len(t.wanted) > 0 {
		t.rows.Reset(0)
		t.found = t.found[:0]
		keys, states := t.rows.Cols[:t.o.Keys], t.rows.Cols[t.o.Keys:]
		err := t.table.Find(t.wanted, func(at int, value []byte) error {
			t.young.ids[rows[at]] = binary.LittleEndian.Uint32(value)
			t.found = append(t.found, rows[at])
			_, err := columnar.DecodeRow(states, value[4:])
			return err
		})
		if err != nil {
			return err
		}
		for _, v := range keys {
			v.Reset(len(t.found))
		}
		t.rows.SetLen(len(t.found))
		if err := t.young.groups.Load(t.found, t.rows); err != nil {
			return err
		}
	}
	for _, r := range rows {
		if t.young.ids[r] == columnar.NoRow {
			t.young.ids[r] = t.newID()
		}
	}
	return nil
}

// SizeBytes is the memory and the room on disk the table takes.
func (t *Tiers[G]) SizeBytes() int64 {
	n := t.young.groups.SizeBytes()
	if t.old != nil {
		n += t.old.groups.SizeBytes()
	}
	if t.store != nil {
		n += t.table.FilterBytes() + t.store.DiskBytes()
	}
	return n
}

// Close gives everything back.
func (t *Tiers[G]) Close() error {
	t.o.Backend.tables.Add(-1)
	t.rows.Release()
	for _, g := range []*generation[G]{t.young, t.old} {
		if g != nil {
			g.groups.Release()
		}
	}
	err := errors.Join(t.snapshot.close(), t.run.Close())
	if t.store != nil {
		err = errors.Join(err, t.store.Close())
	}
	return err
}
