package file

import (
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/format/parquet"
)

var pruneOps = map[string]parquet.Op{
	"=": parquet.Eq, "<>": parquet.Ne, "<": parquet.Lt, "<=": parquet.Le, ">": parquet.Gt, ">=": parquet.Ge,
}

// flipped is the operator with its sides exchanged.
var flipped = map[string]string{"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

// prunes reports whether the statistics of a row group prove that no row satisfies the
// conjunction filter, whose columns are those that files hold.
func (s *source) prunes(f *parquet.File, group int, filter []*expr.Expr) bool {
	for _, e := range filter {
		p, ok := s.predicate(f, e)
		if ok && f.CanSkip(group, p) {
			return true
		}
	}
	return false
}

// predicate translates "column op constant" and IS [NOT] NULL; ok is false for anything else.
func (s *source) predicate(f *parquet.File, e *expr.Expr) (p parquet.Predicate, ok bool) {
	if e.Op != expr.Call {
		return p, false
	}
	if len(e.Args) == 1 && e.Args[0].Op == expr.Column {
		p.Column = f.Schema().Index(s.rows.Fields[e.Args[0].Index].Name)
		switch e.Name {
		case "IS NULL":
			p.Op = parquet.IsNull
		case "IS NOT NULL":
			p.Op = parquet.IsNotNull
		default:
			return p, false
		}
		return p, p.Column >= 0
	}
	op := e.Name
	if _, known := pruneOps[op]; !known || len(e.Args) != 2 {
		return p, false
	}
	col, value := e.Args[0], e.Args[1]
	if col.Op == expr.Constant {
		col, value, op = value, col, flipped[op]
	}
	if col.Op != expr.Column || value.Op != expr.Constant || value.Value.Null {
		return p, false
	}
	p.Column, p.Op = f.Schema().Index(s.rows.Fields[col.Index].Name), pruneOps[op]
	if p.Column < 0 || !f.Schema().Fields[p.Column].Type.SameValues(value.Type) {
		return p, false
	}
	v := value.Value
	p.Value = parquet.Value{Int: v.Int, Wide: columnar.Int128{Lo: uint64(v.Int), Hi: v.High}, Bytes: v.Bytes}
	if value.Type.IsFloat() {
		p.Value.Float, _ = value.ConstantFloat()
	}
	return p, true
}
