package binder

import (
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/expr"
	"github.com/anabranch/anabranch/sql/ast"
	"github.com/anabranch/anabranch/sql/plan"
)

func (x *exprBinder) literal(e ast.Expr) (*expr.Expr, error) {
	switch e := e.(type) {
	case *ast.NumberLiteral:
		return number(e, false)
	case *ast.StringLiteral:
		return expr.String(e.Value), nil
	case *ast.BinaryLiteral:
		return &expr.Expr{Op: expr.Constant, Type: columnar.TypeBytes.Required(), Value: &expr.Value{Bytes: e.Value}}, nil
	case *ast.NullLiteral:
		return expr.Null(columnar.TypeNull), nil
	case *ast.BoolLiteral:
		if e.Value == ast.Unknown {
			return expr.Null(columnar.TypeBoolean), nil
		}
		return expr.Bool(e.Value == ast.True), nil
	case *ast.TemporalLiteral:
		return temporal(e, x.b.Location)
	case *ast.IntervalLiteral:
		return interval(e)
	}
	return nil, plan.Refuse(e, "statement", "this expression")
}

// number gives an integer the smallest of INT, BIGINT and DECIMAL it fits, a number with a point
// a DECIMAL of its digits, and one with an exponent DOUBLE.
func number(e *ast.NumberLiteral, negative bool) (*expr.Expr, error) {
	text := strings.ReplaceAll(e.Text, "_", "")
	if negative {
		text = "-" + text
	}
	if e.Kind == ast.NumberFloat {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, ast.Errorf(e, ast.ClassSemantic, "%s is out of the range of DOUBLE", text)
		}
		return expr.Float(f, columnar.TypeDouble), nil
	}
	digits, scale := text, 0
	if point := strings.IndexByte(text, '.'); point >= 0 {
		digits, scale = text[:point]+text[point+1:], len(text)-point-1
	}
	v, ok := new(big.Int).SetString(digits, 10)
	if !ok {
		return nil, ast.Errorf(e, ast.ClassSemantic, "%s is not a number", text)
	}
	if e.Kind == ast.NumberInteger && v.IsInt64() {
		n := v.Int64()
		if n == int64(int32(n)) {
			return expr.Int(n, columnar.TypeInteger), nil
		}
		return expr.Int(n, columnar.TypeBigInt), nil
	}
	precision := max(len(new(big.Int).Abs(v).String()), scale, 1)
	wide, ok := columnar.Int128FromBig(v)
	if !ok || precision > columnar.DigitsMax {
		return nil, ast.Errorf(e, ast.ClassSemantic, "%s has more than %d digits", text, columnar.DigitsMax)
	}
	return expr.Wide(wide, columnar.DecimalOf(precision, scale)), nil
}

func temporal(e *ast.TemporalLiteral, loc *time.Location) (*expr.Expr, error) {
	text := strings.TrimSpace(e.Value)
	precision := 0
	if point := strings.LastIndexByte(text, '.'); point >= 0 {
		for _, c := range text[point+1:] {
			if c < '0' || c > '9' {
				break
			}
			precision++
		}
	}
	if precision > 9 {
		return nil, ast.Errorf(e, ast.ClassSemantic, "%s '%s' has more than 9 fractional digits", e.Type, e.Value)
	}
	var v int64
	var err error
	t := columnar.TypeDate
	switch e.Type {
	case ast.TypeDate:
		var days int32
		days, err = columnar.ParseDate(text)
		v = int64(days)
	case ast.TypeTime:
		v, err = columnar.ParseTime(text)
		// TIME holds milliseconds.
		t = columnar.Type{Kind: columnar.Time, Precision: min(precision, 3)}
		v /= 1e6
	case ast.TypeTimestampLTZ:
		t = columnar.TimestampLTZOf(precision)
		if loc == nil {
			loc = time.UTC
		}
		v, err = columnar.ParseTimestamp(text, precision, loc)
	default:
		t = columnar.TimestampOf(precision)
		v, err = columnar.ParseTimestamp(text, precision, time.UTC)
	}
	if err != nil {
		return nil, ast.Errorf(e, ast.ClassSemantic, "%s '%s': %v", e.Type, e.Value, err)
	}
	return expr.Int(v, t), nil
}
