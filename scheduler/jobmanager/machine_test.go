package jobmanager

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anabranch/anabranch/checkpoint"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/scheduler/rpc"
)

// desk is a machine whose actions are looked at by the test. Its job has a source, task 0, and a sink,
// task 1, on one TaskManager.
type desk struct {
	*testing.T
	m    *Machine
	now  time.Duration
	acts []Action // of the last step
}

func newDesk(t *testing.T, s rpc.Settings) *desk {
	t.Helper()
	job := &graph.Job{Name: "job"}
	n := job.Add("source", "source", nil, nil)
	job.Add("sink", "sink", nil, nil, graph.Edge{From: n.ID, Partition: graph.Partitioning{Scheme: graph.Hash, Keys: []int{0}}})
	s.Parallelism = 1
	m, err := NewMachine(&rpc.Submit{Job: job, Settings: s})
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{T: t, m: m}
	d.acts = m.Start(0)
	d.step(From{"a", &rpc.Offer{Slots: 1}})
	d.prepared()
	d.from(&rpc.Deployed{Attempt: 1})
	return d
}

// prepared answers that the newest attempt is prepared, from no checkpoint.
func (d *desk) prepared() {
	splits := []rpc.Split{{Split: dataflow.Split{ID: "0"}}, {Split: dataflow.Split{ID: "1"}}}
	d.step(Prepared{Attempt: d.m.attempt, Sources: []SourceSplits{{UID: "source-0", Splits: splits}}})
}

func (d *desk) step(e Event) {
	d.now += time.Millisecond
	d.acts = d.m.Step(d.now, e)
}

func (d *desk) from(m rpc.Message) { d.step(From{"a", m}) }

func (d *desk) acknowledge(task int, epoch dataflow.Epoch, data ...string) {
	a := &rpc.Acknowledge{Attempt: d.m.attempt, Task: task, Epoch: epoch, File: &checkpoint.File{}}
	for _, text := range data {
		a.Committable = append(a.Committable, dataflow.Committable{UID: "sink-1", Data: []byte(text)})
	}
	d.from(a)
}

// did finds the only action of a type among those of the last step.
func did[A Action](d *desk) A {
	d.Helper()
	var found []A
	for _, a := range d.acts {
		if a, ok := a.(A); ok {
			found = append(found, a)
		}
	}
	if len(found) != 1 {
		d.Fatalf("%d actions of %T among %+v", len(found), *new(A), d.acts)
	}
	return found[0]
}

// store answers that the epoch just persisted is durable and its output visible; it returns its output.
func (d *desk) store() (m *checkpoint.Metadata, data []string) {
	d.Helper()
	p := did[Persist](d)
	d.step(Stored{d.m.attempt, p.Metadata, nil})
	for _, c := range did[Commit](d).List {
		data = append(data, string(c.Data))
	}
	d.step(Committed{Attempt: d.m.attempt, Epoch: p.Metadata.Epoch})
	return p.Metadata, data
}

// TestOutputOfFailedEpochs lets epochs fail before and after a task has prepared output for
// them, and while they are stored: the next complete one commits it, once.
func TestOutputOfFailedEpochs(t *testing.T) {
	d := newDesk(t, rpc.Settings{Checkpoint: &rpc.Checkpointing{Timeout: time.Second, Tolerable: 4}})
	fail := func() {
		d.step(Fired{d.m.timers[epochTimer]})
		if d.m.phase != running {
			t.Fatal("the job has failed")
		}
	}
	d.step(Due{})
	d.acknowledge(0, 1, "1")
	fail()
	d.step(Due{})
	fail()
	d.step(Due{})
	d.acknowledge(0, 2, "2") // late
	d.acknowledge(0, 3, "3")
	d.acknowledge(1, 1) // later still
	if slices.ContainsFunc(d.acts, func(a Action) bool { _, is := a.(Persist); return is }) {
		t.Fatal("persisted before the epoch is complete")
	}
	d.acknowledge(1, 3)
	d.step(Stored{1, did[Persist](d).Metadata, &rpc.Failure{Text: "no space"}})
	d.step(Due{})
	output := []dataflow.Committable{{UID: "sink-1", Data: []byte("4")}}
	d.from(&rpc.Acknowledge{Attempt: 1, Task: 0, Epoch: 4, Committable: output, Failure: &rpc.Failure{Text: "no space"}})
	d.step(Due{})
	d.acknowledge(0, 5, "5")
	d.acknowledge(1, 5)
	m, data := d.store()
	if want := []string{"1", "2", "3", "4", "5"}; !slices.Equal(data, want) || len(m.Committable) != 5 {
		t.Errorf("committed %v of %d, want %v", data, len(m.Committable), want)
	}
	if done := did[Tell](d).Completed; done.Epoch != 5 || done.Took <= 0 {
		t.Errorf("told %+v", done)
	}
}

