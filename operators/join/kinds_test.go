package join

import (
	"strings"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/dataflow/optest"
)

// TestKindsOfPairs has the right side change below a left one.
func TestKindsOfPairs(t *testing.T) {
	up := []columnar.RowKind{columnar.UpdateBefore, columnar.UpdateAfter}
	for typ, want := range map[Type]string{
		Inner: "+I 1 2, -U 1 2, +U 1 3, -U 1 3, +U 4 3",
		// A pair takes the place of a row without a match, and gives it up.
		Left: "+I 1 NULL, -D 1 NULL, +I 1 2, -D 1 2, +I 1 NULL, -D 1 NULL, +I 1 3, -U 1 3, +U 4 3",
		Semi: "+I 1, -D 1, +I 1, -U 1, +U 4",
	} {
		op, log := openSymmetric(t, Spec{Type: typ}), &optest.Log{Kinds: true, Columns: []int{1, 4}}
		for _, c := range []struct {
			in    dataflow.Port
			ids   []int64
			kinds []columnar.RowKind
		}{{0, []int64{1}, nil}, {1, []int64{2}, nil}, {1, []int64{2, 3}, up}, {0, []int64{1, 4}, up}} {
			var rows []pairRow
			for _, id := range c.ids {
				rows = append(rows, pairRow{key: 7, id: id})
			}
			b := pairBatch(rows, c.kinds, nil)
			status, err := op.Process(c.in, b, log)
			optest.Drain(t, op, status, err, log)
			b.Release()
		}
		if got := strings.Join(log.Rows, ", "); got != want {
			t.Errorf("%s:\n got %s\nwant %s", typ, got, want)
		}
		optest.Must(t, op.Close())
	}
}
