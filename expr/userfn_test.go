package expr

import (
	"errors"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/columnar"
)

var errCall = errors.New("no luck")

// userFunctions has a function that notes which rows it sees.
func userFunctions(t *testing.T, seen *[]int32) *Functions {
	t.Helper()
	f := &Functions{}
	add := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	big := columnar.TypeBigInt
	add(f.AddScalar(&Scalar{Name: "next", Args: []columnar.Type{big.Required()}, Result: big.Required(), Flat: true, New: func() ScalarKernel {
		return func(args []*columnar.Vector, rows []int32, out *columnar.Vector) error {
			*seen = append(*seen, rows...)
			for _, r := range rows {
				n := columnar.Values[int64](args[0])[r]
				if n == 13 {
					return errCall
				}
				columnar.Values[int64](out)[r] = n + 1
			}
			return nil
		}
	}}))
	add(f.AddScalar(&Scalar{Name: "dice", Result: big.Required(), Volatile: true, New: func() ScalarKernel {
		return func([]*columnar.Vector, []int32, *columnar.Vector) error { panic("no dice") }
	}}))
	return f
}

func TestUserFunction(t *testing.T) {
	var seen []int32
	f := userFunctions(t, &seen)
	column := Col(0, "n", columnar.TypeBigInt)
	call, err := f.NewCall("Next", 3, column)
	if err != nil {
		t.Fatal(err)
	}
	if call.Type.NotNull || call.String() != "NEXT(n)" || !call.Fallible() || call.Volatile() {
		t.Errorf("%s is %s", call, call.Type)
	}
	p, err := Compile(call, &Env{Functions: f})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	b := columnar.NewBatch(columnar.NewSchema(columnar.Field{Name: "n", Type: columnar.TypeBigInt}))
	b.Reset(4)
	copy(columnar.Values[int64](b.Cols[0]), []int64{1, 2, 13, 4})
	b.Cols[0].SetNull(1)
	b.Sel = []int32{0, 1, 3}
	v, err := p.Eval(b)
	if err != nil || columnar.Values[int64](v)[0] != 2 || !v.IsNull(1) || columnar.Values[int64](v)[3] != 5 || len(seen) != 2 {
		t.Errorf("%v: the function saw rows %v", err, seen)
	}
	b.Sel = nil
	var failed *CallError
	if _, err = p.Eval(b); !errors.Is(err, errCall) || !errors.As(err, &failed) || failed.Function != "NEXT" || failed.Place != 3 {
		t.Errorf("error %v", err)
	}
	if folded := Fold(call, nil); folded != call {
		t.Errorf("%s is folded to %s without the function", call, folded)
	}
}

func TestUserFunctionPanics(t *testing.T) {
	f := userFunctions(t, new([]int32))
	call, err := f.NewCall("dice", 0)
	if err != nil || !call.Volatile() {
		t.Fatal(call, err)
	}
	p, err := Compile(call, &Env{Functions: f})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	b := columnar.NewBatch(&columnar.Schema{})
	b.SetLen(1)
	var failed *CallError
	if _, err := p.Eval(b); !errors.As(err, &failed) || !failed.Volatile || !strings.Contains(err.Error(), "function DICE: panic: no dice") {
		t.Errorf("error %v", err)
	}
}

func TestUserFunctionMistakes(t *testing.T) {
	f := userFunctions(t, new([]int32))
	for name, want := range map[string]string{"NEXT": "registered twice", "upper": "there already", "count": "there already", "": "no name"} {
		if err := f.AddScalar(&Scalar{Name: name}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	if err := f.AddTable(&TableFunction{Name: "Dice"}); err == nil {
		t.Error("a name is taken twice")
	}
	if err := f.AddAggregate(&UserAggregate{Name: "nothing"}); err == nil {
		t.Error("an aggregate function of nothing")
	}
	for _, args := range [][]*Expr{{}, {Bool(true)}, {Float(1, columnar.TypeDouble)}} {
		if e, err := f.NewCall("next", 0, args...); err == nil {
			t.Errorf("%s is bound", e)
		}
	}
	call, err := f.NewCall("next", 0, Int(1, columnar.TypeSmallInt))
	if err != nil || !call.Type.NotNull {
		t.Fatal(err)
	}
	var unknown *UnknownFunctionError
	if _, err := Compile(call, nil); !errors.As(err, &unknown) {
		t.Errorf("error %v", err)
	}
}
