package json

import (
	"fmt"
	"io"
	"math"
	"unicode/utf8"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/format/text"
)

// Writer writes batches as one object a line. It is for one goroutine and buffers nothing beyond a
// batch.
type Writer struct {
	w     io.Writer
	iso   bool
	omits bool     // fields that are null are left out
	keys  [][]byte // `"name":` of the columns
	buf   []byte
}

// NewWriter writes rows of the schema; of the options it uses Timestamps and OmitNulls.
func NewWriter(w io.Writer, schema *columnar.Schema, opt Options) (*Writer, error) {
	if err := opt.Validate(); err != nil {
		return nil, fmt.Errorf("json: %w", err)
	}
	j := &Writer{w: w, iso: opt.Timestamps == ISO8601, omits: opt.OmitNulls}
	for _, f := range schema.Fields {
		if err := supported(f.Type); err != nil {
			return nil, fmt.Errorf("json: column %q: %w", f.Name, err)
		}
		j.keys = append(j.keys, append(appendString(nil, []byte(f.Name)), ':'))
	}
	return j, nil
}

// Write appends the live rows of b.
func (j *Writer) Write(b *columnar.Batch) error {
	j.buf = j.buf[:0]
	for k := range b.Live() {
		i := b.Row(k)
		j.buf = append(j.buf, '{')
		for c, v := range b.Cols {
			if j.omits && v.IsNull(i) {
				continue
			}
			j.comma()
			j.buf = append(j.buf, j.keys[c]...)
			j.value(v, i)
		}
		j.buf = append(j.buf, '}', '\n')
	}
	_, err := j.w.Write(j.buf)
	return err
}

// comma separates a field from the one before it.
func (j *Writer) comma() {
	if j.buf[len(j.buf)-1] != '{' {
		j.buf = append(j.buf, ',')
	}
}

// value appends row i of v.
func (j *Writer) value(v *columnar.Vector, i int) {
	if v.IsNull(i) {
		j.buf = append(j.buf, "null"...)
		return
	}
	if v.Enc == columnar.Constant && v.Type.IsNested() {
		i = 0
	}
	switch t := v.Type; {
	case t.Kind == columnar.Row:
		j.buf = append(j.buf, '{')
		for c, child := range v.Children {
			if j.omits && child.IsNull(i) {
				continue
			}
			j.comma()
			j.buf = append(appendString(j.buf, []byte(t.Fields[c].Name)), ':')
			j.value(child, i)
		}
		j.buf = append(j.buf, '}')
	case t.Kind == columnar.Array:
		j.buf = append(j.buf, '[')
		for k := v.Offsets()[i]; k < v.Offsets()[i+1]; k++ {
			if k > v.Offsets()[i] {
				j.buf = append(j.buf, ',')
			}
			j.value(v.Children[0], int(k))
		}
		j.buf = append(j.buf, ']')
	case t.Kind == columnar.Map:
		j.buf = append(j.buf, '{')
		for k := v.Offsets()[i]; k < v.Offsets()[i+1]; k++ {
			if k > v.Offsets()[i] {
				j.buf = append(j.buf, ',')
			}
			j.buf = append(appendString(j.buf, v.Children[0].Bytes(int(k))), ':')
			j.value(v.Children[1], int(k))
		}
		j.buf = append(j.buf, '}')
	default:
		j.scalar(v, i)
	}
}

func (j *Writer) scalar(v *columnar.Vector, i int) {
	t := v.Type
	switch {
	case t.IsString():
		j.buf = appendString(j.buf, v.Bytes(i))
	case t.IsBinary() || t.Kind == columnar.Date || t.Kind == columnar.Time:
		j.buf = append(text.Append(append(j.buf, '"'), v, i), '"')
	case t.IsTimestamp():
		start := len(j.buf)
		j.buf = append(text.Append(append(j.buf, '"'), v, i), '"')
		if at := start + 11; j.iso && at < len(j.buf) && j.buf[at] == ' ' {
			j.buf[at] = 'T'
		}
	case t.IsFloat():
		start := len(j.buf)
		j.buf = text.Append(j.buf, v, i)
		// JSON has no NaN and infinities; they are strings, which the reader takes back.
		if f, _ := text.ParseFloat(j.buf[start:]); math.IsNaN(f) || math.IsInf(f, 0) {
			s := string(j.buf[start:])
			j.buf = append(append(append(j.buf[:start], '"'), s...), '"')
		}
	default:
		j.buf = text.Append(j.buf, v, i)
	}
}

const hexDigits = "0123456789abcdef"

// appendString appends s in quotes; bytes that are not UTF-8 become replacement characters.
func appendString(b, s []byte) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(s[i:])
			if r == utf8.RuneError && n == 1 {
				b = append(append(b, s[from:i]...), "\ufffd"...)
				from = i + 1
			}
			i += n
			continue
		}
		i++
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[from:i-1]...)
		from = i
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(append(b, s[from:]...), '"')
}
