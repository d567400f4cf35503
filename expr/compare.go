package expr

import (
	"fmt"

	"github.com/anabranch/anabranch/columnar"
)

var comparisonOps = []string{"=", "<>", "<", "<=", ">", ">="}

func comparisonFunctions() []*function {
	var fs []*function
	for _, op := range comparisonOps {
		fs = append(fs, &function{name: op, infix: true, min: 2, max: 2, bind: bindComparison, compile: compileComparison})
	}
	distinct := func(name string, same bool) *function {
		return &function{
			name: name, infix: true, min: 2, max: 2, exact: true,
			bind:    bindDistinct,
			compile: func(c *compiler, e *Expr) (node, error) { return compileDistinct(c, e, same) },
		}
	}
	return append(
		fs,
		distinct("IS DISTINCT FROM", false),
		distinct("IS NOT DISTINCT FROM", true),
		&function{name: "IN", operator: true, min: 2, max: -1, bind: bindIn, compile: compileIn},
		&function{name: "COMPARE", operator: true, min: 2, max: 2, bind: bindCompare, compile: plain(compareDecimals)},
	)
}

func bindComparison(args []*Expr) ([]*Expr, columnar.Type, error) {
	if needsCompare(args) {
		return bindCompared(args)
	}
	args, t, err := unify(args)
	if err == nil && (t.Kind == columnar.Map || t.IsNested()) {
		err = fmt.Errorf("values of type %s cannot be compared", t.Nullable())
	}
	return args, columnar.TypeBoolean, err
}

// flip is the operator with its sides exchanged.
func flip(op string) string {
	switch op {
	case "<":
		return ">"
	case "<=":
		return ">="
	case ">":
		return "<"
	case ">=":
		return "<="
	}
	return op
}

// comparison selects the rows where "left op right" is true.
type comparison struct {
	binary
	op      string
	ordered [2]*columnar.Vector // float operands as integers of the same order
	sel     []int32
}

func compileComparison(c *compiler, e *Expr) (node, error) {
	args, err := c.compileAll(e.Args)
	if err != nil {
		return nil, err
	}
	op := e.Name
	if e.Args[0].IsConstant() && !e.Args[1].IsConstant() {
		args[0], args[1], op = args[1], args[0], flip(op)
	}
	return &comparison{
		binary: binary{expr: e, left: args[0], right: args[1], out: columnar.NewVector(e.Type)}, op: op,
		ordered: [2]*columnar.Vector{columnar.NewVector(columnar.TypeBigInt), columnar.NewVector(columnar.TypeBigInt)},
	}, nil
}

func (n *comparison) release() {
	n.binary.release()
	n.ordered[0].Release()
	n.ordered[1].Release()
}

func (n *comparison) eval(b *columnar.Batch, sel []int32) (*columnar.Vector, error) {
	if cap(n.sel) < b.Len() {
		n.sel = make([]int32, b.Len())
	}
	l, r, err := n.sides(b, sel)
	if err != nil {
		return nil, err
	}
	rows := n.compare(l, r, sel, n.sel[:b.Len()], b.Len())
	fillBits(n.out, rows, b.Len())
	n.out.Valid = n.bothValid(l, r, b.Len())
	return n.out, nil
}

// fillBits makes v false but for the rows of sel.
func fillBits(v *columnar.Vector, sel []int32, rows int) {
	v.Reset(rows)
	bits := v.Bits()
	bits.Fill(rows, false)
	for _, i := range sel {
		bits.Set(int(i))
	}
}

func (n *comparison) selectRows(b *columnar.Batch, sel, out []int32) ([]int32, error) {
	l, r, err := n.sides(b, sel)
	if err != nil {
		return nil, err
	}
	if r.Enc == columnar.Constant && r.IsNull(0) || l.Enc == columnar.Constant && l.IsNull(0) {
		return out[:0], nil
	}
	out = n.compare(l, r, sel, out, b.Len())
	for _, v := range []*columnar.Vector{l, r} {
		if v.Valid != nil && v.Enc != columnar.Constant {
			out = columnar.SelectValid(out, out, v.Valid, b.Len())
		}
	}
	return out, nil
}

