package task

import (
	"errors"
	"fmt"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/operators"
	"github.com/anabranch/anabranch/shuffle"
	"github.com/anabranch/anabranch/state"
)

// event is something a link has to deal with in order.
type event struct {
	kind      eventKind
	batch     *columnar.Batch
	watermark dataflow.Time
	port      dataflow.Port
	status    shuffle.Status
	now       int64         // of an alarm
	snapshot  *taskSnapshot // of a barrier
}

type eventKind uint8

const (
	batchEvent eventKind = iota
	watermarkEvent
	barrierEvent
	statusEvent
	alarmEvent
	endEvent
)

// taskSnapshot is what the operators of a task write down at a barrier.
type taskSnapshot struct {
	epoch       dataflow.Epoch
	full        bool // of all state, not of what has changed since the snapshot before
	writer      state.Writer
	committable []dataflow.Committable
	copying     []*copying // what is written while the operators go on
	handed      int        // bytes that are being written
}

// link is one operator of a task. It is the Output of the operator before it: what that one
// emits is processed at once, unless this one is unfinished; then it is kept in a queue.
type link struct {
	name string
	uid  string
	op   dataflow.Operator
	// The abilities of op, nil where it lacks them.
	resumer     dataflow.Resumer
	watermarker dataflow.Watermarker
	inputs      dataflow.InputWatermarker
	ahead       dataflow.LookAhead
	alarmer     dataflow.Alarmer
	ender       dataflow.InputEnder
	stopper     dataflow.Stopper
	selector    dataflow.InputSelector
	measurer    dataflow.Measurer
	counter     dataflow.Counter
	snapshotter dataflow.Snapshotter
	incremental dataflow.Incremental
	committing  dataflow.Committing
	maker       dataflow.WatermarkMaker
	made        dataflow.Time // newest watermark of maker

	running bool // op is being called, for the report of a panic
	pure    bool // op is ours and talks to nobody: what fails in it fails because of its rows

	epoch  dataflow.Epoch // of the last barrier
	finals []dataflow.Committable

	out     stage
	pending bool  // op returned More
	after   event // to pass on once op is done
	passOn  bool  // after is set
	queue   []event
	open    int // inputs that have not ended
}

// stage is what follows an operator: another link, an exit, or a fork before several of them.
type stage interface {
	dataflow.Output
	handle(e event) error
}

func newLink(n *graph.Node, op dataflow.Operator, out stage) *link {
	l := &link{name: n.Name, uid: n.UID, op: op, out: out, open: len(n.Inputs), made: dataflow.MinTime}
	switch n.Kind {
	case operators.KindSink, operators.KindCollect, operators.KindFunction:
	default:
		l.pure = true
	}
	l.resumer, _ = op.(dataflow.Resumer)
	l.watermarker, _ = op.(dataflow.Watermarker)
	l.inputs, _ = op.(dataflow.InputWatermarker)
	l.ahead, _ = op.(dataflow.LookAhead)
	l.alarmer, _ = op.(dataflow.Alarmer)
	l.ender, _ = op.(dataflow.InputEnder)
	l.stopper, _ = op.(dataflow.Stopper)
	l.selector, _ = op.(dataflow.InputSelector)
	l.measurer, _ = op.(dataflow.Measurer)
	l.counter, _ = op.(dataflow.Counter)
	l.snapshotter, _ = op.(dataflow.Snapshotter)
	l.incremental, _ = op.(dataflow.Incremental)
	l.committing, _ = op.(dataflow.Committing)
	l.maker, _ = op.(dataflow.WatermarkMaker)
	return l
}

// Emit takes a batch from the operator before.
func (l *link) Emit(b *columnar.Batch) error {
	if l.busy() {
		l.queue = append(l.queue, event{kind: batchEvent, batch: b.Keep()})
		return nil
	}
	return l.handle(event{kind: batchEvent, batch: b})
}

func (l *link) busy() bool { return l.pending || len(l.queue) > 0 }

// Room reports whether a further batch would be processed at once.
func (l *link) Room() bool { return !l.busy() && l.out.Room() }

// Done reports that neither op nor anything after it wants more rows.
func (l *link) Done() bool { return l.stopper != nil && l.stopper.Stopped() || l.out.Done() }

// handle deals with an event now, or queues it behind unfinished ones.
func (l *link) handle(e event) error {
	if l.busy() {
		if e.batch != nil {
			e.batch = e.batch.Keep()
		}
		l.queue = append(l.queue, e)
		return nil
	}
	return l.do(e)
}

