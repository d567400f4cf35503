package group

import (
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/operators/held"
	"github.com/anabranch/anabranch/state"
)

// ChangelogAggregate groups rows by key and emits after each batch how the groups it touched have
// changed: the old row taken back, the new one added, at most once a group and part of the batch. Rows of its input may
// be taken back too; a group without rows is none. Without keys the one group is there from the
// first row on, and at the end of the input in any case.
type ChangelogAggregate struct {
	Aggregate
	count   int  // the call that counts the rows of each group, a further one if need be
	counted bool // it is none further: the count is among the results

	after      *columnar.Batch // the touched groups: keys, results, number of rows
	before     *columnar.Batch // their results and numbers of rows before
	old        columnar.Batch  // the keys of after and the columns of before
	results    columnar.Batch  // the results of before, then those of after
	differs    *expr.Program   // over results; nil without calls
	unequal    []int32         // groups whose results differ
	gone, come []int32
	left, came []columnar.RowKind // of gone and come
	kinds      []columnar.RowKind // of the output
	parts      parts

	state    *state.Groups // groups is its table in use
	store    *state.Store  // nil: all is in memory
	distinct []*distinct
}

var (
	_ dataflow.Operator    = (*ChangelogAggregate)(nil)
	_ dataflow.InputEnder  = (*ChangelogAggregate)(nil)
	_ dataflow.Incremental = (*ChangelogAggregate)(nil)
	_ dataflow.LookAhead   = (*ChangelogAggregate)(nil)
)

// NewChangelogAggregate makes the operator of spec.
func NewChangelogAggregate(spec Spec) *ChangelogAggregate {
	return &ChangelogAggregate{Aggregate: Aggregate{spec: spec, next: -1}, parts: parts{rows: partRows, groups: partGroups}}
}

// Open makes the hash table and what compares the results before and after a batch.
func (a *ChangelogAggregate) Open(ctx *dataflow.Context) error {
	calls := a.spec.Calls
	if err := a.countRows(); err != nil {
		return err
	}
	if err := a.Aggregate.Open(ctx); err != nil {
		return err
	}
	counted := &columnar.Schema{Fields: append([]columnar.Field(nil), ctx.Output.Fields...)}
	for _, c := range a.spec.Calls[len(calls):] {
		counted.Fields = append(counted.Fields, columnar.Field{Name: "$rows", Type: c.Type})
	}
	a.counted = a.count < len(calls)
	keys := len(a.spec.Keys)
	a.after = columnar.NewBatch(counted)
	a.before = columnar.NewBatch(&columnar.Schema{Fields: counted.Fields[keys:]})
	a.old.Schema, a.old.Cols = counted, append(a.after.Cols[:keys:keys], a.before.Cols...)
	if err := a.compare(calls, ctx.Env); err != nil {
		return err
	}
	return a.openState()
}

// countRows finds the call that counts rows, or makes one.
func (a *ChangelogAggregate) countRows() error {
	calls := a.spec.Calls
	for i, c := range calls {
		if c.Name == "COUNT" && len(c.Args) == 0 && c.Filter == nil {
			a.count = i
			return nil
		}
	}
	count, err := expr.NewAggregate("COUNT", false, nil)
	a.count, a.spec.Calls = len(calls), append(calls[:len(calls):len(calls)], count)
	return err
}

// compare compiles the condition that a result of a group has changed.
func (a *ChangelogAggregate) compare(calls []*expr.Aggregate, env *expr.Env) error {
	if len(calls) == 0 {
		return nil
	}
	keys, n := len(a.spec.Keys), len(calls)
	a.results.Schema = &columnar.Schema{}
	for _, b := range []*columnar.Batch{&a.old, a.after} {
		a.results.Schema.Fields = append(a.results.Schema.Fields, b.Schema.Fields[keys:keys+n]...)
		a.results.Cols = append(a.results.Cols, b.Cols[keys:keys+n]...)
	}
	var changed *expr.Expr
	for i := range calls {
		f := a.results.Schema.Fields[i]
		e, err := expr.NewCall("IS DISTINCT FROM", expr.Col(i, f.Name, f.Type), expr.Col(n+i, f.Name, f.Type))
		if err == nil && changed != nil {
			e, err = expr.NewCall("OR", changed, e)
		}
		if err != nil {
			return err
		}
		changed = e
	}
	var err error
	a.differs, err = expr.Compile(changed, env)
	return err
}

