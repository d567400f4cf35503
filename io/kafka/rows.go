package kafka

import (
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/anabranch/anabranch/catalog/deadletter"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/format/csv"
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
	// upserts says that records are the newest of their keys; kinds tells those without a value.
	upserts bool
	kinds   []columnar.RowKind
}

// part decodes the columns that values or keys hold; nothing if none of them is wanted.
type part struct {
	messages messages // of JSON and CSV
	raw      *columnar.Vector
}

// messages decodes single records of a format.
type messages interface {
	Columns() []*columnar.Vector
	Reset(n int)
	Truncate(n int)
	Decode(row int, text []byte) error
	Null(row int)
	Release()
}

type metadataColumn struct {
	key string
	v   *columnar.Vector
}

// newRows makes the decoders of the columns wanted.
func newRows(t *table, req dataflow.ReadRequest) (*rows, error) {
	r := &rows{out: &columnar.Batch{Schema: t.spec.Schema.Project(req.Columns)}, upserts: t.upsert}
	r.out.Cols = make([]*columnar.Vector, len(req.Columns))
	r.skip = t.bad.Policy == deadletter.Skip || t.bad.Policy == deadletter.Keep && req.Bad == nil
	physical := t.physical()
	at := map[int]int{} // position in the batch by column
	for i, c := range req.Columns {
		if c < len(physical) {
			at[c] = i
			continue
		}
		v := columnar.NewVector(t.spec.Schema.Fields[c].Type)
		r.metadata = append(r.metadata, metadataColumn{t.spec.Metadata[c-len(physical)], v})
		r.out.Cols[i] = v
	}
	var keys, values []wanted
	for i, c := range t.keyColumns {
		keys = append(keys, wanted{columnar.Field{Name: t.keyNames[i], Type: physical[c].Type}, placeIn(at, c)})
		delete(at, c) // as in Flink the key's value counts where both have the column
	}
	for _, c := range t.valueColumns() {
		values = append(values, wanted{physical[c], placeIn(at, c)})
	}
	err := r.value.open(t.value, values, r.out)
	if err == nil {
		err = r.key.open(t.key, keys, r.out)
	}
	return r, err
}

// wanted is a column that a key or a value holds, and its position in the batch; -1 if it is not wanted.
type wanted struct {
	columnar.Field
	at int
}

func placeIn(at map[int]int, column int) int {
	if i, ok := at[column]; ok {
		return i
	}
	return -1
}

func (p *part) open(f formatOptions, columns []wanted, out *columnar.Batch) (err error) {
	if f.format != "csv" { // where columns are found by their place
		columns = slices.DeleteFunc(columns, func(w wanted) bool { return w.at < 0 })
	}
	s := &columnar.Schema{}
	for _, w := range columns {
		s.Fields = append(s.Fields, w.Field)
	}
	switch f.format {
	case "raw":
		if len(columns) > 0 {
			p.raw = columnar.NewVector(columns[0].Type)
			out.Cols[columns[0].at] = p.raw
		}
		return nil
	case "json":
		// Values are decoded even if no column is wanted: a bad one is an error all the same.
		p.messages, err = json.NewMessages(s, f.json)
	case "csv":
		p.messages, err = csv.NewMessages(s, f.csv)
	default:
		return nil
	}
	if err != nil {
		return err
	}
	for i, v := range p.messages.Columns() {
		if at := columns[i].at; at >= 0 {
			out.Cols[at] = v
		}
	}
	return nil
}

// decode decodes what a record has; where it has nothing, as one without a key, the columns are null.
func (p *part) decode(row int, b []byte) error {
	switch {
	case b == nil:
		for _, v := range p.columns() {
			if v.Type.NotNull {
				return fmt.Errorf("null for %s", v.Type)
			}
		}
		p.setNull(row)
	case p.messages != nil:
		return p.messages.Decode(row, b)
	case p.raw != nil:
		p.raw.SetBytes(row, b)
	}
	return nil
}

func (p *part) columns() []*columnar.Vector {
	switch {
	case p.messages != nil:
		return p.messages.Columns()
	case p.raw != nil:
		return []*columnar.Vector{p.raw}
	}
	return nil
}

func (p *part) setNull(row int) {
	if p.messages != nil {
		p.messages.Null(row)
	}
	if p.raw != nil {
		p.raw.SetNull(row)
	}
}

func (p *part) reset(n int) {
	if p.messages != nil {
		p.messages.Reset(n)
	}
	if p.raw != nil {
		p.raw.Reset(n)
	}
}

func (p *part) truncate(n int) {
	if p.messages != nil {
		p.messages.Truncate(n)
	}
	if p.raw != nil {
		p.raw.Truncate(n)
	}
}

func (p *part) release() {
	if p.messages != nil {
		p.messages.Release()
	}
	if p.raw != nil {
		p.raw.Release()
	}
}

// reset begins a batch of up to limit rows.
func (r *rows) reset(limit int) {
	r.n, r.kinds = 0, r.kinds[:0]
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
	deletes := r.upserts && record.Value == nil
	if record.Value == nil && r.value.raw == nil && !deletes {
		r.empty++
		return nil
	}
	err := r.decode(record, deletes)
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
	if deletes {
		r.kinds = append(r.kinds, make([]columnar.RowKind, r.n+1-len(r.kinds))...)
		r.kinds[r.n] = columnar.Retract
	}
	r.n++
	return nil
}

// decode decodes value and key of a record; what it deletes has a key only.
func (r *rows) decode(record *kgo.Record, deletes bool) error {
	if r.upserts && record.Key == nil {
		return &keyError{errors.New("there is none")}
	}
	if !deletes {
		if err := r.value.decode(r.n, record.Value); err != nil {
			return fmt.Errorf("value: %w", err)
		}
	}
	if err := r.key.decode(r.n, record.Key); err != nil {
		return &keyError{err}
	}
	if deletes {
		r.value.setNull(r.n) // last: the row is not decoded again
	}
	return nil
}

// batch is what was added; it is borrowed until the next reset.
func (r *rows) batch() *columnar.Batch {
	r.value.truncate(r.n)
	r.key.truncate(r.n)
	r.out.Sel, r.out.Kinds = nil, nil
	if len(r.kinds) > 0 {
		r.kinds = append(r.kinds, make([]columnar.RowKind, r.n-len(r.kinds))...)
		r.out.Kinds = r.kinds
	}
	r.out.SetLen(r.n)
	return r.out
}

func (r *rows) counts() map[string]int64 {
	return map[string]int64{"bad record": r.bad, "record without value": r.empty}
}

func (r *rows) release() {
	r.value.release()
	r.key.release()
	for _, m := range r.metadata {
		m.v.Release()
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
