package cold

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// Store is the Pebble instance of one operator. One goroutine uses it.
type Store struct {
	db      *pebble.DB
	opts    *pebble.Options
	dir     string
	fs      *scratchFS
	metrics *pebble.Metrics // nil after a write
	runs    int             // made so far
}

// Options are what a Store needs.
type Options struct {
	// Cache is shared by the stores of a process.
	Cache *pebble.Cache
	// FS is the file system; default the local one.
	FS vfs.FS
}

// Open makes a store in the directory dir, which is empty.
func Open(dir string, o Options) (*Store, error) {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	s := &Store{dir: dir, fs: &scratchFS{FS: o.FS}}
	p := &pebble.Options{
		FS: s.fs, Cache: o.Cache, DisableWAL: true, Logger: quiet{},
		MemTableSize:          256 << 10, // rows come in runs, not through it
		L0CompactionThreshold: 8,
		FormatMajorVersion:    pebble.FormatNewest,
	}
	// Keys are in order of hashes, so that every compaction into a level rewrites it whole: few levels
	// write least. Pebble's own filters are large blocks that fall out of a small cache; which keys are
	// not there a Table knows itself. Keys are looked for together, so that a block has several of them.
	p.LBaseMaxBytes = 1 << 30
	for i := range p.Levels {
		p.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.NoCompression }
		p.Levels[i].BlockSize = 12 << 10
	}
	p.EventListener = &pebble.EventListener{DataCorruption: func(info pebble.DataCorruptionInfo) {
		s.fs.note("state on disk", info.Details)
	}}
	var err error
	s.db, err = pebble.Open(dir, p)
	s.opts = p
	return s, err
}

// quiet drops what Pebble would log; failures come back from calls.
type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf("pebble: "+format, args...)) // an invariant of Pebble's is broken
}

// Table is what a store keeps of one table, whose keys are told from those of others by its number.
type Table struct {
	store  *Store
	number uint64
	there  filter // hashes of rows
	key    []byte
	order  []int
}

// Table makes a table; numbers of dropped ones may be used again.
func (s *Store) Table(number uint64) *Table { return &Table{store: s, number: number} }

// prefixBytes is the length of a table's number and a hash.
const prefixBytes = 16

func (t *Table) keyOf(hash uint64, key []byte) []byte {
	t.key = binary.BigEndian.AppendUint64(t.key[:0], t.number)
	t.key = binary.BigEndian.AppendUint64(t.key, hash)
	t.key = append(t.key, key...)
	return t.key
}

// Wanted is a key that is looked for.
type Wanted struct {
	Hash uint64
	Key  []byte
}

// MayHave reports whether there may be a row whose key has the hash: it is wrong about one of two hundred others,
// and about rows that are gone.
func (t *Table) MayHave(hash uint64) bool { return t.there.has(hash) }

// Find calls found with each of the wanted keys that has a row, by position, and its value, which is
// borrowed. The keys are read in order of their hashes.
func (t *Table) Find(wanted []Wanted, found func(at int, value []byte) error) (err error) {
	t.order = t.order[:0]
	for i := range wanted {
		if t.there.has(wanted[i].Hash) {
			t.order = append(t.order, i)
		}
	}
	if len(t.order) == 0 {
		return t.store.fs.outcome(nil)
	}
	slices.SortFunc(t.order, func(a, b int) int { return cmp.Compare(wanted[a].Hash, wanted[b].Hash) })
	it, err := t.store.db.NewIter(nil)
	if err != nil {
		return t.store.fs.outcome(err)
	}
	defer func() {
		if end := it.Close(); err == nil {
			err = end // else it says the same
		}
		err = t.store.fs.outcome(err)
	}()
	for _, at := range t.order {
		key := t.keyOf(wanted[at].Hash, wanted[at].Key)
		if !it.SeekGE(key) || !bytes.Equal(it.Key(), key) {
			continue
		}
		value, err := it.ValueAndErr()
		if err == nil {
			err = found(at, value)
		}
		if err != nil {
			return err
		}
	}
	return it.Error()
}

// FilterBytes is the memory of what tells which keys have no row.
func (t *Table) FilterBytes() int64 { return t.there.sizeBytes() }

// Drop removes all rows of the table.
func (t *Table) Drop() error {
	t.there = filter{}
	from := binary.BigEndian.AppendUint64(nil, t.number)
	to := binary.BigEndian.AppendUint64(nil, t.number+1)
	return t.store.fs.ended(t.store.db.DeleteRange(from, to, pebble.NoSync))
}

// Rows goes through the rows a table has at its making, whatever is written later.
type Rows struct {
	it *pebble.Iterator
	fs *scratchFS
	on bool
}

// Rows begins to go through the rows.
func (t *Table) Rows() (*Rows, error) {
	it, err := t.store.db.NewIter(&pebble.IterOptions{
		LowerBound: binary.BigEndian.AppendUint64(nil, t.number),
		UpperBound: binary.BigEndian.AppendUint64(nil, t.number+1),
	})
	if err != nil {
		return nil, t.store.fs.outcome(err)
	}
	return &Rows{it: it, fs: t.store.fs, on: it.First()}, nil
}

// Next calls each with the key and the value of up to n further rows, borrowed, and reports whether
// none is left.
func (r *Rows) Next(n int, each func(key, value []byte) error) (done bool, err error) {
	for ; r.on && n > 0; n-- {
		value, err := r.it.ValueAndErr()
		if err == nil {
			err = each(r.it.Key()[prefixBytes:], value)
		}
		if err != nil {
			return false, r.fs.outcome(err)
		}
		r.on = r.it.Next()
	}
	return !r.on, r.fs.outcome(r.it.Error())
}

// Close ends it.
func (r *Rows) Close() error { return r.fs.ended(r.it.Close()) }

// DiskBytes is about what the store occupies on disk.
func (s *Store) DiskBytes() int64 {
	if s.metrics == nil {
		s.metrics = s.db.Metrics()
	}
	return int64(s.metrics.DiskSpaceUsage())
}

// Close gives everything back; the directory's files stay.
func (s *Store) Close() error {
	return s.fs.ended(s.db.Close())
}
