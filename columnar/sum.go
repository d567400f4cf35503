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
