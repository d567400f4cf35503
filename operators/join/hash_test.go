package join

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/dataflow/optest"
	"github.com/anabranch/anabranch/expr"
)

func TestHashJoinAgreesWithNestedLoop(t *testing.T) {
	s := &columnar.Schema{Fields: []columnar.Field{{Name: "k", Type: columnar.TypeBigInt}, {Name: "s", Type: columnar.TypeString}}}
	for _, typ := range []Type{Inner, Left, Right, Full, Semi, Anti} {
		for _, build := range []string{"empty", "unique", "unique, then not", "nulls", "many"} {
			rng := rand.New(rand.NewPCG(5, 6))
			var left, right []optest.Numbered
			for i := range 300 {
				left = append(left, optest.Numbered{Key: rng.Int64N(150), Null: rng.IntN(20) == 0, ID: i})
			}
			rightCount := map[string]int{"empty": 0, "unique": 100, "unique, then not": 101, "nulls": 90, "many": 200}[build]
			for i := range rightCount {
				r := optest.Numbered{Key: int64(i), ID: 1000 + i}
				switch {
				case build == "many":
					r.Key = rng.Int64N(60)
				case build == "nulls":
					r.Null = i%10 == 3
				case i == 100:
					r.Key = 7
				}
				right = append(right, r)
			}
			got := joined(t, s, Spec{Type: typ, LeftKeys: []int{0}, RightKeys: []int{0}}, left, right, rng)
			want := nestedLoop(typ, left, right)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s join, build side %s: %d rows, want %d\n%q\n%q", typ, build, len(got), len(want), got, want)
			}
		}
	}
}

func joined(t *testing.T, s *columnar.Schema, spec Spec, left, right []optest.Numbered, rng *rand.Rand) []string {
	t.Helper()
	j := NewHash(spec)
	ctx := &dataflow.Context{Name: "join", Inputs: []*columnar.Schema{s, s}, Output: s, Budget: mem.NewBudget(0), Env: &expr.Env{}}
	if err := j.Open(ctx); err != nil {
		t.Fatal(err)
	}
	out := &optest.Log{}
	for port, rows := range [][]optest.Numbered{right, left} {
		in := dataflow.Port(1 - port)
		for part := range slices.Chunk(rows, 40) {
			status, err := j.Process(in, optest.NumberedBatch(part, rng), out)
			optest.Drain(t, j, status, err, out)
		}
		status, err := j.EndInput(in, out)
		optest.Drain(t, j, status, err, out)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Rows
}

func nestedLoop(typ Type, left, right []optest.Numbered) (rows []string) {
	matched := make([]bool, len(right))
	for _, l := range left {
		found := false
		for i, r := range right {
			if l.Null || r.Null || l.Key != r.Key {
				continue
			}
			found, matched[i] = true, true
			if typ != Semi && typ != Anti {
				rows = append(rows, l.Text()+r.Text())
			}
		}
		switch {
		case typ == Semi && found, typ == Anti && !found:
			rows = append(rows, l.Text())
		case !found && (typ == Left || typ == Full):
			rows = append(rows, l.Text()+" NULL NULL")
		}
	}
	for i, r := range right {
		if !matched[i] && (typ == Right || typ == Full) {
			rows = append(rows, " NULL NULL"+r.Text())
		}
	}
	return rows
}
