package session

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/operators"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/binder"
	"github.com/anabranch/anabranch/sql/optimizer"
	"github.com/anabranch/anabranch/sql/physical"
	"github.com/anabranch/anabranch/sql/plan"
)

// Session is what one user works with. One goroutine uses it.
type Session struct {
	Catalog  *catalog.Catalog
	Registry *catalog.Registry

	// Endless plans tables that end as if they did not, so that tests run what streams run on their
	// rows. What is planned ends all the same.
	Endless bool
	// Ending are the tables that end all the same.
	Ending []string

	// Functions are those of the Go program that has the session; nil has none.
	Functions *expr.Functions

	// Streams are those of the Go program that has the session, by name.
	Streams map[string]*plan.External

	settings map[string]string
	places   []ast.Node // of expressions of the statement being planned
}

// New makes a session with an empty catalog.
func New(registry *catalog.Registry) *Session {
	return &Session{Catalog: catalog.New(), Registry: registry, settings: map[string]string{}}
}

// Planned is a statement ready to run.
type Planned struct {
	Job *graph.Job
	// CollectUID names the node that hands out the rows of a query; empty for INSERT and COPY.
	CollectUID string
	// Schema is that of the rows of a query, nil for INSERT and COPY.
	Schema *columnar.Schema
	// Unbounded jobs run until stopped.
	Unbounded bool
	// Copies is true of COPY.
	Copies bool
	// Logical and Optimized are the plans of the query, or of each INSERT, that EXPLAIN prints.
	Logical, Optimized []plan.Node

	roots   []physical.Root
	places  []ast.Node      // of expressions, by number from 1
	source  string          // the text they are in
	written map[string]bool // tables, and whether they are overwritten
}

// Located tells the place in the statement of an expression that failed at a row, if err comes from one.
func (p *Planned) Located(err error) error {
	var call *expr.CallError
	var row *expr.RowError
	place := 0
	switch {
	case errors.As(err, &call):
		place = call.Place
	case errors.As(err, &row):
		place = row.Place
	}
	if place < 1 || place > len(p.places) {
		return err
	}
	e := ast.Errorf(p.places[place-1], ast.ClassRuntime, "%v", err)
	e.Cause = err
	return e.Locate(p.source)
}

// Plan turns a query, INSERT, statement set or COPY into a job. The source is the text the
// statement was parsed from, which errors quote.
func (s *Session) Plan(statement ast.Statement, source string) (*Planned, error) {
	s.places = nil
	p, err := s.planned(statement)
	if err != nil {
		return nil, located(err, source)
	}
	p.places, p.source = s.places, source
	return p, nil
}

// planned is plan; a panic is an error, so that a bug of the planner ends neither a shell nor the program that
// plans.
func (s *Session) planned(statement ast.Statement) (p *Planned, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, fmt.Errorf("planning failed, which is a bug: %v\n%s", r, debug.Stack())
		}
	}()
	return s.plan(statement)
}

// located adds the line that an error points at.
func located(err error, source string) error {
	var e *ast.Error
	if errors.As(err, &e) && e.Source == "" {
		return e.Locate(source)
	}
	return err
}

// runnable is a plan as it is run.
func (s *Session) runnable(n plan.Node) plan.Node {
	n = optimizer.Optimize(n)
	if s.Endless {
		return plan.Endless(n, s.Ending...)
	}
	return n
}

func (s *Session) plan(statement ast.Statement) (*Planned, error) {
	p := &Planned{Job: &graph.Job{Name: s.settings["pipeline.name"], Streaming: s.settings["execution.runtime-mode"] == "streaming"}}
	var err error
	switch st := statement.(type) {
	case *ast.Query:
		err = s.query(st, p)
	case *ast.Insert:
		err = s.insert(st, p)
	case *ast.StatementSet:
		for _, insert := range st.Inserts {
			if err = s.insert(insert, p); err != nil {
				break
			}
		}
	case *ast.Copy:
		p.Copies = true
		err = s.copyTo(st, p)
	default:
		err = plan.Refuse(statement, "statement", "planning this statement")
	}
	if err != nil {
		return nil, err
	}
	if err := s.mode(p, statement); err != nil {
		return nil, err
	}
	if err := physical.Build(p.Job, p.roots, s.sharing(p)); err != nil {
		return nil, err
	}
	p.collected()
	if p.Job.Name == "" {
		p.Job.Name = p.Job.Nodes[len(p.Job.Nodes)-1].Name
	}
	if err := p.Job.Validate(); err != nil {
		return nil, err
	}
	return p, nil
}

