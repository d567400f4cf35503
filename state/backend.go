package state

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/anabranch/anabranch/state/cold"
	"github.com/anabranch/anabranch/vfs"
	"github.com/cockroachdb/pebble/v2"
)

// Backend is the tier of state on disk of a job in one process: it bounds the memory of keyed state.
// The rows beyond lie in files below a directory for temporary files.
type Backend struct {
	bytes  int64
	tmp    string
	tables atomic.Int64 // that share the memory

	mu      sync.Mutex
	scratch *vfs.Scratch // nil until the first store is opened
	cache   *pebble.Cache
	stores  int
}

// NewBackend makes a tier whose memory is about bytes. tmp is the directory for its files, by default
// the system's for temporary ones.
func NewBackend(tmp string, bytes int64) *Backend { return &Backend{tmp: tmp, bytes: bytes} }

// cacheShare is the part of the memory of the tier that is for blocks read from disk; the rest is for
// rows in use.
const cacheShare = 8

// hotBytes is the memory for rows in use of one table.
func (b *Backend) hotBytes() int64 {
	return (b.bytes - b.bytes/cacheShare) / max(1, b.tables.Load())
}

// Store is the room of an operator on disk. Nothing is opened before something is written.
type Store struct {
	backend *Backend
	cold    *cold.Store
	tables  uint64 // made so far
	aside   int    // bytes that tables have put aside for their next snapshots
}

// Store makes the room of an operator; without a backend there is none.
func (b *Backend) Store() *Store {
	if b == nil {
		return nil
	}
	return &Store{backend: b}
}

// newTable makes a table of the operator.
func (s *Store) newTable() (_ *cold.Table, err error) {
	if s.cold == nil {
		if s.cold, err = s.backend.open(); err != nil {
			return nil, err
		}
	}
	s.tables++
	return s.cold.Table(s.tables), nil
}

// DiskBytes is about what is on disk.
func (s *Store) DiskBytes() int64 {
	if s == nil || s.cold == nil {
		return 0
	}
	return s.cold.DiskBytes()
}

// Close gives the room back; tables are closed before.
func (s *Store) Close() error {
	if s == nil || s.cold == nil {
		return nil
	}
	return s.cold.Close()
}

// open makes the store of an operator.
func (b *Backend) open() (*cold.Store, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.scratch == nil {
		var err error
		if b.scratch, err = vfs.NewScratch(b.tmp); err != nil {
			return nil, fmt.Errorf("directory for state on disk: %w", err)
		}
		b.cache = pebble.NewCache(b.bytes / cacheShare)
	}
	b.stores++
	dir := filepath.Join(b.scratch.Dir(), strconv.Itoa(b.stores))
	s, err := cold.Open(dir, cold.Options{Cache: b.cache})
	if err != nil {
		return nil, fmt.Errorf("state on disk in %s: %w", dir, err)
	}
	return s, nil
}

// Close removes the files; all tables are closed before.
func (b *Backend) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.scratch == nil {
		return nil
	}
	b.cache.Unref()
	err := b.scratch.Close()
	b.scratch = nil
	return errors.Join(err)
}
