package render

import (
	"time"

	"github.com/anabranch/anabranch/columnar"
)

// textual is an encoder in front of another that turns the columns its format does not know into
// text, as CAST(... AS STRING) shows it.
type textual struct {
	encoder
	schema   *columnar.Schema
	convert  []bool
	location *time.Location
	buf      []byte
}

// lacks reports whether a file format has no form for a type.
func lacks(format string, t columnar.Type) bool {
	if format == "arrow" {
		return false
	}
	if t.IsInterval() || t.Kind == columnar.Null || t.IsNested() && format == "csv" {
		return true
	}
	if t.Kind == columnar.Map && format == "json" && !t.Fields[0].Type.IsString() {
		return true
	}
	for _, f := range t.Fields {
		if lacks(format, f.Type) {
			return true
		}
	}
	return false
}

// newTextual makes the encoder of a format with text for the columns it lacks.
func newTextual(format string, s *columnar.Schema, location *time.Location, build func(*columnar.Schema) (encoder, error)) (encoder, error) {
	t := &textual{schema: &columnar.Schema{}, convert: make([]bool, len(s.Fields)), location: location}
	needed := false
	for i, f := range s.Fields {
		if t.convert[i] = lacks(format, f.Type); t.convert[i] {
			f.Type, needed = columnar.TypeString, true
		}
		t.schema.Fields = append(t.schema.Fields, f)
	}
	var err error
	if t.encoder, err = build(t.schema); err != nil || !needed {
		return t.encoder, err
	}
	return t, nil
}

// Write converts and writes a batch.
func (t *textual) Write(b *columnar.Batch) error {
	out := &columnar.Batch{Schema: t.schema, Sel: b.Sel}
	for c, v := range b.Cols {
		if t.convert[c] {
			v = t.text(v, b)
		}
		out.Cols = append(out.Cols, v)
	}
	out.SetLen(b.Len())
	return t.encoder.Write(out)
}

func (t *textual) text(v *columnar.Vector, b *columnar.Batch) *columnar.Vector {
	text := columnar.NewVector(columnar.TypeString)
	text.Reset(b.Len())
	clear(columnar.Values[columnar.View](text))
	for k := range b.Live() {
		i := b.Row(k)
		if v.IsNull(i) {
			text.SetNull(i)
			continue
		}
		t.buf = columnar.AppendText(t.buf[:0], v, i, t.location)
		text.SetBytes(i, t.buf)
	}
	return text
}
