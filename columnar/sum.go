package columnar

// Values are summed in blocks: raised by narrowBias they are positive and their bits, put together, tell
// whether all have at most narrowBits, so that 64 bits are enough for the block.
const (
	sumBlock   = 2048
	narrowBits = 52
	narrowBias = 1 << (narrowBits - 1)
)

// SumWide is the exact sum of the values at sel (nil: all).
func SumWide[T int32 | int64](a []T, sel []int32) (total Int128) {
	if sel == nil {
		for from := 0; from < len(a); from += sumBlock {
			total = plus(total, sumAll(a[from:min(from+sumBlock, len(a))]))
		}
		return total
	}
	for from := 0; from < len(sel); from += sumBlock {
		total = plus(total, sumSome(a, sel[from:min(from+sumBlock, len(sel))]))
	}
	return total
}

// plus is a+b, of fewer than 2^63 values of 64 bits in all.
func plus(a, b Int128) Int128 {
	sum, _ := a.Add(b)
	return sum
}

func sumAll[T int32 | int64](a []T) Int128 {
	var s0, s1, all uint64
	rest := a
	for ; len(rest) >= 4; rest = rest[4:] {
		x0, x1 := uint64(rest[0])+narrowBias, uint64(rest[1])+narrowBias
		x2, x3 := uint64(rest[2])+narrowBias, uint64(rest[3])+narrowBias
		all |= x0 | x1 | x2 | x3
		s0 += x0 + x1
		s1 += x2 + x3
	}
	for _, v := range rest {
		x := uint64(v) + narrowBias
		all |= x
		s0 += x
	}
	if all>>narrowBits == 0 {
		return Int128Of(int64(s0 + s1 - uint64(len(a))*narrowBias))
	}
	var hi, lo int64
	for _, v := range a {
		hi, lo = hi+int64(v)>>32, lo+int64(v)&(1<<32-1)
	}
	return halves(hi, lo)
}

func sumSome[T int32 | int64](a []T, sel []int32) Int128 {
	var sum, all uint64
	for _, i := range sel {
		x := uint64(a[i]) + narrowBias
		all |= x
		sum += x
	}
	if all>>narrowBits == 0 {
		return Int128Of(int64(sum - uint64(len(sel))*narrowBias))
	}
	var hi, lo int64
	for _, i := range sel {
		v := int64(a[i])
		hi, lo = hi+v>>32, lo+v&(1<<32-1)
	}
	return halves(hi, lo)
}

// halves is the number whose upper and lower 32 bits were summed apart.
func halves(hi, lo int64) Int128 { return plus(MulInt64(hi, 1<<32), Int128Of(lo)) }

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
