package peer

import (
	"flag"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/io/memory"
	"github.com/anabranch/anabranch/sql/parser"
	"github.com/anabranch/anabranch/sql/runner"
	"github.com/anabranch/anabranch/sql/session"
	"github.com/anabranch/anabranch/test/random"
)

var (
	queries = flag.Int("queries", 300, "how many random queries to run")
	seed    = flag.Uint64("seed", 1, "what random queries depend on")
)

// TestRandom runs random queries in both engines. What the engine refuses test/sql judges.
func TestRandom(t *testing.T) {
	db := open(t)
	compared, empty := 0, 0
	random.Check(t, *queries, *seed, func(rt *rapid.T, script random.Script) {
		want, err := run(t, script)
		if err != nil || len(want) > 2000 { // as many take long to compare
			return
		}
		peer := script.Peer()
		rows, err := rowsOf(t, db, "BEGIN;"+strings.Join(peer.Setup, ";")+";"+peer.Query)
		if _, failed := db.ExecContext(t.Context(), "ROLLBACK"); failed != nil {
			rt.Fatal(failed)
		}
		if err != nil && strings.HasPrefix(err.Error(), "Not implemented Error") {
			return
		}
		if err == nil {
			err = compare(want, rows, !script.Ordered, 0)
		}
		if err != nil {
			rt.Fatalf("%v\nthe engine has\n%s\n%s", err, strings.Join(want, "\n"), script)
		}
		if compared++; len(want) == 0 {
			empty++
		}
	})
	t.Logf("%d queries, %d of them without rows", compared, empty)
}

// run gives the rows of a script's query as text.
func run(t *testing.T, script random.Script) (rows []string, err error) {
	t.Helper()
	sql := script.String()
	statements, err := parser.Parse(sql)
	if err != nil {
		return nil, err
	}
	s := session.New(catalog.NewRegistry(memory.New()))
	r := runner.New(s, runner.Options{Parallelism: 2})
	take := func(b *columnar.Batch) error {
		for k := range b.Live() {
			cells := make([]string, len(b.Cols))
			for c, v := range b.Cols {
				cells[c] = string(columnar.AppendText(nil, v, b.Row(k), time.UTC))
			}
			rows = append(rows, strings.Join(cells, " | "))
		}
		return nil
	}
	for _, st := range statements {
		if !session.Runs(st) {
			if _, err = s.Apply(st, sql); err != nil {
				return nil, err
			}
			continue
		}
		p, err := s.Plan(st, sql)
		if err != nil {
			return nil, err
		}
		if err := r.Run(t.Context(), p, take, nil); err != nil {
			return nil, err
		}
	}
	return rows, nil
}
