package ast

// NumberKind is the SQL family of a number's spelling.
type NumberKind int

// The spellings of a number.
const (
	NumberInteger NumberKind = iota // 42
	NumberDecimal                   // 4.2
	NumberFloat                     // 4.2e1
)

// NumberLiteral is an unsigned number; a sign in front of it is a Unary.
type NumberLiteral struct {
	Pos
	Kind NumberKind
	Text string // as written
}

// StringLiteral is a character string, its quotes and escapes removed.
type StringLiteral struct {
	Pos
	Value string
}

// BinaryLiteral is x'0aff'.
type BinaryLiteral struct {
	Pos
	Value []byte
}

// NullLiteral is NULL.
type NullLiteral struct {
	Pos
}

// Truth is a value of three-valued logic.
type Truth int

// The truth values.
const (
	False Truth = iota
	True
	Unknown
)

func (t Truth) String() string {
	return [...]string{"FALSE", "TRUE", "UNKNOWN"}[t]
}

// BoolLiteral is TRUE, FALSE or UNKNOWN (a null boolean).
type BoolLiteral struct {
	Pos
	Value Truth
}

// TemporalLiteral is DATE '...', TIME '...', TIMESTAMP '...' or TIMESTAMP_LTZ '...'; the text is not checked.
type TemporalLiteral struct {
	Pos
	Type  TypeKind // TypeDate, TypeTime, TypeTimestamp or TypeTimestampLTZ
	Value string
}

// IntervalLiteral is INTERVAL '1-2' YEAR TO MONTH, or INTERVAL '1 day' without a qualifier. The text is not checked.
type IntervalLiteral struct {
	Pos
	Negative  bool // INTERVAL -'1' DAY
	Value     string
	Qualifier *IntervalQualifier // nil: the units are in the text
}

// Unit is a unit of time in its singular form, such as DAY.
type Unit string

// The units of time that EXTRACT, FLOOR, TIMESTAMPADD and intervals name.
const (
	UnitMillennium  Unit = "MILLENNIUM"
	UnitCentury     Unit = "CENTURY"
	UnitDecade      Unit = "DECADE"
	UnitYear        Unit = "YEAR"
	UnitISOYear     Unit = "ISOYEAR"
	UnitQuarter     Unit = "QUARTER"
	UnitMonth       Unit = "MONTH"
	UnitWeek        Unit = "WEEK"
	UnitDay         Unit = "DAY"
	UnitDOW         Unit = "DOW"
	UnitISODOW      Unit = "ISODOW"
	UnitDOY         Unit = "DOY"
	UnitHour        Unit = "HOUR"
	UnitMinute      Unit = "MINUTE"
	UnitSecond      Unit = "SECOND"
	UnitMillisecond Unit = "MILLISECOND"
	UnitMicrosecond Unit = "MICROSECOND"
	UnitNanosecond  Unit = "NANOSECOND"
	UnitEpoch       Unit = "EPOCH"
)

// IntervalQualifier is YEAR, DAY(3), YEAR TO MONTH, DAY TO SECOND(3) and the like.
type IntervalQualifier struct {
	Pos
	From              Unit
	To                Unit // empty: From alone
	Precision         int  // of the leading unit; -1: not given
	FractionPrecision int  // of the seconds; -1: not given
}

// UnitLiteral is a unit of time as an argument: TIMESTAMPADD(DAY, 1, t), FLOOR(t TO HOUR).
type UnitLiteral struct {
	Pos
	Unit Unit
}
