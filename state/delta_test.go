package state

import (
	"bytes"
	"testing"

	"github.com/anabranch/anabranch/columnar"
)

// numbers is a table of one column whose rows are their ids, times ten; row 1 is gone.
type numbers struct{ n int }

func (t numbers) Made() int           { return t.n }
func (t numbers) Held(id uint32) bool { return id != 1 }

func (t numbers) Fill(b *columnar.Batch, ids []uint32) error {
	b.Reset(len(ids))
	for k, id := range ids {
		columnar.Values[int64](b.Cols[0])[k] = 10 * int64(id)
	}
	b.SetLen(len(ids))
	return nil
}

func numbersSchema() *columnar.Schema {
	return columnar.NewSchema(columnar.Field{Name: "n", Type: columnar.TypeBigInt})
}

// FuzzDelta reads sections that are no delta, or one with other bytes.
func FuzzDelta(f *testing.F) {
	d := NewDelta("rows", "", numbersSchema(), numbers{5})
	defer d.Release()
	var w Writer
	d.Freeze(true, &w)
	if done, err := d.Copy(100); !done || err != nil {
		f.Fatal(done, err)
	}
	blob, err := w.Blob()
	if err != nil {
		f.Fatal(err)
	}
	sections, err := Parse(bytes.Join(blob, nil))
	if err != nil || len(sections) != 1 {
		f.Fatal(len(sections), err)
	}
	r := &Reader{Parallelism: 1, Tasks: [][]Section{sections}}
	total := int64(0)
	err = r.Rows("rows", numbersSchema(), func(b *columnar.Batch) error {
		for _, n := range columnar.Values[int64](b.Cols[0])[:b.Len()] {
			total += n
		}
		return nil
	})
	if err != nil || total != 10*(0+2+3+4) {
		f.Fatalf("read %d, %v", total, err)
	}
	f.Add(sections[0].Payload)
	f.Fuzz(func(_ *testing.T, payload []byte) {
		s := Section{Name: "rows+", Payload: payload}
		r := &Reader{Parallelism: 1, Tasks: [][]Section{{s, s}}}
		_ = r.Rows("rows", numbersSchema(), func(*columnar.Batch) error { return nil }) // an error is fine
	})
}
