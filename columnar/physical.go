package columnar

// Physical is the layout of a flat vector's values.
type Physical uint8

// The layouts. PhysBits is one bit a row; PhysView is a 16-byte string view; PhysList keeps
// len+1 int32 offsets into its children; PhysStruct has only children.
const (
	PhysNone Physical = iota
	PhysBits
	PhysInt8
	PhysInt16
	PhysInt32
	PhysInt64
	PhysInt128
	PhysFloat32
	PhysFloat64
	PhysView
	PhysList
	PhysStruct
)

// Width is the size of one value in bytes; 0 for bits, structs and none.
func (p Physical) Width() int {
	return [...]int{0, 0, 1, 2, 4, 8, 16, 4, 8, 16, 4, 0}[p]
}

// NarrowDigits is the largest decimal precision that always fits 64 bits.
const NarrowDigits = 18

// Physical is the layout t has by default; a decimal of more than NarrowDigits digits is wide
// by default, but a vector of it may be narrow.
func (t Type) Physical() Physical {
	switch t.Kind {
	case Boolean:
		return PhysBits
	case TinyInt:
		return PhysInt8
	case SmallInt:
		return PhysInt16
	case Integer, Date, Time, IntervalMonth:
		return PhysInt32
	case BigInt, Timestamp, TimestampLTZ, IntervalDay:
		return PhysInt64
	case Float:
		return PhysFloat32
	case Double:
		return PhysFloat64
	case Decimal:
		if t.Precision > NarrowDigits {
			return PhysInt128
		}
		return PhysInt64
	case Char, Varchar, Binary, Varbinary:
		return PhysView
	case Array, Map:
		return PhysList
	case Row:
		return PhysStruct
	}
	return PhysNone
}

// UnitsPerSecond is how many units of a timestamp of the given precision make a second:
// milliseconds up to 3 digits, microseconds up to 6, nanoseconds up to 9.
func UnitsPerSecond(precision int) int64 {
	switch {
	case precision <= 3:
		return 1e3
	case precision <= 6:
		return 1e6
	}
	return 1e9
}
