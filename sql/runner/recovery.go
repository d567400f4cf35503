package runner

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/checkpoint"
	"github.com/anabranch/anabranch/operators"
	"github.com/anabranch/anabranch/scheduler"
	"github.com/anabranch/anabranch/sql/session"
	"github.com/anabranch/anabranch/vfs"
)

// Recovery says what a job does about checkpoints of its name.
type Recovery struct {
	Resume bool   // go on from the newest, or start afresh where there is none
	Fresh  bool   // forget them
	From   string // go on from the checkpoint in this folder
	// Unended goes on from the newest of a run that has not ended; after one that has, it starts afresh.
	Unended bool
}

const (
	defaultCheckpointDir      = ".anabranch"
	defaultCheckpointInterval = 10 * time.Second
)

// prepare opens the checkpoint folder of a job that writes a stream and adds to opts what the
// run needs of it. The caller closes the store, which is nil for jobs without checkpoints.
func (r *Runner) prepare(p *session.Planned, opts *scheduler.Options) (*checkpoint.Store, error) {
	interval, dir, err := r.checkpointing(p)
	if err != nil || interval == 0 {
		return nil, err
	}
	store, err := checkpoint.Open(dir, p.Job.Name)
	if err != nil {
		return nil, err
	}
	if !r.fillsSession(p) {
		opts.Restore, err = r.restore(store)
	}
	if err == nil && opts.Restore != nil {
		err = sameGraph(p, opts.Restore)
	}
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	opts.Checkpoint = &scheduler.Checkpointing{
		Store: store, Interval: interval, Completed: r.opts.Completed,
		Timeout:   r.duration("execution.checkpointing.timeout", 0),
		MinPause:  r.duration("execution.checkpointing.min-pause", 0),
		Retained:  r.count("execution.checkpointing.num-retained", 1),
		Tolerable: r.count("execution.checkpointing.tolerable-failed-checkpoints", 0),
	}
	return store, nil
}

// duration is a setting, which SET has checked.
func (r *Runner) duration(key string, byDefault time.Duration) time.Duration {
	if d, ok := catalog.ParseDuration(r.session.Setting(key)); ok {
		return d
	}
	return byDefault
}

func (r *Runner) count(key string, byDefault int) int {
	if n, err := strconv.Atoi(r.session.Setting(key)); err == nil {
		return n
	}
	return byDefault
}

// restart is what the settings say about jobs that fail.
func (r *Runner) restart() (scheduler.RestartStrategy, error) {
	set := map[string]string{}
	for _, key := range scheduler.RestartKeys() {
		if v := r.session.Setting(key); v != "" {
			set[key] = v
		}
	}
	return scheduler.RestartOf(set)
}

// jobName is pipeline.name, or that of the script; later jobs of the same name are numbered.
func (r *Runner) jobName(passing bool) string {
	name := r.session.Setting("pipeline.name")
	if name == "" {
		name = r.opts.Name
	}
	if passing {
		name += "-" + strings.ToLower(rand.Text()[:passingDigits])
	}
	name = strings.Map(func(c rune) rune {
		if strings.ContainsRune(`/\:`, c) {
			return '_'
		}
		return c
	}, name)
	if name == "" || name == "." || name == ".." {
		name = "job"
	}
	r.jobs[name]++
	if n := r.jobs[name]; n > 1 {
		name = fmt.Sprintf("%s-%d", name, n)
	}
	return name
}

// passingDigits tell the jobs of this process from those of others: 40 bits.
const passingDigits = 8

// passing reports whether the checkpoints of a job are of this process only: nothing names it, or what it
// writes ends with the session, so that the job has to run again.
func (r *Runner) passing(p *session.Planned) bool {
	return r.opts.Passing && r.session.Setting("pipeline.name") == "" || r.fillsSession(p)
}

// fillsSession reports whether all tables that a job writes are the session's own.
func (r *Runner) fillsSession(p *session.Planned) bool {
	tables, err := sinkTables(p)
	return err == nil && !slices.ContainsFunc(tables, func(t *catalog.TableSpec) bool {
		c, err := r.session.Registry.Lookup(t.Connector)
		_, own := c.(catalog.Dropper)
		return err != nil || !own
	})
}

// sinkTables are those that a job writes.
func sinkTables(p *session.Planned) ([]*catalog.TableSpec, error) {
	var tables []*catalog.TableSpec
	for _, n := range p.Job.Nodes {
		if n.Kind != operators.KindSink {
			continue
		}
		var spec operators.SinkSpec
		if err := json.Unmarshal(n.Spec, &spec); err != nil {
			return nil, fmt.Errorf("node %s: %w", n.Name, err)
		}
		tables = append(tables, spec.Table)
	}
	return tables, nil
}

