package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/state"
	"github.com/anabranch/anabranch/vfs"
)

// Metadata describes a complete checkpoint.
type Metadata struct {
	Version     int            `json:"version"`
	HashVersion int            `json:"hashVersion"`
	Job         string         `json:"job"`
	Digest      string         `json:"digest"` // of the job's graph
	Epoch       dataflow.Epoch `json:"epoch"`
	Tasks       []Task         `json:"tasks"`
	// Splits are those no reader had taken, by uid of the source.
	Splits      map[string]json.RawMessage `json:"splits,omitempty"`
	Committable []dataflow.Committable     `json:"committable,omitempty"`
	// Ended says that the job had read all its input.
	Ended bool `json:"ended,omitempty"`
}

// Task is one task's part.
type Task struct {
	UIDs     []string `json:"uids"` // of its nodes
	Subtask  int      `json:"subtask"`
	Finished bool     `json:"finished,omitempty"`
	File     string   `json:"file,omitempty"`
	Bytes    int      `json:"bytes,omitempty"`
	Checksum uint32   `json:"checksum,omitempty"` // CRC-32C
}

// metadataVersion is the version of the folder's layout: see docs/format/checkpoint.md.
const metadataVersion = 1

const metadataName = "metadata.json"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Store is the folder of one job's checkpoints.
type Store struct {
	dir   string
	lease *os.File
}

// Open takes the lease on the job's folder below dir. A folder that another process holds is
// an error.
func Open(dir, job string) (*Store, error) {
	s := &Store{dir: filepath.Join(dir, job)}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return nil, fmt.Errorf("checkpoint folder: %w", err)
	}
	var err error
	if s.lease, err = acquire(filepath.Join(s.dir, "lease")); err != nil {
		return nil, fmt.Errorf("checkpoint folder %s: %w", s.dir, err)
	}
	return s, nil
}

// Dir is the job's folder.
func (s *Store) Dir() string { return s.dir }

// Close gives the lease back.
func (s *Store) Close() error { return s.lease.Close() }

func (s *Store) epochDir(e dataflow.Epoch) string {
	return filepath.Join(s.dir, fmt.Sprintf("chk-%d", e))
}

// Write makes the snapshots of an epoch durable; snapshots are by task, nil for finished ones.
func (s *Store) Write(m *Metadata, snapshots [][]byte) error {
	m.Version, m.HashVersion = metadataVersion, columnar.HashVersion
	dir := s.epochDir(m.Epoch)
	// What an earlier attempt at this epoch left is incomplete: its metadata is missing.
	if err := remove(dir); err != nil {
		return fmt.Errorf("checkpoint %d cannot be written: %w", m.Epoch, err)
	}
	for i, b := range snapshots {
		if m.Tasks[i].Finished {
			continue
		}
		m.Tasks[i].File = fmt.Sprintf("task-%d", i)
		m.Tasks[i].Bytes, m.Tasks[i].Checksum = len(b), crc32.Checksum(b, castagnoli)
		if err := writeFile(filepath.Join(dir, m.Tasks[i].File), b); err != nil {
			return fmt.Errorf("checkpoint %d cannot be written: %w", m.Epoch, err)
		}
	}
	text, err := json.MarshalIndent(m, "", " ")
	if err == nil {
		err = writeFile(filepath.Join(dir, metadataName), text)
	}
	if err != nil {
		return fmt.Errorf("checkpoint %d cannot be written: %w", m.Epoch, err)
	}
	return nil
}

