package task

import (
	"time"

	"github.com/anabranch/anabranch/internal/clock"
	"github.com/anabranch/anabranch/shuffle"
)

// A split that has been silent for long enough is idle: it does not hold the watermark back. A task
// whose splits are all idle says so to the tasks behind it, and again when one of them has rows.
//
// Invariants: a split is found idle only right after its reader was asked and had nothing, so a task
// held up by those behind it does not take its own silence for that of a split. The watermark never
// falls: a split that was idle and comes back with older rows holds it where it is until they have
// caught up.

// rest notes which splits have become idle; no reader has anything now.
func (s *sourceDriver) rest(t *Task) error {
	if len(s.open) == 0 {
		if s.none {
			return t.setStatus(shuffle.Idle)
		}
		return nil
	}
	if s.idleAfter <= 0 {
		return nil
	}
	next, idle, before := time.Duration(0), 0, 0
	for _, r := range s.open {
		if r.idle {
			before++
		} else if left := s.idleAfter - r.silent.Elapsed(); left <= 0 {
			r.idle = true
		} else if next == 0 || left < next {
			next = left
		}
		if r.idle {
			idle++
		}
	}
	if next > 0 {
		s.wakeAfter(t, next)
	}
	switch {
	case idle == before:
		return nil
	case idle == len(s.open):
		return t.setStatus(shuffle.Idle)
	case !s.all && s.remaining:
		return nil
	}
	return t.raise(s.low())
}

// wakeAfter makes the task look again after d.
func (s *sourceDriver) wakeAfter(t *Task, d time.Duration) {
	if s.alarm != nil {
		s.alarm()
	}
	s.alarm = clock.Call(d, t.signal)
}

// wakeUp notes that a split has rows.
func (s *sourceDriver) wakeUp(t *Task, r *splitReader) error {
	if s.idleAfter > 0 {
		r.silent = clock.Start()
	}
	r.idle = false
	return t.setStatus(shuffle.Active)
}
