package operators

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
)

// rowSink takes rows as text.
type rowSink struct{ rows []string }

func (s *rowSink) Emit(b *columnar.Batch) error {
	for k := range b.Live() {
		s.rows = append(s.rows, rowText(b, b.Row(k)))
	}
	return nil
}

func (s *rowSink) Room() bool { return len(s.rows)%2 == 0 }
func (s *rowSink) Done() bool { return false }

func rowText(b *columnar.Batch, i int) string {
	text := ""
	for _, v := range b.Cols {
		if v.IsNull(i) {
			text += " null"
			continue
		}
		if v.Type.Kind == columnar.Varchar {
			text += " " + string(v.Bytes(i))
			continue
		}
		values := v
		if v.Enc == columnar.Dictionary {
			values = v.Dict
		}
		text += fmt.Sprint(" ", columnar.Values[int64](values)[v.Index(i)])
	}
	return text
}

type joinRow struct {
	key  int64
	null bool
	id   int
}

func joinBatch(s *columnar.Schema, rows []joinRow, rng *rand.Rand) *columnar.Batch {
	b := columnar.NewBatch(s)
	// Every second position is dead when the batch gets a selection.
	step := 1 + rng.IntN(2)
	b.Reset(len(rows) * step)
	var sel []int32
	for k, r := range rows {
		i := k * step
		columnar.Values[int64](b.Cols[0])[i] = r.key
		if r.null {
			b.Cols[0].SetNull(i)
		}
		sel = append(sel, int32(i))
	}
	for i := range b.Len() {
		b.Cols[1].SetString(i, fmt.Sprintf("the text of a row that is %d", i))
	}
	for k, r := range rows {
		b.Cols[1].SetString(k*step, fmt.Sprintf("the text of row %d", r.id))
	}
	if step > 1 {
		b.Sel = sel
	}
	return b
}

func TestHashJoinAgreesWithNestedLoop(t *testing.T) {
	s := &columnar.Schema{Fields: []columnar.Field{{Name: "k", Type: columnar.TypeBigInt}, {Name: "s", Type: columnar.TypeString}}}
	for _, typ := range []JoinType{Inner, Left, Right, Full, Semi, Anti} {
		for _, build := range []string{"empty", "unique", "unique, then not", "nulls", "many"} {
			rng := rand.New(rand.NewPCG(5, 6))
			var left, right []joinRow
			for i := range 300 {
				left = append(left, joinRow{key: rng.Int64N(150), null: rng.IntN(20) == 0, id: i})
			}
			rightCount := map[string]int{"empty": 0, "unique": 100, "unique, then not": 101, "nulls": 90, "many": 200}[build]
			for i := range rightCount {
				r := joinRow{key: int64(i), id: 1000 + i}
				switch {
				case build == "many":
					r.key = rng.Int64N(60)
				case build == "nulls":
					r.null = i%10 == 3
				case i == 100:
					r.key = 7
				}
				right = append(right, r)
			}
			got := joined(t, s, JoinSpec{Type: typ, LeftKeys: []int{0}, RightKeys: []int{0}}, left, right, rng)
			want := nestedLoop(typ, left, right)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s join, build side %s: %d rows, want %d\n%q\n%q", typ, build, len(got), len(want), got, want)
			}
		}
	}
}

func joined(t *testing.T, s *columnar.Schema, spec JoinSpec, left, right []joinRow, rng *rand.Rand) []string {
	t.Helper()
	j := NewHashJoin(spec)
	ctx := &dataflow.Context{Name: "join", Inputs: []*columnar.Schema{s, s}, Output: s, Budget: columnar.NewBudget(0), Env: &expr.Env{}}
	if err := j.Open(ctx); err != nil {
		t.Fatal(err)
	}
	out := &rowSink{}
	for port, rows := range [][]joinRow{right, left} {
		in := dataflow.Port(1 - port)
		for part := range slices.Chunk(rows, 40) {
			status, err := j.Process(in, joinBatch(s, part, rng), out)
			drain(t, j, status, err, out)
		}
		status, err := j.EndInput(in, out)
		drain(t, j, status, err, out)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return out.rows
}

func drain(t *testing.T, r dataflow.Resumer, status dataflow.Status, err error, out dataflow.Output) {
	t.Helper()
	for err == nil && status == dataflow.More {
		status, err = r.Resume(out)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (r joinRow) text() string {
	if r.null {
		return fmt.Sprintf(" null the text of row %d", r.id)
	}
	return fmt.Sprintf(" %d the text of row %d", r.key, r.id)
}

func nestedLoop(typ JoinType, left, right []joinRow) (rows []string) {
	matched := make([]bool, len(right))
	for _, l := range left {
		found := false
		for i, r := range right {
			if l.null || r.null || l.key != r.key {
				continue
			}
			found, matched[i] = true, true
			if typ != Semi && typ != Anti {
				rows = append(rows, l.text()+r.text())
			}
		}
		switch {
		case typ == Semi && found, typ == Anti && !found:
			rows = append(rows, l.text())
		case !found && (typ == Left || typ == Full):
			rows = append(rows, l.text()+" null null")
		}
	}
	for i, r := range right {
		if !matched[i] && (typ == Right || typ == Full) {
			rows = append(rows, " null null"+r.text())
		}
	}
	return rows
}
