package sql

import (
	"errors"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/sql/table"
)

type points struct {
	Value int64
	Label *string // counts the letters of it too
}

type tally struct {
	Sum, Letters int64
	Last         string // of the labels, in order; not told by sums
}

type part struct {
	Text string `anabranch:"text"`
	At   int    `anabranch:"at"`
}

// functions are those that the scripts call beside SQL's own.
func functions(t *testing.T) *expr.Functions {
	t.Helper()
	to := &expr.Functions{}
	err := table.Register(
		to,
		table.Scalar2("go_repeat", func(s string, n int64) (string, error) {
			if n < 0 {
				return "", errors.New("cannot repeat less than nothing")
			}
			return strings.Repeat(s, int(n)), nil
		}),
		table.Scalar("go_coalesce", func(n *int64, instead int64) int64 {
			if n == nil {
				return instead
			}
			return *n
		}),
		table.Vector("go_double", []columnar.Type{columnar.TypeBigInt.Required()}, columnar.TypeBigInt.Required(), double),
		tallyOf("go_tally"), withoutMerge(tallyOf("go_tally_here")), withoutRetract(tallyOf("go_tally_grow")),
		table.Aggregate[int64, string, int64]{
			Name: "go_letters", Add: func(acc *int64, s string) error { *acc += int64(len(s)); return nil },
			Retract: func(acc *int64, s string) error { *acc -= int64(len(s)); return nil },
			Result:  func(acc int64) (int64, error) { return acc, nil },
		},
		table.Rows("go_split", func(s string, emit func(part)) error {
			for i, text := range strings.Fields(s) {
				emit(part{text, i})
			}
			return nil
		}),
	)
	if err != nil {
		t.Fatal(err)
	}
	return to
}

func double(args []*columnar.Vector, rows []int32, out *columnar.Vector) error {
	from, to := columnar.Values[int64](args[0]), columnar.Values[int64](out)
	for _, r := range rows {
		to[r] = 2 * from[r]
	}
	return nil
}

// tallyOf sums values and letters of labels.
func tallyOf(name string) table.Aggregate[tally, points, *int64] {
	update := func(sign int64) func(*tally, points) error {
		return func(acc *tally, in points) error {
			acc.Sum += sign * in.Value
			if in.Label != nil {
				acc.Letters += sign * int64(len(*in.Label))
			}
			return nil
		}
	}
	return table.Aggregate[tally, points, *int64]{
		Name: name, Add: update(1), Retract: update(-1),
		Merge: func(acc *tally, o tally) error {
			acc.Sum += o.Sum
			acc.Letters += o.Letters
			return nil
		},
		Result: func(acc tally) (*int64, error) {
			if acc.Sum == 0 && acc.Letters == 0 {
				return nil, nil
			}
			n := acc.Sum + acc.Letters
			return &n, nil
		},
	}
}

func withoutMerge[A, In, R any](a table.Aggregate[A, In, R]) table.Aggregate[A, In, R] {
	a.Merge = nil
	return a
}

func withoutRetract[A, In, R any](a table.Aggregate[A, In, R]) table.Aggregate[A, In, R] {
	a.Retract = nil
	return a
}