// TestTooManyEpochsFail ends the job with the reason of the last one.
func TestTooManyEpochsFail(t *testing.T) {
	d := newDesk(t, rpc.Settings{Checkpoint: &rpc.Checkpointing{Timeout: time.Second, Tolerable: 1}})
	for range 2 {
		d.step(Due{})
		d.step(Fired{d.m.timers[epochTimer]})
	}
	did[Send](d) // Cancel
	d.from(&rpc.Stopped{Attempt: 1})
	if f := did[End](d).Failures; len(f) != 1 || !strings.Contains(f[0].Text, "checkpoint 2 is not complete after 1s") {
		t.Errorf("ended with %+v", f)
	}
}

// TestTaskWithoutStateAcknowledges lets a source acknowledge an epoch before it has taken a
// split and end before the epoch is complete: its splits belong to the time after the epoch, and so does
// the output it prepares at its end.
func TestTaskWithoutStateAcknowledges(t *testing.T) {
	d := newDesk(t, rpc.Settings{Checkpoint: &rpc.Checkpointing{Timeout: time.Second}})
	d.step(Due{})
	d.acknowledge(0, 1)
	last := []dataflow.Committable{{UID: "sink-1", Data: []byte("last")}}
	d.from(&rpc.Finished{Attempt: 1, Task: 0, Committable: last})
	d.acknowledge(1, 1)
	m, data := d.store()
	if m.Tasks[0].Finished || len(data) > 0 {
		t.Errorf("a source that had not begun at the barrier counts as ended: %+v, %v", m.Tasks[0], data)
	}
	d.from(&rpc.Finished{Attempt: 1, Task: 1})
	if m, data = d.store(); !m.Ended || !m.Tasks[0].Finished || !slices.Equal(data, []string{"last"}) {
		t.Errorf("the last checkpoint is %+v with %v", m, data)
	}
	d.from(&rpc.Stopped{Attempt: 1})
	if f := did[End](d).Failures; len(f) != 0 {
		t.Errorf("ended with %+v", f)
	}
}

// TestOldAttempts lets messages of an attempt that has failed come while the next one runs.
func TestOldAttempts(t *testing.T) {
	d := newDesk(t, rpc.Settings{
		Checkpoint: &rpc.Checkpointing{Timeout: time.Second},
		Restart:    rpc.RestartStrategy{Kind: rpc.FixedDelay, Attempts: 1, Delay: time.Second},
	})
	d.step(Due{})
	d.from(&rpc.Failed{Attempt: 1, Failure: rpc.Failure{Text: "boom"}})
	d.from(&rpc.Stopped{Attempt: 1})
	if n := did[Note](d).Text; !strings.Contains(n, "boom; start 1 from") {
		t.Errorf("noted %q", n)
	}
	d.step(Fired{d.m.timers[restartTimer]})
	if p := did[Prepare](d); p.Attempt != 2 || !p.Newest {
		t.Errorf("prepared %+v", p)
	}
	d.prepared()
	d.from(&rpc.Deployed{Attempt: 2})
	d.step(Due{})
	before := fmt.Sprintf("%+v", *d.m.run)
	for _, m := range []rpc.Message{
		&rpc.Acknowledge{Attempt: 1, Task: 0, Epoch: 1}, &rpc.Finished{Attempt: 1, Task: 0}, &rpc.Request{Attempt: 1, Task: 0},
		&rpc.Failed{Attempt: 1, Failure: rpc.Failure{Text: "boom"}}, &rpc.Stopped{Attempt: 1}, &rpc.Deployed{Attempt: 1, Building: []int{0}},
		&rpc.Acknowledge{Attempt: 2, Task: 9, Epoch: 1}, // no such task
	} {
		d.from(m)
		if after := fmt.Sprintf("%+v", *d.m.run); len(d.acts) > 0 || after != before {
			t.Errorf("%T of attempt 1 did %+v", m, d.acts)
		}
	}
	d.step(Stored{Attempt: 1, Metadata: &checkpoint.Metadata{Epoch: 1}})
	d.step(Committed{Attempt: 1, Epoch: 1, Failure: &rpc.Failure{}})
	if d.m.phase != running {
		t.Error("what was written for attempt 1 ends attempt 2")
	}
	d.from(&rpc.Failed{Attempt: 2, Failure: rpc.Failure{Text: "boom"}})
	d.from(&rpc.Stopped{Attempt: 2})
	did[End](d)
}

