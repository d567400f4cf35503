package windowing

import (
	"fmt"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

// clock converts between a time column's unit and a window's bounds.
type clock struct {
	window     Window // in units of the column
	unitMicros int64  // microseconds a unit; 0 for nanoseconds
	slice      int64  // windows are made of slices of this length
	nullRows   int64
	uniform    bool // all rows of the batch lie in one slice
	sels       map[int64][]int32
	order      []int64 // slices of the batch in order of appearance
}

// newClock checks that the window fits the column's precision.
func newClock(w Window, t columnar.Type) (*clock, error) {
	if !t.IsTimestamp() {
		return nil, fmt.Errorf("the time column is %s, not a TIMESTAMP", t.Nullable())
	}
	if w.Size <= 0 || w.Slide <= 0 || w.Slide > w.Size {
		return nil, fmt.Errorf("a window of size %d and slide %d microseconds is not possible", w.Size, w.Slide)
	}
	per := columnar.UnitsPerSecond(t.Precision)
	c := &clock{sels: map[int64][]int32{}}
	scale := func(v int64) (int64, error) {
		if per == 1e9 {
			return v * 1000, nil
		}
		if v%(1e6/per) != 0 {
			return 0, fmt.Errorf("a window of %d microseconds on a column of type %s", v, t.Nullable())
		}
		return v / (1e6 / per), nil
	}
	if per != 1e9 {
		c.unitMicros = 1e6 / per
	}
	var err error
	for _, f := range []struct {
		to   *int64
		from int64
	}{{&c.window.Size, w.Size}, {&c.window.Slide, w.Slide}, {&c.window.Offset, w.Offset}} {
		if *f.to, err = scale(f.from); err != nil {
			return nil, err
		}
	}
	c.slice = gcd(c.window.Size, c.window.Slide)
	return c, nil
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// micros is the event time that a bound of a window stands for.
func (c *clock) micros(v int64) dataflow.Time {
	if c.unitMicros == 0 {
		return dataflow.Time(columnar.FloorDiv(v, 1000))
	}
	return dataflow.Time(v * c.unitMicros)
}

// closed reports whether a window that ends at end (exclusive) can get no more rows: the
// watermark has reached its last unit.
func (c *clock) closed(end int64, mark dataflow.Time) bool {
	return mark >= c.micros(end)-1
}

// lastEnd is the end of the last window that contains the slice starting at start.
func (c *clock) lastEnd(start int64) int64 {
	return columnar.FloorDiv(start-c.window.Offset, c.window.Slide)*c.window.Slide + c.window.Offset + c.window.Size
}

// firstEnd is the end of the first window that contains the slice starting at start.
func (c *clock) firstEnd(start int64) int64 {
	return columnar.FloorDiv(start+c.slice-1-c.window.Offset-c.window.Size, c.window.Slide)*c.window.Slide +
		c.window.Slide + c.window.Offset + c.window.Size
}

// assign sorts the live rows of b by slice: the result is in c.order and c.sels, or c.uniform is
// set and c.order has the one slice of all rows. Rows without a time are counted and left out.
func (c *clock) assign(b *columnar.Batch, v *columnar.Vector) {
	for _, s := range c.order {
		c.sels[s] = c.sels[s][:0]
	}
	c.order, c.uniform = c.order[:0], false
	if len(c.sels) > 1024 {
		clear(c.sels)
	}
	values := v
	if v.Enc == columnar.Dictionary {
		values = v.Dict
	}
	times := columnar.Values[int64](values)
	if v.Enc == columnar.Flat && v.Valid == nil && c.assignUniform(b, times) {
		return
	}
	var current int64
	var sel []int32
	known := false
	for k := range b.Live() {
		i := b.Row(k)
		if v.IsNull(i) {
			c.nullRows++
			continue
		}
		t := times[v.Index(i)]
		if !known || t < current || t >= current+c.slice {
			if known {
				c.sels[current] = sel
			}
			current = c.sliceOf(t)
			sel = c.sels[current]
			if len(sel) == 0 {
				c.order = append(c.order, current)
			}
			known = true
		}
		sel = append(sel, int32(i))
	}
	if known {
		c.sels[current] = sel
	}
}

func (c *clock) sliceOf(t int64) int64 {
	return columnar.FloorDiv(t-c.window.Offset, c.slice)*c.slice + c.window.Offset
}

// assignUniform handles the common batch whose rows all lie in one slice.
func (c *clock) assignUniform(b *columnar.Batch, times []int64) bool {
	if b.Live() == 0 {
		return true
	}
	low, high := times[b.Row(0)], times[b.Row(0)]
	if b.Sel == nil {
		for _, t := range times[:b.Len()] {
			low, high = min(low, t), max(high, t)
		}
	} else {
		for _, i := range b.Sel {
			low, high = min(low, times[i]), max(high, times[i])
		}
	}
	start := c.sliceOf(low)
	if high >= start+c.slice {
		return false
	}
	c.order, c.uniform = append(c.order, start), true
	return true
}