// remove deletes a checkpoint, its metadata first: what is half deleted is none.
func remove(dir string) error {
	if err := os.Remove(filepath.Join(dir, metadataName)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.RemoveAll(dir)
}

func writeFile(path string, b []byte) error {
	p, err := vfs.Create(path)
	if err != nil {
		return err
	}
	if _, err := p.Write(b); err != nil {
		return errors.Join(err, p.Abort())
	}
	return p.Commit()
}

// Retain deletes all but the newest n complete epochs up to newest, and what incomplete ones before it
// have left.
func (s *Store) Retain(newest dataflow.Epoch, n int) error {
	epochs, err := s.epochs()
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range slices.Backward(epochs) {
		if e > newest {
			continue
		}
		if _, err := os.Stat(filepath.Join(s.epochDir(e), metadataName)); err == nil && n > 0 {
			n--
			continue
		}
		errs = append(errs, remove(s.epochDir(e)))
	}
	return errors.Join(errs...)
}

// Clear deletes all checkpoints of the job.
func (s *Store) Clear() error {
	epochs, err := s.epochs()
	for _, e := range epochs {
		err = errors.Join(err, remove(s.epochDir(e)))
	}
	return err
}

// epochs lists the folders of epochs, complete or not, ascending.
func (s *Store) epochs() ([]dataflow.Epoch, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, err
	}
	var epochs []dataflow.Epoch
	for _, e := range entries {
		if n, ok := strings.CutPrefix(e.Name(), "chk-"); ok {
			if v, err := strconv.ParseUint(n, 10, 64); err == nil {
				epochs = append(epochs, dataflow.Epoch(v))
			}
		}
	}
	slices.Sort(epochs)
	return epochs, nil
}

// Newest is the newest complete epoch; 0 if there is none.
func (s *Store) Newest() (dataflow.Epoch, error) {
	epochs, err := s.epochs()
	if err != nil {
		return 0, err
	}
	for _, e := range slices.Backward(epochs) {
		if _, err := os.Stat(filepath.Join(s.epochDir(e), metadataName)); err == nil {
			return e, nil
		}
	}
	return 0, nil
}

// Snapshot is a checkpoint read back.
type Snapshot struct {
	Metadata
	sections [][]state.Section // by task
}

// Read reads the checkpoint in the folder dir and verifies every file.
func Read(dir string) (*Snapshot, error) {
	text, err := os.ReadFile(filepath.Join(dir, metadataName))
	if err != nil {
		return nil, fmt.Errorf("checkpoint %s: %w", dir, err)
	}
	var s Snapshot
	if err := json.Unmarshal(text, &s.Metadata); err != nil {
		return nil, fmt.Errorf("checkpoint %s: %s is damaged: %w; restore another checkpoint with --from-checkpoint or start over with --fresh", dir, metadataName, err)
	}
	if s.Version != metadataVersion || s.HashVersion != columnar.HashVersion {
		return nil, fmt.Errorf("checkpoint %s: layout %d with hash %d; this version reads %d with %d", dir, s.Version, s.HashVersion, metadataVersion, columnar.HashVersion)
	}
	s.sections = make([][]state.Section, len(s.Tasks))
	for i, t := range s.Tasks {
		if t.Finished {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, filepath.Base(t.File)))
		if err != nil {
			return nil, fmt.Errorf("checkpoint %s is not whole: %w; restore another with --from-checkpoint or start over with --fresh", dir, err)
		}
		if len(b) != t.Bytes || crc32.Checksum(b, castagnoli) != t.Checksum {
			return nil, fmt.Errorf("checkpoint %s: file %s is damaged (%d of %d bytes, checksum %08x of %08x); restore another checkpoint with --from-checkpoint or start over with --fresh", dir, t.File, len(b), t.Bytes, crc32.Checksum(b, castagnoli), t.Checksum)
		}
		if s.sections[i], err = state.Parse(b); err != nil {
			return nil, fmt.Errorf("checkpoint %s: file %s: %w", dir, t.File, err)
		}
	}
	return &s, nil
}

// Read reads one epoch of the store.
func (s *Store) Read(e dataflow.Epoch) (*Snapshot, error) { return Read(s.epochDir(e)) }

// Reader gives the state of the operator uid to one of its subtasks.
func (s *Snapshot) Reader(uid string, subtask, parallelism int) *state.Reader {
	r := &state.Reader{Subtask: subtask, Parallelism: parallelism}
	for i, t := range s.Tasks {
		if !slices.Contains(t.UIDs, uid) {
			continue
		}
		for len(r.Tasks) <= t.Subtask {
			r.Tasks = append(r.Tasks, nil)
		}
		for _, section := range s.sections[i] {
			if section.UID == uid {
				r.Tasks[t.Subtask] = append(r.Tasks[t.Subtask], section)
			}
		}
	}
	return r
}

// AllFinished reports whether every task of the operator uid had ended.
func (s *Snapshot) AllFinished(uid string) bool {
	for _, t := range s.Tasks {
		if slices.Contains(t.UIDs, uid) && !t.Finished {
			return false
		}
	}
	return true
}
