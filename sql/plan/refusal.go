package plan

import (
	"fmt"

	"github.com/anabranch/anabranch/sql/ast"
)

// Refusal identifies a construct of SQL that parses but is not planned.
type Refusal string

// Refusals are the messages by construct; docs/limitations.md lists the same ones.
func Refusals() map[Refusal]string {
	return map[Refusal]string{
		"over":              "OVER is supported with ROW_NUMBER() in SELECT only",
		"unbounded-rank":    "ROW_NUMBER() over an unbounded table needs a limit: a condition such as row_num <= 10 around the query",
		"grouping-sets":     "GROUPING SETS, ROLLUP and CUBE are not supported",
		"group-by-all":      "GROUP BY ALL is not supported",
		"unnest":            "UNNEST is not supported",
		"lateral":           "LATERAL is not supported",
		"table-function":    "table function %s is not supported",
		"lateral-on":        "LEFT JOIN with a table function takes ON TRUE only",
		"lateral-changes":   "table function %s is not deterministic and its input takes rows back",
		"hop-distinct":      "%s over hopping windows of streams is supported only where all DISTINCT calls have the same argument, without FILTER, beside COUNT, SUM, MIN and MAX",
		"merge":             "aggregate function %s has no Merge, which hopping windows need",
		"temporal-join":     "FOR SYSTEM_TIME AS OF is not supported",
		"session-window":    "SESSION windows are not supported",
		"cumulate-window":   "CUMULATE windows are not supported",
		"group-window":      "the window function %s in GROUP BY is not supported; write FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' HOUR)) GROUP BY window_start, window_end",
		"processing-window": "a window of processing time is supported only with GROUP BY window_start, window_end right over it",
		"recursive":         "WITH RECURSIVE is not supported",
		"qualify":           "QUALIFY is not supported",
		"correlated":        "a correlated subquery of this form is not supported: %s belongs to the outer query",
		"subquery-place":    "a subquery is not supported here; move it to WHERE, joined by AND",
		"scalar-rows":       "a scalar subquery must be an aggregate without GROUP BY or end in LIMIT 1",
		"quantified":        "ANY and ALL are supported with a list only",
		"array":             "ARRAY and MAP values are not supported in expressions",
		"at-time-zone":      "AT TIME ZONE is not supported",
		"overlaps":          "OVERLAPS is not supported",
		"similar-to":        "SIMILAR TO is not supported; use REGEXP",
		"is-json":           "IS JSON is not supported",
		"symmetric":         "BETWEEN SYMMETRIC is not supported",
		"ordered-aggregate": "ORDER BY and WITHIN GROUP in an aggregate are not supported",
		"null-treatment":    "IGNORE NULLS and RESPECT NULLS are not supported",
		"interval":          "intervals without a unit are not supported; write INTERVAL '1' DAY",
		"table-arg":         "PARTITION BY and ORDER BY of a table argument are not supported",
		"set-op-order":      "ORDER BY of a set operation takes output columns and ordinals only",
		"type":              "type %s is not supported",
		"create-as":         "CREATE TABLE AS is not supported; use CREATE TABLE and INSERT INTO",
		"statement":         "%s is not supported",
		"insert-overwrite":  "INSERT OVERWRITE is supported in batch jobs and into tables of filesystem only",
		"copy-option":       "COPY option %s is not supported",
		"watermark-field":   "a watermark on a field of a ROW is not supported",
		"changelog-input":   "%s over rows that a GROUP BY of an unbounded table may take back is not supported; bound the source",
		"changelog-sink":    "connector '%s' takes new rows only, but this query takes rows back as its groups change; group by window_start and window_end of TUMBLE or HOP, or bound the source",
		"unbounded-sort":    "ORDER BY of an unbounded table needs a LIMIT; its result then changes as rows come",
		"unbounded-limit":   "LIMIT without ORDER BY over rows that may be taken back is not supported; add ORDER BY",
		"unbounded-batch":   "execution.runtime-mode is 'batch', but table %s is unbounded",
		"deep":              "an expression nested more than 4500 levels deep is not supported",
		"time-attribute":    "the time column of a window over an unbounded table must have a watermark; declare WATERMARK FOR %s",
	}
}

// Refuse is the error for a construct at a place.
func Refuse(at ast.Node, id Refusal, args ...any) *ast.Error {
	message, ok := Refusals()[id]
	if !ok {
		message = string(id)
	}
	if len(args) > 0 {
		message = fmt.Sprintf(message, args...)
	}
	return ast.Errorf(at, ast.ClassUnsupported, "%s", message)
}
