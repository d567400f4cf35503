package order

import (
	"bytes"
	"errors"
	"sort"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/state/spill"
)

// sortRuns are the runs of a Sort on disk: each is a list of frames in order.
type sortRuns struct {
	file     *spill.File // nil until the first run is written
	runs     [][]spill.Frame
	frameMax int // bytes of the largest frame
}

// sortFrameBytes is about the size of a frame: what a run takes in memory while it is merged.
const sortFrameBytes = 128 << 10

// add writes rows of b in the order of rows as a part of the last run.
func (r *sortRuns) add(b, scratch *columnar.Batch, rows []int32) error {
	step := columnar.BatchRows
	if size := b.SizeBytes(); size > 0 {
		step = max(1, min(step, int(int64(sortFrameBytes)*int64(b.Len())/int64(size))))
	}
	last := &r.runs[len(r.runs)-1]
	for ; len(rows) > 0; rows = rows[min(step, len(rows)):] {
		part := rows[:min(step, len(rows))]
		for c, v := range scratch.Cols {
			v.Gather(b.Cols[c], part)
		}
		scratch.SetLen(len(part))
		at, err := r.file.Append(scratch)
		if err != nil {
			return err
		}
		*last = append(*last, at)
		r.frameMax = max(r.frameMax, at.Bytes)
	}
	return nil
}

// begin starts a further run.
func (r *sortRuns) begin(area *spill.Area, schema *columnar.Schema) (err error) {
	if r.file == nil {
		if r.file, err = area.Create(schema); err != nil {
			return err
		}
	}
	r.runs = append(r.runs, nil)
	return nil
}

func (r *sortRuns) close() error {
	f := r.file
	r.file, r.runs = nil, nil
	return f.Close()
}

// spill writes the stored rows, in order, as a run.
func (s *Sort) spill() error {
	if s.rows.Len() == 0 {
		return nil
	}
	s.account.Force(s.neededBytes())
	if err := s.sort(); err != nil {
		return err
	}
	if err := s.runs.begin(s.ctx.Spill, s.ctx.Output); err != nil {
		return err
	}
	order := s.order
	if n := s.keep(); n >= 0 && n < int64(len(order)) {
		order = order[:n]
	}
	if err := s.runs.add(s.rows, s.out, order); err != nil {
		return err
	}
	s.rows.Release()
	s.rows = columnar.NewBatch(s.ctx.Output)
	s.order = nil
	return s.account.Resize(0)
}

// mergeFanMin is how many runs are merged at once in the least memory.
const mergeFanMin = 4

// mergeRuns begins to merge the runs. If memory has no room for a frame of each, groups of them are
// merged to longer ones first.
func (s *Sort) mergeRuns() (*sortMerge, error) {
	for {
		fan := s.mergeFan()
		if fan >= len(s.runs.runs) {
			return s.newMerge(s.runs), nil
		}
		var longer sortRuns
		for old := s.runs.runs; len(old) > 0; old = old[min(fan, len(old)):] {
			if err := s.mergeInto(&longer, old[:min(fan, len(old))]); err != nil {
				return nil, errors.Join(err, longer.close())
			}
		}
		if err := s.runs.close(); err != nil {
			return nil, errors.Join(err, longer.close())
		}
		s.runs = longer
	}
}

// mergeFan reserves memory for merging and is the number of runs that it suffices for.
func (s *Sort) mergeFan() int {
	// Of each run a frame, in the worst case all of them once more in order, and what sorting takes.
	perRun := int64(4 * s.runs.frameMax)
	for fan := len(s.runs.runs); fan > mergeFanMin; fan = max(fan*3/4, mergeFanMin) {
		if s.account.Resize(int64(fan)*perRun) == nil {
			return fan
		}
	}
	s.account.Force(mergeFanMin * perRun)
	return mergeFanMin
}

// mergeInto merges runs to a further run of longer.
func (s *Sort) mergeInto(longer *sortRuns, runs [][]spill.Frame) error {
	m := s.newMerge(sortRuns{file: s.runs.file, runs: runs})
	defer m.release()
	if err := longer.begin(s.ctx.Spill, s.ctx.Output); err != nil {
		return err
	}
	for {
		if err := m.step(); err != nil {
			return err
		}
		if len(m.order) == 0 {
			return nil
		}
		if err := longer.add(m.window, s.out, m.order); err != nil {
			return err
		}
	}
}

// sortMerge merges runs in windows: the rows, of one frame of each run, up to the first frame's end in
// the order. At least one frame is used up by each window, which is sorted in memory.
type sortMerge struct {
	keyer   *columnar.SortKeyer
	file    *spill.File
	sources []sortSource
	window  *columnar.Batch
	order   []int32
	key     []byte
}

// sortSource is a run: rows of its first frame from at on, and the frames behind it.
type sortSource struct {
	frames []spill.Frame
	block  *columnar.Batch
	at     int
	last   []byte // key of the last row of the block
}

func (s *Sort) newMerge(r sortRuns) *sortMerge {
	m := &sortMerge{keyer: s.keyer, file: r.file, window: columnar.NewBatch(s.ctx.Output)}
	for _, frames := range r.runs {
		m.sources = append(m.sources, sortSource{frames: frames, block: columnar.NewBatch(s.ctx.Output)})
	}
	return m
}

// step makes the next window and the order of its rows, of which there are none at the end.
func (m *sortMerge) step() error {
	m.window.Reset(0)
	m.order = m.order[:0]
	first, err := m.fill()
	if err != nil || first < 0 {
		return err
	}
	bound := m.sources[first].last
	for i := range m.sources {
		src := &m.sources[i]
		// Equal rows of later runs have to wait for those of this one.
		to := src.at + sort.Search(src.block.Len()-src.at, func(k int) bool {
			m.key = m.keyer.AppendKey(m.key[:0], src.block, src.at+k)
			c := bytes.Compare(m.key, bound)
			return c > 0 || c == 0 && i > first
		})
		m.window.AppendRange(src.block, src.at, to-src.at)
		src.at = to
	}
	if m.order = m.keyer.Sort(m.window, m.order); m.order == nil {
		return dataflow.ErrCanceled
	}
	return nil
}

// fill reads a frame of each run that has none, and finds the run whose frame ends first; -1 at the
// end of all.
func (m *sortMerge) fill() (first int, err error) {
	first = -1
	for i := range m.sources {
		src := &m.sources[i]
		if src.at == src.block.Len() {
			if len(src.frames) == 0 {
				continue
			}
			src.block.Reset(0)
			if err := m.file.Read(src.frames[0], src.block); err != nil {
				return -1, err
			}
			src.frames, src.at = src.frames[1:], 0
			src.last = m.keyer.AppendKey(src.last[:0], src.block, src.block.Len()-1)
		}
		if first < 0 || bytes.Compare(src.last, m.sources[first].last) < 0 {
			first = i
		}
	}
	return first, nil
}

// release gives the memory back. release of nil does nothing.
func (m *sortMerge) release() {
	if m == nil {
		return
	}
	for i := range m.sources {
		m.sources[i].block.Release()
	}
	m.window.Release()
}
