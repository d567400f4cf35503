package stream

import (
	"time"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/govalue"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/state"
)

// Ctx is the surroundings of a call of a Process function: the state of the row's key. It is
// valid during the call.
type Ctx[S any] struct {
	value  S
	exists bool
	time   time.Time
	timers func(at time.Time, set bool) // of the key; nil where there are none
	sides  func(s AnySide) sideEmitter
}

func (c *Ctx[S]) side(s AnySide) sideEmitter { return c.sides(s) }

// Value is the state of the key, a zero value if there is none. What it points to must not be
// changed without Set.
func (c *Ctx[S]) Value() S { return c.value }

// Exists reports whether the key has state.
func (c *Ctx[S]) Exists() bool { return c.exists }

// Set makes v the state of the key.
func (c *Ctx[S]) Set(v S) { c.value, c.exists = v, true }

// Clear removes the state of the key.
func (c *Ctx[S]) Clear() {
	var zero S
	c.value, c.exists = zero, false
}

// Time is the event time of the row or timer, zero if the stream has none.
func (c *Ctx[S]) Time() time.Time { return c.time }

// Process is the stream of what f emits for each row; f may keep a value of type S for the row's
// key. It needs a name.
func Process[K comparable, T, S, O any](s *KeyedStream[K, T], f func(ctx *Ctx[S], key K, in T, emit func(O)) error, opts ...Option) *Stream[O] {
	var n *node
	o := stateful[K, T, S, O](s, "process", s.timed, func(r *keyedRows[K, T], st, out *govalue.Codec) dataflow.Operator {
		return newProcess(s, n.frame, f, r, st, out)
	}, opts)
	n = o.node
	return framed(o)
}

func newProcess[K comparable, T, S, O any](s *KeyedStream[K, T], fr *frame, f func(*Ctx[S], K, T, func(O)) error, r *keyedRows[K, T], st, out *govalue.Codec) *process[K, T, S, O] {
	p := &process[K, T, S, O]{
		f: f, keyedRows: r, emitter: newEmitter[O](out, s.timed), others: newOutputs(fr), table: newTable[K, S](),
		store: store[K, S]{section: stateSection, keys: govalue.NewCoder[K](s.key), values: govalue.NewCoder[S](st)},
	}
	p.frame = fr
	p.ctx.sides = func(s AnySide) sideEmitter { return p.others.side(s, p.now) }
	p.emit = p.add
	return p
}

// process calls a function on each row with the state of its key.
type process[K comparable, T, S, O any] struct {
	f func(*Ctx[S], K, T, func(O)) error
	*keyedRows[K, T]
	*emitter[O]
	others  outputs
	table   *table[K, S]
	store   store[K, S]
	emit    func(O)
	ctx     Ctx[S]
	next    int // of the decoded rows
	account *mem.Account
}

var (
	_ dataflow.Opener      = (*process[int, int, int, int])(nil)
	_ dataflow.Resumer     = (*process[int, int, int, int])(nil)
	_ dataflow.Snapshotter = (*process[int, int, int, int])(nil)
	_ dataflow.Measurer    = (*process[int, int, int, int])(nil)
)

// Open opens the account for the state.
func (o *process[K, T, S, O]) Open(ctx *dataflow.Context) error {
	o.account = ctx.Budget.Account(ctx.Name)
	return nil
}

// Process takes rows in.
func (o *process[K, T, S, O]) Process(_ dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	o.decode(b)
	o.next = 0
	return o.Resume(out)
}

// Resume goes on with the rows taken in.
func (o *process[K, T, S, O]) Resume(out dataflow.Output) (dataflow.Status, error) {
	for o.next < len(o.keys) {
		i := o.next
		o.next++
		if err := o.call(i); err != nil {
			return dataflow.Done, err
		}
		if !o.full() {
			continue
		}
		if err := o.flush(out); err != nil {
			return dataflow.Done, err
		}
		if !out.Room() {
			return dataflow.More, nil
		}
	}
	if err := o.account.Resize(o.table.sizeBytes()); err != nil {
		return dataflow.Done, err
	}
	return dataflow.Done, o.flush(out)
}

func (o *process[K, T, S, O]) call(i int) error {
	if o.keyedRows.timed {
		o.now = o.stamps[i]
	}
	return o.with(o.keys[i], func() error { return o.f(&o.ctx, o.keys[i], o.keyedRows.rows[i], o.emit) })
}

// with calls f with the state of key in o.ctx, at the time o.now, and keeps what f makes of it.
func (o *process[K, T, S, O]) with(key K, f func() error) error {
	o.ctx = Ctx[S]{timers: o.ctx.timers, sides: o.ctx.sides}
	if at, ok := o.table.index[key]; ok {
		o.ctx.value, o.ctx.exists = o.table.values[at], true
	}
	if o.keyedRows.timed {
		o.ctx.time = govalue.TimeOf(o.now)
	}
	if err := f(); err != nil {
		return err
	}
	if !o.ctx.exists {
		o.table.remove(key)
		return nil
	}
	at, _ := o.table.at(key)
	o.table.values[at] = o.ctx.value
	return nil
}

func (o *process[K, T, S, O]) full() bool { return o.emitter.full() || o.others.full() }

// flush sends what was gathered for all outputs.
func (o *process[K, T, S, O]) flush(out dataflow.Output) error {
	if err := o.emitter.flush(out); err != nil {
		return err
	}
	return o.others.flush(out)
}

// Snapshot writes the values of all keys.
func (o *process[K, T, S, O]) Snapshot(_ dataflow.Epoch, w *state.Writer) error {
	o.store.describe(w)
	o.store.write(w, o.table.keys, o.table.values, 0)
	return nil
}

// Restore takes the values of this subtask's keys in.
func (o *process[K, T, S, O]) Restore(r *state.Reader) error {
	if err := o.store.check(r); err != nil {
		return err
	}
	err := o.store.read(r, func(_ int64, k K, v S) {
		at, _ := o.table.at(k)
		o.table.values[at] = v
	})
	if err != nil {
		return err
	}
	return o.account.Resize(o.table.sizeBytes())
}

// StateBytes estimates the memory of the state.
func (o *process[K, T, S, O]) StateBytes() int64 { return o.table.sizeBytes() }

// Close frees what the operator holds.
func (o *process[K, T, S, O]) Close() error {
	o.account.Close()
	o.release()
	o.others.release()
	return nil
}
