package state

import (
	"errors"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/expr/aggregate"
	"github.com/anabranch/anabranch/state/cold"
)

// Tiers keep entries by key, the groups of an aggregation or lists of rows: all of them in memory or,
// with a Backend, those in use in memory and the others on disk. In memory are then two generations.
// Entries that are touched are in the young one: they come there new, from the old one or from disk.
// When it has taken half of the memory it becomes the old one, whose entries are written to disk bit by
// bit while the next one grows, so that no call takes time in proportion to the state.
//
// Each key has an id for as long as it is there, wherever it is, by which snapshots know it.
//
// One goroutine uses a Tiers.
type Tiers[T Entries] struct {
	o       TiersOptions[T]
	keys    int // columns
	schema  *columnar.Schema
	store   *Store      // nil: all is in memory
	table   *cold.Table // nil until something is written
	young   *generation
	old     *generation // nil at first
	run     *cold.Run   // takes rows of old; nil while none are written that are not in the table
	written bool        // the disk has rows
	nextID  uint32

	snapshot *tiersSnapshot // nil if the job takes no checkpoints

	row, value []byte
	rows       *columnar.Batch // scratch
	ids, found []uint32
	missing    []uint32 // new rows of the young generation whose keys the old one has not
	wanted     []cold.Wanted
	hashes     []uint64
	known      []bool
}

// Entries are a table in memory: an entry a key, which is a row of it.
type Entries interface {
	// StateSchema is that of an entry: the columns of its key, then its state.
	StateSchema() (*columnar.Schema, error)
	// Track tells t of entries before they are changed, new ones among them; nil tells nobody.
	Track(t aggregate.Tracker)
	// Rows is the number of entries.
	Rows() int
	SizeBytes() int64
	// Hash is that of the key of a row.
	Hash(row uint32) uint64
	// Keys makes the first columns of b the keys of rows.
	Keys(b *columnar.Batch, rows []uint32)
	// Find writes the row of each of n keys, or of those at sel, into rows, NoRow where there is none.
	Find(rows []uint32, keys []*columnar.Vector, sel []int32, n int) []uint32
	// Fill makes b rows, of StateSchema.
	Fill(b *columnar.Batch, rows []uint32) error
	// Load gives new rows the states of b.
	Load(rows []uint32, b *columnar.Batch) error
	// Refill makes the live rows of b, which are of StateSchema, the entries in place of all others.
	Refill(b *columnar.Batch) error
	Release()
}

// Groups are the groups of an aggregation.
type Groups = Tiers[*aggregate.Grouping]

// TiersOptions are what Tiers need.
type TiersOptions[T Entries] struct {
	// Store is the operator's room on disk; nil keeps all entries in memory.
	Store *Store
	// Account is charged with what is in memory if there is a Store, which is what bounds it: tables that Make
	// makes then need none of their own.
	Account *mem.Account
	// Make makes an empty generation, and Free takes one back; by default it is released.
	Make func() (T, error)
	Free func(T) error
	// Keys is the number of key columns.
	Keys int
	// Dead reports that the entry in row i of b, which has its key and state, need not be kept on disk;
	// nil: none is.
	Dead func(b *columnar.Batch, i int) bool
	// Snapshots says that the job takes checkpoints, in which the state is called Name and this part of it
	// Part. Shown, if not nil, makes the rows for them, of the schema Rows, of keys and states.
	Snapshots  bool
	Name, Part string
	Rows       *columnar.Schema
	Shown      func(b *columnar.Batch) *columnar.Batch
}

// generation is a table with the ids of its entries.
type generation struct {
	table  Entries
	ids    []uint32        // nil where all is in memory: then they are the rows' own
	moved  columnar.Bitmap // rows that live on in the younger generation
	order  []uint32        // of an old one: its rows by hash
	stored int             // of order: rows before this one are on disk, or have moved
	copied int             // rows before this one are in the snapshot in progress
}

func (g *generation) hasMoved(row int) bool { return row < 64*len(g.moved) && g.moved.Get(row) }

func (g *generation) id(row uint32) uint32 {
	if g.ids == nil {
		return row
	}
	return g.ids[row]
}

func (g *generation) idsOf(dst, rows []uint32) []uint32 {
	for _, r := range rows {
		dst = append(dst, g.id(r))
	}
	return dst
}

