package arrow

import (
	"encoding/json"
	"fmt"

	lib "github.com/apache/arrow-go/v18/arrow"

	"github.com/anabranch/anabranch/columnar"
)

// typeKey is the metadata of a field that holds its SQL type, since Arrow has no CHAR(3) and no
// TIMESTAMP(0).
const typeKey = "anabranch.type"

// nestingMax bounds how deep types are nested.
const nestingMax = 64

const millisPerDay = 86_400_000

// schemaOf is the columns of an Arrow schema.
func schemaOf(s *lib.Schema) (*columnar.Schema, error) {
	out := &columnar.Schema{}
	for _, f := range s.Fields() {
		t, err := typeOf(f.Type, 0)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", f.Name, err)
		}
		if declared, ok := declaredType(f); ok {
			t = declared
		}
		t.NotNull = !f.Nullable
		out.Fields = append(out.Fields, columnar.Field{Name: f.Name, Type: t})
	}
	return out, nil
}

// declaredType is the SQL type in a field's metadata; ok is false if there is none or if it is not what
// the field holds.
func declaredType(f lib.Field) (t columnar.Type, ok bool) {
	text, ok := f.Metadata.GetValue(typeKey)
	if !ok || json.Unmarshal([]byte(text), &t) != nil || !valid(t, 0) {
		return t, false
	}
	for _, strings := range []lib.DataType{lib.BinaryTypes.String, lib.BinaryTypes.StringView} {
		written, err := arrowType(t, strings, 0)
		if err == nil && lib.TypeEqual(written, f.Type) {
			return t, true
		}
	}
	return t, false
}

// valid reports whether a type from a file has parameters that SQL allows.
func valid(t columnar.Type, depth int) bool {
	if depth > nestingMax || t.Kind > columnar.Row || t.Precision < 0 || t.Precision > columnar.MaxLength {
		return false
	}
	if (t.Kind == columnar.Time || t.IsTimestamp()) && t.Precision > 9 {
		return false
	}
	for _, f := range t.Fields {
		if !valid(f.Type, depth+1) {
			return false
		}
	}
	return true
}

// typeOf is the SQL type of what an Arrow type holds, nulls allowed.
func typeOf(dt lib.DataType, depth int) (columnar.Type, error) {
	if depth > nestingMax {
		return columnar.Type{}, fmt.Errorf("nested deeper than %d", nestingMax)
	}
	if t, ok := plainTypes[dt.ID()]; ok {
		return t, nil
	}
	switch dt := dt.(type) {
	case lib.DecimalType:
		return decimalType(dt)
	case *lib.FixedSizeBinaryType:
		if dt.ByteWidth < 1 {
			return columnar.Type{}, fmt.Errorf("%s is not supported", dt)
		}
		return columnar.Type{Kind: columnar.Binary, Precision: dt.ByteWidth}, nil
	case *lib.TimestampType:
		t := columnar.TimestampOf(3 * int(dt.Unit))
		if dt.TimeZone != "" {
			t.Kind = columnar.TimestampLTZ
		}
		return t, nil
	case *lib.DictionaryType:
		return typeOf(dt.ValueType, depth+1)
	case *lib.RunEndEncodedType:
		return typeOf(dt.Encoded(), depth+1)
	case lib.ExtensionType:
		return typeOf(dt.StorageType(), depth+1)
	case lib.NestedType:
		return nestedType(dt, depth)
	}
	return columnar.Type{}, fmt.Errorf("the Arrow type %s is not supported", dt)
}

// plainTypes are the SQL types of Arrow types without parameters, or whose parameters do not matter.
// Unsigned integers widen to the next signed type that holds them.
var plainTypes = map[lib.Type]columnar.Type{
	lib.NULL: columnar.TypeNull, lib.BOOL: columnar.TypeBoolean,
	lib.INT8: columnar.TypeTinyInt, lib.INT16: columnar.TypeSmallInt, lib.INT32: columnar.TypeInteger, lib.INT64: columnar.TypeBigInt,
	lib.UINT8: columnar.TypeSmallInt, lib.UINT16: columnar.TypeInteger, lib.UINT32: columnar.TypeBigInt, lib.UINT64: columnar.DecimalOf(20, 0),
	lib.FLOAT16: columnar.TypeFloat, lib.FLOAT32: columnar.TypeFloat, lib.FLOAT64: columnar.TypeDouble,
	lib.STRING: columnar.TypeString, lib.LARGE_STRING: columnar.TypeString, lib.STRING_VIEW: columnar.TypeString,
	lib.BINARY: columnar.TypeBytes, lib.LARGE_BINARY: columnar.TypeBytes, lib.BINARY_VIEW: columnar.TypeBytes,
	lib.DATE32: columnar.TypeDate, lib.DATE64: columnar.TypeDate,
	lib.TIME32: {Kind: columnar.Time, Precision: 3}, lib.TIME64: {Kind: columnar.Time, Precision: 3},
	lib.INTERVAL_MONTHS:   {Kind: columnar.IntervalMonth},
	lib.INTERVAL_DAY_TIME: {Kind: columnar.IntervalDay}, lib.DURATION: {Kind: columnar.IntervalDay},
}

func decimalType(dt lib.DecimalType) (columnar.Type, error) {
	p, s := int(dt.GetPrecision()), int(dt.GetScale())
	if p < 1 || p > columnar.DigitsMax || s < 0 || s > p {
		return columnar.Type{}, fmt.Errorf("DECIMAL(%d, %d) is not supported", p, s)
	}
	return columnar.DecimalOf(p, s), nil
}

