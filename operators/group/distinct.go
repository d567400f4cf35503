package group

import (
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/expr/aggregate"
	"github.com/anabranch/anabranch/state"
)

// distinct is a DISTINCT call of an aggregation that follows its rows. The values each group has had are
// keyed state of their own, with how often each is there; the call gets those that come first and those that
// go last.
type distinct struct {
	call   int
	keys   int
	arg    *expr.Program
	filter *expr.Program // nil: none

	seen   *state.Groups // by key of the group and value
	values *aggregate.Grouping

	in     columnar.Batch  // keys, values
	before *columnar.Batch // how often values were there
	after  *columnar.Batch // keys, values, how often they are there
	sel    []int32
	rows   []int32
	kinds  []columnar.RowKind
}

// apart reports that the values of a call can be state of their own.
func apart(c *expr.Aggregate) bool {
	ordered := c.Retract && (c.Name == "LISTAGG" || c.Name == "LAST_VALUE")
	return c.Distinct && c.User == nil && !ordered
}

// openDistinct makes the state of a call over groups of the types keys.
func (a *ChangelogAggregate) openDistinct(call int, keys []columnar.Type) (err error) {
	c, env := a.spec.Calls[call], a.ctx.Env
	d := &distinct{call: call, keys: len(keys)}
	a.distinct = append(a.distinct, d)
	if d.arg, err = expr.Compile(c.Args[0], env); err != nil {
		return err
	}
	if c.Filter != nil {
		if d.filter, err = expr.Compile(c.Filter, env); err != nil {
			return err
		}
	}
	count, err := expr.NewAggregate("COUNT", false, nil)
	if err != nil {
		return err
	}
	count.Retract = c.Retract
	types := append(slices.Clone(keys), c.Args[0].Type)
	d.seen, err = a.tiers(true, state.TiersOptions[*aggregate.Grouping]{
		Keys: len(types), Name: valuesName(call),
		Dead: func(b *columnar.Batch, i int) bool { return columnar.Values[int64](b.Cols[len(types)])[i] == 0 },
	}, func(account *mem.Account) (*aggregate.Grouping, error) {
		return aggregate.NewGrouping(types, []*expr.Aggregate{count}, env, account)
	})
	if err != nil {
		return err
	}
	if err := d.begin(0); err != nil {
		return err
	}
	schema, err := d.values.StateSchema()
	if err != nil {
		return err
	}
	d.in.Schema = &columnar.Schema{Fields: schema.Fields[:len(types)]}
	d.in.Cols = make([]*columnar.Vector, len(types))
	d.after = columnar.NewBatch(schema)
	d.before = columnar.NewBatch(&columnar.Schema{Fields: schema.Fields[len(types):]})
	return nil
}

func (d *distinct) begin(n int) (err error) {
	d.values, err = d.seen.Begin(n)
	return err
}

// take takes the rows of b, whose keys are cols, and changes the groups by the values that came or went.
func (d *distinct) take(b *columnar.Batch, cols []*columnar.Vector, groups *aggregate.Grouping) error {
	if err := d.evaluate(b, cols); err != nil || d.in.Live() == 0 {
		return err
	}
	if err := d.begin(d.in.Live()); err != nil {
		return err
	}
	ids, err := d.values.Change(&d.in, d.in.Cols, func(ids []uint32) error { return d.values.EmitResults(d.before, ids) })
	if err == nil {
		err = d.values.EmitRows(d.after, ids)
	}
	if err != nil {
		return err
	}
	turned := d.turned()
	return groups.UpdateCall(d.call, turned, turned.Cols[:d.keys], turned.Cols[d.keys])
}

// enter makes the values of b known to the table in use, as far as it has room.
func (d *distinct) enter(b *columnar.Batch, cols []*columnar.Vector) error {
	if d.seen.Full() {
		return nil
	}
	if err := d.evaluate(b, cols); err != nil || d.in.Live() == 0 {
		return err
	}
	return d.values.Enter(&d.in, d.in.Cols)
}

// evaluate makes d.in the keys and values of the rows of b that the call takes.
func (d *distinct) evaluate(b *columnar.Batch, cols []*columnar.Vector) error {
	if d.filter != nil {
		sel, err := d.filter.Select(b, d.sel)
		if err != nil {
			return err
		}
		d.sel, b = sel, b.WithSel(sel)
	}
	arg, err := d.arg.Eval(b)
	if err != nil {
		return err
	}
	copy(d.in.Cols, cols)
	d.in.Cols[d.keys], d.in.Sel, d.in.Kinds = arg, d.notNull(arg, b), b.Kinds
	d.in.SetLen(b.Len())
	return nil
}

// notNull are the live rows of b whose value is not null; nil are all.
func (d *distinct) notNull(arg *columnar.Vector, b *columnar.Batch) []int32 {
	if arg.Enc == columnar.Flat && arg.Valid == nil && arg.Phys != columnar.PhysNone {
		return b.Sel
	}
	d.rows = d.rows[:0]
	for k := range b.Live() {
		if i := b.Row(k); !arg.IsNull(i) {
			d.rows = append(d.rows, int32(i))
		}
	}
	if d.rows == nil {
		return []int32{}
	}
	return d.rows
}

// turned are the values that are there now and were not, and, taken back, those that were and are not.
func (d *distinct) turned() *columnar.Batch {
	n := d.after.Len()
	was, is := columnar.Values[int64](d.before.Cols[0])[:n], columnar.Values[int64](d.after.Cols[d.keys+1])[:n]
	d.rows = slices.Grow(d.rows[:0], n)
	d.kinds = append(d.kinds[:0], make([]columnar.RowKind, n)...)
	for i := range n {
		switch {
		case was[i] <= 0 && is[i] > 0:
			d.rows = append(d.rows, int32(i))
		case was[i] > 0 && is[i] <= 0:
			d.rows, d.kinds[i] = append(d.rows, int32(i)), columnar.Retract
		}
	}
	turned := d.after.WithSel(d.rows)
	turned.Kinds = d.kinds
	return turned
}

// restore takes values in: b has keys, values and how often they are there.
func (d *distinct) restore(b *columnar.Batch) error {
	if err := d.begin(b.Live()); err != nil {
		return err
	}
	return d.values.Merge(b, b.Cols[:d.keys+1], b.Cols[d.keys+1:])
}

func (d *distinct) close() error {
	for _, b := range []*columnar.Batch{d.before, d.after} {
		if b != nil {
			b.Release()
		}
	}
	d.arg.Close()
	d.filter.Close()
	return d.seen.Close()
}
