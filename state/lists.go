package state

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
	"github.com/anabranch/anabranch/expr/aggregate"
)

// Lists are rows by key, any number a key, as Entries: an entry is a key with all its rows. A row has words
// of its owner beside it, which go where it goes.
type Lists struct {
	columns []int // of the key
	extra   int
	keys    *hashtable.Table
	rows    *hashtable.Rows

	schema  *columnar.Schema // of entries
	cols    []*columnar.Vector
	entered []uint32
	shown   *columnar.Batch // scratch: keys
	batch   *columnar.Batch // scratch: rows
	heads   []uint32
	ids     []uint32
	lists   []int // of ids
	buf     []byte
	ends    []int
}

// listColumn is the name of the column with the rows of an entry.
const listColumn = "$rows"

// NewLists makes an empty table of rows of a schema, found by columns, with extra words beside each row.
func NewLists(schema *columnar.Schema, columns []int, extra int) (*Lists, error) {
	l := &Lists{columns: columns, extra: extra, schema: ListSchema(schema, columns)}
	var err error
	if l.keys, err = hashtable.New(schema.Project(columns).Types(), 0, nil); err != nil {
		return nil, err
	}
	if l.rows, err = hashtable.NewRows(schema.Types(), columns, extra, nil); err != nil {
		return nil, err
	}
	l.shown, l.batch = columnar.NewBatch(l.schema), columnar.NewBatch(schema)
	return l, nil
}

// ListSchema is that of entries: the columns of the key, then the rows as bytes.
func ListSchema(rows *columnar.Schema, columns []int) *columnar.Schema {
	s := &columnar.Schema{Fields: slices.Clone(rows.Project(columns).Fields)}
	s.Fields = append(s.Fields, columnar.Field{Name: listColumn, Type: columnar.TypeBytes.Required()})
	return s
}

// Table are the rows. Before those of a key are looked at, Enter brings them here.
func (l *Lists) Table() *hashtable.Rows { return l.rows }

// Enter adds the keys of the live rows of b, at columns, that are not there, and returns the row of the key of
// each, valid until the next call. Tiers.Touch then makes sure that their rows are in the table, as far as there
// are any.
func (l *Lists) Enter(b *columnar.Batch, columns []int) (rows []uint32, err error) {
	l.cols = l.cols[:0]
	for _, c := range columns {
		l.cols = append(l.cols, b.Cols[c])
	}
	l.entered, err = l.keys.UpsertRows(l.entered, l.cols, b.Sel, b.Len())
	return l.entered, err
}

// Heads are the first rows in the table of keys, NoRow where there is none, valid until the next call.
func (l *Lists) Heads(keys []uint32) []uint32 {
	l.Keys(l.shown, keys)
	l.heads = l.rows.Find(l.heads, l.shown.Cols[:len(l.columns)], nil, len(keys))
	return l.heads
}

