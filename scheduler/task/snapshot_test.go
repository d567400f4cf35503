package task

import (
	"fmt"
	"testing"

	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/scheduler/rpc"
	"github.com/anabranch/anabranch/state"
)

// TestSnapshotGivenUpKeepsItsOutput lets a barrier come before the snapshot of the one before is whole:
// what sinks had prepared for that is acknowledged with the new one, as the only one.
func TestSnapshotGivenUpKeepsItsOutput(t *testing.T) {
	var acked []*rpc.Acknowledge
	task := &Task{tail: oneExit(), store: func(a *rpc.Acknowledge, _ state.Blob) { acked = append(acked, a) }}
	for epoch := dataflow.Epoch(1); epoch <= 3; epoch++ {
		s := &taskSnapshot{epoch: epoch, committable: []dataflow.Committable{{UID: "a", Data: fmt.Append(nil, epoch)}}}
		must(t, task.tail.exits[0].handle(event{kind: barrierEvent, snapshot: s}))
	}
	must(t, task.copyAll())
	got := ""
	for _, s := range acked {
		got += fmt.Sprint("epoch ", s.Epoch, ":")
		for _, c := range s.Committable {
			got += " " + string(c.Data)
		}
	}
	if want := "epoch 3: 1 2 3"; got != want {
		t.Errorf("acknowledged %s, want %s", got, want)
	}
}

// TestLineage decides about a row of snapshots of given sizes; an epoch that is not durable makes the
// next snapshot one of all state.
func TestLineage(t *testing.T) {
	var complete dataflow.Epoch
	l := lineage{}
	got := ""
	for i, size := range []int{100, 30, 60, 20, 110, 1, 1, 1} {
		epoch := dataflow.Epoch(i + 1)
		full := l.begin(epoch, complete)
		l.wrote(full, size)
		if got += fmt.Sprint(full, " "); epoch != 6 {
			complete = epoch
		}
	}
	if want := "true false false false true false true false "; got != want {
		t.Errorf("full: %s, want %s", got, want)
	}
	l = lineage{}
	for epoch := dataflow.Epoch(1); epoch <= followMax+2; epoch++ {
		full := l.begin(epoch, complete)
		if want := epoch == 1 || epoch == followMax+2; full != want {
			t.Errorf("snapshot %d is full: %t", epoch, full)
		}
		l.wrote(full, map[bool]int{true: 1 << 20, false: 1}[full])
		complete = epoch
	}
}

// oneExit is the tail of a task whose rows leave it in one place.
func oneExit() *tail {
	t := &tail{}
	t.exit()
	return t
}
