package jobmanager

import (
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/scheduler/rpc"
)

// Progress is how far a job has come.
type Progress struct {
	RowsRead   int64         // by all sources
	Sources    int           // nodes that read
	Watermark  dataflow.Time // the smallest that has reached a last task; MinTime if none
	StateBytes int64
	// Skipped are the rows left out so far, by reason: late, null time, bad.
	Skipped map[string]int64
	// Restarts are the starts after failures.
	Restarts    int
	Checkpoints CheckpointStats // since the last start
	Final       bool
}

// show asks for the figures of all tasks, or tells what is known if there are none.
func (m *Machine) show() {
	if m.phase != running {
		m.do(Report{m.state()})
		return
	}
	waits := false
	for _, name := range m.run.names() {
		if p := m.run.parts[name]; !p.stopped {
			p.asked, waits = true, true
			m.send(name, &rpc.Ask{Attempt: m.attempt})
		}
	}
	if !waits {
		m.do(Report{m.state()})
	}
}

// note takes figures of tasks over.
func (p *part) note(list []rpc.TaskFigures) {
	for _, f := range list {
		if p.tasks[f.Task] {
			p.figures[f.Task] = f
		}
	}
}

// shown reports once the last TaskManager has answered.
func (m *Machine) shown(p *part) {
	if !p.asked {
		return
	}
	p.asked = false
	for _, other := range m.run.parts {
		if other.asked && !other.stopped {
			return
		}
	}
	m.do(Report{m.state()})
}

// state is the newest that is known; before an attempt has tasks, that of the one before.
func (m *Machine) state() Progress {
	m.progress.Restarts, m.progress.Checkpoints = max(int(m.attempt)-1, 0), m.figures
	if m.run == nil {
		return m.progress
	}
	p := m.progress
	p.RowsRead, p.StateBytes, p.Watermark, p.Skipped = 0, 0, dataflow.MaxTime, map[string]int64{}
	for i, t := range m.tasks {
		f, ok := m.run.parts[m.run.places[i]].figures[i]
		if !ok {
			f.Watermark = dataflow.MinTime
		}
		p.StateBytes += f.StateBytes
		for reason, n := range f.Skipped {
			p.Skipped[reason] += n
		}
		if t.source >= 0 {
			p.RowsRead += f.RowsIn
		}
		if t.last {
			p.Watermark = min(p.Watermark, f.Watermark)
		}
	}
	m.progress = p
	return p
}
