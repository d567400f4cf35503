package parquet

import (
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/anabranch/anabranch/columnar"
)

// newDecoder makes the decoder of a stored column of type t.
func newDecoder(t columnar.Type, l *leaf) decoder {
	switch t.Kind {
	case columnar.Boolean:
		return &bitValues{}
	case columnar.TinyInt:
		return &fixed[int8]{width: 4, convert: resize[int8, int32]}
	case columnar.SmallInt:
		return &fixed[int16]{width: 4, convert: resize[int16, int32]}
	case columnar.Integer, columnar.Date:
		return &fixed[int32]{width: 4, convert: same[int32], alike: true}
	case columnar.BigInt:
		if l.phys == physInt32 {
			return &fixed[int64]{width: 4, convert: resize[int64, uint32]}
		}
		return &fixed[int64]{width: 8, convert: same[int64], alike: true}
	case columnar.Time:
		return timeDecoder(l)
	case columnar.Timestamp, columnar.TimestampLTZ:
		if l.phys == physInt96 {
			return &fixed[int64]{width: 12, convert: julian}
		}
		return &fixed[int64]{width: 8, convert: same[int64], alike: true}
	case columnar.Float:
		if l.phys == physFixed {
			return &fixed[float32]{width: 2, convert: halves}
		}
		return &fixed[float32]{width: 4, convert: same[float32], alike: true}
	case columnar.Double:
		return &fixed[float64]{width: 8, convert: same[float64], alike: true}
	case columnar.Decimal:
		return decimalDecoder(t, l)
	}
	s := &stringValues{typ: t}
	if l.phys == physFixed {
		s.length = l.length
	}
	return s
}

func timeDecoder(l *leaf) decoder {
	if l.phys == physInt32 {
		return &fixed[int32]{width: 4, convert: same[int32], alike: true}
	}
	unit := int64(1000)
	if l.logical.unit == unitNanos {
		unit = 1e6
	}
	return &fixed[int32]{width: 8, convert: func(dst []int32, src []byte) {
		for i := range dst {
			dst[i] = int32(int64(binary.LittleEndian.Uint64(src[i*8:])) / unit)
		}
	}}
}

func decimalDecoder(t columnar.Type, l *leaf) decoder {
	wide := t.Physical() == columnar.PhysInt128
	width := plainWidth(l)
	if l.phys == physByteArray {
		width = 16 // fixDecimals has been there
	}
	switch {
	case !wide && l.phys == physInt32:
		return &fixed[int64]{width: 4, convert: resize[int64, int32]}
	case !wide && l.phys == physInt64:
		return &fixed[int64]{width: 8, convert: same[int64], alike: true}
	case !wide:
		return &fixed[int64]{width: width, convert: func(dst []int64, src []byte) {
			for i := range dst {
				dst[i] = int64(bigEndian(src[i*width : (i+1)*width]).Lo)
			}
		}}
	case l.phys == physInt32 || l.phys == physInt64:
		unsigned := l.logical.kind == logicalInt
		return &fixed[columnar.Int128]{width: width, convert: func(dst []columnar.Int128, src []byte) {
			for i := range dst {
				dst[i] = wideInt(src[i*width:], width, unsigned)
			}
		}}
	}
	return &fixed[columnar.Int128]{width: width, convert: func(dst []columnar.Int128, src []byte) {
		for i := range dst {
			dst[i] = bigEndian(src[i*width : (i+1)*width])
		}
	}}
}

func wideInt(b []byte, width int, unsigned bool) columnar.Int128 {
	if width == 4 {
		return columnar.Int128Of(int64(int32(binary.LittleEndian.Uint32(b))))
	}
	v := binary.LittleEndian.Uint64(b)
	if unsigned {
		return columnar.Int128{Lo: v}
	}
	return columnar.Int128Of(int64(v))
}

// bigEndian is the two's complement integer b; bytes above the sixteenth are dropped.
func bigEndian(b []byte) columnar.Int128 {
	if len(b) == 0 {
		return columnar.Int128{}
	}
	v := columnar.Int128Of(int64(int8(b[0])))
	for _, x := range b[1:] {
		v.Hi = v.Hi<<8 | int64(v.Lo>>56)
		v.Lo = v.Lo<<8 | uint64(x)
	}
	return v
}

// same copies values stored as they are in a vector.
func same[T columnar.Fixed](dst []T, src []byte) {
	to := bytesOf(dst)
	copy(to, src[:len(to)])
}

// resize converts between widths of integers.
func resize[T int8 | int16 | int64, S int32 | uint32](dst []T, src []byte) {
	if len(dst) == 0 {
		return
	}
	from := unsafe.Slice((*S)(unsafe.Pointer(unsafe.SliceData(src[:len(dst)*4]))), len(dst))
	for i := range dst {
		dst[i] = T(from[i])
	}
}

// julian converts the deprecated INT96 timestamps: nanoseconds of a Julian day, then the day.
func julian(dst []int64, src []byte) {
	const epochDay = 2440588
	for i := range dst {
		b := src[i*12:]
		day := int64(binary.LittleEndian.Uint32(b[8:])) - epochDay
		dst[i] = day*86400e9 + int64(binary.LittleEndian.Uint64(b))
	}
}

// halves converts IEEE 754 half precision.
func halves(dst []float32, src []byte) {
	for i := range dst {
		h := binary.LittleEndian.Uint16(src[i*2:])
		dst[i] = half(h)
	}
}

func half(h uint16) float32 {
	sign, exp, frac := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&1023)
	switch exp {
	case 0:
		f := float32(frac) / (1 << 24)
		return math.Float32frombits(math.Float32bits(f) | sign)
	case 31:
		return math.Float32frombits(sign | 255<<23 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}
