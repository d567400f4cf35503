// Package binding makes what the nodes of a job stand for in a process: sources, operators and
// committers, from connectors by name or from what the submitting program has bound to a uid.
//
// Invariant: whoever has the same connectors and bindings makes the same of a node; nothing that is made
// is shared between two who ask, but for a source that is bound itself.
package binding

import (
	"encoding/json"
	"fmt"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/graph"
	"github.com/anabranch/anabranch/operators"
	"github.com/anabranch/anabranch/windowing"
)

// Sources give the sources of nodes that live in the submitting process, by uid.
type Sources map[string]dataflow.Source

// Operators give the operators of nodes that live in the submitting process, by uid.
type Operators map[string]func() dataflow.Operator

// Committers give the committers of such operators as prepare output, by uid.
type Committers map[string]dataflow.Committer

// Registry is what a job needs of the connectors.
type Registry interface {
	Source(spec *catalog.TableSpec) (dataflow.Source, error)
	Sink(spec *catalog.TableSpec) (dataflow.Operator, error)
	Committer(spec *catalog.TableSpec) (dataflow.Committer, error)
}

// Set is all that nodes are made from.
type Set struct {
	Connectors Registry
	Operators  Operators
	Sources    Sources
	Committers Committers
	Env        *expr.Env
}

// Source makes the source of a node without inputs.
func (s *Set) Source(n *graph.Node) (dataflow.Source, error) {
	switch n.Kind {
	case operators.KindFunctionSource:
		source, ok := s.Sources[n.UID]
		if !ok {
			return nil, fmt.Errorf("no source is bound to %s in this process", n.UID)
		}
		return source, nil
	case operators.KindValues:
		var spec operators.ValuesSpec
		if err := json.Unmarshal(n.Spec, &spec); err != nil {
			return nil, err
		}
		return operators.NewValues(spec, n.Schema, s.Env), nil
	}
	var spec operators.SourceSpec
	if err := json.Unmarshal(n.Spec, &spec); err != nil {
		return nil, err
	}
	source, err := s.Connectors.Source(spec.Table)
	if n, ok := source.(dataflow.Narrower); ok && err == nil {
		return n.Narrow(spec.Request.Filter, s.Env)
	}
	return source, err
}

// Operator makes the operator of a node by its kind.
func (s *Set) Operator(n *graph.Node) (dataflow.Operator, error) {
	if op, known, err := operators.New(n); known {
		return op, err
	}
	if op, known, err := windowing.New(n); known {
		return op, err
	}
	switch n.Kind {
	case operators.KindSink:
		var spec operators.SinkSpec
		if err := json.Unmarshal(n.Spec, &spec); err != nil {
			return nil, err
		}
		return s.Connectors.Sink(spec.Table)
	case operators.KindCollect, operators.KindFunction:
		bind, ok := s.Operators[n.UID]
		if !ok {
			return nil, fmt.Errorf("nothing is bound to %s in this process", n.UID)
		}
		return bind(), nil
	}
	return nil, fmt.Errorf("unknown kind of operator %q", n.Kind)
}

// Committer makes the committer of a node; nil if its output is visible at once or it has none. Of a node
// that reads it is that of the bad rows which are kept.
func (s *Set) Committer(n *graph.Node, source dataflow.Source) (dataflow.Committer, error) {
	if r, ok := source.(dataflow.Rejecter); ok {
		if rejects, c := r.Rejects(); rejects != nil {
			return c, nil
		}
	}
	if n.Kind != operators.KindSink {
		return s.Committers[n.UID], nil
	}
	var spec operators.SinkSpec
	if err := json.Unmarshal(n.Spec, &spec); err != nil {
		return nil, err
	}
	return s.Connectors.Committer(spec.Table)
}

// Collector is the operator of a collect node: it hands each batch, borrowed, to Take.
type Collector struct {
	Take func(b *columnar.Batch) error
}

var _ dataflow.Operator = (*Collector)(nil)

// Process hands b over.
func (c *Collector) Process(_ dataflow.Port, b *columnar.Batch, _ dataflow.Output) (dataflow.Status, error) {
	return dataflow.Done, c.Take(b)
}

// Close does nothing.
func (c *Collector) Close() error { return nil }

// SideBySide reports that the tasks of a source read its splits side by side: those that do not end, and
// those whose rows come while others are read.
func SideBySide(s dataflow.Source) bool {
	_, parallel := s.(dataflow.Parallel)
	return parallel || !s.Bounded() && Watches(s) == nil
}

// Watches is the source if its splits end while others come; they are read one after the other. Its tasks
// share one watermark: rows of a split must not be late because another task, of which the rest was idle,
// has read a later one.
func Watches(s dataflow.Source) dataflow.Watcher {
	if w, ok := s.(dataflow.Watcher); ok && !s.Bounded() {
		return w
	}
	return nil
}
