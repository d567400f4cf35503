package columnar

// SumWide is the exact sum of the values at sel (nil: all). Upper and lower halves are summed
// apart, so that no step overflows for fewer than 2^31 values.
func SumWide[T int32 | int64](a []T, sel []int32) Int128 {
	var hi, lo int64
	if sel == nil {
		for _, x := range a {
			hi += int64(x) >> 32
			lo += int64(x) & (1<<32 - 1)
		}
	} else {
		for _, i := range sel {
			x := int64(a[i])
			hi += x >> 32
			lo += x & (1<<32 - 1)
		}
	}
	sum, _ := MulInt64(hi, 1<<32).Add(Int128Of(lo))
	return sum
}

// MaxInt64 is the largest value of an int64 vector over the rows at sel (nil: the first n) that
// are not null; ok is false if there is none.
func MaxInt64(v *Vector, sel []int32, n int) (high int64, ok bool) {
	if v.Enc == Flat && v.Valid == nil && sel == nil {
		for i, x := range Values[int64](v)[:n] {
			if i == 0 || x > high {
				high = x
			}
		}
		return high, n > 0
	}
	one := func(i int) {
		if v.IsNull(i) {
			return
		}
		values := v
		if v.Enc == Dictionary {
			values = v.Dict
		}
		if x := Values[int64](values)[v.Index(i)]; !ok || x > high {
			high, ok = x, true
		}
	}
	if sel == nil {
		for i := range n {
			one(i)
		}
		return high, ok
	}
	for _, i := range sel {
		one(int(i))
	}
	return high, ok
}
