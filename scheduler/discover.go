package scheduler

import (
	"context"
	"sync"

	"github.com/anabranch/anabranch/internal/clock"
)

// discover looks for further splits of the sources that may have some until ctx ends.
func (x *execution) discover(ctx context.Context, wg *sync.WaitGroup) {
	for _, e := range x.sources {
		if e.grower == nil {
			continue
		}
		wg.Go(func() {
			for clock.Pause(ctx, e.grower.Every()) == nil {
				x.grow(ctx, e)
			}
		})
	}
}

// grow deals the splits that have come and wakes the tasks that read them. Where nobody can tell, it is
// asked again later.
func (x *execution) grow(ctx context.Context, e *enumerator) {
	list, err := e.grower.NewSplits(ctx, e.known)
	if err != nil {
		if ctx.Err() == nil {
			x.opts.note("new splits cannot be listed now: %v", err)
		}
		return
	}
	if len(list) == 0 {
		return
	}
	e.known = append(e.known, list...)
	e.add(list)
	for _, t := range x.tasks {
		if t.source != nil && t.source.splits == e {
			t.signal()
		}
	}
}