func nestedType(dt lib.NestedType, depth int) (columnar.Type, error) {
	switch dt := dt.(type) {
	case *lib.StructType:
		return rowType(dt.Fields(), depth)
	case *lib.MapType:
		t, err := rowType([]lib.Field{dt.KeyField(), dt.ItemField()}, depth)
		if err != nil {
			return t, err
		}
		t.Kind = columnar.Map
		t.Fields[0].Name, t.Fields[1].Name = "key", "value"
		return t, nil
	case lib.ListLikeType:
		elem := dt.ElemField()
		t, err := typeOf(elem.Type, depth+1)
		t.NotNull = !elem.Nullable
		return columnar.ArrayOf(t), err
	}
	return columnar.Type{}, fmt.Errorf("the Arrow type %s is not supported", dt)
}

func rowType(fields []lib.Field, depth int) (columnar.Type, error) {
	row := columnar.Type{Kind: columnar.Row}
	for _, f := range fields {
		t, err := typeOf(f.Type, depth+1)
		if err != nil {
			return row, err
		}
		t.NotNull = !f.Nullable
		row.Fields = append(row.Fields, columnar.Field{Name: f.Name, Type: t})
	}
	return row, nil
}

// arrowSchema is the Arrow schema of columns; strings is the type of texts.
func arrowSchema(s *columnar.Schema, strings lib.DataType) (*lib.Schema, error) {
	fields := make([]lib.Field, len(s.Fields))
	for i, f := range s.Fields {
		dt, err := arrowType(f.Type, strings, 0)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", f.Name, err)
		}
		fields[i] = lib.Field{Name: f.Name, Type: dt, Nullable: !f.Type.NotNull}
		if back, err := typeOf(dt, 0); err != nil || back.Equal(f.Type.Nullable()) {
			continue
		}
		text, err := json.Marshal(f.Type)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", f.Name, err)
		}
		fields[i].Metadata = lib.NewMetadata([]string{typeKey}, []string{string(text)})
	}
	return lib.NewSchema(fields, nil), nil
}

var arrowTypes = map[columnar.Kind]lib.DataType{
	columnar.Null: lib.Null, columnar.Boolean: lib.FixedWidthTypes.Boolean,
	columnar.TinyInt: lib.PrimitiveTypes.Int8, columnar.SmallInt: lib.PrimitiveTypes.Int16,
	columnar.Integer: lib.PrimitiveTypes.Int32, columnar.BigInt: lib.PrimitiveTypes.Int64,
	columnar.Float: lib.PrimitiveTypes.Float32, columnar.Double: lib.PrimitiveTypes.Float64,
	columnar.Date: lib.FixedWidthTypes.Date32, columnar.Time: lib.FixedWidthTypes.Time32ms,
	columnar.IntervalMonth: lib.FixedWidthTypes.MonthInterval, columnar.IntervalDay: lib.FixedWidthTypes.Duration_us,
}

// arrowType is the Arrow type that a SQL type is written as.
func arrowType(t columnar.Type, strings lib.DataType, depth int) (lib.DataType, error) {
	if depth > nestingMax {
		return nil, fmt.Errorf("nested deeper than %d", nestingMax)
	}
	switch t.Kind {
	case columnar.Decimal:
		return &lib.Decimal128Type{Precision: int32(t.Precision), Scale: int32(t.Scale)}, nil
	case columnar.Char, columnar.Varchar:
		return strings, nil
	case columnar.Binary:
		return &lib.FixedSizeBinaryType{ByteWidth: t.Precision}, nil
	case columnar.Varbinary:
		if strings.ID() == lib.STRING_VIEW {
			return lib.BinaryTypes.BinaryView, nil
		}
		return lib.BinaryTypes.Binary, nil
	case columnar.Timestamp:
		return &lib.TimestampType{Unit: unitOf(t.Precision)}, nil
	case columnar.TimestampLTZ:
		return &lib.TimestampType{Unit: unitOf(t.Precision), TimeZone: "UTC"}, nil
	case columnar.Array, columnar.Map, columnar.Row:
		return arrowNested(t, strings, depth)
	}
	if dt, ok := arrowTypes[t.Kind]; ok {
		return dt, nil
	}
	return nil, fmt.Errorf("%s cannot be stored", t)
}

func unitOf(precision int) lib.TimeUnit {
	switch columnar.UnitsPerSecond(precision) {
	case 1e3:
		return lib.Millisecond
	case 1e6:
		return lib.Microsecond
	}
	return lib.Nanosecond
}

func arrowNested(t columnar.Type, strings lib.DataType, depth int) (lib.DataType, error) {
	fields := make([]lib.Field, len(t.Fields))
	for i, f := range t.Fields {
		dt, err := arrowType(f.Type, strings, depth+1)
		if err != nil {
			return nil, err
		}
		fields[i] = lib.Field{Name: f.Name, Type: dt, Nullable: !f.Type.NotNull}
	}
	switch {
	case t.Kind == columnar.Row:
		return lib.StructOf(fields...), nil
	case t.Kind == columnar.Array && len(fields) == 1:
		fields[0].Name = "item"
		return lib.ListOfField(fields[0]), nil
	case t.Kind == columnar.Map && len(fields) == 2:
		return lib.MapOfFields(
			lib.Field{Name: "key", Type: fields[0].Type},
			lib.Field{Name: "value", Type: fields[1].Type, Nullable: fields[1].Nullable},
		), nil
	}
	return nil, fmt.Errorf("%s cannot be stored", t)
}
