package columnar

import (
	"testing"

	"pgregory.net/rapid"
)

// TestResize cuts and extends vectors again and again: rows that come are not null, whatever was cut off
// where they are, and the others are as they were.
func TestResize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		row := Type{Kind: Row, Fields: []Field{{Name: "f", Type: TypeBigInt}}}
		v := NewVector(rapid.SampledFrom([]Type{TypeBigInt, TypeString, row}).Draw(t, "type"))
		defer v.Release()
		v.Reset(0)
		var nulls []bool
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				if v.Len() != len(nulls) {
					t.Fatalf("%d rows, want %d", v.Len(), len(nulls))
				}
				for i, null := range nulls {
					if v.IsNull(i) != null {
						t.Fatalf("row %d is null: %v", i, v.IsNull(i))
					}
				}
			},
			"extend": func(t *rapid.T) {
				n := rapid.IntRange(0, 70).Draw(t, "rows")
				v.Extend(n)
				nulls = append(nulls, make([]bool, n)...)
			},
			"null": func(t *rapid.T) {
				if len(nulls) == 0 {
					t.Skip("no rows")
				}
				i := rapid.IntRange(0, len(nulls)-1).Draw(t, "row")
				v.SetNull(i)
				nulls[i] = true
			},
			"cut": func(t *rapid.T) {
				n := rapid.IntRange(0, len(nulls)).Draw(t, "rows")
				v.Truncate(n)
				nulls = nulls[:n]
			},
		})
	})
}
