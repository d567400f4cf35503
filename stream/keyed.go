package stream

import (
	"fmt"
	"strings"
	"time"
	"unsafe"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/columnar/govalue"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/operators"
	"github.com/anabranch/anabranch/state"
)

// KeyedStream is a stream whose rows of one key are handled by one subtask. K is a type that a
// stream may have, without floats and pointers.
type KeyedStream[K comparable, T any] struct {
	node  *node
	key   *govalue.Codec
	value *govalue.Codec
	timed bool
}

// KeyBy gives each row a key.
func KeyBy[K comparable, T any](s *Stream[T], key func(T) K, opts ...Option) *KeyedStream[K, T] {
	e := s.node.env
	k := keyCodecOf[K](e, "key")
	fields := append(k.Columns("$key."), s.node.schema.Fields...)
	// Keys are made where the rows come from, so that no exchange puts rows of a key out of order.
	n := &node{
		kind: operators.KindFunction, what: "key", sole: s.node.sole, schema: columnar.NewSchema(fields...),
		inputs: []input{{from: s.node}},
	}
	n.operator = func() dataflow.Operator {
		return &keyMaker[K, T]{key: key, in: govalue.NewCoder[T](s.codec), keys: govalue.NewCoder[K](k), schema: n.schema}
	}
	return &KeyedStream[K, T]{node: e.add(n, opts), key: k, value: s.codec, timed: s.timed}
}

// keyMaker puts key columns in front of the rows.
type keyMaker[K comparable, T any] struct {
	key    func(T) K
	in     *govalue.Coder[T]
	keys   *govalue.Coder[K]
	schema *columnar.Schema
	live   govalue.Positions
	values []K
	cols   []*columnar.Vector
}

var _ dataflow.Operator = (*keyMaker[int, int])(nil)

// Process computes the keys of b's rows.
func (o *keyMaker[K, T]) Process(_ dataflow.Port, b *columnar.Batch, out dataflow.Output) (dataflow.Status, error) {
	if o.cols == nil {
		o.cols = columnar.NewBatch(columnar.NewSchema(o.schema.Fields[:o.keys.Width()]...)).Cols
	}
	if cap(o.values) < b.Len() {
		o.values = make([]K, b.Len())
	}
	o.values = o.values[:b.Len()]
	clear(o.values)
	rows := o.live.Of(b)
	for i, v := range o.in.Decode(b.Cols, rows) {
		o.values[rows[i]] = o.key(v)
	}
	o.keys.Encode(o.cols, o.values)
	keyed := &columnar.Batch{Schema: o.schema, Cols: append(o.cols[:len(o.cols):len(o.cols)], b.Cols...), Sel: b.Sel}
	keyed.SetLen(b.Len())
	return dataflow.Done, out.Emit(keyed)
}

// Close frees the key columns.
func (o *keyMaker[K, T]) Close() error {
	for _, c := range o.cols {
		c.Release()
	}
	return nil
}

// stateful makes the stream of an operator that keeps state for each key.
func stateful[K comparable, T, S, O any](s *KeyedStream[K, T], what string, timed bool, build func(r *keyedRows[K, T], st *govalue.Codec, out *govalue.Codec) dataflow.Operator, opts []Option) *Stream[O] {
	e := s.node.env
	st := codecOf[S](e, what+": state")
	o := then[O](e, what, timed, input{from: s.node, keys: s.key.Width()}, func(out *govalue.Codec) dataflow.Operator {
		r := &keyedRows[K, T]{key: govalue.NewCoder[K](s.key), value: govalue.NewCoder[T](s.value), timed: s.timed}
		return build(r, st, out)
	}, opts)
	o.node.stateful = true
	return o
}

// keyedRows decodes the rows of a keyed stream.
type keyedRows[K comparable, T any] struct {
	key   *govalue.Coder[K]
	value *govalue.Coder[T]
	timed bool
	live  govalue.Positions

	keys   []K
	rows   []T
	stamps []int64
}

func (r *keyedRows[K, T]) decode(b *columnar.Batch) {
	sel := r.live.Of(b)
	r.keys = r.key.Decode(b.Cols, sel)
	r.rows = r.value.Decode(b.Cols[r.key.Width():], sel)
	r.stamps = times(r.stamps, b, sel, r.timed)
}

// table is one value for each key, in order of the keys' first rows as long as none is removed.
type table[K comparable, S any] struct {
	index  map[K]int
	keys   []K
	values []S
}

func newTable[K comparable, S any]() *table[K, S] { return &table[K, S]{index: map[K]int{}} }

