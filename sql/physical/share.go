package physical

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/sql/plan"
)

// alike has scans that read one table for several branches of a job read the same, so that they can be
// merged: the columns of all of them, of which a projection above each takes its own. The source of a table
// without end is told only of conditions that all have; scans of one that ends stay apart where their
// conditions differ, since leaving out files and row groups may be worth more than reading once.
func alike(roots []Root) ([]Root, error) {
	all := scans{}
	for _, r := range roots {
		if err := all.add(r.Plan); err != nil {
			return nil, err
		}
	}
	out := slices.Clone(roots)
	for i := range out {
		var err error
		if out[i].Plan, err = all.widened(out[i].Plan); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// scans are those of a job, by what they read.
type scans map[string][]*plan.Scan

func (s scans) add(n plan.Node) error {
	for _, in := range n.Inputs() {
		if err := s.add(in); err != nil {
			return err
		}
	}
	if scan, ok := n.(*plan.Scan); ok {
		key, err := reads(scan)
		if err != nil {
			return err
		}
		s[key] = append(s[key], scan)
	}
	return nil
}

// reads identifies scans that one source can serve.
func reads(n *plan.Scan) (string, error) {
	conditions := n.Filter
	if n.Unbounded {
		conditions = nil
	}
	key, err := json.Marshal([]any{n.Table, n.Unbounded, conditions})
	if err != nil {
		return "", fmt.Errorf("scan of %s: %w", n.Table.Name, err)
	}
	return places.ReplaceAllString(string(key), ""), nil
}

// widened is n over scans that read for all.
func (s scans) widened(n plan.Node) (plan.Node, error) {
	if scan, ok := n.(*plan.Scan); ok {
		key, err := reads(scan)
		if err != nil {
			return nil, err
		}
		return narrowed(union(s[key]), scan), nil
	}
	inputs := make([]plan.Node, len(n.Inputs()))
	for i, in := range n.Inputs() {
		var err error
		if inputs[i], err = s.widened(in); err != nil {
			return nil, err
		}
	}
	if len(inputs) == 0 {
		return n, nil
	}
	return n.WithInputs(inputs...), nil
}

// output is what a scan puts out as one column, over the columns of its table.
type output struct {
	expr  *expr.Expr
	field columnar.Field
}

func outputOf(n *plan.Scan, i int) output {
	f := n.Out.Fields[i]
	if n.Project == nil {
		return output{expr.Col(n.Columns[i], f.Name, f.Type), f}
	}
	return output{n.Project[i].Remap(func(c int) int { return n.Columns[c] }), f}
}

func (o output) equal(p output) bool { return o.field.Name == p.field.Name && o.expr.Equal(p.expr) }

// union reads what all parts do; its outputs are columns of the table in their order, then computed ones.
func union(parts []*plan.Scan) *plan.Scan {
	if len(parts) == 1 {
		return parts[0]
	}
	w := *parts[0]
	var outputs []output
	for _, n := range parts {
		for i := range n.Out.Fields {
			if o := outputOf(n, i); !slices.ContainsFunc(outputs, o.equal) {
				outputs = append(outputs, o)
			}
		}
		w.Filter = slices.DeleteFunc(slices.Clone(w.Filter), func(e *expr.Expr) bool { return !slices.ContainsFunc(n.Filter, e.Equal) })
	}
	slices.SortStableFunc(outputs, func(a, b output) int { return cmp.Compare(rank(a), rank(b)) })
	put(&w, outputs)
	for _, n := range parts {
		// A table has one watermark; parts that nobody asks for it left it out.
		if n.Watermark != nil {
			at := positions(&w, n)
			w.Watermark, w.TimeColumn = n.Watermark.Remap(func(c int) int { return at[c] }), at[n.TimeColumn]
			break
		}
	}
	return &w
}

// rank orders outputs: the table's columns, then what is computed.
func rank(o output) int {
	if o.expr.Op == expr.Column {
		return o.expr.Index
	}
	return math.MaxInt
}

// put has the scan n put out outputs.
func put(n *plan.Scan, outputs []output) {
	n.Columns, n.Project, n.Out = nil, nil, &columnar.Schema{}
	for _, o := range outputs {
		n.Columns = append(n.Columns, o.expr.Columns()...)
		n.Out.Fields = append(n.Out.Fields, o.field)
	}
	slices.Sort(n.Columns)
	if n.Columns = slices.Compact(n.Columns); len(n.Columns) == 0 {
		n.Columns = []int{0} // rows are counted by a column
	}
	plain := len(outputs) == len(n.Columns)
	for i, o := range outputs {
		e := o.expr.Remap(func(c int) int { at, _ := slices.BinarySearch(n.Columns, c); return at })
		plain = plain && e.Op == expr.Column && e.Index == i
		n.Project = append(n.Project, e)
	}
	if plain {
		n.Project = nil
	}
}

// positions finds the columns of a scan among those of one that reads for it.
func positions(wide, n *plan.Scan) []int {
	outputs := make([]output, len(wide.Out.Fields))
	for i := range outputs {
		outputs[i] = outputOf(wide, i)
	}
	at := make([]int, len(n.Out.Fields))
	for i := range at {
		at[i] = slices.IndexFunc(outputs, outputOf(n, i).equal)
	}
	return at
}

// narrowed has the columns of a scan from one that reads for it.
func narrowed(wide, n *plan.Scan) plan.Node {
	at := positions(wide, n)
	p := &plan.Project{Input: wide, Out: n.Out}
	same := len(at) == len(wide.Out.Fields)
	for i, c := range at {
		same = same && i == c
		p.Exprs = append(p.Exprs, plan.Col(wide, c))
	}
	if same {
		return wide
	}
	return p
}
