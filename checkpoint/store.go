package checkpoint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/internal/clock"
	"github.com/anabranch/anabranch/state"
	"github.com/anabranch/anabranch/vfs"
)

// Metadata describes a complete checkpoint.
type Metadata struct {
	// Seal is the CRC-32 of the text, in hexadecimal, taken with a Seal of zeros.
	Seal        string         `json:"seal"`
	Version     int            `json:"version"`
	HashVersion int            `json:"hashVersion"`
	Job         string         `json:"job"`
	Digest      string         `json:"digest"` // of the job's graph
	Epoch       dataflow.Epoch `json:"epoch"`
	Tasks       []Task         `json:"tasks"`
	// Splits are those no reader had taken, by uid of the source.
	Splits map[string]json.RawMessage `json:"splits,omitempty"`
	// Seen are the names that a source which goes on looking for splits has listed, by its uid.
	Seen        map[string][]string    `json:"seen,omitempty"`
	Committable []dataflow.Committable `json:"committable,omitempty"`
	// Ended says that the job had read all its input.
	Ended bool `json:"ended,omitempty"`
}

// Task is one task's part.
type Task struct {
	UIDs     []string `json:"uids"` // of its nodes
	Subtask  int      `json:"subtask"`
	Finished bool     `json:"finished,omitempty"`
	// Files are its snapshot and those it refers to, the newest first. The oldest is of all state, the
	// others of what had changed since the one before.
	Files []File `json:"files,omitempty"`
}

// File is a task's snapshot in one epoch.
type File struct {
	Name     string `json:"name"` // below the job's folder: "chk-7/task-0-..."
	Bytes    int    `json:"bytes"`
	Checksum uint32 `json:"checksum"` // CRC-32: sections end in their CRC-32C, which makes that of a file the same for all files
}

// metadataVersion is the version of the folder's layout: see docs/format/checkpoint.md.
const metadataVersion = 3

const (
	metadataName = "metadata.json"
	leaseName    = "lease"
)

// errHeld says that another process runs the job.
var errHeld = errors.New("another process is running this job; stop it, or give this one another pipeline.name")

// Store is the folder of one job's checkpoints.
type Store struct {
	dir   string
	lease *os.File
}

// Open takes the lease on the job's folder below dir. A folder that another process holds is
// an error.
func Open(dir, job string) (*Store, error) {
	s := &Store{dir: filepath.Join(dir, job)}
	var err error
	for range leaseTries {
		if s.lease, err = lease(s.dir); !errors.Is(err, errHeld) {
			break
		}
		_ = clock.Pause(context.Background(), leasePause) // it has no end to fail with
	}
	if err != nil {
		return nil, fmt.Errorf("checkpoint folder %s: %w", s.dir, err)
	}
	return s, nil
}

// lease makes a job's folder and takes the lease on it. A job that ends may remove the folder, and those
// above it, between the two.
func lease(dir string) (f *os.File, err error) {
	for range folderTries {
		if err = os.MkdirAll(dir, 0o755); err == nil {
			f, err = vfs.Lock(filepath.Join(dir, leaseName))
		}
		switch {
		case errors.Is(err, vfs.ErrLocked):
			return nil, errHeld
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist): // MkdirAll says either
			return f, err
		}
	}
	return nil, err
}

// folderTries bounds how often others may remove a folder under the hands of a job.
const folderTries = 1000

// A process that was killed has its lease until its memory is given back, which may take a moment.
const (
	leaseTries = 10
	leasePause = 100 * time.Millisecond
)

// Dir is the job's folder.
func (s *Store) Dir() string { return s.dir }

// Close gives the lease back.
func (s *Store) Close() error { return s.lease.Close() }

// Remove deletes all checkpoints of the job, gives the lease back and removes the job's folder, and those above
// it that are empty then, up to base.
func (s *Store) Remove(base string) error {
	err := errors.Join(s.Clear(), os.Remove(filepath.Join(s.dir, leaseName)), s.lease.Close())
	vfs.RemoveEmpty(s.dir, base)
	return err
}

