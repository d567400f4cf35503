package order

import "github.com/anabranch/anabranch/graph"

// The kinds of nodes that order rows or choose some of them.
const (
	KindSort        graph.Kind = "sort"
	KindLimit       graph.Kind = "limit"
	KindRank        graph.Kind = "rank"
	KindDeduplicate graph.Kind = "deduplicate"
	KindNumber      graph.Kind = "number"
	KindMaterialize graph.Kind = "materialize"
)

// Key is a column to order by.
type Key struct {
	Column int  `json:"column"`
	Desc   bool `json:"desc,omitempty"`
	// NullsFirst says where nulls go; SQL's default is first ascending and last descending.
	NullsFirst bool `json:"nullsFirst,omitempty"`
}

// SortSpec orders all rows of the subtask; with Limit only the first ones after Offset are kept.
type SortSpec struct {
	Keys   []Key  `json:"keys"`
	Limit  *int64 `json:"limit,omitempty"`
	Offset int64  `json:"offset,omitempty"`
}

// LimitSpec passes Limit rows on after leaving Offset rows out; a nil Limit is none.
type LimitSpec struct {
	Limit  *int64 `json:"limit,omitempty"`
	Offset int64  `json:"offset,omitempty"`
}

// RankSpec numbers the rows of each partition, which are equal in the columns Partition, in the
// order of Keys, and passes on those numbered From to To; a To of 0 is no limit. The number is a last
// column if Number is set. AtEnd emits when the input has ended, which else is a changelog; Retract
// says that rows of the input may be taken back. Closing says that partitions end before their input does.
type RankSpec struct {
	Partition []int `json:"partition"`
	Keys      []Key `json:"keys"`
	From      int64 `json:"from"`
	To        int64 `json:"to,omitempty"`
	Number    bool  `json:"number,omitempty"`
	AtEnd     bool  `json:"atEnd,omitempty"`
	Retract   bool  `json:"retract,omitempty"`

	Closing *Closing `json:"closing,omitempty"`
}

// Closing says that no further row of a partition comes, but for late ones, once the watermark is After
// microseconds behind the time in Column, which is of the partition and tells its window.
type Closing struct {
	Column int   `json:"column"`
	After  int64 `json:"after"`
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

// NumberSpec appends to each row, of an input that comes in order and ends, its number, from From on.
type NumberSpec struct {
	From int64 `json:"from"`
}

// MaterializeSpec folds a changelog into the rows that are left at its end.
type MaterializeSpec struct{}
