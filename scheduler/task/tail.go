package task

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/shuffle"
)

// fork hands what an operator makes to several stages, one after the other.
type fork []stage

// Emit hands the batch to every stage, none of which may keep an owned one.
func (f fork) Emit(b *columnar.Batch) error {
	return f.handle(event{kind: batchEvent, batch: b})
}

// Room reports whether every stage has room.
func (f fork) Room() bool {
	for _, s := range f {
		if !s.Room() {
			return false
		}
	}
	return true
}

// Done reports that no stage wants more rows.
func (f fork) Done() bool {
	for _, s := range f {
		if !s.Done() {
			return false
		}
	}
	return true
}

func (f fork) handle(e event) error {
	if e.batch != nil {
		e.batch = e.batch.WithSel(e.batch.Sel)
	}
	for _, s := range f {
		if err := s.handle(e); err != nil {
			return err
		}
	}
	return nil
}

// tail is what all ends of a task have in common.
type tail struct {
	exits    []*exit
	snapshot *taskSnapshot // all operators have seen its barrier, but it is not whole yet
	canceled func() bool   // nil in a task that is stepped by hand
	passed   int           // exits that the newest barrier has come to
	ended    int           // exits that have ended
}

// exit adds an end.
func (t *tail) exit() *exit {
	x := &exit{tail: t}
	t.exits = append(t.exits, x)
	return x
}

// room reports whether every exit has room.
func (t *tail) room() bool {
	for _, x := range t.exits {
		if !x.Room() {
			return false
		}
	}
	return true
}

// whole reports that all that was to go out has gone.
func (t *tail) whole() bool { return t.ended == len(t.exits) }

// writers are those of all exits.
func (t *tail) writers(yield func(*shuffle.Writer) bool) {
	for _, x := range t.exits {
		for _, w := range x.writers {
			if !yield(w) {
				return
			}
		}
	}
}

// exit is where the rows of an operator leave the task, or end: the writers of its outgoing edges.
type exit struct {
	tail    *tail
	writers []*shuffle.Writer
}

// Emit hands the batch to every writer. Only a sole one may keep an owned batch.
func (x *exit) Emit(b *columnar.Batch) error {
	if len(x.writers) > 1 {
		b = b.WithSel(b.Sel)
	}
	for _, w := range x.writers {
		if err := w.Emit(b); err != nil {
			return err
		}
	}
	return nil
}

// Room reports whether every writer has room. A canceled task has none, so that an operator
// that makes many batches of one returns and the task looks at its context.
func (x *exit) Room() bool {
	if x.tail.canceled != nil && x.tail.canceled() {
		return false
	}
	for _, w := range x.writers {
		if !w.Room() {
			return false
		}
	}
	return true
}

// Done reports that there are writers and none is wanted any more.
func (x *exit) Done() bool {
	for _, w := range x.writers {
		if !w.Done() {
			return false
		}
	}
	return len(x.writers) > 0
}

func (x *exit) handle(e event) error {
	switch e.kind {
	case batchEvent:
		return x.Emit(e.batch)
	case watermarkEvent:
		for _, w := range x.writers {
			w.Watermark(e.watermark)
		}
	case barrierEvent:
		for _, w := range x.writers {
			w.Barrier(e.snapshot.epoch)
		}
		if x.tail.passed++; x.tail.passed == len(x.tail.exits) {
			x.tail.passed = 0
			x.tail.begin(e.snapshot)
		}
	case statusEvent:
		for _, w := range x.writers {
			w.Status(e.status)
		}
	case endEvent:
		x.tail.ended++
		for _, w := range x.writers {
			w.End()
		}
	}
	return nil
}