// NewTiers makes an empty table.
func NewTiers[T Entries](o TiersOptions[T]) (*Tiers[T], error) {
	if o.Free == nil {
		o.Free = func(g T) error { g.Release(); return nil }
	}
	t := &Tiers[T]{o: o, keys: o.Keys, store: o.Store}
	var err error
	if t.young, err = t.newGeneration(); err != nil {
		return nil, err
	}
	if t.schema, err = t.young.table.StateSchema(); err != nil {
		return nil, err
	}
	t.rows = columnar.NewBatch(t.schema)
	if o.Snapshots {
		schema := t.schema
		if o.Shown != nil {
			schema = o.Rows
		}
		t.snapshot = newTiersSnapshot(o, schema)
	}
	if t.store != nil {
		t.store.backend.tables.Add(1)
	}
	return t, nil
}

// hot is the table that entries in use are in.
func (t *Tiers[T]) hot() T { return t.young.table.(T) }

func (t *Tiers[T]) newGeneration() (*generation, error) {
	g, err := t.o.Make()
	if err != nil {
		return nil, err
	}
	if g.Track(nil); t.store != nil || t.o.Snapshots {
		g.Track(t)
	}
	return &generation{table: g}, nil
}

// blockRows is how many entries, or rows of lists, are written or read at once: there may be many tables, each of
// which has room for a block beside what it holds.
const blockRows = 512

// evictMin is how many old rows are written at once at least, if there are so many.
const evictMin = 1024

// Begin makes room for n rows that are about to come and returns the table they go to, which is valid
// until the next call.
func (t *Tiers[T]) Begin(n int) (T, error) {
	if t.store == nil {
		return t.hot(), nil
	}
	if t.old != nil {
		if err := t.evict(max(evictMin, 2*n)); err != nil {
			return t.hot(), err
		}
	}
	t.o.Account.Force(t.SizeBytes())
	if t.Full() {
		return t.rotate()
	}
	return t.hot(), nil
}

// Full reports that the table in use has taken its part of the memory: the next Begin makes another.
func (t *Tiers[T]) Full() bool {
	return t.store != nil && t.young.table.SizeBytes() >= t.store.backend.hotBytes()/2
}

// rotate makes the young generation the old one.
func (t *Tiers[T]) rotate() (T, error) {
	if t.old != nil {
		if err := t.evict(t.old.table.Rows()); err != nil {
			return t.hot(), err
		}
		if err := t.forgetOld(); err != nil {
			return t.hot(), err
		}
	}
	g, err := t.newGeneration()
	if err != nil {
		return t.hot(), err
	}
	t.old, t.young = t.young, g
	rows := t.old.table.Rows()
	t.old.moved = make(columnar.Bitmap, columnar.BitmapWords(rows))
	t.old.order = byHash(rows, t.old.table.Hash)
	return t.hot(), nil
}

// forgetOld gives the old generation back, whose rows are on disk or have moved.
func (t *Tiers[T]) forgetOld() error {
	old := t.old
	t.old = nil
	if t.snapshot != nil {
		t.snapshot.putAside()
	}
	return t.o.Free(old.table.(T))
}

// Trim does a part of what brings a table that is not in use down to its share of the memory, which becomes less as
// further ones are made, and reports whether there was something to do.
func (t *Tiers[T]) Trim(n int) (some bool, err error) {
	switch hot := t.store.backend.hotBytes(); {
	case t.old != nil && t.old.stored < len(t.old.order):
		err = t.evict(n)
	case t.old != nil && t.old.table.SizeBytes()+t.young.table.SizeBytes() > hot:
		err = t.forgetOld()
	case t.young.table.Rows() > 0 && t.young.table.SizeBytes() > hot/2:
		_, err = t.rotate()
	default:
		return false, nil
	}
	t.o.Account.Force(t.SizeBytes())
	return true, err
}

// SizeBytes is the memory the groups take; what is on disk a Store tells.
func (t *Tiers[T]) SizeBytes() int64 {
	n := t.young.table.SizeBytes()
	if t.old != nil {
		n += t.old.table.SizeBytes()
	}
	if t.table != nil {
		n += t.table.FilterBytes()
	}
	return n
}

// Close gives everything back.
func (t *Tiers[T]) Close() error {
	if t == nil {
		return nil
	}
	t.rows.Release()
	t.o.Account.Close()
	err := errors.Join(t.snapshot.close(), t.run.Close())
	for _, g := range []*generation{t.young, t.old} {
		if g != nil {
			err = errors.Join(err, t.o.Free(g.table.(T)))
		}
	}
	if t.store != nil {
		t.store.backend.tables.Add(-1)
		if t.table != nil {
			err = errors.Join(err, t.table.Drop())
		}
	}
	return err
}
