package jobmanager

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/anabranch/anabranch/scheduler/rpc"
)

// restarts is a strategy at work. It has no clock: times are given as those since the job's start.
type restarts struct {
	rpc.RestartStrategy
	count    int             // starts so far, of ExponentialDelay since the delay began anew
	failures []time.Duration // within the interval of FailureRate
	delay    time.Duration
	last     time.Duration // end of the last delay
	random   *rand.Rand
}

// failed says after which delay to start again; ok is false if the job has failed for good.
func (r *restarts) failed(now time.Duration) (delay time.Duration, ok bool) {
	switch r.Kind {
	case rpc.FixedDelay:
		delay, ok = r.Delay, r.count < r.Attempts
	case rpc.FailureRate:
		r.failures = slices.DeleteFunc(r.failures, func(at time.Duration) bool { return now-at > r.Interval })
		r.failures = append(r.failures, now)
		delay, ok = r.Delay, len(r.failures) <= r.MaxFailures
	case rpc.ExponentialDelay:
		if r.delay == 0 || now-r.last > r.ResetAfter {
			r.delay, r.count = r.Initial, 0
		} else {
			r.delay = time.Duration(min(float64(r.delay)*r.Multiplier, float64(r.Max)))
		}
		spread := 1 + r.Jitter*(2*r.random.Float64()-1)
		delay, ok = time.Duration(math.Round(float64(r.delay)*spread)), r.Attempts == 0 || r.count < r.Attempts
	}
	r.count++
	r.last = now + delay
	return delay, ok
}
