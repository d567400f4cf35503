package govalue

import (
	"reflect"
	"time"
	"unsafe"

	"github.com/anabranch/anabranch/columnar"
)

// Column moves one field of many rows between Go values and a vector. A row's field is given by
// its address; nil stands for a row whose value is null because something around it is.
type Column interface {
	// Type is the SQL type.
	Type() columnar.Type
	// Encode fills v, which was Reset to the number of addresses.
	Encode(v *columnar.Vector, at []unsafe.Pointer)
	// Decode writes row rows[i] of v to at[i], which holds a zero value.
	Decode(v *columnar.Vector, rows []int32, at []unsafe.Pointer)
}

// values is where the values of v lie, which for a dictionary is not v.
func values(v *columnar.Vector) *columnar.Vector {
	if v.Enc == columnar.Dictionary {
		return v.Dict
	}
	return v
}

type goNumber interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~float32 | ~float64
}

type sqlNumber interface {
	int8 | int16 | int32 | int64 | float32 | float64
}

// numberColumn holds G as V, which has all values of G.
type numberColumn[G goNumber, V sqlNumber] struct{ t columnar.Type }

func (c numberColumn[G, V]) Type() columnar.Type { return c.t.Required() }

func (c numberColumn[G, V]) Encode(v *columnar.Vector, at []unsafe.Pointer) {
	dst := columnar.Values[V](v)[:len(at)]
	for i, p := range at {
		if p == nil {
			dst[i] = 0
			v.SetNull(i)
			continue
		}
		dst[i] = V(*(*G)(p))
	}
}

func (c numberColumn[G, V]) Decode(v *columnar.Vector, rows []int32, at []unsafe.Pointer) {
	src := columnar.Values[V](values(v))
	for i, p := range at {
		if r := int(rows[i]); p != nil && !v.IsNull(r) {
			*(*G)(p) = G(src[v.Index(r)])
		}
	}
}

type boolColumn struct{}

func (boolColumn) Type() columnar.Type { return columnar.TypeBoolean.Required() }

func (boolColumn) Encode(v *columnar.Vector, at []unsafe.Pointer) {
	bits := v.Bits()
	for i, p := range at {
		bits.SetTo(i, p != nil && *(*bool)(p))
		if p == nil {
			v.SetNull(i)
		}
	}
}

func (boolColumn) Decode(v *columnar.Vector, rows []int32, at []unsafe.Pointer) {
	bits := values(v).Bits()
	for i, p := range at {
		if r := int(rows[i]); p != nil && !v.IsNull(r) {
			*(*bool)(p) = bits.Get(v.Index(r))
		}
	}
}

type stringColumn struct{}

func (stringColumn) Type() columnar.Type { return columnar.TypeString.Required() }

func (stringColumn) Encode(v *columnar.Vector, at []unsafe.Pointer) {
	for i, p := range at {
		if p == nil {
			v.SetNull(i)
			continue
		}
		v.SetString(i, *(*string)(p))
	}
}

func (stringColumn) Decode(v *columnar.Vector, rows []int32, at []unsafe.Pointer) {
	for i, p := range at {
		if r := int(rows[i]); p != nil && !v.IsNull(r) {
			*(*string)(p) = string(v.Bytes(r))
		}
	}
}

// bytesColumn takes a nil slice for null.
type bytesColumn struct{}

func (bytesColumn) Type() columnar.Type { return columnar.TypeBytes }

func (bytesColumn) Encode(v *columnar.Vector, at []unsafe.Pointer) {
	for i, p := range at {
		if p == nil || *(*[]byte)(p) == nil {
			v.SetNull(i)
			continue
		}
		v.SetBytes(i, *(*[]byte)(p))
	}
}

func (bytesColumn) Decode(v *columnar.Vector, rows []int32, at []unsafe.Pointer) {
	for i, p := range at {
		if r := int(rows[i]); p != nil && !v.IsNull(r) {
			*(*[]byte)(p) = append([]byte{}, v.Bytes(r)...)
		}
	}
}

// timeColumn keeps microseconds; what comes back is in UTC.
type timeColumn struct{}

func (timeColumn) Type() columnar.Type { return columnar.TimestampLTZOf(6).Required() }

func (timeColumn) Encode(v *columnar.Vector, at []unsafe.Pointer) {
	dst := columnar.Values[int64](v)
	for i, p := range at {
		if p == nil {
			dst[i] = 0
			v.SetNull(i)
			continue
		}
		dst[i] = (*time.Time)(p).UnixMicro()
	}
}

func (timeColumn) Decode(v *columnar.Vector, rows []int32, at []unsafe.Pointer) {
	src := columnar.Values[int64](values(v))
	for i, p := range at {
		if r := int(rows[i]); p != nil && !v.IsNull(r) {
			*(*time.Time)(p) = TimeOf(src[v.Index(r)])
		}
	}
}

