package ast

// TypeKind is a SQL type constructor; synonyms (INTEGER, NUMERIC, TEXT) are already resolved.
type TypeKind int

// The types.
const (
	TypeBoolean TypeKind = iota
	TypeTinyint
	TypeSmallint
	TypeInt
	TypeBigint
	TypeFloat
	TypeDouble
	TypeDecimal
	TypeChar
	TypeVarchar
	TypeString
	TypeBinary
	TypeVarbinary
	TypeBytes
	TypeDate
	TypeTime
	TypeTimestamp
	TypeTimestampLTZ
	TypeInterval
	TypeArray
	TypeMap
	TypeMultiset
	TypeRow
	TypeVariant
)

func (k TypeKind) String() string {
	return [...]string{
		"BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL", "CHAR", "VARCHAR", "STRING",
		"BINARY", "VARBINARY", "BYTES", "DATE", "TIME", "TIMESTAMP", "TIMESTAMP_LTZ", "INTERVAL", "ARRAY", "MAP",
		"MULTISET", "ROW", "VARIANT",
	}[k]
}

// Nullability is what a type says about nulls.
type Nullability int

// The nullabilities.
const (
	NullableDefault Nullability = iota // nothing was said
	Nullable                           // NULL
	NotNull                            // NOT NULL
)

// Type is a type as written; ranges of precision and length are not checked.
type Type struct {
	Pos
	Kind     TypeKind
	Args     []int              // length, or precision and scale, as far as given
	Key      *Type              // of a map
	Elem     *Type              // of an array, a multiset or a map
	Fields   []TypeField        // of a row
	Interval *IntervalQualifier // of an interval; nil: any
	Null     Nullability
}

// TypeField is one field of a row type.
type TypeField struct {
	Pos
	Name    Ident
	Type    *Type
	Comment string
}