// at is the position of k, which is added with a zero value where it is not there.
func (t *table[K, S]) at(k K) (i int, fresh bool) {
	if i, ok := t.index[k]; ok {
		return i, false
	}
	var zero S
	i = len(t.keys)
	t.index[k] = i
	t.keys, t.values = append(t.keys, k), append(t.values, zero)
	return i, true
}

// remove forgets k; the last key takes its position.
func (t *table[K, S]) remove(k K) {
	i, ok := t.index[k]
	if !ok {
		return
	}
	last := len(t.keys) - 1
	t.keys[i], t.values[i] = t.keys[last], t.values[last]
	t.index[t.keys[i]] = i
	delete(t.index, k)
	clear(t.keys[last:])
	clear(t.values[last:])
	t.keys, t.values = t.keys[:last], t.values[:last]
}

// tableOverhead is about what the index adds to a key, in bytes.
const tableOverhead = 24

// sizeBytes estimates the table's memory; what keys and values point to is left out.
func (t *table[K, S]) sizeBytes() int64 {
	var k K
	var s S
	return int64(len(t.keys)) * int64(2*unsafe.Sizeof(k)+unsafe.Sizeof(s)+tableOverhead)
}

// store writes values of keys into snapshots and reads them back: the key's columns, the start of the
// window, the value's columns.
type store[K comparable, S any] struct {
	section     string
	keys        *govalue.Coder[K]
	values      *govalue.Coder[S]
	size, slide int64 // of the windows; 0: there are none
}

const (
	stateSection = "keys"
	timerSection = "timers"
	startName    = "$start"
	shapeSection = "shape"
)

// shape is what rows of state are. Those of another one could be read without an error and mean something
// else: fields that have changed places, or starts of windows of another size.
type shape struct {
	Columns     string
	Size, Slide int64
}

func (s *store[K, S]) shape() shape {
	var list []string
	for _, f := range append(s.keys.Codec().Columns("$key."), s.values.Codec().Columns("")...) {
		list = append(list, f.Name+" "+f.Type.String())
	}
	return shape{strings.Join(list, ", "), s.size, s.slide}
}

// describe writes down what the rows are.
func (s *store[K, S]) describe(w *state.Writer) { w.Value(shapeSection, s.shape()) }

// check refuses state whose rows are not those of s. Older checkpoints do not tell.
func (s *store[K, S]) check(r *state.Reader) error {
	found, err := state.Values[shape](r, shapeSection)
	if err != nil {
		return err
	}
	want := s.shape()
	for _, f := range found {
		if f.Columns != want.Columns {
			return anotherShape("state of the columns (%s), not (%s)", f.Columns, want.Columns)
		}
		if f != want {
			return anotherShape("windows of %s that begin every %s, not of %s and %s", micros(f.Size), micros(f.Slide), micros(want.Size), micros(want.Slide))
		}
	}
	return nil
}

// anotherShape is an error that another start of the job does not help.
func anotherShape(format string, args ...any) error {
	return &dataflow.RowError{Err: fmt.Errorf("the checkpoint has "+format+": remove it to start afresh", args...)}
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

func (s *store[K, S]) schema() *columnar.Schema {
	fields := append(s.keys.Codec().Columns("$key."), columnar.Field{Name: startName, Type: columnar.TypeBigInt.Required()})
	return columnar.NewSchema(append(fields, s.values.Codec().Columns("")...)...)
}

// write writes values and their keys down, of a window that begins at start.
func (s *store[K, S]) write(w *state.Writer, keys []K, values []S, start int64) {
	b := columnar.NewBatch(s.schema())
	defer b.Release()
	width := s.keys.Width()
	for from := 0; from < len(keys); from += columnar.BatchRows {
		n := min(columnar.BatchRows, len(keys)-from)
		b.Reset(n)
		s.keys.Encode(b.Cols[:width], keys[from:from+n])
		starts := columnar.Values[int64](b.Cols[width])
		for i := range starts {
			starts[i] = start
		}
		s.values.Encode(b.Cols[width+1:], values[from:from+n])
		w.Rows(s.section, b)
	}
}

// read hands the values of the keys of this subtask to each.
func (s *store[K, S]) read(r *state.Reader, each func(start int64, key K, value S)) error {
	width := s.keys.Width()
	return r.Rows(s.section, s.schema(), func(b *columnar.Batch) error {
		sel := r.SelectOwn(columnar.HashRows(nil, b.Cols[:width], nil, b.Len()))
		starts := columnar.Values[int64](b.Cols[width])
		values := s.values.Decode(b.Cols[width+1:], sel)
		for i, k := range s.keys.Decode(b.Cols, sel) {
			each(starts[sel[i]], k, values[i])
		}
		return nil
	})
}