// TestLostManager ends the attempt; when it turns up again it is told, once, and offers anew.
func TestLostManager(t *testing.T) {
	s := rpc.Settings{HeartbeatEvery: time.Second, HeartbeatTimeout: 3 * time.Second, Restart: rpc.RestartStrategy{Kind: rpc.FixedDelay, Attempts: 1}}
	s.Checkpoint = &rpc.Checkpointing{Timeout: time.Minute}
	d := newDesk(t, s)
	beat := func() { d.now += time.Second; d.step(Fired{d.m.timers[beatTimer]}) }
	for range 5 {
		beat()
		did[Send](d)
		d.from(&rpc.Figures{Attempt: 1})
	}
	for range 3 {
		beat()
	}
	if n := did[Note](d).Text; !strings.Contains(n, "the TaskManager a is lost") {
		t.Errorf("noted %q", n)
	}
	d.from(&rpc.Acknowledge{Attempt: 1, Task: 0, Epoch: 1})
	if m, ok := did[Send](d).Message.(*rpc.Forgotten); !ok {
		t.Errorf("told %T", m)
	}
	d.from(&rpc.Acknowledge{Attempt: 1, Task: 1, Epoch: 1})
	if len(d.acts) > 0 {
		t.Errorf("did %+v", d.acts)
	}
	d.step(Fired{d.m.timers[restartTimer]})
	d.prepared()
	if len(d.acts) > 0 {
		t.Errorf("deployed without a slot: %+v", d.acts)
	}
	d.from(&rpc.Offer{Slots: 1})
	if m, ok := did[Send](d).Message.(*rpc.Deploy); !ok || m.Attempt != 2 {
		t.Errorf("sent %+v", m)
	}
}

// TestBuildingHoldsEpochs starts none before every task reads all its inputs.
func TestBuildingHoldsEpochs(t *testing.T) {
	d := newDesk(t, rpc.Settings{Checkpoint: &rpc.Checkpointing{Timeout: time.Second}, Restart: rpc.RestartStrategy{Kind: rpc.FixedDelay, Attempts: 9}})
	d.from(&rpc.Failed{Attempt: 1, Failure: rpc.Failure{Text: "boom"}})
	d.from(&rpc.Stopped{Attempt: 1})
	d.step(Fired{d.m.timers[restartTimer]})
	d.prepared()
	d.step(Due{})
	if len(d.acts) > 0 {
		t.Errorf("before it is deployed: %+v", d.acts)
	}
	d.from(&rpc.Deployed{Attempt: 2, Building: []int{1}})
	d.step(Due{})
	if len(d.acts) > 0 {
		t.Errorf("while task 1 builds: %+v", d.acts)
	}
	d.from(&rpc.Built{Attempt: 2, Task: 1})
	d.step(Due{})
	if m, ok := did[Send](d).Message.(*rpc.Trigger); !ok || m.Epoch != 1 {
		t.Errorf("sent %+v", m)
	}
}

