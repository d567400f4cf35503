package group

import (
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/graph"
)

// Kind is the kind of nodes that group.
const Kind graph.Kind = "aggregate"

// Phase is the part an aggregation plays.
type Phase string

// The phases. Single takes rows and emits results. Partial takes rows and emits keys and partial
// states; Final takes those, keys first, and emits results. Changelog takes rows and emits how the
// results change with each batch.
const (
	Single    Phase = "single"
	Partial   Phase = "partial"
	Final     Phase = "final"
	Changelog Phase = "changelog"
)

// Spec groups by the columns Keys and emits them followed by the results of Calls. Of
// Final, Keys are the first columns and the states of the calls follow in order. Without keys
// there is one group, also for no input; it must run in one subtask unless Partial.
type Spec struct {
	Keys  []int             `json:"keys"`
	Calls []*expr.Aggregate `json:"calls"`
	Phase Phase             `json:"phase"`
}
