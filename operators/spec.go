package operators

import (
	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/graph"
)

// The kinds of nodes this package and the runtime implement; join, group and order have others.
const (
	KindSource    graph.Kind = "source"
	KindValues    graph.Kind = "values"
	KindFilter    graph.Kind = "filter"
	KindProject   graph.Kind = "project"
	KindRepeat    graph.Kind = "repeat"
	KindUnion     graph.Kind = "union"
	KindCorrelate graph.Kind = "correlate"
	KindSink      graph.Kind = "sink"
	KindCollect   graph.Kind = "collect"
	// The functions of these are bound by the submitting process.
	KindFunction       graph.Kind = "function"
	KindFunctionSource graph.Kind = "function_source"
	// Nodes of this kind stand for a stream in a part of a job, and for its name; a whole job has none.
	KindExternal graph.Kind = "external"
)

// SourceSpec reads a table.
type SourceSpec struct {
	Table   *catalog.TableSpec   `json:"table"`
	Request dataflow.ReadRequest `json:"request"`
	// Project computes the output columns from the requested ones; nil passes those on.
	Project []*expr.Expr `json:"project,omitempty"`
	// Watermark, over the output columns, is a timestamp below which no later row will be.
	Watermark *expr.Expr `json:"watermark,omitempty"`
}

// ValuesSpec emits constant rows.
type ValuesSpec struct {
	Rows [][]*expr.Expr `json:"rows"`
}

// FilterSpec keeps the rows for which Predicate is true.
type FilterSpec struct {
	Predicate *expr.Expr `json:"predicate"`
}

// ProjectSpec computes the output columns.
type ProjectSpec struct {
	Exprs []*expr.Expr `json:"exprs"`
}

// RepeatSpec emits each row as often as its last column, a BIGINT, says, without that column.
type RepeatSpec struct{}

// UnionSpec passes the rows of all inputs on; their types are equal.
type UnionSpec struct{}

// CorrelateSpec joins each row with what a table function makes of it; the type of Call is the ROW it
// makes. Outer keeps rows of which it makes none.
type CorrelateSpec struct {
	Call  *expr.Expr `json:"call"`
	Outer bool       `json:"outer,omitempty"`
}

// SinkSpec writes to a table.
type SinkSpec struct {
	Table *catalog.TableSpec `json:"table"`
}

// FunctionSpec is a user's function, found by the uid of the node.
type FunctionSpec struct{}

// ExternalSpec is a stream, found by the name of the node.
type ExternalSpec struct{}

// CollectSpec hands the rows to whoever submitted the job, by the uid of the node.
type CollectSpec struct{}
