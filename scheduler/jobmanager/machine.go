package jobmanager

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/scheduler/rpc"
)

// phase is what the job is doing.
type phase uint8

// The phases of an attempt, in order: its start is prepared; it waits for slots; its tasks run; what is
// left of it ends; its leftovers are removed; the next one is due later. Then the job is over.
const (
	preparing phase = iota
	placing
	running
	ending
	cleaning
	delaying
	over
)

// timer is what a timer is for.
type timer string

const (
	slotTimer    timer = "slots"
	epochTimer   timer = "epoch"
	pauseTimer   timer = "pause"
	restartTimer timer = "restart"
	beatTimer    timer = "heartbeat"
)

// Machine is the decisions of a JobManager.
type Machine struct {
	job      *graph.Job
	settings rpc.Settings
	digest   string
	vertices []*graph.Vertex
	tasks    []taskPlace
	slots    int // needed

	now      time.Duration
	actions  []Action
	managers map[string]*manager
	strange  map[string]bool // those who were told that they are not known

	timers    map[timer]int // those that run, by what they are for
	lastTimer int

	phase    phase
	attempt  rpc.Attempt
	restore  string         // the checkpoint that the attempt is restored from
	restored dataflow.Epoch // of it
	sources  []*enumerator
	run      *execution // of the attempt, from running on
	restarts *restarts
	failure  *rpc.Failure // why the attempt ends
	asked    *rpc.Failure // to end: there is no further attempt
	stopping bool         // asked to, after a checkpoint

	figures  CheckpointStats
	progress Progress // the newest
}

// manager is a TaskManager that offers slots.
type manager struct {
	slots int
	seen  time.Duration // when it was last heard of
}

// taskPlace is a task's place in the job.
type taskPlace struct {
	vertex *graph.Vertex
	uids   []string
	sub    int
	source int  // the place of its source among all; -1 if it does not read
	last   bool // nothing reads what some operator of it makes
}

// Digest names the graph of a job, so that a checkpoint is not restored into another one.
func Digest(job *graph.Job) (string, error) {
	text, err := json.Marshal(job.Nodes)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16]), nil
}

// NewMachine makes the decisions of a job that is submitted. Start begins.
func NewMachine(s *rpc.Submit) (*Machine, error) {
	if err := s.Job.Validate(); err != nil {
		return nil, err
	}
	m := &Machine{
		job: s.Job, settings: s.Settings, vertices: s.Job.Vertices(s.Settings.Parallelism), managers: map[string]*manager{},
		strange: map[string]bool{}, timers: map[timer]int{}, restore: s.Settings.Restore,
		restarts: &restarts{RestartStrategy: s.Settings.Restart, random: rand.New(rand.NewPCG(s.Settings.Seed, 0))},
		progress: Progress{Watermark: dataflow.MinTime},
	}
	if s.Settings.Checkpoint != nil {
		var err error
		if m.digest, err = Digest(s.Job); err != nil {
			return nil, err
		}
	}
	read := map[int]bool{} // nodes whose output is
	for _, n := range s.Job.Nodes {
		for _, e := range n.Inputs {
			read[e.From] = true
		}
	}
	for _, v := range m.vertices {
		source := -1
		if v.Source() != nil {
			source = m.progress.Sources
			m.progress.Sources++
		}
		for sub := range v.Parallelism {
			last := slices.ContainsFunc(v.Ends, func(n *graph.Node) bool { return !read[n.ID] })
			m.tasks = append(m.tasks, taskPlace{v, v.UIDs(), sub, source, last})
		}
	}
	m.slots = Slots(s)
	return m, nil
}

// Slots is how many slots a job needs: a slot takes one subtask of every vertex.
func Slots(s *rpc.Submit) int {
	n := 1
	for _, v := range s.Job.Vertices(s.Settings.Parallelism) {
		n = max(n, v.Parallelism)
	}
	return n
}

// Start begins the first attempt.
func (m *Machine) Start(now time.Duration) []Action {
	m.now = now
	m.prepare(false)
	if m.settings.HeartbeatEvery > 0 {
		m.setTimer(beatTimer, m.settings.HeartbeatEvery)
	}
	return m.take()
}

