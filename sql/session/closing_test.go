package session

import (
	"encoding/json"
	"testing"

	"github.com/anabranch/anabranch/operators/order"
	"github.com/anabranch/anabranch/sql/parser"
)

// TestClosing says how long after the time in its column a window ends: with its last microsecond, whichever of its
// columns tells it, and later by what is added to that.
func TestClosing(t *testing.T) {
	const second = 1_000_000
	s := newFakeSession()
	const table = "CREATE TABLE bids (k BIGINT, price BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'kafka')"
	statements, err := parser.Parse(table)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Apply(statements[0], table); err != nil {
		t.Fatal(err)
	}
	const windows = "SELECT *, window_start - INTERVAL '3' SECOND AS early FROM TABLE(HOP(TABLE bids, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND))"
	const joined = "SELECT a.* FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(ts), INTERVAL '10' SECOND)) AS a JOIN TABLE(TUMBLE(TABLE bids, DESCRIPTOR(ts), INTERVAL '10' SECOND)) AS b ON a.window_start = b.window_start AND a.window_end = b.window_end"
	for _, c := range []struct {
		from, partition string
		after           int64
	}{
		{windows, "window_end", -1},
		{windows, "k, window_end", -1},
		{windows, "window_start, window_end", -1},
		{windows, "window_time", second/1000 - 1},
		{windows, "window_start", 10*second - 1},
		{windows, "early", 13*second - 1},
	} {
		query := "SELECT k FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY " + c.partition + " ORDER BY price) AS n FROM (" + c.from + ")) WHERE n = 1"
		if got := closingOf(t, s, query); got == nil || got.After != c.after {
			t.Errorf("PARTITION BY %s: %+v, want after %d", c.partition, got, c.after)
		}
	}
	for _, query := range []string{"PARTITION BY k", "PARTITION BY ts", "PARTITION BY k, price"} {
		if got := closingOf(t, s, "SELECT k FROM (SELECT *, ROW_NUMBER() OVER ("+query+" ORDER BY price) AS n FROM ("+windows+")) WHERE n = 1"); got != nil {
			t.Errorf("%s: %+v, which is no window", query, got)
		}
	}
	// A join takes none back, and what it emits has a window_time, a millisecond before window_end, that is not below the
	// watermark.
	if got := closingOf(t, s, "SELECT k FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_end ORDER BY price) AS n FROM ("+joined+")) WHERE n = 1"); got == nil || got.After != -second/1000+1 {
		t.Errorf("behind a join: %+v", got)
	}
}

// closingOf is when the partitions of the query's ranking end, nil if never.
func closingOf(t *testing.T, s *Session, query string) *order.Closing {
	t.Helper()
	statements, err := parser.Parse(query)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Plan(statements[0], query)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range p.Job.Nodes {
		if n.Kind == order.KindRank {
			var spec order.RankSpec
			if err := json.Unmarshal(n.Spec, &spec); err != nil {
				t.Fatal(err)
			}
			return spec.Closing
		}
	}
	t.Fatalf("no ranking in %s", query)
	return nil
}
