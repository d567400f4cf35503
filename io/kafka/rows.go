package kafka

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/anabranch/anabranch/catalog/deadletter"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/format/json"
)

// rows turns records into the wanted columns of a batch.
type rows struct {
	value, key part
	metadata   []metadataColumn
	out        *columnar.Batch
	n          int
	bad, empty int64
	skip       bool
}

// part decodes the columns that values or keys hold; nothing if none of them is wanted.
type part struct {
	json *json.Messages
	raw  *columnar.Vector
}

type metadataColumn struct {
	key string
	v   *columnar.Vector
}

// newRows makes the decoders of the columns wanted.
func newRows(t *table, req dataflow.ReadRequest) (*rows, error) {
	r := &rows{out: &columnar.Batch{Schema: t.spec.Schema.Project(req.Columns)}}
	r.out.Cols = make([]*columnar.Vector, len(req.Columns))
	r.skip = t.bad.Policy == deadletter.Skip || t.bad.Policy == deadletter.Keep && req.Bad == nil
	physical := len(t.physical())
	fromKey := map[int]int{} // place in the key by column
	for i, c := range t.keyColumns {
		fromKey[c] = i
	}
	values, keys := &columnar.Schema{}, &columnar.Schema{}
	var valueAt, keyAt []int // positions in the batch
	for at, c := range req.Columns {
		f := t.spec.Schema.Fields[c]
		k, inKey := fromKey[c]
		switch {
		case c >= physical:
			v := columnar.NewVector(f.Type)
			r.metadata = append(r.metadata, metadataColumn{t.spec.Metadata[c-physical], v})
			r.out.Cols[at] = v
		case inKey:
			// As in Flink the key's value counts where both have the column.
			keys.Fields = append(keys.Fields, columnar.Field{Name: t.keyNames[k], Type: f.Type})
			keyAt = append(keyAt, at)
		default:
			values.Fields = append(values.Fields, f)
			valueAt = append(valueAt, at)
		}
	}
	var err error
	if err = r.value.open(t.value, values, valueAt, r.out); err == nil {
		err = r.key.open(t.key, keys, keyAt, r.out)
	}
	return r, err
}

func (p *part) open(f formatOptions, s *columnar.Schema, at []int, out *columnar.Batch) (err error) {
	if f.format == "raw" && len(at) > 0 {
		p.raw = columnar.NewVector(s.Fields[0].Type)
		out.Cols[at[0]] = p.raw
	}
	// Values in JSON are decoded even if no column is wanted: a bad one is an error all the same.
	if f.format != "json" {
		return nil
	}
	if p.json, err = json.NewMessages(s, f.json); err != nil {
		return err
	}
	for i, v := range p.json.Columns() {
		out.Cols[at[i]] = v
	}
	return nil
}

func (p *part) decode(row int, b []byte) error {
	switch {
	case p.json != nil:
		return p.json.Decode(row, b)
	case p.raw != nil && b == nil:
		p.raw.SetNull(row)
	case p.raw != nil:
		p.raw.SetBytes(row, b)
	}
	return nil
}

func (p *part) reset(n int) {
	if p.json != nil {
		p.json.Reset(n)
	}
	if p.raw != nil {
		p.raw.Reset(n)
	}
}

func (p *part) truncate(n int) {
	if p.json != nil {
		p.json.Truncate(n)
	}
	if p.raw != nil {
		p.raw.Truncate(n)
	}
}

// reset begins a batch of up to limit rows.
func (r *rows) reset(limit int) {
	r.n = 0
	r.value.reset(limit)
	r.key.reset(limit)
	for _, m := range r.metadata {
		m.v.Reset(0)
	}
}

// keyError is what is wrong with a record's key.
type keyError struct{ err error }

// Error says that it is the key.
func (e *keyError) Error() string { return "key: " + e.err.Error() }

// Unwrap is what is wrong.
func (e *keyError) Unwrap() error { return e.err }

// add decodes a record into the next row. A record without a value is a deletion, which a table of
// new rows leaves out.
func (r *rows) add(record *kgo.Record) error {
	if record.Value == nil && r.value.raw == nil {
		r.empty++
		return nil
	}
	err := r.value.decode(r.n, record.Value)
	if err != nil {
		err = fmt.Errorf("value: %w", err)
	} else if err = r.key.decode(r.n, record.Key); err != nil {
		err = &keyError{err}
	}
	if err != nil && r.skip {
		r.bad++
		return nil
	}
	if err != nil {
		return err
	}
	for _, m := range r.metadata {
		m.add(record)
	}
	r.n++
	return nil
}

// batch is what was added; it is borrowed until the next reset.
func (r *rows) batch() *columnar.Batch {
	r.value.truncate(r.n)
	r.key.truncate(r.n)
	r.out.Sel = nil
	r.out.SetLen(r.n)
	return r.out
}

func (r *rows) counts() map[string]int64 {
	return map[string]int64{"bad record": r.bad, "record without value": r.empty}
}

func (r *rows) release() {
	for _, v := range r.out.Cols {
		v.Release()
	}
}

// add appends what the record has under the column's key.
func (m *metadataColumn) add(r *kgo.Record) {
	switch m.key {
	case "topic":
		appendString(m.v, r.Topic)
	case "partition":
		columnar.Grow[int32](m.v, 1)[0] = r.Partition
	case "offset":
		columnar.Grow[int64](m.v, 1)[0] = r.Offset
	case "timestamp":
		columnar.Grow[int64](m.v, 1)[0] = r.Timestamp.UnixMilli()
	case "timestamp-type":
		appendString(m.v, timestampType(r.Attrs.TimestampType()))
	case "leader-epoch":
		if r.LeaderEpoch < 0 {
			m.v.AppendNull()
			return
		}
		columnar.Grow[int32](m.v, 1)[0] = r.LeaderEpoch
	case "headers":
		m.addHeaders(r)
	}
}

func timestampType(t int8) string {
	switch t {
	case 0:
		return "CreateTime"
	case 1:
		return "LogAppendTime"
	}
	return "NoTimestampType"
}

func appendString(v *columnar.Vector, s string) {
	at := v.Len()
	v.Extend(1)
	v.SetString(at, s)
}

func (m *metadataColumn) addHeaders(r *kgo.Record) {
	keys, values := m.v.Children[0], m.v.Children[1]
	for _, h := range r.Headers {
		appendString(keys, h.Key)
		if h.Value == nil {
			values.AppendNull()
			continue
		}
		at := values.Len()
		values.Extend(1)
		values.SetBytes(at, h.Value)
	}
	at := m.v.Len()
	m.v.Extend(1)
	m.v.Offsets()[at+1] = int32(keys.Len())
}
