package columnar

import (
	"math/rand/v2"
	"testing"
	"time"
)

func codecSample(rng *rand.Rand, n int) *Batch {
	b := NewBatch(NewSchema(
		Field{"i", TypeInteger}, Field{"s", TypeString}, Field{"b", TypeBoolean}, Field{"d", DecimalOf(30, 3)},
		Field{"r", RowOf(Field{"x", TypeBigInt}, Field{"y", TypeString})},
	))
	b.Reset(n)
	for i := range n {
		Values[int32](b.Cols[0])[i] = rng.Int32()
		b.Cols[1].SetString(i, "a text of many letters, or few"[:rng.IntN(30)])
		b.Cols[2].Bits().SetTo(i, rng.IntN(2) == 0)
		Values[Int128](b.Cols[3])[i] = MulInt64(rng.Int64(), rng.Int64())
		Values[int64](b.Cols[4].Children[0])[i] = rng.Int64()
		b.Cols[4].Children[1].SetString(i, "another text of many letters"[:rng.IntN(28)])
		if rng.IntN(5) == 0 {
			b.Cols[rng.IntN(5)].SetNull(i)
		}
	}
	return b
}

func batchText(b *Batch) (lines []string) {
	for k := range b.Live() {
		line := []byte(b.Kind(b.Row(k)).String())
		for _, v := range b.Cols {
			line = append(AppendText(line, v, b.Row(k), time.UTC), '|')
		}
		lines = append(lines, string(line))
	}
	return lines
}

func TestCodecRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range 50 {
		b := codecSample(rng, rng.IntN(200))
		if rng.IntN(2) == 0 {
			b.Sel = []int32{}
			for i := range b.Len() {
				if rng.IntN(3) > 0 {
					b.Sel = append(b.Sel, int32(i))
				}
			}
		}
		if rng.IntN(2) == 0 {
			for range b.Len() {
				b.Kinds = append(b.Kinds, RowKind(rng.IntN(4)))
			}
		}
		got := NewBatch(b.Schema)
		rest, err := DecodeBatch(got, append(EncodeBatch(nil, b), 42))
		if err != nil || len(rest) != 1 {
			t.Fatalf("%d bytes left, %v", len(rest), err)
		}
		want, have := batchText(b), batchText(got)
		for i := range want {
			if i >= len(have) || want[i] != have[i] {
				t.Fatalf("row %d of %d: %q, want %q", i, len(want), have[i:], want[i])
			}
		}
	}
}

func FuzzDecodeBatch(f *testing.F) {
	rng := rand.New(rand.NewPCG(9, 10))
	b := codecSample(rng, 20)
	f.Add(EncodeBatch(nil, b))
	f.Add([]byte{codecVersion, 0, 1, 0, 0, 0})
	f.Fuzz(func(_ *testing.T, src []byte) {
		got := NewBatch(b.Schema)
		if _, err := DecodeBatch(got, src); err == nil {
			batchText(got)
		}
		got.Release()
	})
}

func BenchmarkCodec(b *testing.B) {
	batch := codecSample(rand.New(rand.NewPCG(1, 1)), BatchRows)
	var buf []byte
	for b.Loop() {
		buf = EncodeBatch(buf[:0], batch)
	}
	b.SetBytes(int64(len(buf)))
}

// TestEncodeUnfilledLists encodes a batch whose lists have no offsets yet.
func TestEncodeUnfilledLists(t *testing.T) {
	schema := NewSchema(Field{Name: "a", Type: ArrayOf(ArrayOf(TypeString))})
	data := EncodeBatch(nil, NewBatch(schema))
	b := NewBatch(schema)
	defer b.Release()
	rest, err := DecodeBatch(b, data)
	if err != nil || len(rest) != 0 || b.Len() != 0 {
		t.Errorf("%d rows, %d bytes left: %v", b.Len(), len(rest), err)
	}
}

// TestNoValuesOfAnotherWidth looks at a vector without rows whose memory is of narrower values: under the
// race detector a pointer to a wider one must not be made of it.
func TestNoValuesOfAnotherWidth(t *testing.T) {
	v := NewVector(DecimalOf(10, 2))
	v.Reset(1)
	v.ResetAs(PhysInt128, 0)
	if n := len(Values[Int128](v)); n != 0 {
		t.Errorf("%d values", n)
	}
}
