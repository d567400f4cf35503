package task

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/scheduler/rpc"
	"github.com/anabranch/anabranch/shuffle"
)

// eventLog is a stage that notes the events it gets.
type eventLog struct{ list []string }

func (l *eventLog) Emit(*columnar.Batch) error { return nil }
func (l *eventLog) Room() bool                 { return true }
func (l *eventLog) Done() bool                 { return false }

func (l *eventLog) handle(e event) error {
	switch e.kind {
	case watermarkEvent:
		text := fmt.Sprint(e.watermark)
		if e.watermark == dataflow.MaxTime {
			text = "max"
		}
		l.list = append(l.list, text)
	case statusEvent:
		l.list = append(l.list, []string{"", "active", "idle"}[e.status])
	case endEvent:
		l.list = append(l.list, fmt.Sprint("end", e.port))
	}
	return nil
}

// TestIdleInputs has two ports of two channels: each word is port, channel and what comes, and what
// the task passes on is compared.
func TestIdleInputs(t *testing.T) {
	for _, c := range []struct{ name, events, want string }{
		{"all active", "00=5 01=6 10=7 11=8 00=9", "5 6"},
		{"one idle", "00=5 01=6 10=7 11=idle 00=9 01=9", "5 6 7"},
		{"a whole port idle", "00=5 01=6 10=idle 11=idle", "5"},
		{"all idle", "00=5 01=6 10=7 11=8 00=idle 01=idle 10=idle 11=idle 11=active 11=9", "5 6 7 8 idle active 9"},
		{"the last to be idle held the others back", "00=5 01=9 10=7 11=7 01=idle 10=idle 11=idle 00=idle", "5 7 idle"},
		{"back with older rows", "00=5 01=6 10=7 11=idle 00=7 11=active 11=2 01=9 00=9 10=9 11=8", "5 6 8"},
		{"an end does not count as the largest watermark", "00=5 01=end 10=7 11=8 00=idle 10=end 11=end 00=active 00=6 00=end", "5 7 8 idle end1 active max end0"},
		{"idle and then ended", "00=5 01=5 10=5 11=idle 11=end 00=6 01=6 10=6", "5 6"},
	} {
		log := &eventLog{}
		task := &Task{mark: dataflow.MinTime, head: log, tail: oneExit()}
		for range 2 {
			p := &inputPort{open: 2, mark: dataflow.MinTime}
			for range 2 {
				p.channels = append(p.channels, &inputChannel{Channel: shuffle.NewChannel(0), mark: dataflow.MinTime})
			}
			task.ports = append(task.ports, p)
		}
		for _, word := range strings.Fields(c.events) {
			to, what, _ := strings.Cut(word, "=")
			port, channel := int(to[0]-'0'), int(to[1]-'0')
			e := shuffle.Element{}
			switch what {
			case "idle":
				e.Status = shuffle.Idle
			case "active":
				e.Status = shuffle.Active
			case "end":
				e.End = true
			default:
				e.Watermark = dataflow.Time(what[0] - '0')
			}
			must(t, task.take(dataflow.Port(port), task.ports[port].channels[channel], e))
		}
		if got := strings.Join(log.list, " "); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// feed is a source whose splits are fed by the test.
type feed struct{ splits []*feedSplit }

// feedSplit has the times of rows to come, which it delivers one by one.
type feedSplit struct {
	times []int64
	batch *columnar.Batch
}

func (f *feed) Bounded() bool        { return false }
func (f *feed) Every() time.Duration { return time.Minute }

func (f *feed) Splits(ctx context.Context, _ int) ([]dataflow.Split, error) {
	return f.NewSplits(ctx, nil)
}

func (f *feed) NewSplits(_ context.Context, known []dataflow.Split) ([]dataflow.Split, error) {
	var list []dataflow.Split
	for i := len(known); i < len(f.splits); i++ {
		list = append(list, dataflow.Split{ID: strconv.Itoa(i)})
	}
	return list, nil
}

func (f *feed) Open(_ context.Context, s dataflow.Split, _ dataflow.ReadRequest) (dataflow.Reader, error) {
	i, err := strconv.Atoi(s.ID)
	return f.splits[i], err
}

func (s *feedSplit) Next() (*columnar.Batch, error) {
	if len(s.times) == 0 {
		return nil, nil
	}
	s.batch = columnar.NewBatch(feedSchema)
	s.batch.Cols[0].Reset(1)
	columnar.Values[int64](s.batch.Cols[0])[0] = s.times[0]
	s.batch.SetLen(1)
	s.times = s.times[1:]
	return s.batch, nil
}

func (s *feedSplit) Position() []byte { return nil }
func (s *feedSplit) Close() error     { return nil }

var feedSchema = &columnar.Schema{Fields: []columnar.Field{{Name: "t", Type: columnar.TimestampOf(6)}}}

// TestIdleSplits feeds two splits, later three, and compares what the task passes on.
func TestIdleSplits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &feed{splits: []*feedSplit{{}, {}}}
		d := &sourceDriver{name: "feed", source: f, even: true, remaining: true, idleAfter: 10 * time.Second}
		d.spec.Watermark = expr.Col(0, "t", feedSchema.Fields[0].Type)
		must(t, d.compile(feedSchema))
		log := &eventLog{}
		task := &Task{mark: dataflow.MinTime, wake: make(chan struct{}, 1), head: log, tail: oneExit(), source: d}
		given := f.serve(t, task)
		expect := func(what, want string) {
			t.Helper()
			log.list = nil
			for {
				if m := task.box.take(); m != nil {
					must(t, task.serve(t.Context(), m))
					continue
				}
				result, err := d.step(task)
				must(t, err)
				if result == Blocked {
					break
				}
			}
			if got := strings.Join(log.list, " "); got != want {
				t.Errorf("%s: %q, want %q", what, got, want)
			}
		}
		sleep := func(s time.Duration) {
			t.Helper()
			time.Sleep(s * time.Second)
			synctest.Wait()
		}
		woken := func() {
			t.Helper()
			select {
			case <-task.wake:
			default:
				t.Error("the task was not woken")
			}
		}
		push := func(split int, times ...int64) { f.splits[split].times = append(f.splits[split].times, times...) }

		expect("before any row", "")
		push(0, 5)
		push(1, 3)
		expect("the lowest", "3")
		sleep(6)
		push(0, 9)
		expect("held back", "")
		sleep(4)
		woken()
		expect("split 1 is idle", "9")
		sleep(6)
		woken()
		expect("both are", "idle")
		push(1, 4)
		expect("back with older rows", "active")
		push(1, 12)
		expect("caught up", "12")
		f.splits = append(f.splits, &feedSplit{})
		given()
		woken()
		push(1, 20)
		expect("a new split holds back", "")
		push(2, 15)
		expect("until it has rows", "15")
		if len(d.open) != 3 {
			t.Errorf("%d splits open", len(d.open))
		}
		must(t, d.close())
	})
}