// Step takes an event in at a time and returns what to do.
func (m *Machine) Step(now time.Duration, e Event) []Action {
	if m.phase == over {
		return nil
	}
	m.now = now
	switch e := e.(type) {
	case From:
		m.receive(e.Manager, e.Message)
	case Lost:
		m.lost(e.Manager)
	case Fired:
		m.fired(e.Timer)
	case Due:
		if m.phase == running {
			m.due()
		}
	case Show:
		m.show()
	case Stop:
		m.stop()
	case Cancel:
		m.end(e.Failure)
	case Prepared:
		if e.Attempt == m.attempt && m.phase == preparing {
			m.prepared(&e)
		}
	case Listed:
		if e.Attempt == m.attempt && m.phase == running {
			m.listed(&e)
		}
	case Stored:
		if e.Attempt == m.attempt && m.phase == running {
			m.stored(&e)
		}
	case Committed:
		if e.Attempt == m.attempt && m.phase == running {
			m.committed(&e)
		}
	case Cleaned:
		if e.Attempt == m.attempt && m.phase == cleaning {
			m.cleaned(e.Failure)
		}
	}
	return m.take()
}

func (m *Machine) take() []Action {
	list := m.actions
	m.actions = nil
	return list
}

func (m *Machine) do(a Action) { m.actions = append(m.actions, a) }

func (m *Machine) send(manager string, msg rpc.Message) { m.do(Send{manager, msg}) }

// setTimer starts a timer; one of the same purpose that runs counts no more.
func (m *Machine) setTimer(t timer, after time.Duration) {
	m.stopTimer(t)
	m.lastTimer++
	m.timers[t] = m.lastTimer
	m.do(SetTimer{m.lastTimer, after})
}

func (m *Machine) stopTimer(t timer) {
	if id, ok := m.timers[t]; ok {
		delete(m.timers, t)
		m.do(StopTimer{id})
	}
}

func (m *Machine) fired(id int) {
	for t, n := range m.timers {
		if n != id {
			continue
		}
		delete(m.timers, t)
		switch t {
		case slotTimer:
			m.fail(rpc.Failure{Text: fmt.Sprintf("the job needs %d slots, and after %s there are %d", m.slots, m.settings.SlotTimeout, m.offered())})
		case epochTimer:
			m.expire()
		case pauseTimer:
			m.due()
		case restartTimer:
			m.prepare(true)
		case beatTimer:
			m.beat()
		default:
			m.grow(t)
		}
		return
	}
}

// beat asks every TaskManager for a sign of life and gives up those that were silent for too long.
func (m *Machine) beat() {
	for _, name := range slices.Sorted(maps.Keys(m.managers)) {
		if m.now-m.managers[name].seen > m.settings.HeartbeatTimeout {
			m.lost(name)
			continue
		}
		m.send(name, &rpc.Ask{Attempt: m.attempt})
	}
	if m.phase != over {
		m.setTimer(beatTimer, m.settings.HeartbeatEvery)
	}
}

// receive deals with a message of a TaskManager.
func (m *Machine) receive(name string, msg rpc.Message) {
	known := m.managers[name]
	if offer, ok := msg.(*rpc.Offer); ok {
		if known != nil {
			m.lost(name) // it has begun anew
		}
		delete(m.strange, name)
		m.managers[name] = &manager{slots: offer.Slots, seen: m.now}
		m.place()
		return
	}
	if known == nil {
		if !m.strange[name] {
			m.strange[name] = true
			m.send(name, &rpc.Forgotten{})
		}
		return
	}
	known.seen = m.now
	if m.run == nil || m.run.parts[name] == nil || m.run.parts[name].stopped {
		return
	}
	m.run.receive(m, m.run.parts[name], msg)
}

// lost forgets a TaskManager.
func (m *Machine) lost(name string) {
	if m.managers[name] == nil {
		return
	}
	delete(m.managers, name)
	if m.run == nil || m.run.parts[name] == nil || m.run.parts[name].stopped {
		return
	}
	m.run.parts[name].stopped = true
	if m.phase == running && !m.run.coordinator.Ended() {
		m.fail(rpc.Failure{Text: fmt.Sprintf("the TaskManager %s is lost", name)})
		return
	}
	m.settle()
}

// offered is how many slots there are.
func (m *Machine) offered() (n int) {
	for _, k := range m.managers {
		n += k.slots
	}
	return n
}
