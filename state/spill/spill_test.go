package spill

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var schema = columnar.NewSchema(
	columnar.Field{Name: "k", Type: columnar.TypeBigInt},
	columnar.Field{Name: "s", Type: columnar.TypeString},
)

func batchOf(keys []int64) *columnar.Batch {
	b := columnar.NewBatch(schema)
	b.Reset(len(keys))
	copy(columnar.Values[int64](b.Cols[0]), keys)
	for i, k := range keys {
		if b.Cols[1].SetString(i, fmt.Sprintf("the text of key %d", k)); k%7 == 0 {
			b.Cols[1].SetNull(i)
		}
	}
	return b
}

// TestPartitionsHoldEachRowOnce divides random batches and reads all partitions back.
func TestPartitionsHoldEachRowOnce(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		area := NewArea(dir)
		level := rapid.IntRange(0, LevelMax).Draw(t, "level")
		p, err := area.NewPartitions(schema, level)
		if err != nil {
			t.Fatal(err)
		}
		left := map[int64]int{}
		for _, keys := range rapid.SliceOf(rapid.SliceOfN(rapid.Int64Range(0, 5000), 1, 300)).Draw(t, "batches") {
			b := batchOf(keys)
			sel := []int32{}
			for i := range keys {
				if i%3 != 1 {
					sel = append(sel, int32(i))
					left[keys[i]]++
				}
			}
			if err := p.Add(b, columnar.HashRows(nil, b.Cols[:1], sel, b.Len()), sel); err != nil {
				t.Fatal(err)
			}
			b.Release()
		}
		if err := p.Flush(); err != nil || p.PendingBytes() != 0 {
			t.Fatal(err, p.PendingBytes())
		}
		b := columnar.NewBatch(schema)
		for part := range Fan {
			for _, f := range p.Frames(part) {
				b.Reset(0)
				if err := p.File().Read(f, b); err != nil || b.Len() != f.Rows {
					t.Fatal(err, b.Len(), f.Rows)
				}
				for i, h := range columnar.HashRows(nil, b.Cols[:1], nil, b.Len()) {
					key := columnar.Values[int64](b.Cols[0])[i]
					if int(h>>(4*level)&(Fan-1)) != part {
						t.Fatalf("key %d is in partition %d", key, part)
					}
					if null := key%7 == 0; null != b.Cols[1].IsNull(i) || !null && string(b.Cols[1].Bytes(i)) != fmt.Sprintf("the text of key %d", key) {
						t.Fatalf("key %d has another text", key)
					}
					left[key]--
				}
			}
		}
		b.Release()
		for key, n := range left {
			if n != 0 {
				t.Fatalf("key %d: %d rows are missing", key, n)
			}
		}
		if err := errors.Join(p.Close(), area.Close()); err != nil {
			t.Fatal(err)
		}
	})
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%d files are left, %v", len(left), err)
	}
}

// smallDisk has room for some bytes.
type smallDisk struct {
	disk
	left int
}

func (d *smallDisk) WriteAt(p []byte, off int64) (int, error) {
	if d.left -= len(p); d.left < 0 {
		return 0, syscall.ENOSPC
	}
	return d.disk.WriteAt(p, off)
}

func TestFullDisk(t *testing.T) {
	area := NewArea(t.TempDir())
	area.create = func(path string) (disk, error) {
		d, err := createFile(path)
		return &smallDisk{disk: d, left: 10_000}, err
	}
	f, err := area.Create(schema)
	if err != nil {
		t.Fatal(err)
	}
	b := batchOf(make([]int64, 100))
	defer b.Release()
	for err == nil {
		_, err = f.Append(b)
	}
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "io.tmp.dirs") {
		t.Errorf("a full disk: %v", err)
	}
	if err := errors.Join(f.Close(), area.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestChangedFiles flips each bit of some bytes of a frame, which is then no longer what was written.
func TestChangedFiles(t *testing.T) {
	dir := t.TempDir()
	area := NewArea(dir)
	f, err := area.Create(schema)
	if err != nil {
		t.Fatal(err)
	}
	b := batchOf([]int64{1, 2, 3, 7})
	defer b.Release()
	at, err := f.Append(b)
	if err != nil {
		t.Fatal(err)
	}
	for i := range at.Bytes {
		raw, err := os.ReadFile(f.path)
		if err != nil {
			t.Fatal(err)
		}
		raw[i] ^= 1 << (i % 8)
		if _, err := f.disk.WriteAt(raw, 0); err != nil {
			t.Fatal(err)
		}
		got := columnar.NewBatch(schema)
		if err := f.Read(at, got); err == nil || !strings.Contains(err.Error(), filepath.Dir(f.path)) {
			t.Fatalf("byte %d was changed: %v", i, err)
		}
		got.Release()
		raw[i] ^= 1 << (i % 8)
		if _, err := f.disk.WriteAt(raw, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(f.Close(), area.Close()); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkFile(b *testing.B) {
	keys := make([]int64, 2000)
	for i := range keys {
		keys[i] = int64(i) * 7919
	}
	rows := batchOf(keys)
	area := NewArea(b.TempDir())
	f, err := area.Create(schema)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("append", func(b *testing.B) {
		for range b.N {
			f.end = 0
			at, err := f.Append(rows)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(at.Bytes))
		}
	})
	b.Run("read", func(b *testing.B) {
		f.end = 0
		at, err := f.Append(rows)
		got := columnar.NewBatch(schema)
		for range b.N {
			got.Reset(0)
			err = errors.Join(err, f.Read(at, got))
			b.SetBytes(int64(at.Bytes))
		}
		got.Release()
		if err != nil {
			b.Fatal(err)
		}
	})
	rows.Release()
	if err := errors.Join(f.Close(), area.Close()); err != nil {
		b.Fatal(err)
	}
}
