package windowing

import (
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/graph"
)

// The kinds of nodes of this package.
const (
	KindAssign    graph.Kind = "window"
	KindAggregate graph.Kind = "window_aggregate"
)

// Window is a family of windows of equal size in event time, all in microseconds. Slide is equal
// to Size for tumbling windows and less for hopping ones; windows start at multiples of Slide
// plus Offset.
type Window struct {
	Size   int64 `json:"size"`
	Slide  int64 `json:"slide"`
	Offset int64 `json:"offset,omitempty"`
}

// Slices are the tumbling windows that each window of w is made of.
func (w Window) Slices() Window {
	size := gcd(w.Size, w.Slide)
	return Window{Size: size, Slide: size, Offset: w.Offset}
}

// AssignSpec appends the columns window_start, window_end and window_time to each row, once for
// each window the row belongs to. TimeColumn is a TIMESTAMP or TIMESTAMP_LTZ; a row whose time
// is null is left out and counted.
type AssignSpec struct {
	Window     Window `json:"window"`
	TimeColumn int    `json:"timeColumn"`
}

// AggregateSpec groups by window and the columns Keys. The output has the keys, the results of
// Calls, then window_start, window_end and window_time of the time column's type (window_time is
// window_end less one unit of its precision). All rows of a key must reach the same subtask.
//
// With Processing a row belongs to the windows of the moment at which it arrives, whatever the time
// column says, and a window is emitted when the wall clock reaches its end, or when the input ends.
type AggregateSpec struct {
	Window     Window            `json:"window"`
	TimeColumn int               `json:"timeColumn"`
	Processing bool              `json:"processing,omitempty"`
	Keys       []int             `json:"keys"`
	Calls      []*expr.Aggregate `json:"calls"`
}