// do deals with an event. The event itself goes on to the next stage when op is done with it.
func (l *link) do(e event) error {
	status, err := dataflow.Done, error(nil)
	l.running = true
	switch e.kind {
	case batchEvent:
		status, err = l.op.Process(e.port, e.batch, l.out)
	case watermarkEvent:
		l.after, l.passOn = e, true
		if l.watermarker != nil {
			status, err = l.watermarker.Watermark(e.watermark, l.out)
		}
	case barrierEvent:
		l.after, l.passOn = e, true
		err = l.snapshot(e.snapshot)
	case statusEvent:
		l.after, l.passOn = e, true
	case alarmEvent:
		status, err = l.alarmer.Ring(e.now, l.out)
	case endEvent:
		if l.open--; l.open == 0 {
			l.after, l.passOn = event{kind: endEvent}, true
		}
		if l.ender != nil {
			status, err = l.ender.EndInput(e.port, l.out)
		}
	}
	l.running = false
	return l.settle(status, err)
}

// settle records what a call of op left behind.
func (l *link) settle(status dataflow.Status, err error) error {
	if err != nil {
		return l.wrap(err)
	}
	if l.pending = status == dataflow.More; l.pending {
		if l.resumer == nil {
			return fmt.Errorf("operator %s returned More but cannot resume", l.name)
		}
		return nil
	}
	if !l.passOn {
		return l.passMade()
	}
	l.passOn = false
	e := l.after
	if h, ok := l.op.(dataflow.WatermarkHolder); ok && e.kind == watermarkEvent {
		e.watermark = h.OutputWatermark(e.watermark)
	}
	if e.kind == endEvent && l.committing != nil {
		if l.finals, err = l.prepare(l.epoch+1, true); err != nil {
			return l.wrap(err)
		}
	}
	return l.out.handle(e)
}

// passMade passes the watermark on that op has made of a batch.
func (l *link) passMade() error {
	if l.maker == nil {
		return nil
	}
	t := l.maker.MadeWatermark()
	if t <= l.made {
		return nil
	}
	l.made = t
	return l.out.handle(event{kind: watermarkEvent, watermark: t})
}

// snapshot writes the state of op down.
func (l *link) snapshot(s *taskSnapshot) error {
	l.epoch = s.epoch
	switch {
	case l.incremental != nil:
		c := &copying{link: l}
		c.writer.For(l.uid)
		s.copying = append(s.copying, c)
		if err := l.incremental.Freeze(s.epoch, s.full, &c.writer); err != nil {
			return err
		}
	case l.snapshotter != nil:
		s.writer.For(l.uid)
		if err := l.snapshotter.Snapshot(s.epoch, &s.writer); err != nil {
			return err
		}
	}
	if l.committing == nil {
		return nil
	}
	list, err := l.prepare(s.epoch, false)
	s.committable = append(s.committable, list...)
	return err
}

func (l *link) prepare(epoch dataflow.Epoch, final bool) ([]dataflow.Committable, error) {
	list, err := l.committing.Prepare(epoch, final)
	for i := range list {
		list[i].UID = l.uid
	}
	return list, err
}

// advance goes on with unfinished work as far as there is room and reports whether all is done.
func (l *link) advance() (finished bool, err error) {
	for l.busy() {
		if !l.out.Room() {
			return false, nil
		}
		if l.pending {
			l.running = true
			status, err := l.resumer.Resume(l.out)
			l.running = false
			if err := l.settle(status, err); err != nil {
				return false, err
			}
			continue
		}
		e := l.queue[0]
		l.queue[0] = event{}
		l.queue = l.queue[1:]
		if err := l.doQueued(e); err != nil {
			return false, err
		}
	}
	return true, nil
}

// doQueued deals with an event whose batch, if any, was kept for it.
func (l *link) doQueued(e event) error {
	if e.batch != nil {
		e.batch.Rearm()
		defer e.batch.ReleaseUnkept()
	}
	return l.do(e)
}

// OperatorError is a failure with the operator it happened in.
type OperatorError struct {
	Operator string
	Err      error
}

// Error names the operator.
func (e *OperatorError) Error() string { return e.Operator + ": " + e.Err.Error() }

// Unwrap gives the cause.
func (e *OperatorError) Unwrap() error { return e.Err }

func (l *link) wrap(err error) error {
	if _, ok := err.(*OperatorError); ok { //nolint:errorlint // only the outermost error counts: an inner link has named itself
		return err
	}
	var call *expr.CallError
	if l.pure && !(errors.As(err, &call) && call.Volatile) {
		err = &dataflow.RowError{Err: err}
	}
	return &OperatorError{Operator: l.name, Err: err}
}
