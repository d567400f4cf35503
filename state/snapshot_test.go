package state

import (
	"bytes"
	"errors"
	"testing"

	"github.com/anabranch/anabranch/columnar"
)

func sampleSnapshot(tb testing.TB) []byte {
	tb.Helper()
	var w Writer
	w.For("op")
	w.Value("count", 42)
	b := columnar.NewBatch(columnar.NewSchema(columnar.Field{Name: "k", Type: columnar.TypeBigInt}))
	defer b.Release()
	b.Reset(3)
	copy(columnar.Values[int64](b.Cols[0]), []int64{1, 2, 3})
	w.Rows("rows", b)
	blob, err := w.Blob()
	if err != nil {
		tb.Fatal(err)
	}
	return bytes.Join(blob, nil)
}

func TestEveryFlippedBitIsNoticed(t *testing.T) {
	good := sampleSnapshot(t)
	if s, err := Parse(good); err != nil || len(s) != 2 {
		t.Fatalf("%d sections, %v", len(s), err)
	}
	for i := range good {
		bad := append([]byte(nil), good...)
		bad[i] ^= 4
		if _, err := Parse(bad); !errors.Is(err, ErrCorrupt) {
			t.Errorf("byte %d changed: %v", i, err)
		}
	}
	if _, err := Parse(good[:len(good)-1]); !errors.Is(err, ErrCorrupt) {
		t.Errorf("cut off: %v", err)
	}
}

// TestKeysGoToOneSubtask checks that for every parallelism each hash belongs to one subtask.
func TestKeysGoToOneSubtask(t *testing.T) {
	v := columnar.NewVector(columnar.TypeBigInt)
	defer v.Release()
	v.Reset(1000)
	for i := range 1000 {
		columnar.Values[int64](v)[i] = int64(i * i)
	}
	hashes := columnar.HashRows(nil, []*columnar.Vector{v}, nil, 1000)
	for p := 1; p < 9; p++ {
		total := 0
		for sub := range p {
			n := len((&Reader{Subtask: sub, Parallelism: p}).SelectOwn(hashes))
			if total += n; n < 1000/p/2 {
				t.Errorf("subtask %d of %d has %d of 1000 keys", sub, p, n)
			}
		}
		if total != 1000 {
			t.Errorf("parallelism %d: %d of 1000 keys", p, total)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(sampleSnapshot(f))
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = Parse(b) })
}
