// Package sql runs SQL scripts against the whole engine.
//
// A script, testdata/<feature>.slt, is a list of paragraphs with an empty line between them:
//
//	# peer: same
//	query rowsort
//	SELECT count(*), city FROM rides GROUP BY city
//	----
//	1 | Rome
//	2 | Oslo
//
// The first line is "query", "query rowsort" (rows in any order), "error" (what follows is the
// first line of its text) or "statement ok" (no rows). An empty string is written (empty), and {dir}
// is a directory of the script's own. The flag -rewrite puts what the queries give in place of what is expected.
//
// The comment "# peer:" says how another engine gives the same rows: by the "same" query, by the
// query written there, or "none: " and the reason. A statement without it is not run there.
// Package test/peer runs them.
//
// TestRandom runs scripts of package test/random: -queries of them, drawn with -seed. Where two ways give
// other rows it prints the script, made shorter.
//
// Invariant: a script gives the same rows whatever the parallelism and the size of batches.
package sql

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anabranch/anabranch/builtin"
	"github.com/anabranch/anabranch/columnar/mem"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/scheduler"
	"github.com/anabranch/anabranch/sql/parser"
	"github.com/anabranch/anabranch/sql/session"
	"github.com/anabranch/anabranch/state"
	"github.com/anabranch/anabranch/state/spill"
)

var rewrite = flag.Bool("rewrite", false, "write what the queries give into the files")

// way is one manner of running a file.
type way struct {
	name                   string
	parallelism, batchRows int
	streaming              bool
	// restore kills the job after one of its checkpoints and goes on from it at another
	// parallelism.
	restore bool
	// encoded makes rows travel between tasks as bytes.
	encoded bool
	// endless plans tables as if they had no end, so that results are changelogs.
	endless bool
	// disk keeps state on disk but for a little.
	disk bool
	// spill puts rows of batch operators aside at each so manieth batch, as if memory were full.
	spill int64
	// restart lets the sink fail now and then and the job start again by itself.
	restart bool
	// managers is how many TaskManagers share the tasks; more than one are told what to do in bytes.
	managers int
	// pace is that of sources of ways with checkpoints.
	pace pace
}

var ways = []way{
	{name: "one task", parallelism: 1},
	{name: "three tasks", parallelism: 3},
	{name: "batches of 1", parallelism: 2, batchRows: 1},
	{name: "batches of 7", parallelism: 1, batchRows: 7},
	{name: "put aside", parallelism: 2, batchRows: 7, spill: 3},
	{name: "stream", parallelism: 2, streaming: true},
	{name: "encoded exchanges and messages", parallelism: 3, encoded: true},
	{name: "two TaskManagers", parallelism: 3, streaming: true, managers: 2},
	{name: "stream restored", parallelism: 2, batchRows: 7, streaming: true, restore: true},
	{name: "endless", parallelism: 2, endless: true},
	{name: "endless, batches of 3", parallelism: 3, batchRows: 3, endless: true, encoded: true},
	{name: "endless restored", parallelism: 2, batchRows: 7, endless: true, restore: true},
	{name: "endless on disk", parallelism: 2, batchRows: 7, endless: true, disk: true},
	{name: "endless on disk, restored", parallelism: 2, batchRows: 3, endless: true, restore: true, disk: true},
	{name: "endless restarted", parallelism: 2, batchRows: 7, endless: true, restart: true, managers: 2},
}

// spilled counts the bytes that were put aside.
var spilled atomic.Int64

func TestFiles(t *testing.T) {
	defer func() {
		if restarted.Load() == 0 && !*rewrite && flag.Lookup("test.run").Value.String() == "" {
			t.Error("no job started again from a checkpoint")
		}
		if spilled.Load() == 0 && flag.Lookup("test.run").Value.String() == "" {
			t.Error("no rows were put aside")
		}
	}()
	files, err := filepath.Glob("testdata/*.slt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test files: %v", err)
	}
	for _, file := range files {
		for i, w := range ways {
			t.Run(filepath.Base(file)+"/"+w.name, func(t *testing.T) {
				before := mem.AllocatedBytes()
				runFile(t, file, w, *rewrite && i == 0)
				if left := mem.AllocatedBytes() - before; left != 0 {
					t.Errorf("%d bytes are still allocated", left)
				}
			})
		}
	}
}