// Process takes rows in and emits what they change.
func (a *ChangelogAggregate) Process(_ dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	if b.Live() == 0 {
		return dataflow.Done, nil
	}
	if err := a.begin(b.Live()); err != nil {
		return dataflow.Done, err
	}
	a.cols = held.KeyColumns(a.cols, b, a.spec.Keys)
	a.beginOutput()
	live, touched := b.Live(), 0
	size := a.parts.size(live)
	for from := 0; from < live; from += size {
		n, err := a.take(a.parts.part(b, from, min(from+size, live)))
		if err != nil {
			return dataflow.Done, err
		}
		touched += n
	}
	a.parts.seen(live, touched, a.groups.Rows())
	return dataflow.Done, a.emit(out)
}

// take takes rows in and adds what they change to the output; it returns the number of groups they are of.
func (a *ChangelogAggregate) take(b *columnar.Batch) (touched int, err error) {
	first := a.groups.Rows() == 0
	ids, err := a.groups.Change(b, a.cols, func(ids []uint32) error { return a.groups.EmitResults(a.before, ids) })
	for _, d := range a.distinct {
		if err == nil {
			err = d.take(b, a.cols, a.groups)
		}
	}
	if err == nil {
		err = a.groups.EmitRows(a.after, ids)
	}
	if err == nil {
		err = a.changes(first, a.counted && b.Kinds == nil)
	}
	if err == nil {
		a.add()
	}
	return len(ids), err
}

// changes finds the touched groups whose row is taken back and those that get a new one. first
// says that there were no groups before, grown that all groups differ, as their number of rows is a result.
func (a *ChangelogAggregate) changes(first, grown bool) (err error) {
	n := a.after.Len()
	a.unequal = a.unequal[:0]
	if a.differs != nil && !grown {
		a.results.SetLen(n)
		if a.unequal, err = a.differs.Select(&a.results, a.unequal); err != nil {
			return err
		}
	}
	count := len(a.spec.Keys) + a.count
	rowsBefore, rowsAfter := columnar.Values[int64](a.old.Cols[count]), columnar.Values[int64](a.after.Cols[count])
	keyed := len(a.spec.Keys) > 0
	a.gone, a.come, a.left, a.came = a.gone[:0], a.come[:0], a.left[:0], a.came[:0]
	unequal := a.unequal
	for i := range int32(n) {
		was, is := rowsBefore[i] > 0, rowsAfter[i] > 0
		if !keyed {
			was, is = !first, true
		}
		differs := grown
		if len(unequal) > 0 && unequal[0] == i {
			differs, unequal = true, unequal[1:]
		}
		switch {
		case was && is && differs:
			a.gone, a.left = append(a.gone, i), append(a.left, columnar.UpdateBefore)
			a.come, a.came = append(a.come, i), append(a.came, columnar.UpdateAfter)
		case was && !is:
			a.gone, a.left = append(a.gone, i), append(a.left, columnar.Retract)
		case is && !was:
			a.come, a.came = append(a.come, i), append(a.came, columnar.Insert)
		}
	}
	return nil
}

// beginOutput begins an output.
func (a *ChangelogAggregate) beginOutput() {
	a.out.Reset(0)
	a.out.Kinds, a.kinds = nil, a.kinds[:0]
}

// add puts the changes into the output, what is taken back first.
func (a *ChangelogAggregate) add() {
	a.old.SetLen(a.after.Len())
	for _, part := range []struct {
		from *columnar.Batch
		rows []int32
	}{{&a.old, a.gone}, {a.after, a.come}} {
		switch len(part.rows) {
		case 0:
		case part.from.Len():
			a.out.AppendSel(part.from, nil) // all in their order: copied as a whole
		default:
			a.out.AppendSel(part.from, part.rows)
		}
	}
	a.kinds = append(append(a.kinds, a.left...), a.came...)
}

// emit passes the output on.
func (a *ChangelogAggregate) emit(out dataflow.Output) error {
	if a.out.Len() == 0 {
		return nil
	}
	if slices.ContainsFunc(a.kinds, func(k columnar.RowKind) bool { return k != columnar.Insert }) {
		a.out.Kinds = a.kinds
	}
	return out.Emit(a.out)
}

// EndInput emits the one group of an aggregation without keys that has seen no rows.
func (a *ChangelogAggregate) EndInput(_ dataflow.Port, out dataflow.Output) (dataflow.Status, error) {
	if len(a.spec.Keys) > 0 || a.groups.Rows() > 0 {
		return dataflow.Done, nil
	}
	if err := a.groups.Touch(); err != nil {
		return dataflow.Done, err
	}
	if err := a.groups.EmitRows(a.after, []uint32{0}); err != nil {
		return dataflow.Done, err
	}
	a.gone, a.come = a.gone[:0], append(a.come[:0], 0)
	a.left, a.came = a.left[:0], append(a.came[:0], columnar.Insert)
	a.beginOutput()
	a.add()
	return dataflow.Done, a.emit(out)
}
