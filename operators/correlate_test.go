package operators

import (
	"fmt"
	"slices"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
)

// series is a table function that makes n rows 0 to n-1 of a number n, at most chunk of them a time.
func series(t *testing.T, chunk int) *expr.Functions {
	t.Helper()
	f := &expr.Functions{}
	err := f.AddTable(&expr.TableFunction{
		Name: "series", Args: []columnar.Type{columnar.TypeBigInt.Required()}, Result: []columnar.Field{{Name: "i", Type: columnar.TypeBigInt.Required()}},
		New: func() expr.TableKernel {
			return func(args []*columnar.Vector, rows []int32, out *columnar.Batch) (counts []int, err error) {
				var made []int64
				for _, r := range rows {
					var n int64
					if v := args[0]; v.Enc == columnar.Dictionary {
						n = columnar.Values[int64](v.Dict)[v.Index(int(r))]
					} else {
						n = columnar.Values[int64](v)[v.Index(int(r))]
					}
					for i := range n {
						made = append(made, i)
					}
					if counts = append(counts, int(n)); len(made) >= chunk {
						break
					}
				}
				out.Reset(len(made))
				copy(columnar.Values[int64](out.Cols[0]), made)
				return counts, nil
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// pairLog notes rows as texts; it has room for one batch at a time.
type pairLog struct {
	lines []string
	room  bool
}

func (l *pairLog) Emit(b *columnar.Batch) error {
	for k := range b.Live() {
		i := b.Row(k)
		cell := func(c int) string { return string(columnar.AppendText(nil, b.Cols[c], i, nil)) }
		l.lines = append(l.lines, fmt.Sprint(map[bool]string{true: "-", false: "+"}[b.Kind(i).Retracts()], cell(0), " ", cell(1)))
	}
	l.room = false
	return nil
}

func (l *pairLog) Room() bool { return l.room }
func (l *pairLog) Done() bool { return false }

// TestCorrelate pairs rows of all encodings, selections and kinds, whatever the function makes at a time
// and though there is room for one batch only.
func TestCorrelate(t *testing.T) {
	in := columnar.NewSchema(columnar.Field{Name: "n", Type: columnar.TypeBigInt})
	numbers := []int64{2, 0, 3, -1, 1} // -1 is null
	for _, chunk := range []int{1, 3, 100} {
		for _, outer := range []bool{false, true} {
			for _, sel := range [][]int32{nil, {1, 2, 3}} {
				for _, dictionary := range []bool{false, true} {
					b := columnar.NewBatch(in)
					b.Reset(len(numbers))
					copy(columnar.Values[int64](b.Cols[0]), numbers)
					b.Cols[0].SetNull(3)
					if dictionary {
						dict := columnar.NewVector(in.Fields[0].Type)
						dict.Reset(4)
						copy(columnar.Values[int64](dict), []int64{0, 1, 2, 3})
						codes := b.Cols[0].SetDictionary(dict, len(numbers))
						copy(codes, []int32{2, 0, 3, 0, 1})
						b.Cols[0].SetNull(3)
					}
					b.Kinds = []columnar.RowKind{0, columnar.Retract, columnar.Retract, 0, 0}
					b.Sel = sel
					checkCorrelate(t, b, numbers, chunk, outer)
				}
			}
		}
	}
}

func checkCorrelate(t *testing.T, b *columnar.Batch, numbers []int64, chunk int, outer bool) {
	t.Helper()
	functions := series(t, chunk)
	call, err := functions.NewTable("series", 1, expr.Col(0, "n", columnar.TypeBigInt))
	if err != nil {
		t.Fatal(err)
	}
	out := columnar.NewSchema(b.Schema.Fields[0], columnar.Field{Name: "i", Type: columnar.TypeBigInt})
	c := NewCorrelate(CorrelateSpec{Call: call, Outer: outer})
	err = c.Open(&dataflow.Context{Inputs: []*columnar.Schema{b.Schema}, Output: out, Env: &expr.Env{Functions: functions}})
	if err != nil {
		t.Fatal(err)
	}
	log := &pairLog{}
	status, err := c.Process(0, b, log)
	for status == dataflow.More && err == nil {
		status, err = c.Resume(log)
	}
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for k := range b.Live() {
		i := b.Row(k)
		kind, n := map[bool]string{true: "-", false: "+"}[b.Kind(i).Retracts()], numbers[i]
		text := fmt.Sprint(n)
		if n < 0 {
			text = "NULL"
		}
		for j := range max(n, 0) {
			want = append(want, fmt.Sprint(kind, text, " ", j))
		}
		if n <= 0 && outer {
			want = append(want, fmt.Sprint(kind, text, " NULL"))
		}
	}
	if !slices.Equal(log.lines, want) {
		t.Errorf("%d at a time, outer %v, rows %v: %q, want %q", chunk, outer, b.Sel, log.lines, want)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}
