package held

import "github.com/anabranch/anabranch/columnar"

// Micros is the time in row i of v, which has per units a second, in microseconds.
func Micros(v *columnar.Vector, i int, per int64) int64 {
	values := v
	if v.Enc == columnar.Dictionary {
		values = v.Dict
	}
	t := columnar.Values[int64](values)[v.Index(i)]
	if per > 1e6 {
		return columnar.FloorDiv(t, per/1e6)
	}
	return t * (1e6 / per)
}

// KeyColumns are the columns of b at keys, in the memory of dst.
func KeyColumns(dst []*columnar.Vector, b *columnar.Batch, keys []int) []*columnar.Vector {
	dst = dst[:0]
	for _, k := range keys {
		dst = append(dst, b.Cols[k])
	}
	return dst
}
