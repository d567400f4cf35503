package checkpoint

import (
	"math/rand/v2"
	"testing"

	"github.com/anabranch/anabranch/dataflow"
)

// played is a coordinator beside what it may do.
type played struct {
	t          *testing.T
	seed       uint64
	rng        *rand.Rand
	c          *Coordinator
	tasks      int
	tolerable  int
	acked      map[int]bool
	ended      map[int]bool
	open, last dataflow.Epoch
	failures   int
	final      bool
	failed     bool
	aborted    int
}

// play hands an event over and carries out what the coordinator says; some epochs cannot be stored.
func (p *played) play(e Event) {
	for _, cmd := range p.c.Handle(e) {
		switch cmd.Kind {
		case Trigger:
			if p.open != 0 || cmd.Epoch != p.last+1 {
				p.t.Fatalf("seed %d: epoch %d starts while %d is open, last %d", p.seed, cmd.Epoch, p.open, p.last)
			}
			p.open, p.last = cmd.Epoch, cmd.Epoch
			clear(p.acked)
		case Persist:
			p.persist(cmd.Epoch)
		case Abort:
			if p.open != cmd.Epoch {
				p.t.Fatalf("seed %d: epoch %d is given up, %d is open", p.seed, cmd.Epoch, p.open)
			}
			p.open = 0
			p.aborted++
			p.failures++
		case Fail:
			if p.failures <= p.tolerable && !p.final {
				p.t.Fatalf("seed %d: the job fails after %d of %d", p.seed, p.failures, p.tolerable)
			}
			p.failed = true
		}
		if p.failures > p.tolerable && cmd.Kind == Trigger {
			p.t.Fatalf("seed %d: goes on after %d failures of %d", p.seed, p.failures, p.tolerable)
		}
	}
}

func (p *played) persist(epoch dataflow.Epoch) {
	for i := range p.tasks {
		if !p.acked[i] && !p.ended[i] {
			p.t.Fatalf("seed %d: epoch %d persisted without task %d", p.seed, epoch, i)
		}
	}
	if p.final {
		p.t.Fatalf("seed %d: epoch %d persisted after the last one", p.seed, epoch)
	}
	p.final, p.open, p.last = p.c.Ended(), epoch, epoch
	if p.rng.IntN(6) == 0 {
		p.play(Event{Kind: StoreFailed, Epoch: epoch})
		return
	}
	p.open, p.failures = 0, 0
	p.play(Event{Kind: Stored, Epoch: epoch})
}

// TestCoordinator plays random orders of events: tasks acknowledge an epoch at most once, also late,
// and end at any time; epochs take too long or cannot be stored. An epoch must be persisted once, when
// each task has acknowledged it or had ended, and a last one when all have ended; the job fails when
// too many epochs in a row do.
func TestCoordinator(t *testing.T) {
	aborted, failed := 0, 0
	for seed := range uint64(600) {
		rng := rand.New(rand.NewPCG(seed, 2))
		tasks := 1 + rng.IntN(5)
		p := &played{t: t, seed: seed, rng: rng, tasks: tasks, tolerable: rng.IntN(4), acked: map[int]bool{}, ended: map[int]bool{}, last: 7}
		p.c = NewCoordinator(tasks, 7, p.tolerable)
		for len(p.ended) < tasks && !p.failed {
			i := rng.IntN(tasks)
			switch {
			case p.ended[i]:
			case rng.IntN(4) == 0:
				p.play(Event{Kind: Due})
			case p.open != 0 && rng.IntN(12) == 0:
				p.play(Event{Kind: TimedOut, Epoch: p.open - dataflow.Epoch(rng.IntN(2))})
			case p.open != 0 && !p.acked[i]:
				p.acked[i] = true
				p.play(Event{Kind: Acked, Task: i, Epoch: p.open})
			case p.last > 7 && p.open == 0:
				p.play(Event{Kind: Acked, Task: i, Epoch: p.last}) // too late
			case rng.IntN(6) == 0:
				p.ended[i] = true
				p.play(Event{Kind: Finished, Task: i})
			}
		}
		if !p.failed && (!p.final || !p.c.Ended() || !p.c.Idle()) {
			t.Errorf("seed %d: after the end: last epoch persisted %v, ended %v, idle %v", seed, p.final, p.c.Ended(), p.c.Idle())
		}
		aborted += p.aborted
		if p.failed {
			failed++
		}
	}
	if aborted == 0 || failed == 0 {
		t.Errorf("%d epochs were given up, %d jobs failed: the test does not test", aborted, failed)
	}
}