// TestEnumerator hands splits out: the other tasks are told when the last one is gone.
func TestEnumerator(t *testing.T) {
	var list []rpc.Split
	for i := range 3 {
		list = append(list, rpc.Split{Split: dataflow.Split{ID: fmt.Sprint(i)}})
	}
	text := func(list []rpc.ToTask) (s string) {
		for _, m := range list {
			switch m := m.(type) {
			case *rpc.Taken:
				s += fmt.Sprint(m.Task, ":taken ")
			case *rpc.Assign:
				id := "none"
				if m.Split != nil {
					id = m.Split.ID
				}
				s += fmt.Sprint(m.Task, ":", id, " wait ", m.Wait, " remaining ", m.Remaining, " ")
			}
		}
		return s
	}
	check := func(what string, got []rpc.ToTask, want string) {
		t.Helper()
		if s := strings.TrimSpace(text(got)); s != want {
			t.Errorf("%s: %q, want %q", what, s, want)
		}
	}
	e := newEnumerator(1, &SourceSplits{Splits: list}, 5, 2)
	check("first", e.request(0), "5:0 wait false remaining true")
	if left := e.snapshot(); len(left) != 2 {
		t.Errorf("%d splits are in the snapshot", len(left))
	}
	check("second", e.request(1), "6:1 wait false remaining true")
	check("last", e.request(0), "5:2 wait false remaining false 6:taken")
	check("none", e.request(1), "6:none wait false remaining false")

	e = newEnumerator(1, &SourceSplits{Splits: list, Even: true, Every: time.Second}, 5, 2)
	check("dealt", e.request(1), "6:1 wait false remaining false")
	check("nothing now", e.request(1), "6:none wait true remaining false")
	check("a further one", e.add([]dataflow.Split{{ID: "3"}}, nil), "6:3 wait false remaining false")
	check("the other's", e.request(0), "5:0 wait false remaining true")
}

// TestSharedWatermark lets two tasks read three files: the watermark of both is the lowest of the files
// being read, and of all once none is, but stays while a file waits.
func TestSharedWatermark(t *testing.T) {
	e := newEnumerator(1, &SourceSplits{Every: time.Second, Seen: map[string]bool{"a": true}}, 5, 2)
	e.request(0)
	e.request(1)
	mark := func(split string, high dataflow.Time, ended bool) (text string) {
		for _, m := range e.mark(&rpc.Mark{Split: split, High: high, Ended: ended}) {
			r := m.(*rpc.Raise)
			text += fmt.Sprint(r.Task, ":", r.Watermark, " ")
		}
		return strings.TrimSpace(text)
	}
	if told := e.add([]dataflow.Split{{ID: "b"}, {ID: "c"}, {ID: "d"}}, []string{"b", "c", "d"}); len(told) != 2 || len(e.seen) != 4 {
		t.Errorf("told %+v, seen %v", told, e.seen)
	}
	got := []string{mark("b", 5, false), mark("c", 3, true), mark("b", 7, false), mark("x", 90, false)}
	e.request(1)
	got = append(got, mark("b", 8, false), mark("d", 4, false), mark("b", 9, true), mark("d", 6, false), mark("d", 6, true))
	want := []string{"", "", "", "", "", "5:4 6:4", "", "5:6 6:6", "5:9 6:9"}
	if !slices.Equal(got, want) {
		t.Errorf("raised %q, want %q", got, want)
	}
}

// TestStop ends a job after a checkpoint; without one it fails.
func TestStop(t *testing.T) {
	for _, works := range []bool{true, false} {
		d := newDesk(t, rpc.Settings{Checkpoint: &rpc.Checkpointing{Timeout: time.Second, Tolerable: 5}, Restart: rpc.DefaultRestart()})
		d.step(Stop{})
		class := rpc.Stopping
		if works {
			d.acknowledge(0, 1)
			d.acknowledge(1, 1)
			d.store()
		} else {
			class = rpc.Transient
			d.step(Fired{d.m.timers[epochTimer]})
		}
		d.from(&rpc.Stopped{Attempt: 1})
		if f := did[End](d).Failures; len(f) != 1 || f[0].Class != class {
			t.Errorf("ended with %+v", f)
		}
	}
}
