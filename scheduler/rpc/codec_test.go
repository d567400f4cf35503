package rpc

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/anabranch/anabranch/checkpoint"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/graph"
)

// samples has a message of every kind.
func samples() []Message {
	job := &graph.Job{Name: "job", Streaming: true}
	s := &columnar.Schema{Fields: []columnar.Field{{Name: "d", Type: columnar.Type{Kind: columnar.Decimal, Precision: 10, Scale: 2}}}}
	n := job.Add("values", "rows", map[string]int{"a": 1}, s)
	job.Add("sink", "sink", nil, s, graph.Edge{From: n.ID, Partition: graph.Partitioning{Scheme: graph.Hash, Keys: []int{0}}})
	settings := Settings{
		Parallelism: 2, Checkpoint: &Checkpointing{Timeout: time.Minute, Tolerable: 3}, Restore: "dir/chk-7", Restart: DefaultRestart(),
		IdleAfter: time.Second,
	}
	split := &Split{Split: dataflow.Split{ID: "a", Data: []byte{0, 1}, Position: []byte{2}}, Rows: 7, High: dataflow.MinTime}
	prepared := []dataflow.Committable{{UID: "sink", Data: []byte("file")}}
	figures := []TaskFigures{{Task: 1, RowsIn: 2, StateBytes: 3, Watermark: dataflow.MaxTime, Skipped: map[string]int64{"late": 1}}}
	return []Message{
		&Submit{job, settings}, &Offer{3}, &Ended{[]Failure{{Rows, "boom", "p", 1}}}, &Deploy{1, job, settings, []string{"a", "b"}},
		&Trigger{1, 2, 3}, &Assign{1, 2, split, false, true}, &Taken{1, 2}, &Complete{1, 3}, &Cancel{1}, &Ask{1}, &Forgotten{},
		&Deployed{1, []int{2}}, &Built{1, 2}, &Request{1, 2},
		&Acknowledge{1, 2, 3, true, prepared, &checkpoint.File{Name: "chk-3/task-2", Bytes: 7, Checksum: 1 << 31}, nil}, &Finished{1, 2, prepared},
		&Failed{1, Failure{Class: Canceled, Text: "why"}}, &Stopped{1, figures}, &Figures{1, figures}, &Mark{1, 2, "a", 7, true}, &Raise{1, 2, 7},
	}
}

func TestEveryMessageSurvives(t *testing.T) {
	for i, m := range samples() {
		if got := m.kind(); got != Kind(i+1) || reflect.TypeOf(message(got)) != reflect.TypeOf(m) {
			t.Errorf("%T has the kind %d", m, got)
		}
		b, err := Encode(nil, m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(b)
		if err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("%T: got %+v, %v, want %+v", m, got, err, m)
		}
		for cut := range len(b) {
			if _, err := Decode(b[:cut]); err == nil {
				t.Errorf("%T: the first %d of %d bytes are a message", m, cut, len(b))
			}
		}
	}
	if message(Kind(len(samples())+1)) != nil {
		t.Error("a kind of message has no sample")
	}
}

func TestMessagesThatNobodyCanDealWith(t *testing.T) {
	frame := func(k Kind, text string) []byte { return append([]byte{version, byte(k)}, text...) }
	for want, b := range map[string][]byte{
		"there is no job":  frame(1, `{"settings":{"parallelism":1}}`),
		"a parallelism of": frame(1, `{"job":{},"settings":{}}`),
		"is missing":       frame(4, `{"job":{"nodes":[null]},"settings":{"parallelism":1}}`),
		"unknown field":    frame(9, `{"attempt":1,"other":2}`),
		"something follo":  frame(9, `{"attempt":1} {}`),
		"it has no file":   frame(15, `{"attempt":1,"task":2,"epoch":3}`),
		"of version 2":     {2, 9, '{', '}'},
		"unknown kind 200": {version, 200},
		"unexpected EOF":   {version, 9, '{'},
		"of 1 bytes":       {version},
	} {
		if _, err := Decode(b); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, m := range samples() {
		b, err := Encode(nil, m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Decode(b)
		if err != nil {
			return
		}
		once, err := Encode(nil, m)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Decode(once)
		if err != nil {
			t.Fatalf("%q: %v", once, err)
		}
		twice, err := Encode(nil, again)
		if err != nil || !bytes.Equal(once, twice) {
			t.Errorf("%q is %q after another time, %v", once, twice, err)
		}
	})
}

// TestCauses sends errors within a process and between two.
func TestCauses(t *testing.T) {
	here, there := NewCauses(), NewCauses()
	boom := errors.New("boom")
	rows := &dataflow.RowError{Err: boom}
	f := here.Failure(Transient, fmt.Errorf("task: %w", rows))
	if f.Class != Rows {
		t.Errorf("class %d", f.Class)
	}
	other := there.Error(&f)
	if !errors.As(other, &rows) || errors.Is(other, boom) || other.Error() != "task: boom" {
		t.Errorf("in another process: %v", other)
	}
	if err := here.Error(&f); !errors.Is(err, boom) {
		t.Errorf("in its own: %v", err)
	}
	if len(here.errs) != 0 {
		t.Error("the table keeps what was asked for")
	}
	if err := there.Error(&Failure{Class: Stopping}); !errors.Is(err, ErrStopped) {
		t.Error(err)
	}
	if here.Error(nil) != nil {
		t.Error("no failure is an error")
	}
}
