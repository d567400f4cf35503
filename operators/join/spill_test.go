package join

import (
	"slices"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/dataflow/optest"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/state/spill"
)

func TestSpilledJoinIsTheSame(t *testing.T) {
	s := optest.NumberedSchema()
	both := &columnar.Schema{Fields: append(slices.Clone(s.Fields), s.Fields...)}
	differ, err := expr.NewCall("<>", expr.Col(1, "s", s.Fields[1].Type), expr.Col(3, "s", s.Fields[1].Type))
	if err != nil {
		t.Fatal(err)
	}
	left, right := optest.NumberedRows(12_000, 9_000, 3), optest.NumberedRows(15_000, 9_000, 4)
	for _, typ := range []Type{Inner, Left, Right, Full, Semi, Anti} {
		for _, residual := range []*expr.Expr{nil, differ} {
			spec := Spec{Type: typ, LeftKeys: []int{0}, RightKeys: []int{0}, Residual: residual}
			roomy, tight := optest.Spilling(t, []*columnar.Schema{s, s}, both, func() optest.Gathering { return NewHash(spec) }, func(op optest.Gathering, out *optest.Log) {
				optest.FeedNumbered(t, op, rightPort, right, out)
				optest.FeedNumbered(t, op, leftPort, left, out)
			})
			slices.Sort(roomy)
			slices.Sort(tight)
			if !slices.Equal(roomy, tight) {
				t.Fatalf("%s join, residual %v: %d rows in memory, %d on disk, or others", typ, residual != nil, len(roomy), len(tight))
			}
		}
	}
}

// TestOneKeyDoesNotSpill joins rows of one key, which no division makes smaller.
func TestOneKeyDoesNotSpill(t *testing.T) {
	s := optest.NumberedSchema()
	area := spill.NewArea(t.TempDir())
	ctx := &dataflow.Context{Name: "the join", Inputs: []*columnar.Schema{s, s}, Budget: mem.NewBudget(128 << 10), Env: &expr.Env{}, Spill: area}
	op := NewHash(Spec{Type: Inner, LeftKeys: []int{0}, RightKeys: []int{0}})
	if err := op.Open(ctx); err != nil {
		t.Fatal(err)
	}
	out := &optest.Log{}
	optest.FeedNumbered(t, op, rightPort, optest.NumberedRows(10_000, 1, 5), out)
	status, err := op.EndInput(leftPort, out)
	for err == nil && status == dataflow.More {
		status, err = op.Resume(out)
	}
	if err == nil {
		t.Fatal("10 000 rows of one key have room in 128 KiB")
	}
	t.Log(err)
	if err := op.Close(); err != nil {
		t.Fatal(err)
	}
	if err := area.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestNoRoomToOpen(t *testing.T) {
	s := optest.NumberedSchema()
	pairs := columnar.NewSchema(append(slices.Clone(s.Fields), s.Fields...)...)
	optest.CheckNoRoom(t, NewHash(Spec{Type: Inner, LeftKeys: []int{0}, RightKeys: []int{0}}), pairs)
}