// Name is the folder of an epoch, from which Read reads it.
func (s *Store) Name(e dataflow.Epoch) string { return s.epochDir(e) }

func (s *Store) epochDir(e dataflow.Epoch) string {
	return filepath.Join(s.dir, epochName(e))
}

func epochName(e dataflow.Epoch) string { return fmt.Sprintf("chk-%d", e) }

// Pending is a task's snapshot of an epoch in the making.
type Pending struct {
	epoch dataflow.Epoch
	file  File
	to    *vfs.Pending
}

// NewPending begins a task's snapshot of an epoch in dir, the folder of a job's checkpoints. The name is
// one that no other attempt at the epoch uses, as whatever wrote that may not have ended.
func NewPending(dir string, epoch dataflow.Epoch, name string) (*Pending, error) {
	p := &Pending{epoch: epoch, file: File{Name: epochName(epoch) + "/" + name}}
	var err error
	p.to, err = vfs.Create(filepath.Join(dir, epochName(epoch), name))
	return p, p.failed(err)
}

func (p *Pending) failed(err error) error { return notWritten(p.epoch, err) }

func notWritten(epoch dataflow.Epoch, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("checkpoint %d cannot be written: %w; the folder 'execution.checkpointing.dir' needs room and the right to write", epoch, err)
}

// Append writes further bytes.
func (p *Pending) Append(b state.Blob) error {
	for _, piece := range b {
		if _, err := p.to.Write(piece); err != nil {
			return p.failed(err)
		}
		p.file.Checksum = crc32.Update(p.file.Checksum, crc32.IEEETable, piece)
		p.file.Bytes += len(piece)
	}
	return nil
}

// Commit makes the snapshot durable.
func (p *Pending) Commit() (File, error) { return p.file, p.failed(p.to.Commit()) }

// Abort gives it up.
func (p *Pending) Abort() error { return p.to.Abort() }

// Write makes an epoch complete whose files are durable.
func (s *Store) Write(m *Metadata) error {
	m.Version, m.HashVersion, m.Seal = metadataVersion, columnar.HashVersion, noSeal
	dir := s.epochDir(m.Epoch)
	text, err := json.MarshalIndent(m, "", " ")
	if err == nil {
		err = writeFile(filepath.Join(dir, metadataName), seal(text))
	}
	return notWritten(m.Epoch, err)
}

// remove deletes a checkpoint, its metadata first: what is half deleted is none.
func remove(dir string) error {
	if err := os.Remove(filepath.Join(dir, metadataName)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.RemoveAll(dir)
}

func writeFile(path string, pieces ...[]byte) error {
	p, err := vfs.Create(path)
	if err != nil {
		return err
	}
	for _, b := range pieces {
		if _, err := p.Write(b); err != nil {
			return errors.Join(err, p.Abort())
		}
	}
	return p.Commit()
}

// Retain deletes all but the newest n complete epochs up to newest, and what incomplete ones before it
// have left. Files that a retained epoch refers to stay.
func (s *Store) Retain(newest dataflow.Epoch, n int) error {
	epochs, err := s.epochs()
	if err != nil {
		return err
	}
	var errs []error
	used := map[string]bool{}
	for _, e := range slices.Backward(epochs) {
		dir := s.epochDir(e)
		if e > newest {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, metadataName)); err == nil && n > 0 {
			m, err := readMetadata(dir)
			if err != nil {
				return err // nobody knows what it refers to
			}
			for _, t := range m.Tasks {
				for _, f := range t.Files {
					used[f.Name] = true
				}
			}
			n--
			continue
		}
		errs = append(errs, removeUnused(dir, used))
	}
	return errors.Join(errs...)
}

