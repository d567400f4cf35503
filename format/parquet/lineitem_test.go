package parquet

import (
	"testing"

	"github.com/anabranch/anabranch/columnar"
)

// TestLineitemSums compares with the sums TPC-H prescribes for scale factor 1.
func TestLineitemSums(t *testing.T) {
	f := openLineitem(t)
	if f.NumRows() != 6001215 {
		t.Skip("not scale factor 1")
	}
	qty := f.Schema().Index("l_quantity")
	comment := f.Schema().Index("l_comment")
	flag := f.Schema().Index("l_returnflag")
	s := f.Scan(ScanOptions{Columns: []int{qty, comment, flag}})
	defer s.Close()
	var sum, bytes, returned int64
	rows := drain(t, s, func(b *columnar.Batch) {
		for _, x := range columnar.Values[int64](b.Cols[0])[:b.Len()] {
			sum += x
		}
		for i := range b.Len() {
			bytes += int64(len(b.Cols[1].Bytes(i)))
			if string(b.Cols[2].Bytes(i)) == "R" {
				returned++
			}
		}
	})
	if rows != 6001215 || sum != 15307879500 || returned != 1478870 {
		t.Errorf("rows %d, quantity %d, returned %d", rows, sum, returned)
	}
	t.Logf("bytes of comments: %d", bytes)
}
