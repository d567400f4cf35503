package task

import (
	"math"
	"time"

	"github.com/anabranch/anabranch/internal/clock"
)

// alarms are the operators of a task that act on the wall clock, and what wakes the task for them.
//
// Invariant: what is due when a task is restored rings before a barrier is taken in, because alarms are
// looked at before input is.
type alarms struct {
	links []*link
	now   func() int64
	at    int64  // the alarm that the task is woken for
	until int64  // when it is woken, which may be before
	stop  func() // gives the waking up; nil if there is none
}

// add has the alarms of l looked at, if it has any.
func (a *alarms) add(l *link, now func() int64) {
	if l.alarmer != nil && now != nil {
		a.links, a.now = append(a.links, l), now
	}
}

// ring lets one operator act whose time has come and reports whether there was one.
func (a *alarms) ring() (rang bool, err error) {
	if len(a.links) == 0 {
		return false, nil
	}
	now := a.now()
	for _, l := range a.links {
		if at, set := l.alarmer.NextAlarm(); set && at <= now {
			return true, l.handle(event{kind: alarmEvent, now: now})
		}
	}
	return false, nil
}

// wait has the task woken when the next alarm is due.
func (a *alarms) wait(wake func()) {
	if len(a.links) == 0 {
		return
	}
	next := int64(math.MaxInt64)
	for _, l := range a.links {
		if at, set := l.alarmer.NextAlarm(); set {
			next = min(next, at)
		}
	}
	now := a.now()
	if a.stop != nil && next == a.at && now < a.until {
		return
	}
	a.close()
	if next == math.MaxInt64 {
		return
	}
	left := min(max(next-now, 1), int64(waitMax/time.Microsecond))
	a.at, a.until = next, now+left
	a.stop = clock.Call(time.Duration(left)*time.Microsecond, wake)
}

// waitMax bounds how long a task sleeps: the clock may be set.
const waitMax = time.Minute

// close gives the waking up.
func (a *alarms) close() {
	if a.stop != nil {
		a.stop()
	}
	a.stop = nil
}
