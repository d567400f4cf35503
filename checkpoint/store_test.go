//go:build unix

package checkpoint

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/state"
)

func snapshotOf(t *testing.T, uid, value string) state.Blob {
	t.Helper()
	var w state.Writer
	w.For(uid)
	w.Value("v", value)
	b, err := w.Blob()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, s *Store, epoch dataflow.Epoch) {
	t.Helper()
	m := &Metadata{Job: "j", Epoch: epoch, Tasks: []Task{{UIDs: []string{"a"}}, {UIDs: []string{"a"}, Subtask: 1}, {UIDs: []string{"b"}, Finished: true}}}
	if err := s.Write(m, []state.Blob{snapshotOf(t, "a", "x"), snapshotOf(t, "a", "y"), nil}); err != nil {
		t.Fatal(err)
	}
}

func TestStore(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir, "j")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, "j"); !errors.Is(err, errHeld) {
		t.Errorf("a second lease: %v", err)
	}
	for e := range dataflow.Epoch(4) {
		write(t, s, e+1)
	}
	if err := s.Retain(4, 2); err != nil {
		t.Fatal(err)
	}
	epochs, err := s.epochs()
	if err != nil || len(epochs) != 2 || epochs[0] != 3 {
		t.Errorf("retained %v, %v", epochs, err)
	}
	// An epoch without metadata does not count.
	if err := os.MkdirAll(filepath.Join(s.Dir(), "chk-9"), 0o755); err != nil {
		t.Fatal(err)
	}
	newest, err := s.Newest()
	if err != nil || newest != 4 {
		t.Errorf("newest is %d, %v", newest, err)
	}
	snap, err := s.Read(newest)
	if err != nil {
		t.Fatal(err)
	}
	values, err := state.Values[string](snap.Reader("a", 0, 1), "v")
	if err != nil || strings.Join(values, " ") != "x y" || snap.AllFinished("a") || !snap.AllFinished("b") {
		t.Errorf("read %v, %v", values, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(dir, "j"); err != nil {
		t.Errorf("a lease that was given back: %v", err)
	} else if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestDamagedCheckpoints(t *testing.T) {
	for name, damage := range map[string]func(dir string) error{
		"damaged":       func(dir string) error { return os.WriteFile(filepath.Join(dir, "task-1"), []byte("short"), 0o644) },
		"is not whole":  func(dir string) error { return os.Remove(filepath.Join(dir, "task-0")) },
		"metadata.json": func(dir string) error { return os.WriteFile(filepath.Join(dir, metadataName), []byte("{"), 0o644) },
		"layout 0": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, metadataName), []byte(`{"epoch": 1}`), 0o644)
		},
	} {
		s, err := Open(t.TempDir(), "j")
		if err != nil {
			t.Fatal(err)
		}
		write(t, s, 1)
		if err := damage(s.epochDir(1)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Read(1); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
