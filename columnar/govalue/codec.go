package govalue

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/anabranch/anabranch/columnar"
)

// tagName is the key of the struct tag that names a column; "-" leaves the field out.
const tagName = "anabranch"

// Codec maps values of one Go type to columns.
type Codec struct {
	fields []fieldCodec
}

type fieldCodec struct {
	name   string
	offset uintptr
	column Column
}

// Columns are the fields of a schema, their names behind prefix.
func (c *Codec) Columns(prefix string) []columnar.Field {
	list := make([]columnar.Field, len(c.fields))
	for i, f := range c.fields {
		list[i] = columnar.Field{Name: prefix + f.name, Type: f.column.Type()}
	}
	return list
}

// Width is the number of columns.
func (c *Codec) Width() int { return len(c.fields) }

// Of makes the codec of t: the fields of a struct are its columns, anything else is the one column
// "value". Types without columns, such as maps, are refused.
func Of(t reflect.Type) (*Codec, error) { return (&compiler{}).compile(t) }

// OfKey is Of for keys, which are compared in Go: it refuses pointers and floats.
func OfKey(t reflect.Type) (*Codec, error) { return (&compiler{key: true}).compile(t) }

// ColumnOf makes the codec of one value within a row; a struct is a ROW.
func ColumnOf(t reflect.Type) (Column, error) {
	c, err := (&compiler{}).column(t)
	if err != nil {
		return nil, fmt.Errorf("type %s: %w", t, err)
	}
	return c, nil
}

// compiler makes codecs. A key is compared in Go, so pointers and floats are refused in it.
type compiler struct {
	key  bool
	path []reflect.Type // structs around the current field
}

// compile makes the codec of t: the fields of a struct are its columns, anything else is the one
// column "value".
func (c *compiler) compile(t reflect.Type) (*Codec, error) {
	if t.Kind() == reflect.Struct && t != timeType {
		fields, err := c.structFields(t)
		if err != nil {
			return nil, fmt.Errorf("type %s: %w", t, err)
		}
		return &Codec{fields: fields}, nil
	}
	col, err := c.column(t)
	if err != nil {
		return nil, fmt.Errorf("type %s: %w", t, err)
	}
	return &Codec{fields: []fieldCodec{{name: "value", column: col}}}, nil
}

func (c *compiler) structFields(t reflect.Type) ([]fieldCodec, error) {
	if slices.Contains(c.path, t) {
		return nil, fmt.Errorf("%s contains itself", t)
	}
	c.path = append(c.path, t)
	defer func() { c.path = c.path[:len(c.path)-1] }()
	var list []fieldCodec
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Tag.Get(tagName)
		switch {
		case name == "-":
			continue
		case !f.IsExported():
			return nil, fmt.Errorf("field %s is not exported; the tag `%s:\"-\"` leaves it out", f.Name, tagName)
		case name == "":
			name = f.Name
		}
		if slices.ContainsFunc(list, func(l fieldCodec) bool { return l.name == name }) {
			return nil, fmt.Errorf("field %s: a second column %q", f.Name, name)
		}
		col, err := c.column(f.Type)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
		list = append(list, fieldCodec{name: name, offset: f.Offset, column: col})
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s has no fields", t)
	}
	return list, nil
}

var timeType = reflect.TypeFor[time.Time]()

// column makes the codec of a value within a row.
func (c *compiler) column(t reflect.Type) (Column, error) {
	switch {
	case t == timeType:
		return timeColumn{}, nil
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		return bytesColumn{}, nil
	case t.Kind() == reflect.Struct:
		fields, err := c.structFields(t)
		return rowColumn{fields: fields}, err
	case t.Kind() == reflect.Pointer && !c.key && t.Elem().Kind() != reflect.Pointer:
		elem, err := c.column(t.Elem())
		return pointerColumn{elem: t.Elem(), inner: elem}, err
	case c.key && (t.Kind() == reflect.Pointer || t.Kind() == reflect.Float32 || t.Kind() == reflect.Float64):
		return nil, fmt.Errorf("%s cannot be part of a key", t)
	}
	if col := simpleColumn(t.Kind()); col != nil {
		return col, nil
	}
	return nil, fmt.Errorf("%s is not supported: use booleans, integers other than uint and uint64, floats, strings, []byte, time.Time, structs of these or pointers to them", t)
}

// simpleColumn is the codec of a kind without parts, nil if there is none. Unsigned integers
// take the next wider SQL type, which has no unsigned ones.
func simpleColumn(k reflect.Kind) Column {
	switch k {
	case reflect.Bool:
		return boolColumn{}
	case reflect.String:
		return stringColumn{}
	case reflect.Int8:
		return numberColumn[int8, int8]{columnar.TypeTinyInt}
	case reflect.Uint8:
		return numberColumn[uint8, int16]{columnar.TypeSmallInt}
	case reflect.Int16:
		return numberColumn[int16, int16]{columnar.TypeSmallInt}
	case reflect.Uint16:
		return numberColumn[uint16, int32]{columnar.TypeInteger}
	case reflect.Int32:
		return numberColumn[int32, int32]{columnar.TypeInteger}
	case reflect.Uint32:
		return numberColumn[uint32, int64]{columnar.TypeBigInt}
	case reflect.Int64:
		return numberColumn[int64, int64]{columnar.TypeBigInt}
	case reflect.Int:
		return numberColumn[int, int64]{columnar.TypeBigInt}
	case reflect.Float32:
		return numberColumn[float32, float32]{columnar.TypeFloat}
	case reflect.Float64:
		return numberColumn[float64, float64]{columnar.TypeDouble}
	}
	return nil
}
