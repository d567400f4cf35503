package table

import (
	"errors"
	"testing"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/io/generator"
)

// TestForEachOfUpdates counts rows without end: a count gives way to the next one, so that each key has
// one at a time.
func TestForEachOfUpdates(t *testing.T) {
	env := NewEnv(WithParallelism(2), WithConnectors(catalog.NewRegistry(generator.Datagen{})))
	err := env.Exec(t.Context(), "CREATE TABLE g (k BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '2000', 'fields.k.min' = '1', 'fields.k.max' = '3')")
	if err != nil {
		t.Fatal(err)
	}
	type count struct {
		K int64 `anabranch:"k"`
		N int64 `anabranch:"n"`
	}
	enough := errors.New("enough")
	held, changes := map[int64]int64{}, 0
	err = ForEach(t.Context(), env, "SELECT k, COUNT(*) AS n FROM g GROUP BY k", func(c Change, row count) error {
		switch n, there := held[row.K]; {
		case c == Insert && there:
			t.Errorf("%v comes while the count is %d", row, n)
		case c == Insert:
			held[row.K] = row.N
		case n != row.N:
			t.Errorf("%v is taken back while the count is %d", row, n)
		default:
			delete(held, row.K)
		}
		if changes++; changes >= 20 || t.Failed() {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) {
		t.Error(err)
	}
}
