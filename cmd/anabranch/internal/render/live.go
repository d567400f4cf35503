package render

import (
	"time"

	"github.com/anabranch/anabranch/columnar"
)

// Live is a Writer in front of another for a result without end: every batch is shown as it comes.
// A changelog gets a first column "op" with Flink's kinds of rows: +I for one that is added, -D for
// one that is taken back, and where one version of a row gives way to another within a batch -U and
// +U.
type Live struct {
	Writer
	Changelog bool
	// Key are the columns in which versions of a row agree; they count if Keyed is set.
	Key   []int
	Keyed bool
}

// flusher is a Writer that may hold rows back.
type flusher interface{ Flush() error }

func (l Live) schema(s *columnar.Schema) *columnar.Schema {
	if !l.Changelog {
		return s
	}
	op := columnar.Field{Name: "op", Type: columnar.TypeString}
	return columnar.NewSchema(append([]columnar.Field{op}, s.Fields...)...)
}

// Begin adds the column.
func (l Live) Begin(s *columnar.Schema) error { return l.Writer.Begin(l.schema(s)) }

// Rows adds the column's values.
func (l Live) Rows(b *columnar.Batch) error {
	if l.Changelog {
		b = l.marked(b)
	}
	if err := l.Writer.Rows(b); err != nil {
		return err
	}
	if f, ok := l.Writer.(flusher); ok {
		return f.Flush()
	}
	return nil
}

func (l Live) marked(b *columnar.Batch) *columnar.Batch {
	op := columnar.NewVector(columnar.TypeString)
	op.Reset(b.Len())
	updated := l.updates(b)
	for k := range b.Live() {
		i := b.Row(k)
		kind := b.Kind(i)
		if l.Keyed {
			// The key tells more than the kinds do: a filter may have left out one of two versions.
			if kind = kind.Sign(); updated != nil && updated[k] {
				kind += columnar.UpdateAfter - columnar.Insert
			}
		}
		op.SetString(i, kind.String())
	}
	out := &columnar.Batch{Schema: l.schema(b.Schema), Cols: append([]*columnar.Vector{op}, b.Cols...), Sel: b.Sel}
	out.SetLen(b.Len())
	return out
}

// updates tells which live rows are versions of a row of which b takes one back and adds another.
func (l Live) updates(b *columnar.Batch) []bool {
	if !l.Keyed || b.Kinds == nil {
		return nil
	}
	gone := map[string]int{} // rows that are taken back, by key
	var key []byte
	keyOf := func(i int) []byte {
		key = key[:0]
		for _, c := range l.Key {
			key = appendKey(key, b.Cols[c], i)
		}
		return key
	}
	for k := range b.Live() {
		if i := b.Row(k); b.Kind(i).Retracts() {
			gone[string(keyOf(i))] = k
		}
	}
	updated := make([]bool, b.Live())
	for k := range b.Live() {
		i := b.Row(k)
		if b.Kind(i).Retracts() {
			continue
		}
		if before, ok := gone[string(keyOf(i))]; ok {
			updated[k], updated[before] = true, true
		}
	}
	return updated
}

// appendKey appends a value so that different values, also in several columns, never look the same.
func appendKey(dst []byte, v *columnar.Vector, i int) []byte {
	// A length keeps neighbouring values apart, a mark keeps null apart from its text.
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0, 0)
	dst = columnar.AppendText(dst, v, i, time.UTC)
	n := len(dst) - start
	dst[start], dst[start+1], dst[start+2], dst[start+3] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
	if v.IsNull(i) {
		dst[start+4] = 1
	}
	return dst
}
