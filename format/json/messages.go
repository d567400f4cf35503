package json

import (
	"errors"
	"fmt"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/format/text"
)

// Messages decodes single objects, such as the values of a topic, into rows of columns. One goroutine
// uses it.
type Messages struct {
	text.Decoded
	plan plan
	d    decoder
	buf  []byte
}

// NewMessages makes a decoder of objects with the fields of schema.
func NewMessages(schema *columnar.Schema, opt Options) (*Messages, error) {
	m := &Messages{plan: newPlan(columnar.Type{Kind: columnar.Row, Fields: schema.Fields})}
	m.d.iso, m.d.failMissing, m.d.multi = opt.Timestamps == ISO8601, opt.FailOnMissing, true
	var err error
	m.Decoded, err = text.NewDecoded(schema, supported)
	return m, errors.Join(opt.Validate(), err)
}

// Decode decodes an object into a row; rows come in order, and one that failed may be decoded again.
func (m *Messages) Decode(row int, object []byte) error {
	if need := len(object) + slack + 1; cap(m.buf) < need {
		m.buf = make([]byte, 0, 2*need)
	}
	m.buf = append(append(m.buf[:0], object...), 0)
	d := &m.d
	d.b, d.pos, d.msg, d.depth = m.buf, 0, "", 0
	d.space()
	ok := d.object(&m.plan, m.Columns(), row)
	if ok {
		if d.space(); d.pos != len(object) {
			ok = d.fail("text behind the object")
		}
	}
	if !ok {
		return fmt.Errorf("byte %d: %s", d.pos+1, d.msg)
	}
	return nil
}

// Null makes all columns of a row null, whatever their types say: what its message is missing altogether.
func (m *Messages) Null(row int) {
	for _, v := range m.Columns() {
		setNull(v, row)
	}
}
