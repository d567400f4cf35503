package held

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/state"
)

// Rows are rows by key of which those in use are in memory and the others on disk.
type Rows struct {
	*state.Tiers[*state.Lists]
	Lists *state.Lists // in use
	form  Form
}

// Form says what lists of rows are made of.
type Form struct {
	Name   string // in snapshots
	Part   string // there, if several tables have the name
	Schema *columnar.Schema
	Keys   []int
	Extra  int // words beside each row
}

// OpenRows makes an empty table in a store.
func OpenRows(ctx *dataflow.Context, store *state.Store, form Form) (*Rows, error) {
	t := &Rows{form: form}
	var err error
	t.Tiers, err = state.NewTiers(state.TiersOptions[*state.Lists]{
		Store: store, Keys: len(form.Keys), Name: form.Name, Part: form.Part, Snapshots: ctx.Checkpoints, Dead: state.EmptyList,
		Account: ctx.Budget.Account(ctx.Name),
		Make:    func() (*state.Lists, error) { return state.NewLists(form.Schema, form.Keys, form.Extra) },
	})
	if err == nil {
		t.Lists, err = t.Begin(0)
	}
	return t, err
}

// Enter brings the rows of the keys of b, at columns, into memory: they are in t.Lists until the next call,
// each key in the row returned. Change says that they are about to change.
func (t *Rows) Enter(b *columnar.Batch, columns []int, change bool) (rows []uint32, err error) {
	if t.Lists, err = t.Begin(b.Live()); err != nil {
		return nil, err
	}
	if rows, err = t.Lists.Enter(b, columns); err != nil {
		return nil, err
	}
	if !change {
		return rows, t.Touch(nil) // new keys are told of anyway
	}
	return rows, t.Touch(rows)
}

// Ahead brings the rows of the keys of several batches into memory, as far as there is room.
func (t *Rows) Ahead(waiting []*columnar.Batch, columns []int) (err error) {
	if t.Lists, err = t.Begin(0); err != nil {
		return err
	}
	for _, b := range waiting {
		if t.Full() {
			break
		}
		if _, err := t.Lists.Enter(b, columns); err != nil {
			return err
		}
	}
	return t.Touch(nil)
}

// Snapshot writes everything.
func (t *Rows) Snapshot(w *state.Writer) error {
	if err := t.Freeze(true, w); err != nil {
		return err
	}
	return t.CopyAll()
}

// Restore calls take with the rows of this subtask's keys and the words beside each.
func (f Form) Restore(r *state.Reader, take func(rows *columnar.Batch, words []uint64) error) error {
	rows := columnar.NewBatch(f.Schema)
	defer rows.Release()
	return r.Rows(f.Name, state.ListSchema(f.Schema, f.Keys), func(b *columnar.Batch) error {
		own := r.SelectOwn(columnar.HashRows(nil, b.Cols[:len(f.Keys)], nil, b.Len()))
		return state.DecodeLists(b.WithSel(own), rows, f.Extra, take)
	})
}

// Close gives everything back. Close of nil does nothing.
func (t *Rows) Close() error {
	if t == nil {
		return nil
	}
	return t.Tiers.Close()
}
