package jobmanager

import (
	"context"
	"testing"

	"github.com/anabranch/anabranch/dataflow"
)

// written is a committer that remembers what it is given.
type written struct{ data string }

func (w *written) Commit(_ context.Context, data []byte) error {
	w.data += string(data)
	return nil
}

func (*written) Recover(context.Context, string, [][]byte) error { return nil }

// TestLastIsCommittedLast commits what is to come last behind what other tasks have prepared.
func TestLastIsCommittedLast(t *testing.T) {
	w := &written{}
	b := &Backing{committers: map[string]dataflow.Committer{"u": w}}
	list := []dataflow.Committable{
		{UID: "u", Data: []byte("a")}, {UID: "u", Data: []byte("x"), Last: true}, {UID: "u", Data: []byte("b")}, {UID: "u", Data: []byte("y"), Last: true},
	}
	if err := b.commit(t.Context(), Commit{List: list}); err != nil || w.data != "abxy" {
		t.Errorf("committed %q, %v", w.data, err)
	}
}
