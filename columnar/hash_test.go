package columnar

import "testing"

func TestHashIsTheSameForEveryEncoding(t *testing.T) {
	flat := NewVector(TypeString)
	flat.Reset(4)
	for i, s := range []string{"a", "a string that is long", "", "a"} {
		flat.SetString(i, s)
	}
	dict := NewVector(TypeString)
	values := NewVector(TypeString)
	values.Reset(3)
	for i, s := range []string{"", "a", "a string that is long"} {
		values.SetString(i, s)
	}
	copy(dict.SetDictionary(values, 4), []int32{1, 2, 0, 1})
	a := HashRows(nil, []*Vector{flat}, nil, 4)
	b := HashRows(nil, []*Vector{dict}, nil, 4)
	for i := range a {
		if a[i] != b[i] {
			t.Errorf("row %d: %x flat, %x dictionary", i, a[i], b[i])
		}
	}
	narrow, wide := NewVector(DecimalOf(10, 2)), NewVector(DecimalOf(30, 2))
	narrow.Reset(1)
	wide.Reset(1)
	Values[int64](narrow)[0], Values[Int128](wide)[0] = -5, Int128Of(-5)
	if HashRows(nil, []*Vector{narrow}, nil, 1)[0] != HashRows(nil, []*Vector{wide}, nil, 1)[0] {
		t.Error("narrow and wide decimals hash differently")
	}
}
