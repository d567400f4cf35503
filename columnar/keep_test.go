package columnar

import (
	"testing"

	"github.com/anabranch/anabranch/columnar/mem"
)

func TestCopyIsIndependent(t *testing.T) {
	b := NewBatch(NewSchema(Field{"n", TypeBigInt}, Field{"s", TypeString}, Field{"r", RowOf(Field{"x", TypeInteger}, Field{"y", TypeString})}))
	b.Reset(3)
	for i := range 3 {
		Values[int64](b.Cols[0])[i] = int64(i)
		b.Cols[1].SetString(i, "a string of more than twelve bytes")
		Values[int32](b.Cols[2].Children[0])[i] = int32(i)
		b.Cols[2].Children[1].SetString(i, "another string of some length")
	}
	b.Cols[2].SetNull(1)
	b.Sel = []int32{1, 2}
	c := b.Copy()
	b.Reset(3)
	for i := range 3 {
		Values[int64](b.Cols[0])[i] = -1
		b.Cols[1].SetString(i, "overwritten overwritten overwritten")
	}
	if c.Len() != 2 || Values[int64](c.Cols[0])[0] != 1 || string(c.Cols[1].Bytes(1)) != "a string of more than twelve bytes" {
		t.Errorf("the copy has changed: %d rows, %v, %q", c.Len(), Values[int64](c.Cols[0]), c.Cols[1].Bytes(1))
	}
	if !c.Cols[2].IsNull(0) || !c.Cols[2].Children[1].IsNull(0) || string(c.Cols[2].Children[1].Bytes(1)) != "another string of some length" {
		t.Error("the nested column is wrong")
	}
	before := mem.AllocatedBytes()
	c.Release()
	b.Release()
	if mem.AllocatedBytes() >= before || mem.AllocatedBytes() < 0 {
		t.Errorf("%d bytes allocated after release, %d before", mem.AllocatedBytes(), before)
	}
}
