package plan

import (
	"fmt"
	"strings"
	"time"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/operators/order"
	"github.com/anabranch/anabranch/windowing"
)

// Format prints a plan as a tree, inputs indented below the node that reads them.
func Format(n Node) string {
	var b strings.Builder
	write(&b, n, 0, false)
	return b.String()
}

// FormatModes is Format with the kinds of changes that each node makes, as Flink shows them: I are rows that are
// inserted, UB and UA those before and after an update, D those that are deleted.
func FormatModes(n Node) string {
	var b strings.Builder
	write(&b, n, 0, true)
	return b.String()
}

func write(b *strings.Builder, n Node, depth int, modes bool) {
	b.WriteString(strings.Repeat("  ", depth))
	b.WriteString(n.String())
	if s, ok := n.(*Scan); ok && s.Extent != "" {
		b.WriteString(" reads " + s.Extent)
	}
	if modes && TraitsOf(n).Changelog {
		b.WriteString(", changelogMode=[I,UB,UA,D]")
	} else if modes {
		b.WriteString(", changelogMode=[I]")
	}
	b.WriteByte('\n')
	for _, in := range n.Inputs() {
		write(b, in, depth+1, modes)
	}
}

func (s *Scan) String() string {
	text := "Scan(" + s.Table.Name + ", columns=" + list(s.Table.Schema.Project(s.Columns).Names())
	if len(s.Filter) > 0 {
		text += ", filter=" + list(s.Filter)
	}
	if s.Project != nil {
		text += ", computed=" + named(s.Project, s.Out)
	}
	if s.Watermark != nil {
		text += fmt.Sprintf(", watermark=%s", s.Watermark)
	}
	return text + ")"
}

func (v *Values) String() string {
	if len(v.Rows) > 8 {
		return fmt.Sprintf("Values(rows=%d)", len(v.Rows))
	}
	rows := make([]string, len(v.Rows))
	for i, r := range v.Rows {
		rows[i] = "(" + strings.Trim(list(r), "[]") + ")"
	}
	return "Values(" + strings.Join(rows, ", ") + ")"
}

func (f *Filter) String() string { return fmt.Sprintf("Filter(%s)", f.Predicate) }

func (p *Project) String() string { return "Project(" + named(p.Exprs, p.Out) + ")" }

func (a *Aggregate) String() string {
	return "Aggregate(keys=" + columns(a.Input, a.Keys) + ", calls=" + list(a.Calls) + ")"
}

func (w *Window) String() string {
	return fmt.Sprintf("Window(%s, time=%s)", WindowString(w.Window), w.Input.Schema().Fields[w.TimeColumn].Name)
}

func (w *WindowAggregate) String() string {
	return fmt.Sprintf("WindowAggregate(%s, time=%s, keys=%s, calls=%s)", WindowString(w.Window),
		w.Input.Schema().Fields[w.TimeColumn].Name, columns(w.Input, w.Keys), list(w.Calls))
}

func (j *Join) String() string {
	text := "Join(" + string(j.Type)
	for i, k := range j.LeftKeys {
		text += fmt.Sprintf(", %s = %s", j.Left.Schema().Fields[k].Name, j.Right.Schema().Fields[j.RightKeys[i]].Name)
	}
	if j.On != nil {
		text += fmt.Sprintf(", on=%s", j.On)
	}
	return text + ")"
}

func (s *Sort) String() string {
	return "Sort(" + ordering(s.Input, s.Keys) + limits(s.Limit, s.Offset, ", ") + ")"
}

func ordering(input Node, by []order.Key) string {
	keys := make([]string, len(by))
	for i, k := range by {
		keys[i] = input.Schema().Fields[k.Column].Name
		if k.Desc {
			keys[i] += " DESC"
		}
		if k.NullsFirst == k.Desc {
			keys[i] += map[bool]string{true: " NULLS FIRST", false: " NULLS LAST"}[k.NullsFirst]
		}
	}
	return list(keys)
}

func (r *Rank) String() string {
	text := "Rank(partition=" + columns(r.Input, r.Partition) + ", order=" + ordering(r.Input, r.Keys)
	switch {
	case r.To > 0:
		text += fmt.Sprintf(", rows=%d-%d", r.From, r.To)
	case r.From > 1:
		text += fmt.Sprintf(", rows=%d-", r.From)
	}
	if r.Number {
		text += ", number"
	}
	return text + ")"
}

func (l *Limit) String() string {
	return "Limit(" + strings.TrimPrefix(limits(l.Limit, l.Offset, ", "), ", ") + ")"
}

func (u *Union) String() string { return "Union" }

func limits(limit *int64, offset int64, before string) string {
	text := ""
	if limit != nil {
		text += fmt.Sprintf("%slimit=%d", before, *limit)
	}
	if offset > 0 {
		text += fmt.Sprintf("%soffset=%d", before, offset)
	}
	return text
}

// WindowString prints a family of windows.
func WindowString(w windowing.Window) string {
	kind := "tumble"
	text := fmt.Sprint("size=", time.Duration(w.Size)*time.Microsecond)
	if w.Slide != w.Size {
		kind = "hop"
		text += fmt.Sprint(", slide=", time.Duration(w.Slide)*time.Microsecond)
	}
	if w.Offset != 0 {
		text += fmt.Sprint(", offset=", time.Duration(w.Offset)*time.Microsecond)
	}
	return kind + ", " + text
}

func columns(n Node, keys []int) string { return list(n.Schema().Project(keys).Names()) }

func list[T any](items []T) string {
	parts := make([]string, len(items))
	for i, x := range items {
		parts[i] = fmt.Sprint(x)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func named(exprs []*expr.Expr, out *columnar.Schema) string {
	parts := make([]string, len(exprs))
	for i, e := range exprs {
		parts[i] = e.String()
		if name := out.Fields[i].Name; parts[i] != name {
			parts[i] += " AS " + name
		}
	}
	return strings.Join(parts, ", ")
}
