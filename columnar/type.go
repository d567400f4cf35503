package columnar

import (
	"fmt"
	"slices"
	"strings"
)

// Kind is the family of a logical SQL type.
type Kind uint8

// The kinds of logical types. Null is the type of a bare NULL literal.
const (
	Null Kind = iota
	Boolean
	TinyInt
	SmallInt
	Integer
	BigInt
	Float
	Double
	Decimal
	Char
	Varchar
	Binary
	Varbinary
	Date
	Time
	Timestamp
	TimestampLTZ
	IntervalMonth
	IntervalDay
	Array
	Map
	Row
)

// MaxLength is the length of an unbounded VARCHAR (STRING) or VARBINARY (BYTES).
const MaxLength = 1<<31 - 1

// Type is a logical SQL type. Types are values; compare them with Equal.
type Type struct {
	Kind Kind `json:"kind"`
	// Precision is the number of digits of a DECIMAL, the fractional digits of a second of a
	// TIME or TIMESTAMP, or the length of a CHAR, VARCHAR, BINARY or VARBINARY.
	Precision int `json:"p,omitempty"`
	// Scale is the number of fractional digits of a DECIMAL.
	Scale int `json:"s,omitempty"`
	// NotNull says that no value is null.
	NotNull bool `json:"nn,omitempty"`
	// Fields are a ROW's fields, an ARRAY's element or a MAP's key and value.
	Fields []Field `json:"fields,omitempty"`
}

// Field is a named column of a schema or of a ROW type.
type Field struct {
	Name string `json:"name"`
	Type Type   `json:"type"`
}

// Common types, all nullable.
var (
	TypeNull      = Type{Kind: Null}
	TypeBoolean   = Type{Kind: Boolean}
	TypeTinyInt   = Type{Kind: TinyInt}
	TypeSmallInt  = Type{Kind: SmallInt}
	TypeInteger   = Type{Kind: Integer}
	TypeBigInt    = Type{Kind: BigInt}
	TypeFloat     = Type{Kind: Float}
	TypeDouble    = Type{Kind: Double}
	TypeString    = Type{Kind: Varchar, Precision: MaxLength}
	TypeBytes     = Type{Kind: Varbinary, Precision: MaxLength}
	TypeDate      = Type{Kind: Date}
	TypeTimestamp = Type{Kind: Timestamp, Precision: 6}
)

// DecimalOf is DECIMAL(precision, scale).
func DecimalOf(precision, scale int) Type {
	return Type{Kind: Decimal, Precision: precision, Scale: scale}
}

// TimestampOf is TIMESTAMP(precision).
func TimestampOf(precision int) Type { return Type{Kind: Timestamp, Precision: precision} }

// TimestampLTZOf is TIMESTAMP_LTZ(precision).
func TimestampLTZOf(precision int) Type { return Type{Kind: TimestampLTZ, Precision: precision} }

// RowOf is ROW<fields>.
func RowOf(fields ...Field) Type { return Type{Kind: Row, Fields: fields} }

// ArrayOf is ARRAY<elem>.
func ArrayOf(elem Type) Type {
	return Type{Kind: Array, Fields: []Field{{Name: "element", Type: elem}}}
}

// Elem is the element type of an ARRAY.
func (t Type) Elem() Type { return t.Fields[0].Type }

// Nullable is t with nulls allowed.
func (t Type) Nullable() Type { t.NotNull = false; return t }

// Required is t with nulls excluded.
func (t Type) Required() Type { t.NotNull = true; return t }

// Equal reports whether t and u are the same type, nullability included.
func (t Type) Equal(u Type) bool {
	return t.NotNull == u.NotNull && t.SameValues(u)
}

// SameValues reports whether t and u hold the same values, nullability aside.
func (t Type) SameValues(u Type) bool {
	return t.Kind == u.Kind && t.Precision == u.Precision && t.Scale == u.Scale &&
		slices.EqualFunc(t.Fields, u.Fields, func(a, b Field) bool {
			return a.Name == b.Name && a.Type.SameValues(b.Type)
		})
}

// IsInteger reports whether t is one of TINYINT, SMALLINT, INTEGER and BIGINT.
func (t Type) IsInteger() bool { return t.Kind >= TinyInt && t.Kind <= BigInt }

// IsFloat reports whether t is FLOAT or DOUBLE.
func (t Type) IsFloat() bool { return t.Kind == Float || t.Kind == Double }

