package bench

import "testing"

func TestQuantiles(t *testing.T) {
	values := []float64{5, 1, 4, 2, 3}
	for _, c := range []struct{ q, want float64 }{{0, 1}, {0.2, 1}, {0.5, 3}, {0.99, 5}, {1, 5}} {
		if got := quantile(values, c.q); got != c.want {
			t.Errorf("quantile %v: %v, want %v", c.q, got, c.want)
		}
	}
	if a, b, c := median(values), median(values[:4]), median(nil); a != 3 || b != 3 || c != 0 {
		t.Errorf("medians %v, %v, %v", a, b, c)
	}
	if got := quantile(nil, 0.5); got != 0 {
		t.Errorf("quantile of none: %v", got)
	}
}

func TestAnswersAreCompared(t *testing.T) {
	a := answer{rows: 1, first: []string{"1.50", "x"}}
	for _, c := range []struct {
		b    jobResult
		same bool
	}{
		{jobResult{Rows: 1, First: []string{"1.5", "x"}}, true},
		{jobResult{Rows: 1, First: []string{"1.51", "x"}}, false},
		{jobResult{Rows: 1, First: []string{"1.50", "y"}}, false},
		{jobResult{Rows: 2, First: []string{"1.50", "x"}}, false},
		{jobResult{Rows: 1, First: []string{"1.50"}}, false},
	} {
		if err := same(a, c.b); (err == nil) != c.same {
			t.Errorf("%v: %v", c.b, err)
		}
	}
}
