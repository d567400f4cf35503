package held

import "github.com/anabranch/anabranch/columnar"

// SignRun is the sign of live row from of b, and the first live row behind it that has another one.
func SignRun(b *columnar.Batch, from int) (sign columnar.RowKind, next int) {
	sign, next = b.Kind(b.Row(from)).Sign(), from+1
	for next < b.Live() && b.Kind(b.Row(next)).Sign() == sign {
		next++
	}
	return sign, next
}
