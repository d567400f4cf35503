package checkpoint

import (
	"math/rand/v2"
	"testing"

	"github.com/anabranch/anabranch/dataflow"
)

// TestCoordinator plays random orders of events: tasks acknowledge an epoch at most once and only
// while it is in progress, and end at any time. An epoch must be persisted once, when each task
// has acknowledged it or had ended, and a last one when all have ended.
func TestCoordinator(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 2))
		tasks := 1 + rng.IntN(5)
		c := NewCoordinator(tasks, 7)
		acked, ended := map[int]bool{}, map[int]bool{}
		var open, last dataflow.Epoch = 0, 7
		persisted, final := 0, false
		play := func(e Event) {
			for _, cmd := range c.Handle(e) {
				switch cmd.Kind {
				case Trigger:
					if open != 0 || cmd.Epoch != last+1 {
						t.Fatalf("seed %d: epoch %d starts while %d is open, last %d", seed, cmd.Epoch, open, last)
					}
					open, last = cmd.Epoch, cmd.Epoch
					clear(acked)
				case Persist:
					for i := range tasks {
						if !acked[i] && !ended[i] {
							t.Fatalf("seed %d: epoch %d persisted without task %d", seed, cmd.Epoch, i)
						}
					}
					if final {
						t.Fatalf("seed %d: epoch %d persisted after the last one", seed, cmd.Epoch)
					}
					final = c.Ended()
					persisted, open, last = persisted+1, 0, cmd.Epoch
					for _, more := range c.Handle(Event{Kind: Stored, Epoch: cmd.Epoch}) {
						if more.Kind == Persist {
							persisted, final, last = persisted+1, c.Ended(), more.Epoch
							c.Handle(Event{Kind: Stored, Epoch: more.Epoch})
						}
					}
				}
			}
		}
		for len(ended) < tasks {
			i := rng.IntN(tasks)
			switch {
			case ended[i]:
			case rng.IntN(4) == 0:
				play(Event{Kind: Due})
			case open != 0 && !acked[i]:
				acked[i] = true
				play(Event{Kind: Acked, Task: i, Epoch: open})
			case rng.IntN(6) == 0:
				ended[i] = true
				play(Event{Kind: Finished, Task: i})
			}
		}
		if !final || !c.Ended() || !c.Idle() {
			t.Errorf("seed %d: after the end: last epoch persisted %v, ended %v, idle %v", seed, final, c.Ended(), c.Idle())
		}
	}
}
