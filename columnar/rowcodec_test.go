package columnar

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// rowSample has columns of all layouts: those of codecSample, numbers and lists.
func rowSample(rng *rand.Rand, n int) *Batch {
	b := codecSample(rng, n)
	b.Schema.Fields = append(b.Schema.Fields,
		Field{"t", TypeTinyInt}, Field{"s", TypeSmallInt}, Field{"l", TypeBigInt}, Field{"f", TypeFloat}, Field{"d", TypeDouble},
		Field{"n", DecimalOf(12, 2)}, Field{"a", ArrayOf(TypeString)},
	)
	for _, f := range b.Schema.Fields[5:] {
		v := NewVector(f.Type)
		v.Reset(0)
		for range n {
			if rng.IntN(6) == 0 {
				v.AppendNull()
				continue
			}
			i := v.AddRows(1)
			switch v.Phys {
			case PhysInt8:
				Values[int8](v)[i] = int8(rng.Uint32())
			case PhysInt16:
				Values[int16](v)[i] = int16(rng.Uint32())
			case PhysFloat32:
				Values[float32](v)[i] = rng.Float32()
			case PhysFloat64:
				Values[float64](v)[i] = rng.NormFloat64()
			case PhysList:
				elements := rng.IntN(4)
				for range elements {
					if c := v.Children[0]; rng.IntN(5) == 0 {
						c.AppendNull()
					} else {
						c.SetString(c.AddRows(1), "an element of some letters"[:rng.IntN(26)])
					}
				}
				v.Offsets()[i+1] = v.Offsets()[i] + int32(elements)
			default:
				Values[int64](v)[i] = rng.Int64() >> rng.IntN(60)
			}
		}
		b.Cols = append(b.Cols, v)
	}
	return b
}

func TestRowsComeBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		b := rowSample(rng, rng.IntN(100))
		got := NewBatch(b.Schema)
		got.Reset(0)
		for i := range b.Len() {
			rest, err := DecodeRow(got.Cols, append(AppendRow(nil, b.Cols, i), 42))
			if err != nil || len(rest) != 1 {
				t.Fatalf("%d bytes left, %v", len(rest), err)
			}
		}
		got.SetLen(b.Len())
		want, have := batchText(b), batchText(got)
		for i := range want {
			if have[i] != want[i] {
				t.Fatalf("row %d: %s, want %s", i, have[i], want[i])
			}
			if !bytes.Equal(AppendRow(nil, got.Cols, i), AppendRow(nil, b.Cols, i)) {
				t.Fatalf("row %d: equal values, other bytes", i)
			}
		}
	}
}

// TestRowOfEncodings checks that the bytes of a value do not depend on its vector's layout.
func TestRowOfEncodings(t *testing.T) {
	typ := DecimalOf(12, 2)
	narrow, wide, constant := NewVector(typ), NewVector(typ), NewVector(typ)
	narrow.Reset(3)
	wide.ResetAs(PhysInt128, 3)
	constant.Reset(1)
	Values[int64](narrow)[2], Values[Int128](wide)[2], Values[int64](constant)[0] = -77, Int128Of(-77), -77
	constant.SetConstant(3)
	want := AppendRow(nil, []*Vector{narrow}, 2)
	for _, v := range []*Vector{wide, constant} {
		if got := AppendRow(nil, []*Vector{v}, 2); !bytes.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
}

func FuzzDecodeRow(f *testing.F) {
	b := rowSample(rand.New(rand.NewPCG(9, 10)), 20)
	for i := range b.Len() {
		f.Add(AppendRow(nil, b.Cols, i))
	}
	f.Fuzz(func(_ *testing.T, src []byte) {
		got := NewBatch(b.Schema)
		got.Reset(0)
		if _, err := DecodeRow(got.Cols, src); err == nil {
			got.SetLen(1)
			batchText(got)
		}
		got.Release()
	})
}

func BenchmarkRow(b *testing.B) {
	batch := NewBatch(NewSchema(Field{"k", TypeBigInt}, Field{"n", TypeBigInt}, Field{"s", DecimalOf(38, 0)}, Field{"t", TypeString}))
	batch.Reset(BatchRows)
	for i := range BatchRows {
		Values[int64](batch.Cols[0])[i] = int64(i) << 30
		Values[int64](batch.Cols[1])[i] = int64(i)
		Values[Int128](batch.Cols[2])[i] = Int128Of(int64(i) << 20)
		batch.Cols[3].SetString(i, "some text")
	}
	var rows []byte
	for i := range BatchRows {
		rows = AppendRow(rows, batch.Cols, i)
	}
	b.Run("append", func(b *testing.B) {
		var dst []byte
		for b.Loop() {
			dst = dst[:0]
			for i := range BatchRows {
				dst = AppendRow(dst, batch.Cols, i)
			}
		}
		b.SetBytes(int64(len(dst)))
	})
	b.Run("decode", func(b *testing.B) {
		got := NewBatch(batch.Schema)
		for b.Loop() {
			got.Reset(0)
			for src := rows; len(src) > 0; {
				src, _ = DecodeRow(got.Cols, src)
			}
		}
		b.SetBytes(int64(len(rows)))
	})
}
