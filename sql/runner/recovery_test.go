//go:build unix

package runner

import (
	"path/filepath"
	"testing"

	"github.com/anabranch/anabranch/checkpoint"
	"github.com/anabranch/anabranch/dataflow"
)

// TestRestoreFromNumbersOn goes back to an older checkpoint: the epochs that follow must be
// newer than all there are.
func TestRestoreFromNumbersOn(t *testing.T) {
	store, err := checkpoint.Open(t.TempDir(), "job")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }() // the test has ended
	for _, epoch := range []dataflow.Epoch{3, 9} {
		if err := store.Write(&checkpoint.Metadata{Job: "job", Epoch: epoch}); err != nil {
			t.Fatal(err)
		}
	}
	s, err := restoreFrom(store, filepath.Join(store.Dir(), "chk-3"))
	if err != nil || s.Epoch != 9 {
		t.Errorf("epochs go on after %v, %v; want 9", s, err)
	}
	if _, err := restoreFrom(store, filepath.Join(store.Dir(), "chk-4")); err == nil {
		t.Error("a checkpoint that does not exist was read")
	}
}