// IDs appends to ids the rows in the table of keys.
func (l *Lists) IDs(ids, keys []uint32) []uint32 {
	for _, id := range l.Heads(keys) {
		for ; id != hashtable.NoRow; id = l.rows.Next(id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// StateSchema is that of entries.
func (l *Lists) StateSchema() (*columnar.Schema, error) { return l.schema, nil }

// Track does nothing: who enters keys tells of them.
func (l *Lists) Track(aggregate.Tracker) {}

// Rows is the number of keys.
func (l *Lists) Rows() int { return l.keys.Rows() }

// SizeBytes is the memory held.
func (l *Lists) SizeBytes() int64 { return l.keys.SizeBytes() + l.rows.SizeBytes() }

// Hash is that of a key.
func (l *Lists) Hash(row uint32) uint64 { return l.keys.Hash(row) }

// Keys makes the first columns of b keys.
func (l *Lists) Keys(b *columnar.Batch, rows []uint32) {
	b.Reset(0)
	for c := range l.columns {
		l.keys.KeyColumnOf(b.Cols[c], c, rows)
	}
	b.SetLen(len(rows))
}

// Find writes the row of each of n keys, or of those at sel, into rows.
func (l *Lists) Find(rows []uint32, keys []*columnar.Vector, sel []int32, n int) []uint32 {
	return l.keys.FindRows(rows, keys, sel, n)
}

// Fill makes b entries.
func (l *Lists) Fill(b *columnar.Batch, rows []uint32) error {
	l.Keys(b, rows)
	l.heads = l.rows.Find(l.heads, b.Cols[:len(l.columns)], nil, len(rows))
	l.buf, l.ends = l.buf[:0], l.ends[:0]
	l.ids, l.lists = l.ids[:0], l.lists[:0]
	for i := range rows {
		for id := l.heads[i]; id != hashtable.NoRow; id = l.rows.Next(id) {
			if l.ids, l.lists = append(l.ids, id), append(l.lists, i); len(l.ids) == blockRows {
				l.encode()
			}
		}
	}
	l.encode()
	for len(l.ends) < len(rows) {
		l.ends = append(l.ends, len(l.buf))
	}
	v := b.Cols[len(l.columns)]
	v.Reset(len(rows))
	from := 0
	for i, end := range l.ends {
		v.SetBytes(i, l.buf[from:end])
		from = end
	}
	return nil
}

// encode appends the rows l.ids to the buffer, and the ends of the lists before the last to l.ends.
func (l *Lists) encode() {
	for c, v := range l.batch.Cols {
		l.rows.Gather(v, c, l.ids)
	}
	for k, id := range l.ids {
		for len(l.ends) < l.lists[k] {
			l.ends = append(l.ends, len(l.buf))
		}
		for _, w := range l.rows.Extra(id)[:l.extra] {
			l.buf = binary.AppendUvarint(l.buf, w)
		}
		l.buf = columnar.AppendRow(l.buf, l.batch.Cols, k)
	}
	l.ids, l.lists = l.ids[:0], l.lists[:0]
}

// Load adds the rows of the entries b, whose keys are in the table.
func (l *Lists) Load(_ []uint32, b *columnar.Batch) error {
	return DecodeLists(b, l.batch, l.extra, func(rows *columnar.Batch, words []uint64) error {
		var err error
		if l.ids, err = l.rows.Add(l.ids[:0], rows); err != nil {
			return err
		}
		for k, id := range l.ids {
			copy(l.rows.Extra(id), words[k*l.extra:])
		}
		return nil
	})
}

// Refill makes the live rows of b the entries in place of all others.
func (l *Lists) Refill(b *columnar.Batch) (err error) {
	l.keys.Reset()
	l.rows.Release()
	if l.entered, err = l.keys.UpsertRows(l.entered, b.Cols[:len(l.columns)], b.Sel, b.Len()); err != nil {
		return err
	}
	return l.Load(nil, b)
}

// DecodeLists calls each with the rows of the entries b, in the batch rows, and the extra words beside each,
// batch by batch.
func DecodeLists(b, rows *columnar.Batch, extra int, each func(rows *columnar.Batch, words []uint64) error) error {
	var words []uint64
	n := 0
	flush := func() error {
		rows.SetLen(n)
		err := each(rows, words)
		words, n = words[:0], 0
		rows.Reset(0)
		return err
	}
	rows.Reset(0)
	for k := range b.Live() {
		for src := b.Cols[len(b.Cols)-1].Bytes(b.Row(k)); len(src) > 0; n++ {
			if n == blockRows {
				if err := flush(); err != nil {
					return err
				}
			}
			for range extra {
				w, size := binary.Uvarint(src)
				if size <= 0 {
					return fmt.Errorf("%w: words of a row", ErrCorrupt)
				}
				words, src = append(words, w), src[size:]
			}
			var err error
			if src, err = columnar.DecodeRow(rows.Cols, src); err != nil {
				return err
			}
		}
	}
	return flush()
}

// EmptyList reports that entry i of b has no rows: it need not be kept.
func EmptyList(b *columnar.Batch, i int) bool {
	return len(b.Cols[len(b.Cols)-1].Bytes(i)) == 0
}

// Release gives the memory back.
func (l *Lists) Release() {
	l.keys.Release()
	l.rows.Release()
	l.shown.Release()
	l.batch.Release()
}
