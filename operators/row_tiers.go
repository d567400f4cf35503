package operators

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/state"
)

// rowTiers are rows by key of which those in use are in memory and the others on disk.
type rowTiers struct {
	*state.Tiers[*state.Lists]
	lists *state.Lists // in use
	form  listForm
}

// listForm says what lists of rows are made of.
type listForm struct {
	name   string // in snapshots
	schema *columnar.Schema
	keys   []int
	extra  int // words beside each row
}

// openRowTiers makes an empty table in a store.
func openRowTiers(ctx *dataflow.Context, store *state.Store, form listForm) (*rowTiers, error) {
	t := &rowTiers{form: form}
	var err error
	t.Tiers, err = state.NewTiers(state.TiersOptions[*state.Lists]{
		Store: store, Keys: len(form.keys), Name: form.name, Snapshots: ctx.Checkpoints, Dead: state.EmptyList,
		Account: ctx.Budget.Account(ctx.Name),
		Make:    func() (*state.Lists, error) { return state.NewLists(form.schema, form.keys, form.extra) },
	})
	if err == nil {
		t.lists, err = t.Begin(0)
	}
	return t, err
}

// enter brings the rows of the keys of b, at columns, into memory: they are in t.lists until the next call,
// each key in the row returned. Change says that they are about to change.
func (t *rowTiers) enter(b *columnar.Batch, columns []int, change bool) (rows []uint32, err error) {
	if t.lists, err = t.Begin(b.Live()); err != nil {
		return nil, err
	}
	return t.lists.Enter(b, columns, change)
}

// snapshot writes everything.
func (t *rowTiers) snapshot(w *state.Writer) error {
	if err := t.Freeze(true, w); err != nil {
		return err
	}
	return t.CopyAll()
}

// restore calls take with the rows of this subtask's keys and the words beside each.
func (f listForm) restore(r *state.Reader, take func(rows *columnar.Batch, words []uint64) error) error {
	rows := columnar.NewBatch(f.schema)
	defer rows.Release()
	return r.Rows(f.name, state.ListSchema(f.schema, f.keys), func(b *columnar.Batch) error {
		own := r.SelectOwn(columnar.HashRows(nil, b.Cols[:len(f.keys)], nil, b.Len()))
		return state.DecodeLists(b.WithSel(own), rows, f.extra, take)
	})
}

// close gives everything back. close of nil does nothing.
func (t *rowTiers) close() error {
	if t == nil {
		return nil
	}
	return t.Close()
}
