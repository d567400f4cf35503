package render

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/sql/ast"
)

// Protocol writes one line of JSON for each statement:
//
//	{"statement":1,"columns":[{"name":"n","type":"BIGINT"}],"rows":[["7"]],"error":null}
//
// BIGINT, DECIMAL, NaN and infinities are strings, so that no reader loses digits; times are
// ISO 8601, bytes base64, a ROW an array of its fields and a MAP an array of pairs.
type Protocol struct {
	w         *bufio.Writer
	statement int
	state     protocolState
	rows      int64
	buf       []byte
}

type protocolState uint8

const (
	outside protocolState = iota // no line is open
	opened                       // the line has its number
	inRows                       // the line has its columns
)

var _ Writer = (*Protocol)(nil)

// NewProtocol makes a protocol writer.
func NewProtocol(w io.Writer) *Protocol { return &Protocol{w: bufio.NewWriterSize(w, 64<<10)} }

// Statement opens the line of the next statement.
func (p *Protocol) Statement() error {
	p.statement++
	p.state, p.rows = opened, 0
	_, err := p.w.WriteString(`{"statement":` + strconv.Itoa(p.statement))
	return err
}

// Begin writes the columns.
func (p *Protocol) Begin(s *columnar.Schema) error {
	p.buf = append(p.buf[:0], `,"columns":[`...)
	for i, f := range s.Fields {
		if i > 0 {
			p.buf = append(p.buf, ',')
		}
		p.buf = appendJSON(append(p.buf, `{"name":`...), f.Name)
		p.buf = appendJSON(append(p.buf, `,"type":`...), f.Type.Nullable().String())
		p.buf = append(p.buf, '}')
	}
	p.buf = append(p.buf, `],"rows":[`...)
	p.state = inRows
	_, err := p.w.Write(p.buf)
	return err
}

// Rows writes a batch.
func (p *Protocol) Rows(b *columnar.Batch) error {
	for k := range b.Live() {
		p.buf = p.buf[:0]
		if p.rows++; p.rows > 1 {
			p.buf = append(p.buf, ',')
		}
		p.buf = append(p.buf, '[')
		for c, v := range b.Cols {
			if c > 0 {
				p.buf = append(p.buf, ',')
			}
			p.buf = AppendValue(p.buf, v, b.Row(k))
		}
		p.buf = append(p.buf, ']')
		if _, err := p.w.Write(p.buf); err != nil {
			return err
		}
	}
	return nil
}

// End does nothing: Finish ends the line.
func (p *Protocol) End() error { return nil }

// Failure is how the protocol tells an error.
type Failure struct {
	Class   string `json:"class"`
	Message string `json:"message"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
}

// Finish ends the line of the statement with its error, if it had one.
func (p *Protocol) Finish(failure error) error {
	if p.state == opened {
		if err := p.Begin(&columnar.Schema{}); err != nil {
			return err
		}
	}
	p.buf = append(p.buf[:0], `],"error":`...)
	if failure == nil {
		p.buf = append(p.buf, "null"...)
	} else {
		p.buf = appendJSON(p.buf, FailureOf(failure))
	}
	p.state = outside
	if _, err := p.w.Write(append(p.buf, '}', '\n')); err != nil {
		return err
	}
	return p.w.Flush()
}

// FailureOf is err for the protocol.
func FailureOf(err error) Failure {
	var e *ast.Error
	switch {
	case errors.As(err, &e):
		e = maskedError(e)
		message := e.Msg
		if e.Hint != "" {
			message += " (" + e.Hint + ")"
		}
		return Failure{Class: e.Class.String(), Message: Mask(message), Line: e.Line, Column: e.Column}
	case errors.Is(err, context.Canceled):
		return Failure{Class: "cancelled", Message: "the statement was cancelled"}
	}
	return Failure{Class: "runtime", Message: Mask(err.Error())}
}

// appendJSON appends x as encoding/json writes it, but without its escapes for HTML.
func appendJSON(dst []byte, x any) []byte {
	out := bytes.NewBuffer(dst)
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	if err := e.Encode(x); err != nil {
		return append(dst, "null"...)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte{'\n'})
}

// appendString appends a text; one of plain ASCII needs no encoder.
func appendString(dst, s []byte) []byte {
	for _, c := range s {
		if c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			return appendJSON(dst, string(s))
		}
	}
	return append(append(append(dst, '"'), s...), '"')
}

// AppendValue appends row i of v in the protocol's form.
func AppendValue(dst []byte, v *columnar.Vector, i int) []byte {
	if v.IsNull(i) {
		return append(dst, "null"...)
	}
	switch t := v.Type; {
	case t.IsNested():
		return appendNested(dst, v, v.Index(i))
	case t.IsString():
		return appendString(dst, v.Bytes(i))
	case t.IsBinary():
		return append(base64.StdEncoding.AppendEncode(append(dst, '"'), v.Bytes(i)), '"')
	case t.Kind == columnar.Boolean:
		if values, at := valuesOf(v, i); values.Bits().Get(at) {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case t.Kind == columnar.Float:
		values, at := valuesOf(v, i)
		return appendFloat(dst, float64(columnar.Values[float32](values)[at]), 32)
	case t.Kind == columnar.Double:
		values, at := valuesOf(v, i)
		return appendFloat(dst, columnar.Values[float64](values)[at], 64)
	case t.IsInteger() && t.Kind != columnar.BigInt:
		return columnar.AppendText(dst, v, i, time.UTC)
	}
	dst = append(dst, '"')
	start := len(dst)
	dst = columnar.AppendText(dst, v, i, time.UTC)
	if v.Type.IsTimestamp() {
		for at := start; at < len(dst); at++ {
			if dst[at] == ' ' {
				dst[at] = 'T'
				break
			}
		}
		if v.Type.Kind == columnar.TimestampLTZ {
			dst = append(dst, 'Z')
		}
	}
	return append(dst, '"')
}

// valuesOf finds where the value of row i lies.
func valuesOf(v *columnar.Vector, i int) (values *columnar.Vector, at int) {
	at = v.Index(i)
	if v.Enc == columnar.Dictionary {
		v = v.Dict
	}
	return v, at
}

func appendFloat(dst []byte, f float64, bits int) []byte {
	switch {
	case f != f:
		return append(dst, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(dst, `"-Infinity"`...)
	}
	return strconv.AppendFloat(dst, f, 'g', -1, bits)
}

func appendNested(dst []byte, v *columnar.Vector, i int) []byte {
	dst = append(dst, '[')
	if v.Type.Kind == columnar.Row {
		for c, child := range v.Children {
			if c > 0 {
				dst = append(dst, ',')
			}
			dst = AppendValue(dst, child, i)
		}
		return append(dst, ']')
	}
	offsets := v.Offsets()
	for e := offsets[i]; e < offsets[i+1]; e++ {
		if e > offsets[i] {
			dst = append(dst, ',')
		}
		if v.Type.Kind == columnar.Map {
			dst = AppendValue(append(dst, '['), v.Children[0], int(e))
			dst = append(AppendValue(append(dst, ','), v.Children[1], int(e)), ']')
			continue
		}
		dst = AppendValue(dst, v.Children[0], int(e))
	}
	return append(dst, ']')
}
