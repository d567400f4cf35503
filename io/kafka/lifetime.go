package kafka

import (
	"context"
	"time"

	"github.com/anabranch/anabranch/internal/clock"
)

// lifetime is a context for what an operator waits for at the brokers. It ends when the operator is closed
// or its job canceled, which an operator is not told but asks for.
type lifetime struct {
	context.Context

	cancel context.CancelFunc
	ended  chan struct{}
}

// askEvery is how often to ask whether the job is canceled.
const askEvery = 10 * time.Millisecond

// startLifetime begins one; canceled may be nil, for never.
func startLifetime(canceled func() bool) *lifetime {
	l := &lifetime{ended: make(chan struct{})}
	l.Context, l.cancel = context.WithCancel(context.Background())
	if canceled == nil {
		close(l.ended)
		return l
	}
	tick, stop := clock.Tick(askEvery)
	go func() {
		defer close(l.ended)
		defer stop()
		for {
			select {
			case <-tick:
				if canceled() {
					l.cancel()
				}
			case <-l.Done():
				return
			}
		}
	}()
	return l
}

// end ends it and waits until nobody asks any more.
func (l *lifetime) end() {
	l.cancel()
	<-l.ended
}
