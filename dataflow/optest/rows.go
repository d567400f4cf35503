package optest

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/anabranch/anabranch/columnar"
)

// Row is a row of the test inputs.
type Row struct {
	Key   string
	Value int64 // -1: null
	Price int64 // in cents
}

// Schema is that of a batch of rows: k STRING, v BIGINT, p DECIMAL(10, 2).
func Schema() *columnar.Schema {
	return columnar.NewSchema(
		columnar.Field{Name: "k", Type: columnar.TypeString},
		columnar.Field{Name: "v", Type: columnar.TypeBigInt},
		columnar.Field{Name: "p", Type: columnar.DecimalOf(10, 2)},
	)
}

// Spread makes n rows of a batch of one position or of two, of which the second is dead; fill fills
// position i with row k, or with any if it is dead. Without rng no position is dead.
func Spread(b *columnar.Batch, n int, kinds []columnar.RowKind, rng *rand.Rand, fill func(i, k int, dead bool)) {
	step := 1
	if rng != nil {
		step += rng.IntN(2)
	}
	b.Reset(n * step)
	if kinds != nil {
		b.Kinds = make([]columnar.RowKind, b.Len())
	}
	sel := []int32{}
	for i := range b.Len() {
		dead := i%step > 0
		if !dead {
			sel = append(sel, int32(i))
		}
		fill(i, i/step, dead)
		if kinds != nil {
			b.Kinds[i] = kinds[i/step]
		}
	}
	if step > 1 {
		b.Sel = sel
	}
}

// Batch makes a batch of rows, every second position of which may be dead.
func Batch(rows []Row, kinds []columnar.RowKind, rng *rand.Rand) *columnar.Batch {
	b := columnar.NewBatch(Schema())
	Spread(b, len(rows), kinds, rng, func(i, k int, dead bool) {
		r := rows[k]
		if dead {
			r = Row{Key: "dead", Value: 1 << 40}
		}
		b.Cols[0].SetString(i, r.Key)
		columnar.Values[int64](b.Cols[1])[i] = r.Value
		if r.Value < 0 {
			b.Cols[1].SetNull(i)
		}
		columnar.Values[int64](b.Cols[2])[i] = r.Price
	})
	return b
}

// Changes makes the rows of a batch over few keys and keeps live what is left of all: rows of it may be
// taken back if retracts is set. Of the kinds only the sign means anything.
func Changes(live *[]Row, retracts bool, rng *rand.Rand) ([]Row, []columnar.RowKind) {
	return changes(live, retracts, 1+rng.IntN(20), rng, func() Row {
		return Row{Key: fmt.Sprintf("a key that is long %d", rng.IntN(9)), Value: rng.Int64N(5) - 1, Price: rng.Int64N(300)}
	})
}

// HotChanges is Changes with keys most of which are near hot.
func HotChanges(live *[]Row, retracts bool, hot int64, rng *rand.Rand) ([]Row, []columnar.RowKind) {
	return changes(live, retracts, 1+rng.IntN(40), rng, func() Row {
		k := hot + rng.Int64N(20)
		if rng.IntN(4) == 0 {
			k = rng.Int64N(hot + 20)
		}
		return Row{Key: fmt.Sprintf("a key that is long %d", k), Value: rng.Int64N(3) - 1, Price: rng.Int64N(300)}
	})
}

func changes(live *[]Row, retracts bool, n int, rng *rand.Rand, row func() Row) (rows []Row, kinds []columnar.RowKind) {
	for range n {
		update := 2 * columnar.RowKind(rng.IntN(2))
		if n := len(*live); retracts && n > 0 && rng.IntN(100) < 48 {
			i := rng.IntN(n)
			rows, kinds = append(rows, (*live)[i]), append(kinds, columnar.Retract+update)
			*live = slices.Delete(*live, i, i+1)
			continue
		}
		r := row()
		*live = append(*live, r)
		rows, kinds = append(rows, r), append(kinds, columnar.Insert+update)
	}
	if !retracts {
		kinds = nil
	}
	return rows, kinds
}