// IsNumeric reports whether t is an integer, float or decimal.
func (t Type) IsNumeric() bool { return t.Kind >= TinyInt && t.Kind <= Decimal }

// IsString reports whether t is CHAR, VARCHAR or STRING.
func (t Type) IsString() bool { return t.Kind == Char || t.Kind == Varchar }

// IsBinary reports whether t is BINARY, VARBINARY or BYTES.
func (t Type) IsBinary() bool { return t.Kind == Binary || t.Kind == Varbinary }

// IsTimestamp reports whether t is TIMESTAMP or TIMESTAMP_LTZ.
func (t Type) IsTimestamp() bool { return t.Kind == Timestamp || t.Kind == TimestampLTZ }

// IsInterval reports whether t is an interval.
func (t Type) IsInterval() bool { return t.Kind == IntervalMonth || t.Kind == IntervalDay }

// IsNested reports whether t is ARRAY, MAP or ROW.
func (t Type) IsNested() bool { return t.Kind >= Array }

// String is the type in SQL; nullable types carry no suffix.
func (t Type) String() string {
	s := t.name()
	if t.NotNull {
		s += " NOT NULL"
	}
	return s
}

var kindNames = [...]string{
	Null: "NULL", Boolean: "BOOLEAN", TinyInt: "TINYINT", SmallInt: "SMALLINT", Integer: "INT",
	BigInt: "BIGINT", Float: "FLOAT", Double: "DOUBLE", Decimal: "DECIMAL", Char: "CHAR",
	Varchar: "VARCHAR", Binary: "BINARY", Varbinary: "VARBINARY", Date: "DATE", Time: "TIME",
	Timestamp: "TIMESTAMP", TimestampLTZ: "TIMESTAMP_LTZ",
	IntervalMonth: "INTERVAL YEAR TO MONTH", IntervalDay: "INTERVAL DAY TO SECOND",
	Array: "ARRAY", Map: "MAP", Row: "ROW",
}

func (t Type) name() string {
	base := kindNames[t.Kind]
	switch t.Kind {
	case Decimal:
		return fmt.Sprintf("DECIMAL(%d, %d)", t.Precision, t.Scale)
	case Varchar:
		if t.Precision == MaxLength {
			return "STRING"
		}
		return fmt.Sprintf("VARCHAR(%d)", t.Precision)
	case Varbinary:
		if t.Precision == MaxLength {
			return "BYTES"
		}
		return fmt.Sprintf("VARBINARY(%d)", t.Precision)
	case Char, Binary, Time, Timestamp, TimestampLTZ:
		return fmt.Sprintf("%s(%d)", base, t.Precision)
	case Array, Map:
		parts := make([]string, len(t.Fields))
		for i, f := range t.Fields {
			parts[i] = f.Type.String()
		}
		return base + "<" + strings.Join(parts, ", ") + ">"
	case Row:
		parts := make([]string, len(t.Fields))
		for i, f := range t.Fields {
			parts[i] = "`" + f.Name + "` " + f.Type.String()
		}
		return "ROW<" + strings.Join(parts, ", ") + ">"
	}
	return base
}

// Schema is the ordered list of a batch's columns.
type Schema struct {
	Fields []Field `json:"fields"`
}

// NewSchema makes a schema of fields.
func NewSchema(fields ...Field) *Schema { return &Schema{Fields: fields} }

// Index is the position of the column called name, -1 if there is none.
func (s *Schema) Index(name string) int {
	return slices.IndexFunc(s.Fields, func(f Field) bool { return f.Name == name })
}

// Names are the column names in order.
func (s *Schema) Names() []string {
	names := make([]string, len(s.Fields))
	for i, f := range s.Fields {
		names[i] = f.Name
	}
	return names
}

// Types are the column types in order.
func (s *Schema) Types() []Type {
	types := make([]Type, len(s.Fields))
	for i, f := range s.Fields {
		types[i] = f.Type
	}
	return types
}

// Project is the schema of the columns at the given positions.
func (s *Schema) Project(columns []int) *Schema {
	fields := make([]Field, len(columns))
	for i, c := range columns {
		fields[i] = s.Fields[c]
	}
	return &Schema{Fields: fields}
}

// String lists the columns as "(name TYPE, ...)".
func (s *Schema) String() string {
	parts := make([]string, len(s.Fields))
	for i, f := range s.Fields {
		parts[i] = f.Name + " " + f.Type.String()
	}
	return "(" + strings.Join(parts, ", ") + ")"
}
