package task

import (
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/shuffle"
)

// lookAhead shows the first operator the batch e and those that wait behind it and beside it, if it wants that
// and has not been shown e.
func (t *Task) lookAhead(port dataflow.Port, e shuffle.Element) error {
	l, ok := t.head.(*link)
	if !ok || l.ahead == nil || e.Shown {
		return nil
	}
	t.waiting = append(t.waiting[:0], e.Batch)
	for _, c := range t.ports[port].channels {
		if !c.aligned {
			t.waiting = c.Waiting(t.waiting)
		}
	}
	l.running = true
	err := l.ahead.Ahead(port, t.waiting)
	l.running = false
	clear(t.waiting)
	if err != nil {
		return l.wrap(err)
	}
	return nil
}
