package expr

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anabranch/anabranch/columnar"
)

// TestRandom has each row get a value of its own, and the same ones again with a seed.
func TestRandom(t *testing.T) {
	const rows = 3000
	batch := columnar.NewBatch(columnar.NewSchema(columnar.Field{Name: "n", Type: columnar.TypeInteger.Required()}))
	batch.Reset(rows)
	for i := range rows {
		columnar.Values[int32](batch.Cols[0])[i] = 6
	}
	defer batch.Release()
	n, seed := Col(0, "n", columnar.TypeInteger.Required()), Int(7, columnar.TypeInteger)
	texts := func(e *Expr) (list []string) {
		p, err := Compile(e, &Env{})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		v, err := p.Eval(batch)
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			list = append(list, string(columnar.AppendText(nil, v, i, time.UTC)))
		}
		return list
	}
	distinct := func(list []string) int { return len(slices.Compact(slices.Sorted(slices.Values(list)))) }
	for _, c := range []struct {
		e       *Expr
		most    int
		matches string
	}{
		{call(t, "RAND"), rows, `^(0\.\d+|\d\.\d+E-\d+|0)$`},
		{call(t, "UUID"), rows, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`},
		{call(t, "RAND_INTEGER", n), 6, `^[0-5]$`},
		{call(t, "RAND", seed), rows, `^(0\.\d+|\d\.\d+E-\d+|0)$`},
		{call(t, "RAND_INTEGER", seed, n), 6, `^[0-5]$`},
	} {
		first, again := texts(c.e), texts(c.e)
		if got := distinct(first); got != c.most || !c.e.Volatile() {
			t.Errorf("%s has %d values, want %d", c.e, got, c.most)
		}
		for _, text := range first {
			if !regexp.MustCompile(c.matches).MatchString(text) {
				t.Fatalf("%s gives %s", c.e, text)
			}
		}
		if seeded := strings.Contains(c.e.String(), "7"); slices.Equal(first, again) != seeded {
			t.Errorf("%s gives the same again: %v", c.e, !seeded)
		}
	}
	zero := call(t, "RAND_INTEGER", Int(0, columnar.TypeInteger))
	p, err := Compile(zero, &Env{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := p.Eval(batch); err == nil || !strings.Contains(err.Error(), "the bound is 0") {
		t.Errorf("%s: %v", zero, err)
	}
}