// Sweep deletes what checkpoints later than the newest complete one have left, which were given up: a full
// disk has room again. Nothing may be writing one.
func (s *Store) Sweep() error {
	epochs, err := s.epochs()
	if err != nil {
		return err
	}
	newest, err := s.Newest()
	for _, e := range epochs {
		if e > newest && err == nil {
			err = os.RemoveAll(s.epochDir(e))
		}
	}
	return err
}

// removeUnused deletes a checkpoint but for the files that others use.
func removeUnused(dir string, used map[string]bool) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(entries, func(e os.DirEntry) bool { return used[filepath.Base(dir)+"/"+e.Name()] }) {
		return remove(dir)
	}
	for _, e := range entries { // metadata.json comes first
		if !used[filepath.Base(dir)+"/"+e.Name()] {
			err = errors.Join(err, os.Remove(filepath.Join(dir, e.Name())))
		}
	}
	return err
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
	dir      string
	sections [][]state.Section // by task
}

// Dir is the folder that the checkpoint was read from.
func (s *Snapshot) Dir() string { return s.dir }

func readMetadata(dir string) (m Metadata, err error) {
	text, err := os.ReadFile(filepath.Join(dir, metadataName))
	if err != nil {
		return m, fmt.Errorf("checkpoint %s: %w", dir, err)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fmt.Errorf("checkpoint %s: %s is damaged: %w; restore another checkpoint with --from-checkpoint or start over with --fresh", dir, metadataName, err)
	}
	if m.Version != metadataVersion || m.HashVersion != columnar.HashVersion {
		return m, fmt.Errorf("checkpoint %s: layout %d with hash %d; this version reads %d with %d; start over with --fresh", dir, m.Version, m.HashVersion, metadataVersion, columnar.HashVersion)
	}
	if !sealed(text, m.Seal) {
		return m, fmt.Errorf("checkpoint %s: %s is damaged: its seal does not agree; restore another checkpoint with --from-checkpoint or start over with --fresh", dir, metadataName)
	}
	return m, nil
}

// Read reads the checkpoint in the folder dir and verifies every file. Files of older epochs that it
// refers to are beside dir.
func Read(dir string) (*Snapshot, error) {
	dir, err := filepath.Abs(dir) // its parent is needed
	if err != nil {
		return nil, err
	}
	m, err := readMetadata(dir)
	if err != nil {
		return nil, err
	}
	s := &Snapshot{Metadata: m, dir: dir, sections: make([][]state.Section, len(m.Tasks))}
	for i, t := range s.Tasks {
		if t.Finished {
			continue
		}
		for age, f := range t.Files {
			sections, err := readFile(dir, m.Epoch, f)
			if err != nil {
				return nil, err
			}
			for _, section := range sections {
				section.Age = age
				s.sections[i] = append(s.sections[i], section)
			}
		}
	}
	return s, nil
}

// readFile reads a file that the checkpoint of the epoch, in dir, refers to. Its own are in dir, whose
// name may have changed, those of older ones beside it.
func readFile(dir string, epoch dataflow.Epoch, f File) ([]state.Section, error) {
	folder, name := path.Base(path.Dir(f.Name)), path.Base(f.Name)
	if folder == epochName(epoch) {
		folder = filepath.Base(dir)
	}
	b, err := vfs.Map(filepath.Join(filepath.Dir(dir), folder, name))
	if err != nil {
		return nil, fmt.Errorf("checkpoint %s is not whole: %w; restore another with --from-checkpoint or start over with --fresh", dir, err)
	}
	if sum := crc32.ChecksumIEEE(b); len(b) != f.Bytes || sum != f.Checksum {
		return nil, fmt.Errorf("checkpoint %s: file %s is damaged (%d of %d bytes, checksum %08x of %08x); restore another checkpoint with --from-checkpoint or start over with --fresh", dir, f.Name, len(b), f.Bytes, sum, f.Checksum)
	}
	sections, err := state.Parse(b)
	if err != nil {
		return nil, fmt.Errorf("checkpoint %s: file %s: %w", dir, f.Name, err)
	}
	return sections, nil
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
