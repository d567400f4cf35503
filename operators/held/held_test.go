package held

import (
	"errors"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
)

func numbers(values ...int64) *columnar.Batch {
	b := columnar.NewBatch(columnar.NewSchema(columnar.Field{Name: "n", Type: columnar.TypeBigInt}))
	b.Reset(len(values))
	copy(columnar.Values[int64](b.Cols[0]), values)
	return b
}

// TestSignRun walks over live rows whose kinds alternate; only the sign of a kind counts.
func TestSignRun(t *testing.T) {
	b := numbers(0, 1, 2, 3, 4, 5)
	defer b.Release()
	b.Kinds = []columnar.RowKind{columnar.Insert, columnar.UpdateAfter, columnar.Insert, columnar.UpdateBefore, columnar.Retract, columnar.Insert}
	b.Sel = []int32{0, 1, 3, 4, 5}
	type run struct {
		sign columnar.RowKind
		next int
	}
	want := []run{{columnar.Insert, 2}, {columnar.Retract, 4}, {columnar.Insert, 5}}
	from := 0
	for _, w := range want {
		sign, next := SignRun(b, from)
		if (run{sign, next}) != w {
			t.Errorf("from %d: %s up to %d, want %v", from, sign, next, w)
		}
		from = next
	}
}

func TestNotThere(t *testing.T) {
	b := numbers(7, 8, 9)
	defer b.Release()
	b.Sel = []int32{0, 2}
	if err := NotThere([]uint32{3, 4}, b, "the input", &expr.Env{}); err != nil {
		t.Error(err)
	}
	err := NotThere([]uint32{3, hashtable.NoRow}, b, "the left input", &expr.Env{})
	if want := "the left input takes a row back that is not there: 9"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestReserve asks for more than there is: the error says that memory is full, and others do not.
func TestReserve(t *testing.T) {
	ctx := &dataflow.Context{Name: "sort", Budget: mem.NewBudget(1 << 10)}
	account, err := OpenAccount(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer account.Close()
	if err := Reserve(ctx, account, 1000, false); err != nil {
		t.Error(err)
	}
	if err := Reserve(ctx, account, 2000, false); !Full(err) {
		t.Errorf("got %v", err)
	}
	if Full(nil) || Full(errors.New("another")) {
		t.Error("what is no lack of memory is taken for it")
	}
}
