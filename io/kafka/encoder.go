package kafka

import (
	"bytes"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/format/csv"
	"github.com/anabranch/anabranch/format/json"
)

// encoder turns rows into records.
type encoder struct {
	value, key partEncoder
}

// partEncoder writes the values or the keys of records; columns are those of a batch.
type partEncoder struct {
	columns []int
	names   *columnar.Schema
	isRaw   bool
	json    *json.Writer
	csv     *csv.Writer
	buf     *bytes.Buffer
}

func newEncoder(t *table) (e encoder, err error) {
	physical := t.physical()
	values, keys := &columnar.Schema{}, &columnar.Schema{}
	for _, c := range t.valueColumns() {
		values.Fields = append(values.Fields, physical[c])
	}
	for i, c := range t.keyColumns {
		keys.Fields = append(keys.Fields, columnar.Field{Name: t.keyNames[i], Type: physical[c].Type})
	}
	if e.value, err = newPartEncoder(t.value, t.valueColumns(), values); err == nil {
		e.key, err = newPartEncoder(t.key, t.keyColumns, keys)
	}
	return e, err
}

func newPartEncoder(f formatOptions, columns []int, s *columnar.Schema) (p partEncoder, err error) {
	p = partEncoder{columns: columns, names: s, isRaw: f.format == "raw", buf: &bytes.Buffer{}}
	switch f.format {
	case "json":
		p.json, err = json.NewWriter(p.buf, s, f.json)
	case "csv":
		p.csv, err = csv.NewWriter(p.buf, s, f.csv)
	}
	return p, err
}

// records are those of the live rows of b.
func (e *encoder) records(b *columnar.Batch) ([]kgo.Record, error) {
	records := make([]kgo.Record, b.Live())
	err := e.value.encode(b, func(k int, v []byte) { records[k].Value = v })
	if err == nil {
		err = e.key.encode(b, func(k int, v []byte) { records[k].Key = v })
	}
	return records, err
}

// encode calls set with the bytes of each live row, which belong to the caller; nil is a null.
func (p *partEncoder) encode(b *columnar.Batch, set func(k int, v []byte)) error {
	switch {
	case p.csv != nil:
		cols := make([]*columnar.Vector, len(p.columns))
		for i, c := range p.columns {
			cols[i] = b.Cols[c]
		}
		for k := range b.Live() {
			set(k, p.csv.Append([]byte{}, cols, b.Row(k)))
		}
	case p.isRaw:
		v := b.Cols[p.columns[0]]
		for k := range b.Live() {
			if i := b.Row(k); !v.IsNull(i) {
				set(k, append([]byte{}, v.Bytes(i)...))
			}
		}
	case p.json != nil:
		part := &columnar.Batch{Schema: p.names, Sel: b.Sel}
		for _, c := range p.columns {
			part.Cols = append(part.Cols, b.Cols[c])
		}
		part.SetLen(b.Len())
		p.buf.Reset()
		if err := p.json.Write(part); err != nil {
			return err
		}
		// One line a row; line ends within strings are escaped.
		text := append([]byte(nil), p.buf.Bytes()...)
		for k := range b.Live() {
			end := bytes.IndexByte(text, '\n')
			set(k, text[:end:end])
			text = text[end+1:]
		}
	}
	return nil
}