// checkpointBase is the folder above those of jobs that stays when they go: one that was named.
func (r *Runner) checkpointBase() string {
	dir, err := vfs.Local(r.session.Setting("execution.checkpointing.dir"))
	if err != nil || dir == "" {
		return filepath.Dir(defaultCheckpointDir)
	}
	return dir
}

// checkpointing is how often and where a job takes checkpoints; 0 is never. Without an interval
// set, a streaming job does when it has a sink whose output waits for them.
func (r *Runner) checkpointing(p *session.Planned) (interval time.Duration, dir string, err error) {
	if dir, err = vfs.Local(r.session.Setting("execution.checkpointing.dir")); err != nil {
		return 0, "", fmt.Errorf("execution.checkpointing.dir: %w", err)
	}
	if dir == "" {
		dir = defaultCheckpointDir
	}
	if !p.Job.Streaming || p.Copies && !p.Unbounded { // a copy is written as a whole, at its end
		return 0, dir, nil
	}
	if text := r.session.Setting("execution.checkpointing.interval"); text != "" {
		interval, _ = catalog.ParseDuration(text) // SET has checked it
		return interval, dir, nil
	}
	tables, err := sinkTables(p)
	if err != nil {
		return 0, dir, err
	}
	for _, t := range tables {
		c, err := r.session.Registry.Committer(t)
		if err != nil {
			return 0, dir, err
		}
		if c != nil {
			r.note("checkpoints every %s in %s", defaultCheckpointInterval, filepath.Join(dir, p.Job.Name))
			return defaultCheckpointInterval, dir, nil
		}
	}
	return 0, dir, nil
}

// restore reads the checkpoint to go on from; nil starts afresh.
func (r *Runner) restore(store *checkpoint.Store) (*checkpoint.Snapshot, error) {
	from := r.opts.Recovery
	if from.From == "" && !from.Resume && !from.Fresh {
		from.From = r.session.Setting("execution.state-recovery.path")
	}
	if from.From != "" {
		return restoreFrom(store, from.From)
	}
	if from.Fresh {
		return nil, store.Clear()
	}
	newest, err := store.Newest()
	switch {
	case err != nil || newest == 0:
		if err == nil && from.Resume {
			r.note("no complete checkpoint in %s: starting from the beginning", store.Dir())
		}
		return nil, err
	case !from.Resume && !from.Unended:
		if s, err := store.Read(newest); err == nil && s.Ended {
			return nil, store.Clear() // the job before has ended; this is a new one
		}
		return nil, fmt.Errorf("a checkpoint of this job exists in %s: go on from it with --resume, from another with --from-checkpoint PATH, or start over with --fresh", store.Dir())
	}
	s, err := store.Read(newest)
	if err == nil && s.Ended && from.Unended {
		return nil, store.Clear()
	}
	if err == nil && s.Ended {
		r.note("the job has ended with checkpoint %d in %s; run it again without --resume", newest, store.Dir())
	} else {
		r.note("resuming from checkpoint %d in %s", newest, store.Dir())
	}
	return s, err
}

// restoreFrom reads the checkpoint in a folder. Epochs go on after all the store has, so that a
// later --resume finds what follows from here and not what it was chosen over.
func restoreFrom(store *checkpoint.Store, dir string) (*checkpoint.Snapshot, error) {
	dir, err := vfs.Local(dir)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	s, err := checkpoint.Read(dir)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w; name the folder of one checkpoint, such as .anabranch/NAME/chk-5", err)
	}
	if err != nil {
		return nil, err
	}
	newest, err := store.Newest()
	s.Epoch = max(s.Epoch, newest)
	return s, err
}

// sameGraph refuses a checkpoint of another job.
func sameGraph(p *session.Planned, s *checkpoint.Snapshot) error {
	digest, err := scheduler.Digest(p.Job)
	if err == nil && digest != s.Digest {
		err = fmt.Errorf("checkpoint %d of job %s was taken of another plan: the statements, or settings of the optimizer, have changed since; start over with --fresh", s.Epoch, s.Job)
	}
	return err
}

// note tells the user something beside the results.
func (r *Runner) note(format string, args ...any) {
	if r.opts.Note != nil {
		r.opts.Note(fmt.Sprintf(format, args...))
	}
}
