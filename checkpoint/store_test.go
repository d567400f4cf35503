//go:build unix

package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
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
	writeAll(t, s, m, snapshotOf(t, "a", "x"), snapshotOf(t, "a", "y"))
}

// writeAll writes the snapshots of the first tasks and then the metadata.
func writeAll(t *testing.T, s *Store, m *Metadata, snapshots ...state.Blob) {
	t.Helper()
	for i, b := range snapshots {
		f, err := writeSnapshot(s.Dir(), m.Epoch, fmt.Sprintf("task-%d", i), b)
		if err != nil {
			t.Fatal(err)
		}
		m.Tasks[i].Files = append([]File{f}, m.Tasks[i].Files...)
	}
	if err := s.Write(m); err != nil {
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

// TestFilesThatOthersReferTo lets checkpoints refer to files of older ones: these stay as long as the
// checkpoint does, and its task has the sections of all, the newest first.
// TestSweep has checkpoints that were given up: before the first complete one and behind it.
// TestRemovedMeanwhile opens stores while those of other jobs take their folders away, and the one above them.
func TestRemovedMeanwhile(t *testing.T) {
	base := t.TempDir()
	var wait sync.WaitGroup
	for i := range 4 {
		wait.Go(func() {
			for range 100 {
				s, err := Open(filepath.Join(base, "jobs"), fmt.Sprint("job", i))
				if err == nil {
					err = s.Remove(base)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	if left, err := os.ReadDir(base); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

func TestSweep(t *testing.T) {
	s, err := Open(t.TempDir(), "j")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	giveUp := func(epoch dataflow.Epoch) {
		t.Helper()
		if _, err := writeSnapshot(s.Dir(), epoch, "task-0", snapshotOf(t, "a", "x")); err != nil {
			t.Fatal(err)
		}
		p, err := NewPending(s.Dir(), epoch, "task-1") // its writer is gone
		if err == nil {
			err = p.Append(snapshotOf(t, "a", "y"))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	sweep := func(want string) {
		t.Helper()
		if err := s.Sweep(); err != nil {
			t.Fatal(err)
		}
		if epochs, err := s.epochs(); err != nil || fmt.Sprint(epochs) != want {
			t.Errorf("the folder has epochs %v (%v), want %s", epochs, err, want)
		}
	}
	giveUp(1)
	sweep("[]")
	write(t, s, 1)
	write(t, s, 2)
	giveUp(3)
	giveUp(4)
	sweep("[1 2]")
	if _, err := s.Read(2); err != nil {
		t.Error(err)
	}
}

func TestFilesThatOthersReferTo(t *testing.T) {
	s, err := Open(t.TempDir(), "j")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	var files []File
	for epoch := range dataflow.Epoch(5) {
		m := &Metadata{Job: "j", Epoch: epoch + 1, Tasks: []Task{{UIDs: []string{"a"}, Files: files}, {UIDs: []string{"b"}}}}
		if epoch == 3 {
			m.Tasks[0].Files = nil // of all state again
		}
		writeAll(t, s, m, snapshotOf(t, "a", string(rune('u'+epoch))), snapshotOf(t, "b", "b"))
		files = m.Tasks[0].Files
		if err := s.Retain(epoch+1, 1); err != nil {
			t.Fatal(err)
		}
		snap, err := s.Read(epoch + 1)
		if err != nil {
			t.Fatal(err)
		}
		seen := ""
		for age, section := range snap.Reader("a", 0, 1).Tasks[0] {
			if seen += string(section.Payload); section.Age != age {
				t.Errorf("section %d has the age %d", age, section.Age)
			}
		}
		if want := []string{`"u"`, `"v""u"`, `"w""v""u"`, `"x"`, `"y""x"`}[epoch]; seen != want {
			t.Errorf("epoch %d has %s, want %s", epoch+1, seen, want)
		}
		if newest, err := s.Newest(); err != nil || newest != epoch+1 {
			t.Errorf("newest is %d, %v", newest, err)
		}
	}
	// A folder may be restored from under another name.
	other := filepath.Join(s.Dir(), "copy")
	if err := os.CopyFS(other, os.DirFS(s.epochDir(5))); err != nil {
		t.Fatal(err)
	}
	if snap, err := Read(other); err != nil || len(snap.sections[0]) != 2 {
		t.Errorf("a copy: %v", err)
	}
	if err := os.RemoveAll(other); err != nil {
		t.Fatal(err)
	}
	var left []string
	err = filepath.WalkDir(s.Dir(), func(path string, d os.DirEntry, err error) error {
		if !d.IsDir() {
			path, _ = filepath.Rel(s.Dir(), path) // below Dir by construction
			left = append(left, path)
		}
		return err
	})
	if got := strings.Join(left, " "); err != nil || got != "chk-4/task-0 chk-5/metadata.json chk-5/task-0 chk-5/task-1 lease" {
		t.Errorf("left are %s, %v", got, err)
	}
}

func TestDamagedCheckpoints(t *testing.T) {
	for name, damage := range map[string]func(dir string) error{
		"damaged":       func(dir string) error { return os.WriteFile(filepath.Join(dir, "task-1"), []byte("short"), 0o644) },
		"is not whole":  func(dir string) error { return os.Remove(filepath.Join(dir, "task-0")) },
		"metadata.json": func(dir string) error { return os.WriteFile(filepath.Join(dir, metadataName), []byte("{"), 0o644) },
		"task-0 is damaged": func(dir string) error { // task-1 has as many bytes and is whole
			b, err := os.ReadFile(filepath.Join(dir, "task-1"))
			return errors.Join(err, os.WriteFile(filepath.Join(dir, "task-0"), b, 0o644))
		},
		"its seal": func(dir string) error {
			path := filepath.Join(dir, metadataName)
			b, err := os.ReadFile(path)
			return errors.Join(err, os.WriteFile(path, bytes.Replace(b, []byte(`"subtask": 1`), []byte(`"subtask": 2`), 1), 0o644))
		},
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

// writeSnapshot writes a snapshot piece by piece.
func writeSnapshot(dir string, epoch dataflow.Epoch, name string, b state.Blob) (File, error) {
	p, err := NewPending(dir, epoch, name)
	if err != nil {
		return File{}, err
	}
	for i := range b {
		if err := p.Append(b[i : i+1]); err != nil {
			return File{}, errors.Join(err, p.Abort())
		}
	}
	return p.Commit()
}