// TimeOf is the time so many microseconds after 1970, in UTC.
func TimeOf(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// pointerColumn is the value pointed to, or null.
type pointerColumn struct {
	elem  reflect.Type
	inner Column
}

func (c pointerColumn) Type() columnar.Type { return c.inner.Type().Nullable() }

func (c pointerColumn) Encode(v *columnar.Vector, at []unsafe.Pointer) {
	to := make([]unsafe.Pointer, len(at))
	for i, p := range at {
		if p != nil {
			to[i] = *(*unsafe.Pointer)(p)
		}
	}
	c.inner.Encode(v, to)
}

func (c pointerColumn) Decode(v *columnar.Vector, rows []int32, at []unsafe.Pointer) {
	to := make([]unsafe.Pointer, len(at))
	for i, p := range at {
		if p != nil && !v.IsNull(int(rows[i])) {
			to[i] = reflect.New(c.elem).UnsafePointer()
			*(*unsafe.Pointer)(p) = to[i]
		}
	}
	c.inner.Decode(v, rows, to)
}

// rowColumn is a struct within a row.
type rowColumn struct{ fields []fieldCodec }

func (c rowColumn) Type() columnar.Type {
	list := make([]columnar.Field, len(c.fields))
	for i, f := range c.fields {
		list[i] = columnar.Field{Name: f.name, Type: f.column.Type()}
	}
	return columnar.RowOf(list...).Required()
}

func (c rowColumn) Encode(v *columnar.Vector, at []unsafe.Pointer) {
	field := make([]unsafe.Pointer, len(at))
	for k, f := range c.fields {
		moveAll(field, at, f.offset)
		f.column.Encode(v.Children[k], field)
	}
	for i, p := range at {
		if p == nil {
			v.SetNull(i)
		}
	}
}

func (c rowColumn) Decode(v *columnar.Vector, rows []int32, at []unsafe.Pointer) {
	if v.Enc == columnar.Constant {
		rows = make([]int32, len(rows))
	}
	field := make([]unsafe.Pointer, len(at))
	for k, f := range c.fields {
		moveAll(field, at, f.offset)
		f.column.Decode(v.Children[k], rows, field)
	}
}

// moveAll makes dst the addresses in at moved by offset, nil where they are.
func moveAll(dst, at []unsafe.Pointer, offset uintptr) {
	for i, p := range at {
		dst[i] = nil
		if p != nil {
			dst[i] = unsafe.Add(p, offset)
		}
	}
}

// Coder is a codec with the memory of one operator.
type Coder[T any] struct {
	codec *Codec
	rows  []T
	start []unsafe.Pointer // of rows
	at    []unsafe.Pointer // of a field of rows
}

// NewCoder makes the coder of rows that c is the codec of.
func NewCoder[T any](c *Codec) *Coder[T] { return &Coder[T]{codec: c} }

// Codec is the codec.
func (c *Coder[T]) Codec() *Codec { return c.codec }

// Width is the number of columns.
func (c *Coder[T]) Width() int { return len(c.codec.fields) }

func (c *Coder[T]) address(rows []T) {
	c.start, c.at = c.start[:0], c.at[:0]
	for i := range rows {
		c.start = append(c.start, unsafe.Pointer(&rows[i]))
	}
	c.at = append(c.at, c.start...)
}

// forget drops the addresses, which would keep user values alive.
func (c *Coder[T]) forget() {
	clear(c.start)
	clear(c.at)
}

// Encode makes cols the columns of rows.
func (c *Coder[T]) Encode(cols []*columnar.Vector, rows []T) {
	c.address(rows)
	for k, f := range c.codec.fields {
		cols[k].Reset(len(rows))
		moveAll(c.at, c.start, f.offset)
		f.column.Encode(cols[k], c.at)
	}
	c.forget()
}

// Decode makes values of the rows at the given Positions; the slice is used again by the next
// call, what the values refer to is not.
func (c *Coder[T]) Decode(cols []*columnar.Vector, rows []int32) []T {
	if cap(c.rows) < len(rows) {
		c.rows = make([]T, len(rows))
	}
	c.rows = c.rows[:len(rows)]
	clear(c.rows)
	c.address(c.rows)
	for k, f := range c.codec.fields {
		moveAll(c.at, c.start, f.offset)
		f.column.Decode(cols[k], rows, c.at)
	}
	c.forget()
	return c.rows
}

// Positions lists the live rows of batches.
type Positions struct{ all []int32 }

// Of are the Positions of b's live rows, valid as long as b is.
func (p *Positions) Of(b *columnar.Batch) []int32 {
	if b.Sel != nil {
		return b.Sel
	}
	for i := len(p.all); i < b.Len(); i++ {
		p.all = append(p.all, int32(i))
	}
	return p.all[:b.Len()]
}