// serve answers the task's requests with the splits in order; more tells that further ones have come.
func (f *feed) serve(t *testing.T, task *Task) (more func()) {
	next := 0
	more = func() {
		answer := &rpc.Assign{Wait: next == len(f.splits)}
		if !answer.Wait {
			answer.Split = &rpc.Split{Split: dataflow.Split{ID: strconv.Itoa(next)}, High: dataflow.MinTime}
			next++
			answer.Remaining = next < len(f.splits)
		}
		task.Deliver(answer)
	}
	task.send = func(m rpc.Message) {
		if _, ok := m.(*rpc.Request); !ok {
			t.Errorf("the task tells %T", m)
		}
		more()
	}
	return more
}

// TestIdleWithoutSplits has a task for which there is no split: it is idle, not ended, until one comes.
func TestIdleWithoutSplits(t *testing.T) {
	f := &feed{}
	log := &eventLog{}
	d := &sourceDriver{source: f, even: true, remaining: true}
	task := &Task{mark: dataflow.MinTime, wake: make(chan struct{}, 1), head: log, tail: oneExit(), source: d}
	more := f.serve(t, task)
	step := func() Result {
		if m := task.box.take(); m != nil {
			must(t, task.serve(t.Context(), m))
		}
		result, err := d.step(task)
		must(t, err)
		return result
	}
	for range 3 {
		if result := step(); result != Blocked {
			t.Errorf("result %d", result)
		}
	}
	f.splits = append(f.splits, &feedSplit{times: []int64{1}})
	more()
	for range 2 {
		step()
	}
	if got := strings.Join(log.list, " "); got != "idle active" {
		t.Errorf("passed on %q", got)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