// runFile runs the blocks of a file in order in one session.
func runFile(t *testing.T, file string, w way, rewrite bool) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := session.New(builtin.Connectors())
	s.Endless = w.endless
	s.Functions = functions(t)
	dir := t.TempDir()
	blocks := strings.Split(strings.TrimSpace(string(text)), "\n\n")
	for i, block := range blocks {
		head, body := cutComments(block)
		if body == "" {
			continue
		}
		directive, rest, _ := strings.Cut(body, "\n")
		if err := checkPeer(head, directive); err != nil {
			t.Errorf("%s: %s\n%v", file, rest, err)
		}
		sql, want, _ := strings.Cut(rest+"\n", "----\n")
		got, err := runSQL(t, s, strings.ReplaceAll(sql, "{dir}", dir), w)
		if strings.Contains(directive, "rowsort") {
			slices.Sort(got)
		}
		lines := strings.ReplaceAll(strings.Join(got, "\n"), dir, "{dir}")
		if directive == "error" && err == nil {
			t.Errorf("%s: %s is no error:\n%s", file, strings.TrimSpace(sql), lines)
		}
		if directive == "error" && err != nil {
			lines, _, _ = strings.Cut(strings.ReplaceAll(err.Error(), dir, "{dir}"), "\n")
			err = nil
		}
		if err != nil {
			t.Errorf("%s: %s\n%v", file, strings.TrimSpace(sql), err)
			continue
		}
		if rewrite && directive != "statement ok" {
			blocks[i] = strings.TrimSpace(head + directive + "\n" + sql + "----\n" + lines)
			continue
		}
		want = strings.TrimRight(want, "\n")
		if directive == "error" && w.endless {
			// Other operators, of other names, fail.
			lines, want = cause(lines), cause(want)
		}
		if lines != want && directive != "statement ok" {
			t.Errorf("%s: %s\n got:\n%s\nwant:\n%s", file, strings.TrimSpace(sql), lines, want)
		}
	}
	if rewrite {
		if err := os.WriteFile(file, []byte(strings.Join(blocks, "\n\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// cause is an error's text without the task and operator that failed.
func cause(text string) string {
	if at := strings.LastIndex(text, "): "); at >= 0 && strings.HasPrefix(text, "run: task ") {
		return text[at:]
	}
	return text
}

// checkPeer wants the line "# peer:" with every query: test/peer goes by it.
func checkPeer(comments, directive string) error {
	_, peer, found := strings.Cut(comments, "# peer: ")
	peer, _, _ = strings.Cut(peer, "\n")
	reason, none := strings.CutPrefix(peer, "none")
	switch {
	case !found && !strings.HasPrefix(directive, "statement"):
		return errors.New("a query needs a line '# peer: same', '# peer: <query>' or '# peer: none: <reason>'")
	case none && len(strings.TrimLeft(reason, ": ")) == 0:
		return errors.New("'# peer: none' needs a reason")
	}
	return nil
}

// cutComments splits the comment lines in front of a block off.
func cutComments(block string) (comments, rest string) {
	for strings.HasPrefix(block, "#") {
		line, after, _ := strings.Cut(block, "\n")
		comments += line + "\n"
		block = after
	}
	return comments, block
}

// runSQL runs statements and returns the rows of the last as text.
func runSQL(t *testing.T, s *session.Session, sql string, w way) ([]string, error) {
	t.Helper()
	statements, err := parser.Parse(sql)
	if err != nil {
		return nil, err
	}
	var rows []string
	for _, st := range statements {
		rows = nil
		if !session.Runs(st) {
			r, err := s.Apply(st, sql)
			if err != nil {
				return nil, err
			}
			for _, row := range r.Rows {
				rows = append(rows, strings.Join(row, " | "))
			}
			continue
		}
		p, err := s.Plan(st, sql)
		if err != nil {
			return nil, err
		}
		if rows, err = runJob(t, s, p, w); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

func runJob(t *testing.T, s *session.Session, p *session.Planned, w way) ([]string, error) {
	t.Helper()
	loc, err := s.Location()
	if err != nil {
		return nil, err
	}
	p.Job.Streaming = p.Job.Streaming || w.streaming
	out := &rowLog{loc: loc, committed: map[string][]string{}}
	opts := scheduler.Options{
		Parallelism: w.parallelism, BatchRows: w.batchRows, EncodeExchanges: w.encoded, EncodeMessages: w.encoded || w.managers > 1, TaskManagers: w.managers, Connectors: s.Registry,
		Bindings:   scheduler.Bindings{p.CollectUID: func() dataflow.Operator { return &rowSink{log: out} }},
		Committers: scheduler.CommitterBindings{p.CollectUID: &rowSink{log: out}},
		Env:        &expr.Env{Location: loc, Now: func() int64 { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro() }, Functions: s.Functions},
	}
	if w.disk {
		opts.State = state.NewBackend(t.TempDir(), 4<<10)
		defer func() {
			if err := opts.State.Close(); err != nil {
				t.Error(err)
			}
		}()
	}
	if w.spill > 0 {
		opts.Spill = spill.NewArea(t.TempDir())
		opts.Spill.Every = w.spill
		defer func() {
			spilled.Add(opts.Spill.WrittenBytes())
			if err := opts.Spill.Close(); err != nil {
				t.Error(err)
			}
		}()
	}
	switch {
	case w.restore:
		opts.Connectors = pacedRegistry{s.Registry, cmp.Or(w.pace, defaultPace)}
		err = runRestored(t, p.Job, opts)
	case w.restart && p.CollectUID != "":
		opts.Connectors = pacedRegistry{s.Registry, cmp.Or(w.pace, defaultPace)}
		err = runRestarting(t, p.Job, opts, p.CollectUID, out)
	default:
		err = scheduler.Run(t.Context(), p.Job, opts)
	}
	if err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	return out.folded()
}
