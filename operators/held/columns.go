package held

import "github.com/anabranch/anabranch/columnar"

// KeyColumns are the columns of b at keys, in the memory of dst.
func KeyColumns(dst []*columnar.Vector, b *columnar.Batch, keys []int) []*columnar.Vector {
	dst = dst[:0]
	for _, k := range keys {
		dst = append(dst, b.Cols[k])
	}
	return dst
}
