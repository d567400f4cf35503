package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/checkpoint"
	"github.com/anabranch/anabranch/operators"
	"github.com/anabranch/anabranch/scheduler"
	"github.com/anabranch/anabranch/sql/session"
)

// Recovery says what a job does about checkpoints of its name.
type Recovery struct {
	Resume bool   // go on from the newest, or start afresh where there is none
	Fresh  bool   // forget them
	From   string // go on from the checkpoint in this folder
}

const (
	defaultCheckpointDir      = ".anabranch"
	defaultCheckpointInterval = 10 * time.Second
)

// prepare opens the checkpoint folder of a job that writes a stream and adds to opts what the
// run needs of it. The caller closes the store, which is nil for jobs without checkpoints.
func (e *Engine) prepare(p *session.Planned, opts *scheduler.Options) (*checkpoint.Store, error) {
	e.jobs++
	p.Job.Name = e.jobName()
	interval, dir, err := e.checkpointing(p)
	if err != nil || interval == 0 {
		return nil, err
	}
	store, err := checkpoint.Open(dir, p.Job.Name)
	if err != nil {
		return nil, err
	}
	opts.Restore, err = e.restore(store)
	if err == nil && opts.Restore != nil {
		err = sameGraph(p, opts.Restore)
	}
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	opts.Checkpoint = &scheduler.Checkpointing{
		Store: store, Interval: interval, Completed: e.opts.Completed,
		Timeout:   e.duration("execution.checkpointing.timeout", 0),
		MinPause:  e.duration("execution.checkpointing.min-pause", 0),
		Retained:  e.count("execution.checkpointing.num-retained", 1),
		Tolerable: e.count("execution.checkpointing.tolerable-failed-checkpoints", 0),
	}
	return store, nil
}

// duration is a setting, which SET has checked.
func (e *Engine) duration(key string, byDefault time.Duration) time.Duration {
	if d, ok := catalog.ParseDuration(e.session.Setting(key)); ok {
		return d
	}
	return byDefault
}

func (e *Engine) count(key string, byDefault int) int {
	if n, err := strconv.Atoi(e.session.Setting(key)); err == nil {
		return n
	}
	return byDefault
}

func (e *Engine) number(key string, byDefault float64) float64 {
	if x, err := strconv.ParseFloat(e.session.Setting(key), 64); err == nil {
		return x
	}
	return byDefault
}

// restart is what the settings say about jobs that fail.
func (e *Engine) restart() scheduler.RestartStrategy {
	const prefix = "restart-strategy."
	s := scheduler.DefaultRestart()
	switch kind := strings.ToLower(e.session.Setting(prefix + "type")); kind {
	case "none", "off", "disable":
		s.Kind = scheduler.NoRestart
	case "fixed-delay":
		s.Kind = scheduler.FixedDelay
		s.Attempts = e.count(prefix+"fixed-delay.attempts", 1)
		s.Delay = e.duration(prefix+"fixed-delay.delay", time.Second)
	case "failure-rate":
		s.Kind = scheduler.FailureRate
		s.MaxFailures = e.count(prefix+"failure-rate.max-failures-per-interval", 1)
		s.Interval = e.duration(prefix+"failure-rate.failure-rate-interval", time.Minute)
		s.Delay = e.duration(prefix+"failure-rate.delay", time.Second)
	default:
		const exponential = prefix + "exponential-delay."
		s.Initial = e.duration(exponential+"initial-backoff", s.Initial)
		s.Max = e.duration(exponential+"max-backoff", s.Max)
		s.ResetAfter = e.duration(exponential+"reset-backoff-threshold", s.ResetAfter)
		s.Multiplier = e.number(exponential+"backoff-multiplier", s.Multiplier)
		s.Jitter = e.number(exponential+"jitter-factor", s.Jitter)
		s.Attempts = e.count(exponential+"attempts-before-reset-backoff", 0)
	}
	return s
}

// jobName is pipeline.name, or that of the script; later jobs of a script are numbered.
func (e *Engine) jobName() string {
	name := e.session.Setting("pipeline.name")
	if name == "" {
		name = e.opts.Name
	}
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:`, r) {
			return '_'
		}
		return r
	}, name)
	if name == "" || name == "." || name == ".." {
		name = "job"
	}
	if e.jobs > 1 {
		name = fmt.Sprintf("%s-%d", name, e.jobs)
	}
	return name
}

// checkpointing is how often and where a job takes checkpoints; 0 is never. Without an interval
// set, a streaming job does when it has a sink whose output waits for them.
func (e *Engine) checkpointing(p *session.Planned) (interval time.Duration, dir string, err error) {
	if dir = e.session.Setting("execution.checkpointing.dir"); dir == "" {
		dir = defaultCheckpointDir
	}
	dir = strings.TrimPrefix(dir, "file://")
	if !p.Job.Streaming {
		return 0, dir, nil
	}
	if text := e.session.Setting("execution.checkpointing.interval"); text != "" {
		interval, _ = catalog.ParseDuration(text) // SET has checked it
		return interval, dir, nil
	}
	for _, n := range p.Job.Nodes {
		if n.Kind != operators.KindSink {
			continue
		}
		var spec operators.SinkSpec
		if err := json.Unmarshal(n.Spec, &spec); err != nil {
			return 0, dir, err
		}
		c, err := e.session.Registry.Committer(spec.Table)
		if err != nil {
			return 0, dir, err
		}
		if c != nil {
			e.note("checkpoints every %s in %s", defaultCheckpointInterval, filepath.Join(dir, p.Job.Name))
			return defaultCheckpointInterval, dir, nil
		}
	}
	return 0, dir, nil
}

// restore reads the checkpoint to go on from; nil starts afresh.
func (e *Engine) restore(store *checkpoint.Store) (*checkpoint.Snapshot, error) {
	r := e.opts.Recovery
	if r == (Recovery{}) {
		r.From = strings.TrimPrefix(e.session.Setting("execution.state-recovery.path"), "file://")
	}
	if r.From != "" {
		return restoreFrom(store, r.From)
	}
	if r.Fresh {
		return nil, store.Clear()
	}
	newest, err := store.Newest()
	switch {
	case err != nil || newest == 0:
		if err == nil && r.Resume {
			e.note("no complete checkpoint in %s: starting from the beginning", store.Dir())
		}
		return nil, err
	case !r.Resume:
		if s, err := store.Read(newest); err == nil && s.Ended {
			return nil, store.Clear() // the job before has ended; this is a new one
		}
		return nil, fmt.Errorf("a checkpoint of this job exists in %s: go on from it with --resume, from another with --from-checkpoint PATH, or start over with --fresh", store.Dir())
	}
	s, err := store.Read(newest)
	if err == nil && s.Ended {
		e.note("the job has ended with checkpoint %d in %s; run it again without --resume", newest, store.Dir())
	} else {
		e.note("resuming from checkpoint %d in %s", newest, store.Dir())
	}
	return s, err
}

// restoreFrom reads the checkpoint in a folder. Epochs go on after all the store has, so that a
// later --resume finds what follows from here and not what it was chosen over.
func restoreFrom(store *checkpoint.Store, dir string) (*checkpoint.Snapshot, error) {
	s, err := checkpoint.Read(dir)
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
		err = fmt.Errorf("checkpoint %d of job %s was taken of another plan: the statements have changed since; start over with --fresh", s.Epoch, s.Job)
	}
	return err
}

// note tells the user something beside the results.
func (e *Engine) note(format string, args ...any) {
	if e.opts.Note != nil {
		e.opts.Note(fmt.Sprintf(format, args...))
	}
}
