package held

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/hashtable"
	"github.com/anabranch/anabranch/state"
)

// storedRows shows a hashtable.Rows to what writes snapshots.
type storedRows struct {
	*hashtable.Rows
	fill func(b *columnar.Batch, ids []uint32)
}

// Fill makes b the rows ids.
func (s storedRows) Fill(b *columnar.Batch, ids []uint32) error {
	s.fill(b, ids)
	return nil
}

// TrackRows makes what writes a table's rows into snapshots, as fill makes them.
func TrackRows(name string, schema *columnar.Schema, rows *hashtable.Rows, fill func(b *columnar.Batch, ids []uint32)) *state.Delta {
	d := state.NewDelta(name, "", schema, storedRows{rows, fill})
	rows.Track(d.Track())
	return d
}

// GatherRows makes b the rows ids of a table, whose first columns are those of b.
func GatherRows(b *columnar.Batch, rows *hashtable.Rows, ids []uint32) {
	for c, v := range b.Cols {
		rows.Gather(v, c, ids)
	}
	b.SetLen(len(ids))
}