// mode decides whether the job is a streaming one.
func (s *Session) mode(p *Planned, statement ast.Statement) error {
	for _, n := range p.Optimized {
		table := unboundedTable(n)
		if s.Endless {
			p.Job.Streaming = true
			continue
		}
		p.Unbounded = p.Unbounded || table != ""
		if table != "" && s.settings["execution.runtime-mode"] == "batch" {
			return plan.Refuse(statement, "unbounded-batch", table)
		}
	}
	p.Job.Streaming = p.Job.Streaming || p.Unbounded
	if p.Job.Streaming && p.overwrites() {
		return plan.Refuse(statement, "insert-overwrite")
	}
	return nil
}

// sharing is what branches of a job compute once. A job of one statement reads its sources for each branch if
// it is a batch job, with the conditions of each, or has a join that keeps rows for a time.
func (s *Session) sharing(p *Planned) physical.Sharing {
	switch {
	case s.settings["table.optimizer.reuse-sub-plan-enabled"] == "false":
		return physical.Nothing
	case s.settings["table.optimizer.reuse-source-enabled"] == "false":
		return physical.States
	case s.settings["table.optimizer.reuse-source-enabled"] == "true":
		return physical.All
	case len(p.roots) > 1 || p.Job.Streaming && !timeBound(p.Optimized[0]):
		return physical.Sources
	}
	return physical.States
}

// timeBound reports whether a plan has a join that keeps rows until event time has passed them.
func timeBound(n plan.Node) bool {
	if j, ok := n.(*plan.Join); ok && plan.TimeBound(j) != nil {
		return true
	}
	return slices.ContainsFunc(n.Inputs(), timeBound)
}

// unboundedTable is a table of a plan that never ends, "" if each does.
func unboundedTable(n plan.Node) string {
	if scan, ok := n.(*plan.Scan); ok && scan.Unbounded {
		return scan.Table.Name
	}
	if x, ok := n.(*plan.External); ok && x.Unbounded {
		return x.Name
	}
	for _, in := range n.Inputs() {
		if table := unboundedTable(in); table != "" {
			return table
		}
	}
	return ""
}

func (s *Session) binder() (*binder.Binder, error) {
	loc, err := s.Location()
	if err != nil {
		return nil, err
	}
	return &binder.Binder{Catalog: s.Catalog, Registry: s.Registry, Location: loc, Batch: s.settings["execution.runtime-mode"] == "batch", Functions: s.Functions, Streams: s.Streams, Places: &s.places}, nil
}

// Location is the session's time zone.
func (s *Session) Location() (*time.Location, error) {
	return zone(s.settings["table.local-time-zone"])
}

func (s *Session) query(q *ast.Query, p *Planned) error {
	n, err := s.optimized(q, p)
	if err != nil {
		return err
	}
	p.roots = append(p.roots, physical.Root{Plan: n, At: q})
	return nil
}

// collected finds the node that hands out the rows of a query.
func (p *Planned) collected() {
	for _, n := range p.Job.Nodes {
		if n.Kind == operators.KindCollect {
			p.CollectUID, p.Schema = n.UID, n.Schema
		}
	}
}

// optimized binds and optimizes a query and keeps both plans for EXPLAIN.
func (s *Session) optimized(q *ast.Query, p *Planned) (plan.Node, error) {
	b, err := s.binder()
	if err != nil {
		return nil, err
	}
	n, err := b.Query(q)
	if err != nil {
		return nil, err
	}
	p.Logical = append(p.Logical, n)
	n = s.runnable(n)
	p.Optimized = append(p.Optimized, n)
	return n, nil
}
