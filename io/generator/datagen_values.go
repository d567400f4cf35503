package generator

import (
	"strconv"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/internal/clock"
)

// fill makes the values of n rows from the row first on.
func (c *datagenColumn) fill(v *columnar.Vector, first int64, n int) {
	now := clock.Micros()
	for i := range n {
		d := draw(uint64(first+int64(i)) ^ c.salt)
		if c.nullPerMil > 0 && below(d.next(), 1000) < c.nullPerMil {
			v.SetNull(i)
			continue
		}
		if c.sequence {
			c.store(v, i, c.low+first+int64(i))
			continue
		}
		c.random(v, i, &d, now)
	}
}

// random makes one random value.
func (c *datagenColumn) random(v *columnar.Vector, i int, d *draw, now int64) {
	t := c.field.Type
	switch {
	case t.Kind == columnar.Boolean:
		v.Bits().SetTo(i, d.next()>>63 != 0)
	case t.IsFloat():
		f := c.floatLow + c.floatSpan*float64(d.next()>>11)/(1<<53)
		if v.Phys == columnar.PhysFloat32 {
			columnar.Values[float32](v)[i] = float32(f)
		} else {
			columnar.Values[float64](v)[i] = f
		}
	case t.IsString() || t.IsBinary():
		n := c.length
		if c.varies && n > 0 {
			n = 1 + below(d.next(), n)
		}
		v.SetBytes(i, hexText(d, n))
	case t.IsTimestamp():
		micros := now - below(d.next(), c.span+1)
		unit := columnar.UnitsPerSecond(t.Precision)
		if unit == 1e9 {
			columnar.Values[int64](v)[i] = micros * 1000
		} else {
			columnar.Values[int64](v)[i] = micros / (1e6 / unit)
		}
	case t.Kind == columnar.Date:
		columnar.Values[int32](v)[i] = int32((now - below(d.next(), c.span+1)) / 86400e6)
	default:
		c.store(v, i, c.low+below(d.next(), c.span+1))
	}
}

// hexText is n random hexadecimal digits.
func hexText(d *draw, n int64) []byte {
	b := make([]byte, n)
	var r uint64
	for i := range b {
		if i%16 == 0 {
			r = d.next()
		}
		b[i] = "0123456789abcdef"[r&15]
		r >>= 4
	}
	return b
}

// store stores an integer in a column of any type a sequence may have.
func (c *datagenColumn) store(v *columnar.Vector, i int, x int64) {
	switch v.Phys {
	case columnar.PhysInt8:
		columnar.Values[int8](v)[i] = int8(x)
	case columnar.PhysInt16:
		columnar.Values[int16](v)[i] = int16(x)
	case columnar.PhysInt32:
		columnar.Values[int32](v)[i] = int32(x)
	case columnar.PhysInt64:
		columnar.Values[int64](v)[i] = x
	case columnar.PhysInt128:
		columnar.Values[columnar.Int128](v)[i] = columnar.Int128Of(x)
	case columnar.PhysFloat32:
		columnar.Values[float32](v)[i] = float32(x)
	case columnar.PhysFloat64:
		columnar.Values[float64](v)[i] = float64(x)
	case columnar.PhysView:
		var buf [20]byte
		v.SetBytes(i, strconv.AppendInt(buf[:0], x, 10))
	}
}
