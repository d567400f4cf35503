package shuffle

import (
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/graph"
)

func TestHashWriterSendsEachRowToItsSubtask(t *testing.T) {
	s := &columnar.Schema{Fields: []columnar.Field{{Name: "k", Type: columnar.TypeBigInt}}}
	for _, n := range []int{2, 3, 7} {
		channels := make([]*Channel, n)
		for i := range channels {
			channels[i] = NewChannel(0)
		}
		w := NewWriter(graph.Partitioning{Scheme: graph.Hash, Keys: []int{0}}, channels)
		b := columnar.NewBatch(s)
		b.Reset(10_000)
		for i := range b.Len() {
			columnar.Values[int64](b.Cols[0])[i] = int64(i)
		}
		if err := w.Emit(b); err != nil {
			t.Fatal(err)
		}
		b.Sel = []int32{3, 4, 9_999}
		if err := w.Emit(b); err != nil {
			t.Fatal(err)
		}
		w.End()
		seen := map[int64]int{}
		for subtask, c := range channels {
			last := int64(-1)
			for e, ok, err := c.Pop(); ok && !e.End && err == nil; e, ok, err = c.Pop() {
				hashes := columnar.HashRows(nil, e.Batch.Cols, nil, e.Batch.Len())
				for i, x := range columnar.Values[int64](e.Batch.Cols[0]) {
					if columnar.SubtaskOf(hashes[i], n) != subtask {
						t.Fatalf("row %d came to subtask %d of %d", x, subtask, n)
					}
					if seen[x]++; seen[x] == 1 && x < last {
						t.Fatalf("row %d came after %d", x, last)
					}
					last = x
				}
			}
		}
		for i := range int64(10_000) {
			want := 1
			if i == 3 || i == 4 || i == 9_999 {
				want = 2
			}
			if seen[i] != want {
				t.Fatalf("%d subtasks: row %d came %d times, want %d", n, i, seen[i], want)
			}
		}
	}
}