// bothValid is where neither side is null.
func (n *comparison) bothValid(l, r *columnar.Vector, rows int) columnar.Bitmap {
	valid := func(v *columnar.Vector) columnar.Bitmap {
		if v.Enc != columnar.Constant || v.Valid == nil {
			return v.Valid
		}
		m := make(columnar.Bitmap, columnar.BitmapWords(rows))
		m.Fill(rows, !v.IsNull(0))
		return m
	}
	return columnar.AndBitmaps(n.out.OwnValid(rows), valid(l), valid(r), rows)
}

// sides evaluates both sides. The right one stays constant if it is one; all else is flat.
func (n *comparison) sides(b *columnar.Batch, sel []int32) (l, r *columnar.Vector, err error) {
	if l, err = n.left.eval(b, sel); err != nil {
		return nil, nil, err
	}
	if r, err = n.right.eval(b, sel); err != nil {
		return nil, nil, err
	}
	if l.Enc == columnar.Dictionary && r.Enc == columnar.Constant {
		return l, r, nil
	}
	l = n.lf.flat(l, n.left)
	if r.Enc != columnar.Constant {
		r = n.rf.flat(r, n.right)
	}
	return l, r, nil
}

// compare selects without regard to nulls.
func (n *comparison) compare(l, r *columnar.Vector, sel, out []int32, rows int) []int32 {
	if r.Enc == columnar.Constant && l.Enc == columnar.Dictionary {
		return n.compareDictionary(l, r, sel, out, rows)
	}
	switch l.Phys {
	case columnar.PhysInt8:
		return compareAs[int8](n.op, l, r, sel, out)
	case columnar.PhysInt16:
		return compareAs[int16](n.op, l, r, sel, out)
	case columnar.PhysInt32:
		return compareAs[int32](n.op, l, r, sel, out)
	case columnar.PhysInt64:
		if r.Phys == columnar.PhysInt64 {
			return compareAs[int64](n.op, l, r, sel, out)
		}
	case columnar.PhysFloat32:
		return compareAs[int64](n.op, orderFloats[float32](n.ordered[0], l), orderFloats[float32](n.ordered[1], r), sel, out)
	case columnar.PhysFloat64:
		return compareAs[int64](n.op, orderFloats[float64](n.ordered[0], l), orderFloats[float64](n.ordered[1], r), sel, out)
	case columnar.PhysView:
		if n.op == "=" || n.op == "<>" {
			return compareStrings(n.op == "=", l, r, sel, out, rows)
		}
	case columnar.PhysNone:
		return out[:0]
	}
	outcome := outcomeOf(n.op)
	return columnar.SelectWhere(out, sel, rows, func(i int) bool {
		return outcome[columnar.CompareValues(l, i, r, i)+1]
	})
}

// outcomeOf says for the results -1, 0 and 1 of a three-way comparison whether op holds.
func outcomeOf(op string) [3]bool {
	switch op {
	case "=":
		return [3]bool{false, true, false}
	case "<>":
		return [3]bool{true, false, true}
	case "<":
		return [3]bool{true, false, false}
	case "<=":
		return [3]bool{true, true, false}
	case ">":
		return [3]bool{false, false, true}
	}
	return [3]bool{false, true, true}
}

// compareDictionary compares each entry once and selects the rows by their codes.
func (n *comparison) compareDictionary(l, r *columnar.Vector, sel, out []int32, rows int) []int32 {
	outcome := outcomeOf(n.op)
	entries := make([]bool, l.Dict.Len())
	for i := range entries {
		entries[i] = outcome[columnar.CompareValues(l.Dict, i, r, 0)+1]
	}
	return columnar.SelectWhere(out, sel, rows, func(i int) bool { return entries[l.Codes()[i]] })
}

func orderFloats[T columnar.Floats](dst, v *columnar.Vector) *columnar.Vector {
	values := columnar.Values[T](v)
	if v.Enc == columnar.Constant {
		dst.Reset(1)
		columnar.Values[int64](dst)[0] = columnar.OrderedFloat(float64(values[0]))
		dst.SetConstant(v.Len())
		return dst
	}
	dst.Reset(v.Len())
	keys := columnar.Values[int64](dst)
	for i, x := range values[:len(keys)] {
		keys[i] = columnar.OrderedFloat(float64(x))
	}
	return dst
}

