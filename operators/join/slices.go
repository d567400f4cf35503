package join

import (
	"errors"
	"slices"
	"strconv"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/operators/held"
	"github.com/anabranch/anabranch/state"
)

// sliceSet are the rows of a side some of which are on disk: tables by time of expiry, each of which is dropped as
// a whole. A side whose rows never expire has one table for good.
type sliceSet struct {
	open func(part string) (*held.Rows, error)
	// step is what the ends of slices are multiples of; those of rows that expire within near are that long.
	step, near int64
	list       []*slice // in order of time
	made       int
	dropped    int64    // rows that expire before it have been dropped
	trimmed    int      // slices since the first one that trim has looked at
	copying    []*slice // of the snapshot in progress, still to be copied

	scan  *state.Scan[*state.Lists] // of the first slice, which is being dropped; nil: none is
	alone []uint32                  // what it has found, to be emitted
}

// slice are the rows that expire from start on and before end.
type slice struct {
	*held.Rows
	start, end int64
	dropped    bool // but part of the snapshot in progress
}

const (
	// slicesMax is how many slices a side has at most, as each takes memory.
	slicesMax = 64
	// widthPart is the part of how far off they expire that slices of rows are long. Rows are looked up in every
	// slice that may have matches, so few are best; but rows without a match are to be emitted as early as from
	// memory unless they are more than keptSteps ahead of the other side.
	widthPart = 4
	keptSteps = 32
)

// newSliceSet makes an empty set, with the one table of a side that never expires.
func newSliceSet(open func(part string) (*held.Rows, error), e *expiry, port dataflow.Port, keeps bool) (*sliceSet, error) {
	s := &sliceSet{open: open, step: 1, dropped: int64(dataflow.MinTime)}
	if e != nil {
		s.step = e.step
		if keeps {
			s.near = keptSteps * e.step
		}
		if _, expires := e.after(port); expires {
			return s, nil
		}
	}
	rows, err := open("")
	s.list = []*slice{{Rows: rows, start: int64(dataflow.MinTime), end: int64(dataflow.MaxTime)}}
	return s, err
}

// of finds or makes the slice of rows that expire at a time, when the other side is at mark.
func (s *sliceSet) of(at, mark int64) (*slice, error) {
	i, _ := slices.BinarySearchFunc(s.list, at, func(x *slice, at int64) int {
		if x.end <= at {
			return -1
		}
		return 1
	})
	start := columnar.FloorDiv(at, s.step) * s.step
	switch {
	case i < len(s.list) && s.list[i].start <= at:
		return s.list[i], nil
	case len(s.list) >= slicesMax && i < len(s.list):
		s.list[i].start = start
		return s.list[i], nil
	case len(s.list) >= slicesMax:
		s.list[i-1].end = start + s.step
		return s.list[i-1], nil
	}
	x := &slice{start: start, end: start + s.step}
	away := s.distance(at, mark)
	for width := 2 * s.step; away > s.near && width <= away/widthPart; width *= 2 {
		start, end := columnar.FloorDiv(at, width)*width, columnar.FloorDiv(at, width)*width+width
		if i > 0 && start < s.list[i-1].end || i < len(s.list) && end > s.list[i].start {
			break
		}
		x.start, x.end = start, end
	}
	s.made++
	var err error
	if x.Rows, err = s.open(strconv.Itoa(s.made)); err == nil {
		s.list = slices.Insert(s.list, i, x)
	}
	return x, err
}

// distance is how far off a time of expiry is.
func (s *sliceSet) distance(at, mark int64) int64 {
	switch {
	case mark != int64(dataflow.MinTime):
		return at - mark
	case len(s.list) > 0:
		return at - s.list[0].start
	}
	return 0
}

// trim lets a slice that has more than its share of the memory, as others have come since, write about n rows to
// disk.
func (s *sliceSet) trim(n int) error {
	for range s.list {
		s.trimmed = (s.trimmed + 1) % len(s.list)
		if some, err := s.list[s.trimmed].Trim(n); some || err != nil {
			return err
		}
	}
	return nil
}

// due reports that the rows of the first slice have expired.
func (s *sliceSet) due(mark dataflow.Time) bool {
	return len(s.list) > 0 && s.list[0].end <= int64(mark)
}

// drop drops the first slice, or leaves that to the snapshot in progress, which still wants its rows.
func (s *sliceSet) drop() error {
	err := s.scan.Close()
	s.scan = nil
	x := s.list[0]
	s.list, s.dropped = s.list[1:], x.end
	if x.dropped = slices.Contains(s.copying, x); x.dropped {
		return err
	}
	return errors.Join(err, x.Close())
}

// freeze begins a snapshot of all slices.
func (s *sliceSet) freeze(full bool, w *state.Writer) error {
	err := s.closeCopying()
	for _, x := range s.list {
		err = errors.Join(err, x.Freeze(full, w))
	}
	s.copying = slices.Clone(s.list)
	return err
}

// copy writes about n further rows.
func (s *sliceSet) copy(n int) (done bool, err error) {
	if len(s.copying) > 0 {
		x := s.copying[0]
		if done, err = x.Copy(n); err != nil || !done {
			return false, err
		}
		if s.copying = s.copying[1:]; x.dropped {
			err = x.Close()
		}
	}
	return len(s.copying) == 0, err
}

// closeCopying closes what only the snapshot in progress wanted.
func (s *sliceSet) closeCopying() (err error) {
	for _, x := range s.copying {
		if x.dropped {
			err = errors.Join(err, x.Close())
		}
	}
	s.copying = nil
	return err
}

func (s *sliceSet) sizeBytes() (n int64) {
	for _, x := range s.list {
		n += x.SizeBytes()
	}
	return n
}

// close gives everything back. Close of nil does nothing.
func (s *sliceSet) close() error {
	if s == nil {
		return nil
	}
	err := errors.Join(s.scan.Close(), s.closeCopying())
	for _, x := range s.list {
		err = errors.Join(err, x.Close())
	}
	return err
}
