package sql

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/anabranch/anabranch/builtin"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/sql/parser"
	"github.com/anabranch/anabranch/sql/plan"
	"github.com/anabranch/anabranch/sql/session"
	"github.com/anabranch/anabranch/test/random"
)

var (
	queries = flag.Int("queries", 30, "how many random queries to run")
	seed    = flag.Uint64("seed", 1, "what random queries depend on")
)

// shortPace lets checkpoints in after each INSERT; shorter pauses end before there is one with rows.
var shortPace = pace{1, 60 * time.Millisecond}

// TestRandom runs random queries in one task, and in some of the other ways, which must give the same rows;
// in one of them also with another query in one job.
// What docs/limitations.md lists may be refused.
func TestRandom(t *testing.T) {
	counts := map[string]int{}
	defer func() { t.Log(counts, "restored:", restores.Load(), "restarted:", restarted.Load()) }()
	var failed []way // the one to make the script shorter with
	random.Check(t, *queries, *seed, func(rt *rapid.T, script random.Script) {
		in := failed
		if in == nil {
			in = someWays(script)
		}
		var last way
		var err error
		t.Run("query", func(t *testing.T) { last, err = agree(t, script, in, counts) })
		if err != nil {
			failed = []way{last}
			rt.Fatalf("%v\n%s", err, script)
		}
	})
}

// someWays depend on the script.
func someWays(script random.Script) []way {
	rng := rand.New(rand.NewPCG(uint64(len(script.String())), 13))
	in := make([]way, 5)
	for i, n := range rng.Perm(len(ways) - 1)[:len(in)] {
		in[i] = ways[1+n]
	}
	return in
}

// agree compares the rows of a script's query in one task with those of other ways. It counts the runs, and returns
// the way of the last.
func agree(t *testing.T, script random.Script, in []way, counts map[string]int) (last way, err error) {
	s := session.New(builtin.Connectors())
	defer func() {
		for _, name := range s.Catalog.Names(false) {
			if _, err := runSQL(t, s, "DROP TABLE "+name, ways[0]); err != nil {
				t.Error(err)
			}
		}
	}()
	last = ways[0]
	var want []string
	for _, sql := range append(script.Setup, script.Query) {
		if want, err = rowsOf(t, s, sql, last); err != nil || want == nil {
			counts["refused"]++
			return last, err
		}
	}
	if len(want) == 0 {
		counts["no rows"]++
	}
	for _, w := range in {
		last, w.pace = w, shortPace
		got, err := rowsOf(t, s, script.Query, w)
		if err != nil {
			return last, fmt.Errorf("%s: %w", w.name, err)
		}
		if counts[w.name]++; got == nil {
			counts[w.name+", refused"]++
			continue
		}
		if !slices.Equal(got, want) {
			return last, fmt.Errorf("%s gives other rows:\n%s\none task:\n%s", w.name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	return last, together(t, s, script, last, want, counts)
}

// together has one job write the rows of both queries of a script into tables, which must hold what each
// gives alone.
func together(t *testing.T, s *session.Session, script random.Script, w way, want []string, counts map[string]int) error {
	beside, err := rowsOf(t, s, script.Beside, w)
	if err != nil || beside == nil {
		return err
	}
	var set strings.Builder
	for i, query := range []string{script.Query, script.Beside} {
		table, err := tableFor(s, query, fmt.Sprint("sink", i))
		if err != nil {
			return err
		}
		if _, err := runSQL(t, s, table, w); err != nil {
			return err
		}
		fmt.Fprintf(&set, "INSERT INTO sink%d %s;\n", i, query)
	}
	sql := "EXECUTE STATEMENT SET BEGIN\n" + set.String() + "END"
	if _, err := runSQL(t, s, sql, w); err != nil {
		return fmt.Errorf("%s, %s: %w", w.name, sql, err)
	}
	counts["together"]++
	for i, want := range [][]string{want, beside} {
		got, err := runSQL(t, s, fmt.Sprint("SELECT * FROM sink", i), ways[0])
		if slices.Sort(got); err != nil || !slices.Equal(got, want) {
			return fmt.Errorf("%s, %s: %w: sink%d has other rows:\n%s\nalone:\n%s", w.name, sql, err, i, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	return nil
}

// tableFor declares a table for the rows of a query.
func tableFor(s *session.Session, query, name string) (string, error) {
	statements, err := parser.Parse(query)
	if err != nil {
		return "", err
	}
	p, err := s.Plan(statements[0], query)
	if err != nil {
		return "", err
	}
	var columns []string
	for _, f := range p.Schema.Fields {
		columns = append(columns, f.Name+" "+f.Type.String())
	}
	return fmt.Sprintf("CREATE TABLE %s (%s) WITH ('connector' = 'memory')", name, strings.Join(columns, ", ")), nil
}

// rowsOf are the sorted rows of a query, nil if it is refused.
func rowsOf(t *testing.T, s *session.Session, query string, w way) ([]string, error) {
	before := mem.AllocatedBytes()
	if s.Endless = w.endless; len(query)%3 == 0 {
		s.Ending = []string{"t1"}
	}
	rows, err := runSQL(t, s, query, w)
	if err != nil && refusal.MatchString(err.Error()) {
		return nil, nil
	}
	if left := mem.AllocatedBytes() - before; left != 0 && err == nil && !strings.HasPrefix(query, "INSERT") {
		err = fmt.Errorf("%d bytes are still allocated", left)
	}
	slices.Sort(rows)
	return append([]string{}, rows...), err
}

// refusal matches the errors that docs/limitations.md lists.
var refusal = func() *regexp.Regexp {
	var all []string
	for _, message := range plan.Refusals() {
		all = append(all, strings.ReplaceAll(regexp.QuoteMeta(message), "%s", ".*"))
	}
	return regexp.MustCompile(strings.Join(all, "|"))
}()
