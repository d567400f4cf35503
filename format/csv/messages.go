package csv

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/format/text"
)

// Messages decodes single records, such as the values of a topic, into rows of columns. One goroutine
// uses it.
type Messages struct {
	text.Decoded
	schema *columnar.Schema
	d      Dialect
	null   []byte
	spans  []span
	undone []byte
}

// NewMessages makes a decoder of records with the columns of schema. Of the options it uses the dialect,
// but for the header, and NullText.
func NewMessages(schema *columnar.Schema, opt Options) (*Messages, error) {
	m := &Messages{schema: schema, d: opt.Dialect.withDefaults(), null: []byte(opt.NullText)}
	var err error
	m.Decoded, err = text.NewDecoded(schema, supported)
	return m, errors.Join(opt.Validate(), err)
}

// Decode decodes a record, with or without a line end, into a row; rows come in order, and one that
// failed may be decoded again.
func (m *Messages) Decode(row int, record []byte) error {
	spans, next, how := cut(m.spans[:0], record, 0, m.d, true)
	m.spans = spans
	switch {
	case how == broken:
		return errors.New(whyBroken)
	case next < len(record):
		return errors.New("text behind the line")
	case len(spans) != len(m.Columns()):
		return fmt.Errorf("%d fields where %d were wanted", len(spans), len(m.Columns()))
	}
	for i, v := range m.Columns() {
		if err := m.set(v, row, record, spans[i]); err != nil {
			return fmt.Errorf("column %q: %w", m.schema.Fields[i].Name, err)
		}
	}
	return nil
}

// Null makes all columns of a row null, whatever their types say: what its message is missing altogether.
func (m *Messages) Null(row int) {
	for _, v := range m.Columns() {
		v.SetNull(row)
	}
}

// set parses a field.
func (m *Messages) set(v *columnar.Vector, row int, record []byte, s span) error {
	b := record[s.from:s.to]
	if !s.quoted && bytes.Equal(b, m.null) {
		if !v.Type.NotNull {
			v.SetNull(row)
			return nil
		}
		return fmt.Errorf("%q is not %s", clip(b), v.Type)
	}
	if v.Valid != nil {
		v.Valid.Set(row) // the row may have been decoded before
	}
	if s.escaped {
		m.undone = undo(m.undone[:0], record, s, m.d)
		b = m.undone
	}
	if !text.Set(v, row, b) {
		return fmt.Errorf("%q is not %s", clip(b), v.Type)
	}
	return nil
}
