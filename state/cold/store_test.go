package cold

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func openStore(tb testing.TB, fs vfs.FS) *Store {
	tb.Helper()
	cache := pebble.NewCache(64 << 10)
	defer cache.Unref()
	s, err := Open(tb.TempDir(), Options{Cache: cache, FS: fs})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// TestTablesKeepTheirRows compares two tables of a store with maps.
func TestTablesKeepTheirRows(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := openStore(t, nil)
		defer func() {
			if err := s.Close(); err != nil {
				r.Fatal(err)
			}
		}()
		tables := []*Table{s.Table(0), s.Table(7)}
		models := []map[string]string{{}, {}}
		hash := func(key string) uint64 { return uint64(len(key)) << 40 }
		for range rapid.IntRange(1, 30).Draw(r, "steps") {
			which := rapid.IntRange(0, 1).Draw(r, "table")
			table, model := tables[which], models[which]
			key := rapid.StringMatching(`[ab]{0,3}`).Draw(r, "key")
			switch rapid.IntRange(0, 3).Draw(r, "what") {
			case 0, 1:
				value := rapid.StringMatching(`[xy]{0,3}`).Draw(r, "value")
				model[key] = value
				write1(r, table, func(run *Run) error { return run.Put(hash(key), []byte(key), []byte(value)) })
			case 2:
				delete(model, key)
				write1(r, table, func(run *Run) error { return run.Delete(hash(key), []byte(key)) })
			case 3:
				if rapid.IntRange(0, 9).Draw(r, "drop") == 0 {
					clear(model)
					check(r, table.Drop())
				}
			}
			same(r, table, model, hash)
		}
	})
}

// write1 makes a run of one row.
func write1(r *rapid.T, table *Table, f func(*Run) error) {
	run, err := table.NewRun()
	check(r, err)
	check(r, f(run))
	check(r, run.Finish())
}

func check(r *rapid.T, err error) {
	if err != nil {
		r.Fatal(err)
	}
}

// same compares what a table finds and lists with a map.
func same(r *rapid.T, table *Table, model map[string]string, hash func(string) uint64) {
	var wanted []Wanted
	want := map[string]string{}
	for _, key := range []string{"b", "", "a", "ab", "bba", "aaa", "aa"} {
		wanted = append(wanted, Wanted{hash(key), []byte(key)})
		if v, ok := model[key]; ok {
			want[key] = v
		}
	}
	got := map[string]string{}
	check(r, table.Find(wanted, func(at int, value []byte) error {
		got[string(wanted[at].Key)] = string(value)
		return nil
	}))
	if !maps.Equal(got, want) {
		r.Fatalf("found %v, want %v", got, want)
	}
	rows, err := table.Rows()
	check(r, err)
	clear(got)
	for done := false; !done; {
		done, err = rows.Next(2, func(key, value []byte) error {
			got[string(key)] = string(value)
			return nil
		})
		check(r, err)
	}
	check(r, rows.Close())
	if !maps.Equal(got, model) {
		r.Fatalf("listed %v, want %v", got, model)
	}
}