func compareAs[T columnar.Ordered](op string, l, r *columnar.Vector, sel, out []int32) []int32 {
	a, b := columnar.Values[T](l)[:l.Len()], columnar.Values[T](r)
	if r.Enc == columnar.Constant {
		return compareConst(op, a, b[0], sel, out)
	}
	b = b[:l.Len()]
	switch op {
	case "=":
		return columnar.SelectEq(out, sel, a, b)
	case "<>":
		return columnar.SelectNe(out, sel, a, b)
	case "<":
		return columnar.SelectLt(out, sel, a, b)
	case "<=":
		return columnar.SelectLe(out, sel, a, b)
	case ">":
		return columnar.SelectLt(out, sel, b, a)
	}
	return columnar.SelectLe(out, sel, b, a)
}

// compareConst turns < c into <= c-1 and > c into >= c+1 where that does not wrap.
func compareConst[T columnar.Ordered](op string, a []T, c T, sel, out []int32) []int32 {
	switch op {
	case "=":
		return columnar.SelectEqConst(out, sel, a, c)
	case "<>":
		return columnar.SelectNeConst(out, sel, a, c)
	case "<=":
		return columnar.SelectLeConst(out, sel, a, c)
	case ">=":
		return columnar.SelectGeConst(out, sel, a, c)
	case "<":
		if c-1 > c {
			return out[:0]
		}
		return columnar.SelectLeConst(out, sel, a, c-1)
	}
	if c+1 < c {
		return out[:0]
	}
	return columnar.SelectGeConst(out, sel, a, c+1)
}

// compareStrings selects equal (or unequal) strings; heads decide most rows.
func compareStrings(equal bool, l, r *columnar.Vector, sel, out []int32, rows int) []int32 {
	a, b := columnar.Values[columnar.View](l), columnar.Values[columnar.View](r)
	if r.Enc == columnar.Constant && b[0].Inline() {
		c := b[0]
		return columnar.SelectWhere(out, sel, rows, func(i int) bool { return (a[i] == c) == equal })
	}
	return columnar.SelectWhere(out, sel, rows, func(i int) bool {
		j := r.Index(i)
		if a[i].Head != b[j].Head {
			return !equal
		}
		return (columnar.CompareValues(l, i, r, i) == 0) == equal
	})
}

// distinctNode is IS [NOT] DISTINCT FROM: a comparison in which NULL equals NULL.
type distinctNode struct {
	comparison
	same bool
}

func compileDistinct(c *compiler, e *Expr, same bool) (node, error) {
	plain := *e
	plain.Name = map[bool]string{true: "=", false: "<>"}[same]
	n, err := compileComparison(c, &plain)
	if err != nil {
		return nil, err
	}
	return &distinctNode{comparison: *n.(*comparison), same: same}, nil
}

func (n *distinctNode) eval(b *columnar.Batch, sel []int32) (*columnar.Vector, error) {
	n.sel = room(n.sel, b.Len())
	rows, err := n.selectRows(b, sel, n.sel)
	if err != nil {
		return nil, err
	}
	fillBits(n.out, rows, b.Len())
	return n.out, nil
}

func (n *distinctNode) selectRows(b *columnar.Batch, sel, out []int32) ([]int32, error) {
	l, r, err := n.sides(b, sel)
	if err != nil {
		return nil, err
	}
	if !mayBeNull(l) && !mayBeNull(r) {
		return n.compare(l, r, sel, out, b.Len()), nil
	}
	return columnar.SelectWhere(out, sel, b.Len(), func(i int) bool {
		ln, rn := l.IsNull(i), r.IsNull(i)
		if ln || rn {
			return (ln && rn) == n.same
		}
		return (columnar.CompareValues(l, i, r, i) == 0) == n.same
	}), nil
}

func mayBeNull(v *columnar.Vector) bool {
	return v.Valid != nil || v.Phys == columnar.PhysNone || v.Enc == columnar.Dictionary && v.Dict.Valid != nil
}

// compileIn compiles x IN (a, b, ...) as x = a OR x = b ..., or for many constants as a look-up.
func compileIn(c *compiler, e *Expr) (node, error) {
	var or *Expr
	for _, a := range e.Args[1:] {
		eq := &Expr{Op: Call, Name: "=", Type: e.Type, Args: []*Expr{e.Args[0], a}}
		if or == nil {
			or = eq
		} else {
			or = &Expr{Op: Call, Name: "OR", Type: e.Type, Args: append(flattenOr(or), eq)}
		}
	}
	return c.compile(or)
}

func flattenOr(e *Expr) []*Expr {
	if e.Op == Call && e.Name == "OR" {
		return e.Args
	}
	return []*Expr{e}
}
