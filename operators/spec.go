package operators

import (
	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/graph"
)

// The kinds of nodes this package and the runtime implement.
const (
	KindSource    graph.Kind = "source"
	KindValues    graph.Kind = "values"
	KindFilter    graph.Kind = "filter"
	KindProject   graph.Kind = "project"
	KindAggregate graph.Kind = "aggregate"
	KindJoin      graph.Kind = "join"
	KindSymmetric graph.Kind = "symmetric_join"
	KindSort      graph.Kind = "sort"
	KindLimit     graph.Kind = "limit"
	KindRank      graph.Kind = "rank"
	KindDedup     graph.Kind = "deduplicate"
	KindNumber    graph.Kind = "number"
	KindRepeat    graph.Kind = "repeat"
	KindUnion     graph.Kind = "union"
	KindMaterial  graph.Kind = "materialize"
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

// AggregateSpec groups by the columns Keys and emits them followed by the results of Calls. Of
// Final, Keys are the first columns and the states of the calls follow in order. Without keys
// there is one group, also for no input; it must run in one subtask unless Partial.
type AggregateSpec struct {
	Keys  []int             `json:"keys"`
	Calls []*expr.Aggregate `json:"calls"`
	Phase Phase             `json:"phase"`
}

// JoinType says which rows without a match a join keeps.
type JoinType string

// The join types. Semi and Anti emit the left columns only.
const (
	Inner JoinType = "inner"
	Left  JoinType = "left"
	Right JoinType = "right"
	Full  JoinType = "full"
	Semi  JoinType = "semi"
	Anti  JoinType = "anti"
)

// JoinSpec is a hash join on LeftKeys[i] = RightKeys[i], pairwise of equal type; port 0 is left,
// port 1 right. The right side is read first, as a whole, unless the join is symmetric. Residual is a further condition over
// the left columns followed by the right ones. Without keys every pair is a candidate.
type JoinSpec struct {
	Type      JoinType   `json:"type"`
	LeftKeys  []int      `json:"leftKeys"`
	RightKeys []int      `json:"rightKeys"`
	Residual  *expr.Expr `json:"residual,omitempty"`
	// Bound, of a symmetric join, says how far apart in time rows match; no row is ever taken back then.
	Bound *TimeBound `json:"bound,omitempty"`
}

// SortKey is a column to order by.
type SortKey struct {
	Column int  `json:"column"`
	Desc   bool `json:"desc,omitempty"`
	// NullsFirst says where nulls go; SQL's default is first ascending and last descending.
	NullsFirst bool `json:"nullsFirst,omitempty"`
}

// SortSpec orders all rows of the subtask; with Limit only the first ones after Offset are kept.
type SortSpec struct {
	Keys   []SortKey `json:"keys"`
	Limit  *int64    `json:"limit,omitempty"`
	Offset int64     `json:"offset,omitempty"`
}

// LimitSpec passes Limit rows on after leaving Offset rows out; a nil Limit is none.
type LimitSpec struct {
	Limit  *int64 `json:"limit,omitempty"`
	Offset int64  `json:"offset,omitempty"`
}

// RankSpec numbers the rows of each partition, which are equal in the columns Partition, in the
// order of Keys, and passes on those numbered From to To; a To of 0 is no limit. The number is a last
// column if Number is set. AtEnd emits when the input has ended, which else is a changelog; Retract
// says that rows of the input may be taken back.
type RankSpec struct {
	Partition []int     `json:"partition"`
	Keys      []SortKey `json:"keys"`
	From      int64     `json:"from"`
	To        int64     `json:"to,omitempty"`
	Number    bool      `json:"number,omitempty"`
	AtEnd     bool      `json:"atEnd,omitempty"`
	Retract   bool      `json:"retract,omitempty"`
}

// Keep says which row of a key stays.
type Keep string

// First is the row that arrives first, Last the one that arrives last.
const (
	First Keep = "first"
	Last  Keep = "last"
)

// DeduplicateSpec keeps one row of those equal in the columns Keys. Its number, one, is a last column
// if Number is set. AtEnd emits when the input has ended, which else is a changelog. With Upsert, which is
// for the last rows, a row that is taken back names its key only and takes back what that has.
type DeduplicateSpec struct {
	Keys   []int `json:"keys"`
	Keep   Keep  `json:"keep"`
	Number bool  `json:"number,omitempty"`
	AtEnd  bool  `json:"atEnd,omitempty"`
	Upsert bool  `json:"upsert,omitempty"`
}

// RepeatSpec emits each row as often as its last column, a BIGINT, says, without that column.
type RepeatSpec struct{}

// NumberSpec appends to each row, of an input that comes in order and ends, its number, from From on.
type NumberSpec struct {
	From int64 `json:"from"`
}

// UnionSpec passes the rows of all inputs on; their types are equal.
type UnionSpec struct{}

// MaterializeSpec folds a changelog into the rows that are left at its end.
type MaterializeSpec struct{}

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
