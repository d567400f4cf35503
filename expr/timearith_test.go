package expr

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr/calendar"
)

// TestShift adds constant intervals to timestamps by columns and compares with the sum of each row.
func TestShift(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typ := columnar.TimestampOf(rapid.IntRange(0, 9).Draw(t, "precision"))
		to := calendar.MoverOf(typ)
		lo, hi := to.Bounds()
		v := columnar.NewVector(typ)
		n := rapid.IntRange(1, 100).Draw(t, "rows")
		v.Reset(n)
		near := rapid.SampledFrom([]int64{lo, hi, 0, 0, 0}).Draw(t, "near")
		for i := range n {
			columnar.Values[int64](v)[i] = min(hi, max(lo, near+rapid.Int64Range(0, 5_000_000).Draw(t, "value")*(1|near>>63)))
			if rapid.IntRange(0, 9).Draw(t, "null") == 0 {
				v.SetNull(i)
			}
		}
		op, sign := "+", int64(1)
		if rapid.Bool().Draw(t, "minus") {
			op, sign = "-", -1
		}
		step := rapid.SampledFrom([]int64{1, -1, 999, 1000, 4_000_000, -86_400_000_001, 1 << 62}).Draw(t, "step")
		e, err := NewCall(op, Col(0, "t", typ), Int(step, columnar.Type{Kind: columnar.IntervalDay}))
		if err != nil {
			t.Fatal(err)
		}
		p, err := Compile(e, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		b := columnar.NewBatch(columnar.NewSchema(columnar.Field{Name: "t", Type: typ}))
		b.Cols[0] = v
		b.SetLen(n)
		got, err := p.Eval(b)
		fails := false
		for i := range n {
			if v.IsNull(i) {
				if err == nil && !got.IsNull(i) {
					t.Fatalf("row %d is not null", i)
				}
				continue
			}
			want, ok := to.Steps(columnar.Values[int64](v)[i], sign*step, 1000)
			fails = fails || !ok
			if err == nil && ok && columnar.Values[int64](got)[got.Index(i)] != want {
				t.Fatalf("row %d: %d, want %d", i, columnar.Values[int64](got)[i], want)
			}
		}
		if fails != (err != nil) {
			t.Fatalf("%v, want an error: %t", err, fails)
		}
	})
}
