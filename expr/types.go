package expr

import (
	"strconv"

	"github.com/anabranch/anabranch/columnar"
)

// minScale is what stays of the scale when a result needs more than DigitsMax digits.
const minScale = 6

// adjustDecimal cuts a result type to DigitsMax: integral digits first, but at least minScale
// fractional ones stay (Flink's and SQL Server's rule).
func adjustDecimal(precision, scale int) columnar.Type {
	if precision > columnar.DigitsMax {
		integral := precision - scale
		scale = max(columnar.DigitsMax-integral, min(scale, minScale))
		precision = columnar.DigitsMax
	}
	return columnar.DecimalOf(precision, scale)
}

// asDecimal is the decimal type that holds every value of an integer or decimal type.
func asDecimal(t columnar.Type) columnar.Type {
	switch t.Kind {
	case columnar.TinyInt:
		return columnar.DecimalOf(3, 0)
	case columnar.SmallInt:
		return columnar.DecimalOf(5, 0)
	case columnar.Integer:
		return columnar.DecimalOf(10, 0)
	case columnar.BigInt:
		return columnar.DecimalOf(19, 0)
	}
	return t.Nullable()
}

func decimalResult(op string, a, b columnar.Type) columnar.Type {
	p1, s1, p2, s2 := a.Precision, a.Scale, b.Precision, b.Scale
	switch op {
	case "*":
		return adjustDecimal(p1+p2, s1+s2)
	case "/":
		scale := max(minScale, s1+p2+1)
		return adjustDecimal(p1-s1+s2+scale, scale)
	case "%":
		scale := max(s1, s2)
		return adjustDecimal(min(p1-s1, p2-s2)+scale, scale)
	}
	scale := max(s1, s2)
	return adjustDecimal(max(p1-s1, p2-s2)+scale+1, scale)
}

// CommonType is the type to which values of a and b convert without loss so that they can be
// compared or stand in one column; ok is false if there is none.
func CommonType(a, b columnar.Type) (t columnar.Type, ok bool) {
	notNull := a.NotNull && b.NotNull
	t, ok = commonValues(a.Nullable(), b.Nullable())
	t.NotNull = notNull && ok
	return t, ok
}

func commonValues(a, b columnar.Type) (columnar.Type, bool) {
	switch {
	case a.SameValues(b) || b.Kind == columnar.Null:
		return a, true
	case a.Kind == columnar.Null:
		return b, true
	case a.IsNumeric() && b.IsNumeric():
		return commonNumeric(a, b), true
	case a.IsString() && b.IsString():
		return columnar.Type{Kind: columnar.Varchar, Precision: max(a.Precision, b.Precision)}, true
	case a.IsBinary() && b.IsBinary():
		return columnar.Type{Kind: columnar.Varbinary, Precision: max(a.Precision, b.Precision)}, true
	case a.Kind == b.Kind && (a.IsTimestamp() || a.Kind == columnar.Time):
		a.Precision = max(a.Precision, b.Precision)
		return a, true
	case a.Kind == b.Kind && a.IsInterval():
		return a, true
	case a.Kind == columnar.Date && b.IsTimestamp():
		return b, true
	case a.IsTimestamp() && b.Kind == columnar.Date:
		return a, true
	case a.IsTimestamp() && b.IsTimestamp():
		return columnar.TimestampLTZOf(max(a.Precision, b.Precision)), true
	case a.Kind == b.Kind && a.IsNested():
		return commonNested(a, b)
	}
	return columnar.Type{}, false
}

func commonNumeric(a, b columnar.Type) columnar.Type {
	switch {
	case a.Kind == columnar.Double || b.Kind == columnar.Double:
		return columnar.TypeDouble
	case a.Kind == columnar.Float && b.Kind == columnar.Float:
		return columnar.TypeFloat
	case a.Kind == columnar.Float || b.Kind == columnar.Float:
		return columnar.TypeDouble
	case a.Kind == columnar.Decimal || b.Kind == columnar.Decimal:
		a, b = asDecimal(a), asDecimal(b)
		scale := max(a.Scale, b.Scale)
		return adjustDecimal(max(a.Precision-a.Scale, b.Precision-b.Scale)+scale, scale)
	}
	return columnar.Type{Kind: max(a.Kind, b.Kind)}
}

func commonNested(a, b columnar.Type) (columnar.Type, bool) {
	if len(a.Fields) != len(b.Fields) {
		return columnar.Type{}, false
	}
	t := columnar.Type{Kind: a.Kind}
	for i := range a.Fields {
		f, ok := CommonType(a.Fields[i].Type, b.Fields[i].Type)
		if !ok {
			return columnar.Type{}, false
		}
		t.Fields = append(t.Fields, columnar.Field{Name: a.Fields[i].Name, Type: f})
	}
	return t, true
}

func formatFloat(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

func parseFloat(s string) float64 {
	// The text was written by formatFloat; it always parses.
	f, _ := strconv.ParseFloat(s, 64)
	return f
}
