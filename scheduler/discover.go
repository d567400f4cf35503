package scheduler

import (
	"context"
	"sync"

	"github.com/anabranch/anabranch/internal/clock"
)

// discover looks for further splits of the sources that may have some until ctx ends.
func (x *execution) discover(ctx context.Context, wg *sync.WaitGroup) {
	for _, e := range x.sources {
		if !e.grows() {
			continue
		}
		wg.Go(func() {
			for clock.Pause(ctx, e.every()) == nil {
				x.grow(ctx, e)
			}
		})
	}
}

// grow hands out the splits that have come and wakes the tasks that read them. Where nobody can tell, it is
// asked again later.
func (x *execution) grow(ctx context.Context, e *enumerator) {
	list, names, err := e.discover(ctx)
	if err != nil {
		if ctx.Err() == nil {
			x.opts.note("new splits cannot be listed now: %v", err)
		}
		return
	}
	if len(list) == 0 && len(names) == 0 {
		return
	}
	e.add(list, names)
	for _, t := range x.tasks {
		if t.source != nil && t.source.splits == e {
			t.signal()
		}
	}
}
