package binder

import (
	"slices"
	"strings"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/plan"
	"github.com/anabranch/anabranch/windowing"
)

// tableFunc binds the window functions TUMBLE and HOP.
func (b *Binder) tableFunc(f *ast.TableFunc, with *ctes) (*relation, error) {
	name := strings.ToUpper(f.Call.Name.Last().Name)
	var parameters []string
	switch name {
	case "TUMBLE":
		parameters = []string{"DATA", "TIMECOL", "SIZE", "OFFSET"}
	case "HOP":
		parameters = []string{"DATA", "TIMECOL", "SLIDE", "SIZE", "OFFSET"}
	case "SESSION":
		return nil, plan.Refuse(f, "session-window")
	case "CUMULATE":
		return nil, plan.Refuse(f, "cumulate-window")
	default:
		return nil, plan.Refuse(f, "table-function", name)
	}
	args, err := arguments(f.Call, name, parameters)
	if err != nil {
		return nil, err
	}
	r, err := b.windowed(f.Call, args, name, with)
	if err != nil {
		return nil, err
	}
	return aliased(r, f.Alias)
}

// arguments assigns positional and named arguments to parameters.
func arguments(c *ast.Call, name string, parameters []string) (map[string]ast.Expr, error) {
	args := map[string]ast.Expr{}
	for i, a := range c.Args {
		parameter := ""
		if i < len(parameters) {
			parameter = parameters[i]
		}
		if n, ok := a.(*ast.NamedArg); ok {
			parameter, a = strings.ToUpper(n.Name.Name), n.Value
			known := false
			for _, p := range parameters {
				known = known || p == parameter
			}
			if !known {
				return nil, suggest(ast.Errorf(n, ast.ClassSemantic, "%s has no parameter %s", name, n.Name.Name), parameter, parameters)
			}
		}
		if parameter == "" {
			return nil, ast.Errorf(a, ast.ClassSemantic, "%s takes at most %d arguments", name, len(parameters))
		}
		args[parameter] = a
	}
	for _, p := range parameters[:len(parameters)-1] {
		if args[p] == nil {
			return nil, ast.Errorf(c, ast.ClassSemantic, "%s: argument %s is missing", name, p)
		}
	}
	return args, nil
}

func (b *Binder) windowed(c *ast.Call, args map[string]ast.Expr, name string, with *ctes) (*relation, error) {
	data, ok := args["DATA"].(*ast.TableArg)
	if !ok {
		return nil, ast.Errorf(args["DATA"], ast.ClassSemantic, "%s: DATA is TABLE t", name)
	}
	if len(data.PartitionBy) > 0 || len(data.OrderBy) > 0 {
		return nil, plan.Refuse(data, "table-arg")
	}
	var r *relation
	var err error
	if data.Query != nil {
		r, err = b.query(data.Query, with, nil)
	} else {
		r, err = b.table(&ast.Table{Pos: data.Pos, Name: data.Name}, with)
	}
	if err != nil {
		return nil, err
	}
	column, err := timeColumn(r, args["TIMECOL"], name)
	if err != nil {
		return nil, err
	}
	w, err := b.window(c, args)
	if err != nil {
		return nil, err
	}
	node := plan.NewWindow(r.node, w, column)
	s := &scope{columns: append([]scopeColumn{}, r.scope.columns...)}
	table := ""
	if len(s.columns) > 0 {
		table = s.columns[0].table
	}
	for _, f := range node.Out.Fields[len(s.columns):] {
		s.columns = append(s.columns, scopeColumn{table: table, name: f.Name, typ: f.Type})
	}
	return &relation{node: node, scope: s}, nil
}

func timeColumn(r *relation, arg ast.Expr, name string) (int, error) {
	d, ok := arg.(*ast.Descriptor)
	if !ok || len(d.Columns) != 1 {
		return 0, ast.Errorf(arg, ast.ClassSemantic, "%s: TIMECOL is DESCRIPTOR(column)", name)
	}
	id := d.Columns[0]
	column, _, err := r.scope.lookup(ast.Name{id})
	if err != nil {
		return 0, err
	}
	if column < 0 {
		return 0, r.scope.unknown(ast.Name{id})
	}
	if t := r.scope.columns[column].typ; !t.IsTimestamp() {
		return 0, ast.Errorf(id, ast.ClassSemantic, "%s: column %s is %s, not a timestamp", name, id.Name, t.Nullable())
	}
	traits := plan.TraitsOf(r.node)
	if traits.Unbounded {
		if slices.Contains(traits.Time, column) || slices.Contains(traits.Processing, column) {
			return column, nil
		}
		return 0, plan.Refuse(id, "time-attribute", id.Name)
	}
	return column, nil
}

func (b *Binder) window(c *ast.Call, args map[string]ast.Expr) (windowing.Window, error) {
	var w windowing.Window
	for _, p := range []struct {
		name string
		to   *int64
	}{{"SIZE", &w.Size}, {"SLIDE", &w.Slide}, {"OFFSET", &w.Offset}} {
		arg := args[p.name]
		if arg == nil {
			continue
		}
		x := &exprBinder{b: b, scope: &scope{}, clause: p.name}
		e, err := x.bind(arg)
		if err != nil {
			return w, err
		}
		v, ok := e.ConstantInt()
		if !ok || e.Type.Kind != columnar.IntervalDay {
			return w, ast.Errorf(arg, ast.ClassSemantic, "%s takes an interval of days to seconds, such as INTERVAL '10' MINUTE", p.name)
		}
		*p.to = v
	}
	if args["SLIDE"] == nil {
		w.Slide = w.Size
	}
	if w.Size <= 0 || w.Slide <= 0 {
		return w, ast.Errorf(c, ast.ClassSemantic, "the size and slide of a window are positive")
	}
	if w.Slide > w.Size || w.Size%w.Slide != 0 {
		return w, ast.Errorf(c, ast.ClassSemantic, "the size of a hopping window is a multiple of its slide")
	}
	return w, nil
}
