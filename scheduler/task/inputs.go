package task

import (
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/scheduler/rpc"
	"github.com/anabranch/anabranch/shuffle"
)

// inputPort are the channels of one input of the head.
type inputPort struct {
	channels []*inputChannel
	open     int
	mark     dataflow.Time // smallest watermark of the channels
}

type inputChannel struct {
	*shuffle.Channel
	mark    dataflow.Time
	ended   bool
	idle    bool // has no rows at present
	aligned bool // has delivered the barrier that others still owe
}

// intake takes one element in.
func (t *Task) intake() (Result, error) {
	if t.source != nil {
		return t.source.step(t)
	}
	total := 0
	for _, p := range t.ports {
		total += len(p.channels)
	}
	for k := range total {
		port, c := t.channelAt((t.turn + k) % total)
		if c.ended || c.aligned || !t.wants(port) {
			continue
		}
		e, ok, err := c.Pop()
		if err != nil {
			return Done, err
		}
		if !ok {
			continue
		}
		t.turn = (t.turn + k + 1) % total
		return Progressed, t.take(port, c, e)
	}
	return Blocked, nil
}

func (t *Task) channelAt(i int) (dataflow.Port, *inputChannel) {
	for p, port := range t.ports {
		if i < len(port.channels) {
			return dataflow.Port(p), port.channels[i]
		}
		i -= len(port.channels)
	}
	panic("channel out of range")
}

func (t *Task) wants(p dataflow.Port) bool {
	l, ok := t.head.(*link)
	return !ok || l.selector == nil || l.selector.Wants(p)
}

func (t *Task) take(port dataflow.Port, c *inputChannel, e shuffle.Element) error {
	switch {
	case e.Batch != nil:
		t.stats.rowsIn.Add(int64(e.Batch.Live()))
		defer e.Batch.ReleaseUnkept() // also when an operator panics
		if err := t.lookAhead(port, e); err != nil {
			return err
		}
		return t.head.handle(event{kind: batchEvent, batch: e.Batch, port: port})
	case e.Barrier != 0:
		c.aligned = true
		t.aligned++
		t.barrier = e.Barrier
		return t.align()
	case e.Status != 0:
		c.idle = e.Status == shuffle.Idle
		return t.advanceMark()
	case e.End:
		c.ended = true
		c.mark = dataflow.MaxTime
		if err := t.advanceMark(); err != nil {
			return err
		}
		if t.ports[port].open--; t.ports[port].open == 0 {
			if err := t.endPort(port); err != nil {
				return err
			}
		}
		if t.aligned > 0 {
			return t.align()
		}
		return nil
	}
	c.mark = e.Watermark
	return t.advanceMark()
}

// align passes a barrier on once every channel has delivered it or ended.
func (t *Task) align() error {
	for _, p := range t.ports {
		for _, c := range p.channels {
			if !c.aligned && !c.ended {
				return nil
			}
		}
	}
	for _, p := range t.ports {
		for _, c := range p.channels {
			c.aligned = false
		}
	}
	t.aligned, t.epoch = 0, t.barrier
	return t.head.handle(event{kind: barrierEvent, snapshot: &taskSnapshot{epoch: t.barrier, full: t.lineage.begin(t.barrier, dataflow.Epoch(t.complete.Load()))}})
}

func (t *Task) endPort(p dataflow.Port) error {
	t.ended = true
	for _, port := range t.ports {
		t.ended = t.ended && port.open == 0
	}
	return t.head.handle(event{kind: endEvent, port: p})
}

// advanceMark passes the smallest watermark of all inputs on if it rose. Idle ones do not count; where
// there are no others the task is idle itself.
func (t *Task) advanceMark() error {
	low, active, idle := dataflow.MaxTime, false, false
	for i, p := range t.ports {
		mark, status := p.low()
		if status == shuffle.Idle {
			idle = true
			continue
		}
		active = active || status == shuffle.Active
		if mark > p.mark {
			p.mark = mark
			if l, ok := t.head.(*link); ok && l.inputs != nil {
				l.inputs.InputWatermark(dataflow.Port(i), mark)
			}
		}
		low = min(low, mark)
	}
	if idle && !active {
		if err := t.settle(); err != nil {
			return err
		}
		return t.setStatus(shuffle.Idle)
	}
	if err := t.setStatus(shuffle.Active); err != nil {
		return err
	}
	return t.raise(low)
}

// settle raises the watermark, now that all inputs are idle, to where it would be if those that held it
// back had said so first: which channel is heard first must not count.
func (t *Task) settle() error {
	low := dataflow.MaxTime
	for i, p := range t.ports {
		high, open := dataflow.MinTime, false
		for _, c := range p.channels {
			if !c.ended {
				high, open = max(high, c.mark), true
			}
		}
		if !open {
			continue
		}
		if high > p.mark {
			p.mark = high
			if l, ok := t.head.(*link); ok && l.inputs != nil {
				l.inputs.InputWatermark(dataflow.Port(i), high)
			}
		}
		low = min(low, high)
	}
	return t.raise(low)
}

// low is the smallest watermark of the channels that are not idle; the status is 0 if all have ended.
func (p *inputPort) low() (low dataflow.Time, status shuffle.Status) {
	low = dataflow.MaxTime
	for _, c := range p.channels {
		switch {
		case c.ended:
		case c.idle:
			if status == 0 {
				status = shuffle.Idle
			}
		default:
			low, status = min(low, c.mark), shuffle.Active
		}
	}
	return low, status
}

// setStatus tells those behind the task whether it has rows at present.
func (t *Task) setStatus(s shuffle.Status) error {
	if t.idle == (s == shuffle.Idle) {
		return nil
	}
	t.idle = !t.idle
	return t.head.handle(event{kind: statusEvent, status: s})
}

func (t *Task) raise(mark dataflow.Time) error {
	if mark <= t.mark {
		return nil
	}
	t.mark = mark
	return t.head.handle(event{kind: watermarkEvent, watermark: mark})
}

// noteBuilding tells when no input has to wait for another any more.
func (t *Task) noteBuilding() {
	if t.building && !t.waitsForInput() {
		t.building = false
		t.send(&rpc.Built{Attempt: t.attempt, Task: t.number})
	}
}

// waitsForInput reports that some input is read only after another.
func (t *Task) waitsForInput() bool {
	for p, port := range t.ports {
		if port.open > 0 && !t.wants(dataflow.Port(p)) && !t.ended {
			return true
		}
	}
	return false
}
