package optimizer

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

// ReadAlike has scans of a table in several plans, or several times in one, read the same, so that one
// source can serve them: the columns of all, of which a projection above each takes its own. The source of
// a table without end is told only of conditions that all have; scans of one that ends stay apart where
// their conditions differ, since leaving out files and row groups may be worth more than reading once.
// Those that among does not report stay as they are.
func ReadAlike(plans []plan.Node, among func(*plan.Scan) bool) ([]plan.Node, error) {
	all := scans{}
	for _, n := range plans {
		if err := all.add(n, among); err != nil {
			return nil, err
		}
	}
	out := make([]plan.Node, len(plans))
	for i, n := range plans {
		out[i] = merge(rewrite(n, all.widened))
	}
	return out, nil
}

// scans are those of plans, by table.
type scans map[string][]*plan.Scan

func (s scans) add(n plan.Node, among func(*plan.Scan) bool) error {
	for _, in := range n.Inputs() {
		if err := s.add(in, among); err != nil {
			return err
		}
	}
	if scan, ok := n.(*plan.Scan); ok && among(scan) {
		key, err := tableOf(scan)
		if err != nil {
			return err
		}
		s[key] = append(s[key], scan)
	}
	return nil
}

// tableOf identifies the table that a scan reads.
func tableOf(n *plan.Scan) (string, error) {
	key, err := json.Marshal([]any{n.Table, n.Unbounded})
	if err != nil {
		return "", fmt.Errorf("scan of %s: %w", n.Table.Name, err)
	}
	return string(key), nil
}

// widened is a scan, if n is one, over one that reads for all that can be served together.
func (s scans) widened(n plan.Node) plan.Node {
	scan, ok := n.(*plan.Scan)
	if !ok {
		return n
	}
	key, _ := tableOf(scan) // add has met it
	var parts []*plan.Scan
	for _, other := range s[key] {
		if scan.Unbounded || slices.EqualFunc(other.Filter, scan.Filter, (*expr.Expr).Equal) {
			parts = append(parts, other)
		}
	}
	if len(parts) == 0 {
		return n
	}
	return narrowed(readingFor(parts), scan)
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

// readingFor reads what all parts do; its outputs are columns of the table in their order, then computed ones.
func readingFor(parts []*plan.Scan) *plan.Scan {
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
	slices.SortStableFunc(outputs, func(a, b output) int { return cmp.Compare(a.order(), b.order()) })
	put(&w, outputs)
	for _, n := range parts {
		// A table has one watermark; parts that nobody asks for it left it out.
		if n.Watermark != nil {
			at := places(&w, n)
			w.Watermark, w.TimeColumn = n.Watermark.Remap(func(c int) int { return at[c] }), at[n.TimeColumn]
			break
		}
	}
	return &w
}

// order is that of outputs: the table's columns, then what is computed.
func (o output) order() int {
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

// places finds the columns of a scan among those of one that reads for it.
func places(wide, n *plan.Scan) []int {
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
	at := places(wide, n)
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