// TestRowsAreThoseOfTheirBeginning writes while it goes through rows.
func TestRowsAreThoseOfTheirBeginning(t *testing.T) {
	s := openStore(t, nil)
	table := s.Table(1)
	put := func(value string) {
		run, err := table.NewRun()
		for i := range uint64(1000) {
			err = errors.Join(err, run.Put(i, []byte("k"), []byte(value)))
		}
		if err = errors.Join(err, run.Finish()); err != nil {
			t.Fatal(err)
		}
	}
	put("old")
	rows, err := table.Rows()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for done := false; !done; {
		put("new")
		done, err = rows.Next(300, func(_, value []byte) error {
			if n++; string(value) != "old" {
				return errors.New("a later value")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(rows.Close(), s.Close()); err != nil || n != 1000 {
		t.Fatalf("%d rows, %v", n, err)
	}
}

// fullDisk takes so many bytes.
type fullDisk struct {
	vfs.FS
	left *atomic.Int64
}

func (d fullDisk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.Create(name, c)
	return fullFile{f, d.left}, err
}

type fullFile struct {
	vfs.File
	left *atomic.Int64
}

func (f fullFile) Write(p []byte) (int, error) {
	if f.left.Add(-int64(len(p))) < 0 {
		return 0, &os.PathError{Op: "write", Path: "table", Err: syscall.ENOSPC}
	}
	return f.File.Write(p)
}

// TestFullDisk writes until the disk is full: the writer is told, and neither it nor the store's end
// waits for room.
func TestFullDisk(t *testing.T) {
	for _, room := range []int64{100, 1 << 20, 9 << 20} {
		var left atomic.Int64
		left.Store(room)
		cache := pebble.NewCache(64 << 10)
		s, err := Open(t.TempDir(), Options{Cache: cache, FS: fullDisk{vfs.Default, &left}})
		cache.Unref()
		if err != nil {
			t.Fatal(err)
		}
		table := s.Table(0)
		value := []byte(strings.Repeat("v", 100))
		for n := 0; err == nil && n < 300; n++ {
			var run *Run
			if run, err = table.NewRun(); err != nil {
				break
			}
			for i := range uint64(1000) {
				if err = run.Put(i<<40|uint64(n), []byte("key"), value); err != nil {
					t.Fatal(err)
				}
			}
			err = run.Finish()
		}
		if !errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), "\n") || !strings.HasSuffix(err.Error(), "; make room or set io.tmp.dirs") {
			t.Errorf("room for %d bytes: %v", room, err)
		}
		found := table.Find([]Wanted{{Hash: 0, Key: []byte("key")}}, func(int, []byte) error { return nil })
		if !errors.Is(found, syscall.ENOSPC) || strings.Contains(found.Error(), "\n") {
			t.Errorf("room for %d bytes: found with %v", room, found)
		}
		if err := s.Close(); err != nil {
			t.Errorf("what is known is told again: %v", err)
		}
	}
}

// TestFullDiskAtTheEnd tells of a failure nobody has been told of when the store is closed.
func TestFullDiskAtTheEnd(t *testing.T) {
	var left atomic.Int64
	left.Store(100)
	if err := openStore(t, fullDisk{vfs.Default, &left}).Close(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("closed with %v", err)
	}
}

// badDisk fails reads once bad is set: with an error, or with other bytes than were written.
type badDisk struct {
	vfs.FS
	bad   *atomic.Bool
	other bool
}

func (d badDisk) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	f, err := d.FS.Open(name, opts...)
	return badFile{f, d}, err
}

type badFile struct {
	vfs.File
	disk badDisk
}

func (f badFile) ReadAt(p []byte, off int64) (int, error) {
	if !f.disk.bad.Load() {
		return f.File.ReadAt(p, off)
	}
	if !f.disk.other {
		return 0, &os.PathError{Op: "read", Path: "table", Err: syscall.EIO}
	}
	n, err := f.File.ReadAt(p, off)
	for i := range p[:n] {
		p[i] ^= 1
	}
	return n, err
}

// TestBadReads reads, and writes so much that files are put together, while the disk fails to read: each
// reader is told, once, and the store comes to its end.
func TestBadReads(t *testing.T) {
	for _, other := range []bool{false, true} {
		var bad atomic.Bool
		s := openStore(t, badDisk{vfs.Default, &bad, other})
		table := s.Table(0)
		put := func() (err error) {
			run, err := table.NewRun()
			for i := range uint64(1000) {
				if err == nil {
					err = run.Put(i<<40, []byte("key"), []byte(strings.Repeat("v", 200)))
				}
			}
			if err == nil {
				err = run.Finish()
			}
			return err
		}
		for range 3 {
			if err := put(); err != nil {
				t.Fatal(err)
			}
		}
		bad.Store(true)
		for range 40 {
			_ = put() // what is read to put files together fails behind it
		}
		err := table.Find([]Wanted{{Hash: 500 << 40, Key: []byte("key")}}, func(int, []byte) error { return nil })
		if err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("other bytes %t: found with %v", other, err)
		}
		rows, err := table.Rows()
		if err == nil {
			for done := false; err == nil && !done; {
				done, err = rows.Next(1000, func(_, _ []byte) error { return nil })
			}
			_ = rows.Close()
		}
		if err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("other bytes %t: rows with %v", other, err)
		}
		_ = s.Close()
	}
}

func BenchmarkTable(b *testing.B) {
	const keys = 1 << 20
	cache := pebble.NewCache(32 << 20)
	s, err := Open(b.TempDir(), Options{Cache: cache})
	cache.Unref()
	if err != nil {
		b.Fatal(err)
	}
	table := s.Table(0)
	rng := rand.New(rand.NewPCG(1, 1))
	hash := func(i uint64) uint64 { return i * 0x9e3779b97f4a7c15 }
	value := []byte("a value of about forty bytes, as states are")
	put := func(n int) {
		hashes := make([]uint64, n)
		for i := range hashes {
			hashes[i] = hash(rng.Uint64N(keys))
		}
		slices.Sort(hashes)
		run, err := table.NewRun()
		for _, h := range slices.Compact(hashes) {
			err = errors.Join(err, run.Put(h, []byte("12345678"), value))
		}
		if err = errors.Join(err, run.Finish()); err != nil {
			b.Fatal(err)
		}
	}
	for range 16 {
		put(keys / 8)
	}
	for _, n := range []int{4096, 65536} {
		b.Run(fmt.Sprint("put/", n), func(b *testing.B) {
			for b.Loop() {
				put(n)
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
		b.Run(fmt.Sprint("find/", n), func(b *testing.B) {
			wanted := make([]Wanted, n)
			for b.Loop() {
				for i := range wanted {
					wanted[i] = Wanted{hash(rng.Uint64N(keys)), []byte("12345678")}
				}
				if err := table.Find(wanted, func(int, []byte) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}
