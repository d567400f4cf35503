package parquet

import (
	"fmt"

	"github.com/anabranch/anabranch/columnar"
)

// The deprecated converted types that files of older writers carry instead of logical ones.
const (
	convertedUTF8            = 0
	convertedMap             = 1
	convertedMapKV           = 2
	convertedList            = 3
	convertedEnum            = 4
	convertedDecimal         = 5
	convertedDate            = 6
	convertedTimeMillis      = 7
	convertedTimeMicros      = 8
	convertedTimestampMillis = 9
	convertedTimestampMicros = 10
	convertedUint8           = 11
	convertedInt64           = 18
	convertedJSON            = 19
)

// logicalOf is e's logical type, derived from the converted type if that is all there is.
func logicalOf(e *element) logical {
	if e.logical.kind != logicalNone {
		return e.logical
	}
	switch c := e.converted; {
	case c == convertedUTF8, c == convertedEnum, c == convertedJSON:
		return logical{kind: logicalString}
	case c == convertedDecimal:
		return logical{kind: logicalDecimal, scale: e.scale, precision: e.precision}
	case c == convertedDate:
		return logical{kind: logicalDate}
	case c == convertedTimeMillis, c == convertedTimeMicros:
		return logical{kind: logicalTime, unit: c - convertedTimeMillis + unitMillis}
	case c == convertedTimestampMillis, c == convertedTimestampMicros:
		return logical{kind: logicalTimestamp, unit: c - convertedTimestampMillis + unitMillis, utc: true}
	case c >= convertedUint8 && c <= convertedInt64:
		i := c - convertedUint8
		return logical{kind: logicalInt, bits: 8 << (i % 4), signed: i >= 4}
	}
	return logical{}
}

// leafType is the SQL type of a stored column.
func leafType(e *element, l *logical) (columnar.Type, error) {
	switch {
	case l.kind == logicalDecimal:
		return decimalType(e, l)
	case l.kind == logicalDate && e.typ == physInt32:
		return columnar.TypeDate, nil
	case l.kind == logicalTime && (e.typ == physInt32) == (l.unit == unitMillis):
		return columnar.Type{Kind: columnar.Time, Precision: 3}, nil
	case l.kind == logicalTimestamp && e.typ == physInt64 && l.unit >= unitMillis && l.unit <= unitNanos:
		if l.utc {
			return columnar.TimestampLTZOf(3 * l.unit), nil
		}
		return columnar.TimestampOf(3 * l.unit), nil
	case l.kind == logicalInt:
		return intType(e, l)
	case l.kind == logicalFloat16 && e.typ == physFixed && e.length == 2:
		return columnar.TypeFloat, nil
	}
	return plainType(e, l)
}

func decimalType(e *element, l *logical) (columnar.Type, error) {
	if l.precision < 1 || l.precision > columnar.DigitsMax || l.scale < 0 || l.scale > l.precision {
		return columnar.Type{}, fmt.Errorf("DECIMAL(%d, %d) is not supported", l.precision, l.scale)
	}
	switch e.typ {
	case physInt32, physInt64, physByteArray, physFixed:
		return columnar.DecimalOf(l.precision, l.scale), nil
	}
	return columnar.Type{}, fmt.Errorf("a decimal of physical type %d", e.typ)
}

// intType widens unsigned integers to the next signed type that holds them.
func intType(e *element, l *logical) (columnar.Type, error) {
	if (e.typ == physInt64) != (l.bits == 64) || e.typ != physInt32 && e.typ != physInt64 {
		return columnar.Type{}, fmt.Errorf("an integer of %d bits of physical type %d", l.bits, e.typ)
	}
	signed := map[int]columnar.Type{
		8: columnar.TypeTinyInt, 16: columnar.TypeSmallInt, 32: columnar.TypeInteger, 64: columnar.TypeBigInt,
	}
	unsigned := map[int]columnar.Type{
		8: columnar.TypeSmallInt, 16: columnar.TypeInteger, 32: columnar.TypeBigInt, 64: columnar.DecimalOf(20, 0),
	}
	types := unsigned
	if l.signed {
		types = signed
	}
	t, ok := types[l.bits]
	if !ok {
		return t, fmt.Errorf("an integer of %d bits", l.bits)
	}
	return t, nil
}

func plainType(e *element, l *logical) (columnar.Type, error) {
	switch e.typ {
	case physBoolean:
		return columnar.TypeBoolean, nil
	case physInt32:
		return columnar.TypeInteger, nil
	case physInt64:
		return columnar.TypeBigInt, nil
	case physInt96:
		return columnar.TimestampOf(9), nil
	case physFloat:
		return columnar.TypeFloat, nil
	case physDouble:
		return columnar.TypeDouble, nil
	case physByteArray:
		switch l.kind {
		case logicalString, logicalEnum, logicalJSON:
			return columnar.TypeString, nil
		}
		return columnar.TypeBytes, nil
	}
	return columnar.Type{Kind: columnar.Binary, Precision: e.length}, nil
}
