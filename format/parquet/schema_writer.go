package parquet

import (
	"fmt"

	"github.com/anabranch/anabranch/columnar"
)

// elementsOf is the schema as Parquet's flat list of elements.
func elementsOf(s *columnar.Schema) ([]element, error) {
	out := []element{{name: "schema", typ: -1, converted: -1, children: len(s.Fields)}}
	for _, f := range s.Fields {
		var err error
		if out, err = appendElement(out, f.Name, f.Type); err != nil {
			return nil, fmt.Errorf("column %q: %w", f.Name, err)
		}
	}
	return out, nil
}

func appendElement(out []element, name string, t columnar.Type) ([]element, error) {
	e := element{name: name, typ: -1, converted: -1, repetition: repOptional}
	if t.NotNull {
		e.repetition = repRequired
	}
	if !t.IsNested() {
		if err := leafElement(&e, t); err != nil {
			return nil, err
		}
		return append(out, e), nil
	}
	fields := t.Fields
	switch e.children = len(fields); t.Kind {
	case columnar.Array:
		e.children, e.converted, e.logical.kind = 1, convertedList, logicalList
		out = append(out, e, element{name: "list", typ: -1, converted: -1, repetition: repRepeated, children: 1})
		return appendElement(out, "element", fields[0].Type)
	case columnar.Map:
		e.children, e.converted, e.logical.kind = 1, convertedMap, logicalMap
		out = append(out, e, element{name: "key_value", typ: -1, converted: -1, repetition: repRepeated, children: 2})
		fields = []columnar.Field{{Name: "key", Type: fields[0].Type.Required()}, {Name: "value", Type: fields[1].Type}}
	default:
		if len(fields) == 0 {
			return nil, fmt.Errorf("%s without fields cannot be stored", t)
		}
		out = append(out, e)
	}
	for _, f := range fields {
		var err error
		if out, err = appendElement(out, f.Name, f.Type); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// leafElement sets how a type that is not nested is stored. Converted types are written where
// one exists, for readers older than logical types.
func leafElement(e *element, t columnar.Type) error {
	switch t.Kind {
	case columnar.Boolean:
		e.typ = physBoolean
	case columnar.TinyInt, columnar.SmallInt:
		e.typ, e.converted = physInt32, 15+int(t.Kind-columnar.TinyInt)
		e.logical = logical{kind: logicalInt, bits: 8 << (t.Kind - columnar.TinyInt), signed: true}
	case columnar.Integer:
		e.typ = physInt32
	case columnar.BigInt:
		e.typ = physInt64
	case columnar.Float:
		e.typ = physFloat
	case columnar.Double:
		e.typ = physDouble
	case columnar.Decimal:
		e.converted, e.scale, e.precision = convertedDecimal, t.Scale, t.Precision
		e.logical = logical{kind: logicalDecimal, scale: t.Scale, precision: t.Precision}
		switch {
		case t.Precision <= 9:
			e.typ = physInt32
		case t.Precision <= columnar.NarrowDigits:
			e.typ = physInt64
		default:
			e.typ, e.length = physFixed, 16
		}
	case columnar.Char, columnar.Varchar:
		e.typ, e.converted, e.logical.kind = physByteArray, convertedUTF8, logicalString
	case columnar.Binary, columnar.Varbinary:
		e.typ = physByteArray
	case columnar.Date:
		e.typ, e.converted, e.logical.kind = physInt32, convertedDate, logicalDate
	case columnar.Time:
		e.typ, e.converted = physInt32, convertedTimeMillis
		e.logical = logical{kind: logicalTime, unit: unitMillis}
	case columnar.Timestamp, columnar.TimestampLTZ:
		e.typ = physInt64
		e.logical = logical{kind: logicalTimestamp, unit: timeUnit(t.Precision), utc: t.Kind == columnar.TimestampLTZ}
	default:
		return fmt.Errorf("%s cannot be stored in Parquet", t)
	}
	return nil
}

func timeUnit(precision int) int {
	switch columnar.UnitsPerSecond(precision) {
	case 1e3:
		return unitMillis
	case 1e6:
		return unitMicros
	}
	return unitNanos
}

func (c *compactWriter) element(e *element, root bool) {
	c.begin()
	if e.typ >= 0 {
		c.int32(1, int(e.typ))
	}
	if e.typ == physFixed {
		c.int32(2, e.length)
	}
	if !root {
		c.int32(3, e.repetition)
	}
	c.bytes(4, []byte(e.name))
	if e.typ < 0 {
		c.int32(5, e.children)
	}
	if e.converted >= 0 {
		c.int32(6, e.converted)
	}
	if e.logical.kind == logicalDecimal {
		c.int32(7, e.scale)
		c.int32(8, e.precision)
	}
	if e.logical.kind != logicalNone {
		c.open(10)
		c.logical(&e.logical)
		c.end()
	}
	c.end()
}

func (c *compactWriter) logical(l *logical) {
	c.open(l.kind)
	switch l.kind {
	case logicalDecimal:
		c.int32(1, l.scale)
		c.int32(2, l.precision)
	case logicalTime, logicalTimestamp:
		c.bool(1, l.utc)
		c.open(2)
		c.open(l.unit)
		c.end()
		c.end()
	case logicalInt:
		c.field(1, thriftByte)
		c.b = append(c.b, byte(l.bits))
		c.bool(2, l.signed)
	}
	c.end()
}
