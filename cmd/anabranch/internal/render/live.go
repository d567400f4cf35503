package render

import "github.com/anabranch/anabranch/columnar"

// Live is a Writer in front of another for a result without end: every batch is shown as it comes.
// A changelog gets a first column "op": + for a row that is added, - for one that is taken back.
type Live struct {
	Writer
	Changelog bool
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
	for i := range b.Len() {
		if b.Kind(i) == columnar.Insert {
			op.SetString(i, "+")
		} else {
			op.SetString(i, "-")
		}
	}
	out := &columnar.Batch{Schema: l.schema(b.Schema), Cols: append([]*columnar.Vector{op}, b.Cols...), Sel: b.Sel}
	out.SetLen(b.Len())
	return out
}
