package expr

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/anabranch/anabranch/columnar"
)

// castable reports whether a cast from one type to another exists.
func castable(from, to columnar.Type) bool {
	switch {
	case from.Kind == columnar.Null || from.SameValues(to):
		return true
	case to.IsString():
		return true
	case from.IsString():
		return !to.IsNested() && !to.IsInterval() && !to.IsBinary() || to.IsBinary()
	case from.IsNumeric() && to.IsNumeric():
		return true
	case from.Kind == columnar.Boolean && to.IsNumeric(), from.IsNumeric() && to.Kind == columnar.Boolean:
		return true
	case from.Kind == columnar.Date && to.IsTimestamp(), from.IsTimestamp() && to.IsTimestamp():
		return true
	case from.IsTimestamp() && (to.Kind == columnar.Date || to.Kind == columnar.Time):
		return true
	case from.Kind == columnar.Time && to.Kind == columnar.Time:
		return true
	case from.IsBinary() && to.IsBinary():
		return true
	case from.Kind == to.Kind && from.IsInterval():
		return true
	case from.Kind == columnar.Row && to.Kind == columnar.Row && len(from.Fields) == len(to.Fields):
		for i := range from.Fields {
			if !castable(from.Fields[i].Type, to.Fields[i].Type) {
				return false
			}
		}
		return true
	}
	return false
}

// lossless reports whether a cast can fail for no value.
func lossless(from, to columnar.Type) bool {
	if from.Kind == columnar.Null || from.SameValues(to) {
		return true
	}
	if to.IsString() {
		return to.Kind == columnar.Varchar
	}
	if to.IsTimestamp() && columnar.UnitsPerSecond(to.Precision) == 1e9 && !relabels(from, to) {
		return false // nanoseconds hold fewer years
	}
	c, ok := commonValues(from.Nullable(), to.Nullable())
	return ok && !from.IsString() && c.SameValues(to.Nullable())
}

func (c *compiler) compileCast(e *Expr) (node, error) {
	arg, err := c.compile(e.Args[0])
	if err != nil {
		return nil, err
	}
	from, to := e.Args[0].Type, e.Type
	base := castNode{expr: e, arg: arg, out: columnar.NewVector(to)}
	switch {
	case from.Kind == columnar.Null || relabels(from, to):
		return &relabelNode{base}, nil
	case from.IsInteger() && to.IsInteger():
		return &base, base.integers()
	case from.IsInteger() && to.IsFloat():
		base.fast = intsToFloat
	}
	if base.slow, err = castRow(c, e); err != nil {
		return nil, err
	}
	return &base, nil
}

// relabels reports whether the values stay as they are.
func relabels(from, to columnar.Type) bool {
	if from.IsString() && to.IsString() || from.IsBinary() && to.IsBinary() {
		return to.Kind != columnar.Char && to.Kind != columnar.Binary && to.Precision >= from.Precision
	}
	if from.Kind == columnar.Decimal && to.Kind == columnar.Decimal {
		return from.Scale == to.Scale && to.Precision >= from.Precision
	}
	if from.IsTimestamp() && from.Kind == to.Kind {
		return to.Precision >= from.Precision &&
			columnar.UnitsPerSecond(from.Precision) == columnar.UnitsPerSecond(to.Precision)
	}
	if from.Kind == columnar.Row && to.Kind == columnar.Row {
		for i := range from.Fields {
			if f, t := from.Fields[i].Type, to.Fields[i].Type; !f.SameValues(t) && (f.Kind != columnar.Row || !relabels(f, t)) {
				return false
			}
		}
		return true
	}
	return from.Kind == to.Kind && from.IsInterval()
}

// castNode converts values: by a kernel where there is one, else row by row.
type castNode struct {
	expr *Expr
	arg  node
	lf   flattener
	out  *columnar.Vector
	vals [1]columnar.Reader
	// fast converts all rows at once and reports whether that was right for each.
	fast func(dst, src *columnar.Vector) bool
	slow rowFunc
}

func (n *castNode) release() {
	n.out.Release()
	n.lf.release()
	if r, ok := n.arg.(*nowNode); ok {
		r.out.Release()
	}
}

func (n *castNode) eval(b *columnar.Batch, sel []int32) (*columnar.Vector, error) {
	v, err := n.arg.eval(b, sel)
	if err != nil {
		return nil, err
	}
	rows := b.Len()
	if n.fast != nil {
		v = n.lf.flat(v, n.arg)
		n.out.Reset(rows)
		n.out.Valid = v.Valid
		if n.fast(n.out, v) {
			return n.out, nil
		}
	}
	n.out.Reset(rows)
	if n.out.Phys == columnar.PhysView {
		clear(columnar.Values[columnar.View](n.out))
	}
	if v.Valid != nil {
		valid := n.out.MakeValid()
		for i := range rows {
			valid.SetTo(i, !v.IsNull(i))
		}
	}
	n.vals[0] = columnar.Reader{Vector: v}
	err = eachLive(sel, n.out.Valid, rows, func(i int) error {
		err := n.slow(n.vals[:], i, n.out)
		if err != nil && n.expr.Op == TryCast {
			n.out.SetNull(i)
			return nil
		}
		if err != nil {
			return rowError(n.expr, "%s", err)
		}
		return nil
	})
	return n.out, err
}

// relabelNode gives a vector another type of the same layout.
type relabelNode struct{ castNode }

func (n *relabelNode) eval(b *columnar.Batch, sel []int32) (*columnar.Vector, error) {
	v, err := n.arg.eval(b, sel)
	if err != nil {
		return nil, err
	}
	if v.Phys == columnar.PhysNone {
		n.out.NullConstant(b.Len())
		return n.out, nil
	}
	n.out.Alias(v)
	n.out.Type = n.expr.Type
	return n.out, nil
}

// integers picks the kernel between two integer widths.
func (n *castNode) integers() error {
	n.slow = func(args []columnar.Reader, i int, out *columnar.Vector) error {
		return storeInt(out, i, args[0].Int(i))
	}
	n.fast = func(dst, src *columnar.Vector) bool {
		switch src.Phys {
		case columnar.PhysInt8:
			return convertInts(dst, columnar.Values[int8](src))
		case columnar.PhysInt16:
			return convertInts(dst, columnar.Values[int16](src))
		case columnar.PhysInt32:
			return convertInts(dst, columnar.Values[int32](src))
		}
		return convertInts(dst, columnar.Values[int64](src))
	}
	return nil
}

func convertInts[S columnar.Signed](dst *columnar.Vector, src []S) bool {
	switch dst.Phys {
	case columnar.PhysInt8:
		return !columnar.Convert(columnar.Values[int8](dst), src)
	case columnar.PhysInt16:
		return !columnar.Convert(columnar.Values[int16](dst), src)
	case columnar.PhysInt32:
		return !columnar.Convert(columnar.Values[int32](dst), src)
	}
	return !columnar.Convert(columnar.Values[int64](dst), src)
}

func intsToFloat(dst, src *columnar.Vector) bool {
	switch src.Phys {
	case columnar.PhysInt32:
		return toFloats(dst, columnar.Values[int32](src))
	case columnar.PhysInt64:
		return toFloats(dst, columnar.Values[int64](src))
	case columnar.PhysInt16:
		return toFloats(dst, columnar.Values[int16](src))
	}
	return toFloats(dst, columnar.Values[int8](src))
}

func toFloats[S columnar.Signed](dst *columnar.Vector, src []S) bool {
	if dst.Phys == columnar.PhysFloat32 {
		columnar.ToFloat(columnar.Values[float32](dst), src)
	} else {
		columnar.ToFloat(columnar.Values[float64](dst), src)
	}
	return true
}

// storeInt stores v in a vector of any integer layout, with a range check.
func storeInt(out *columnar.Vector, i int, v int64) error {
	ok := true
	switch out.Phys {
	case columnar.PhysInt8:
		columnar.Values[int8](out)[i], ok = int8(v), int64(int8(v)) == v
	case columnar.PhysInt16:
		columnar.Values[int16](out)[i], ok = int16(v), int64(int16(v)) == v
	case columnar.PhysInt32:
		columnar.Values[int32](out)[i], ok = int32(v), int64(int32(v)) == v
	default:
		columnar.Values[int64](out)[i] = v
	}
	if !ok {
		return fmt.Errorf("%d is out of range of %s", v, out.Type.Nullable())
	}
	return nil
}

func storeFloat(out *columnar.Vector, i int, f float64) {
	if out.Phys == columnar.PhysFloat32 {
		columnar.Values[float32](out)[i] = float32(f)
		return
	}
	columnar.Values[float64](out)[i] = f
}

func storeDecimal(out *columnar.Vector, i int, v columnar.Int128, scale int) error {
	w, ok := rescale(v, scale, out.Type.Scale)
	if !ok || !columnar.FitsDigits(w, out.Type.Precision) {
		return fmt.Errorf("%s is out of range of %s", columnar.FormatDecimal(v, scale), out.Type.Nullable())
	}
	if out.Phys == columnar.PhysInt128 {
		columnar.Values[columnar.Int128](out)[i] = w
	} else {
		columnar.Values[int64](out)[i] = int64(w.Lo)
	}
	return nil
}

// castRow is the conversion of one value.
func castRow(c *compiler, e *Expr) (rowFunc, error) {
	from, to := e.Args[0].Type, e.Type
	switch {
	case to.IsString() && from.IsString():
		return fitString, nil
	case to.IsString():
		loc := c.location()
		return func(args []columnar.Reader, i int, out *columnar.Vector) error {
			text := columnar.AppendText(nil, args[0].Vector, i, loc)
			return storeText(out, i, text)
		}, nil
	case from.IsString():
		return parseRow(c, to), nil
	case to.IsBinary():
		return func(args []columnar.Reader, i int, out *columnar.Vector) error {
			storeBinary(out, i, args[0].Bytes(i))
			return nil
		}, nil
	case from.IsNumeric() && to.IsNumeric():
		return numericRow(from, to), nil
	case from.Kind == columnar.Boolean:
		return func(args []columnar.Reader, i int, out *columnar.Vector) error {
			v := int64(0)
			if args[0].Bool(i) {
				v = 1
			}
			return storeNumber(out, i, v)
		}, nil
	case to.Kind == columnar.Boolean:
		isZero := numericZero(from)
		return func(args []columnar.Reader, i int, out *columnar.Vector) error {
			out.Bits().SetTo(i, !isZero(args[0], i))
			return nil
		}, nil
	}
	return temporalRow(c, from, to)
}

func numericZero(from columnar.Type) func(v columnar.Reader, i int) bool {
	switch {
	case from.IsFloat():
		return func(v columnar.Reader, i int) bool { return v.Float(i) == 0 }
	case from.Kind == columnar.Decimal:
		return func(v columnar.Reader, i int) bool { return v.Wide(i) == columnar.Int128{} }
	}
	return func(v columnar.Reader, i int) bool { return v.Int(i) == 0 }
}

func storeNumber(out *columnar.Vector, i int, v int64) error {
	switch {
	case out.Type.IsFloat():
		storeFloat(out, i, float64(v))
		return nil
	case out.Type.Kind == columnar.Decimal:
		return storeDecimal(out, i, columnar.Int128Of(v), 0)
	}
	return storeInt(out, i, v)
}

func fitString(args []columnar.Reader, i int, out *columnar.Vector) error {
	return storeText(out, i, args[0].Bytes(i))
}

// storeText cuts to VARCHAR(n) and pads to CHAR(n), counted in characters.
func storeText(out *columnar.Vector, i int, s []byte) error {
	limit := out.Type.Precision
	if limit == columnar.MaxLength {
		out.SetBytes(i, s)
		return nil
	}
	text := []rune(string(s))
	if len(text) > limit {
		text = text[:limit]
	}
	padded := string(text)
	if out.Type.Kind == columnar.Char {
		padded += strings.Repeat(" ", limit-len(text))
	}
	out.SetString(i, padded)
	return nil
}

// storeBinary cuts to VARBINARY(n) and BINARY(n), and pads to the latter with zero bytes.
func storeBinary(out *columnar.Vector, i int, s []byte) {
	if limit := out.Type.Precision; len(s) > limit {
		s = s[:limit]
	} else if out.Type.Kind == columnar.Binary && len(s) < limit {
		s = append(bytes.Clone(s), make([]byte, limit-len(s))...)
	}
	out.SetBytes(i, s)
}

// numericRow converts between numeric types; fractions are truncated toward integers and
// rounded toward decimals.
func numericRow(from, to columnar.Type) rowFunc {
	switch {
	case from.Kind == columnar.Decimal && to.IsFloat():
		scale := columnar.Pow10(from.Scale).Float64()
		return func(args []columnar.Reader, i int, out *columnar.Vector) error {
			storeFloat(out, i, args[0].Wide(i).Float64()/scale)
			return nil
		}
	case from.Kind == columnar.Decimal && to.Kind == columnar.Decimal:
		return func(args []columnar.Reader, i int, out *columnar.Vector) error {
			return storeDecimal(out, i, args[0].Wide(i), from.Scale)
		}
	case from.Kind == columnar.Decimal:
		return func(args []columnar.Reader, i int, out *columnar.Vector) error {
			q, _ := args[0].Wide(i).QuoRem(columnar.Pow10(from.Scale))
			if !q.IsInt64() {
				return fmt.Errorf("%s is out of range of %s", q, to.Nullable())
			}
			return storeInt(out, i, int64(q.Lo))
		}
	case from.IsFloat() && to.IsFloat():
		return func(args []columnar.Reader, i int, out *columnar.Vector) error {
			storeFloat(out, i, args[0].Float(i))
			return nil
		}
	case from.IsFloat() && to.Kind == columnar.Decimal:
		return func(args []columnar.Reader, i int, out *columnar.Vector) error {
			v, err := parseDecimal(strconv.FormatFloat(args[0].Float(i), 'g', -1, 64), to.Precision, to.Scale)
			if err != nil {
				return err
			}
			return storeDecimal(out, i, v, to.Scale)
		}
	case from.IsFloat():
		return func(args []columnar.Reader, i int, out *columnar.Vector) error {
			f := math.Trunc(args[0].Float(i))
			if !(f >= -9223372036854775808.0 && f < 9223372036854775808.0) {
				return fmt.Errorf("%v is out of range of %s", args[0].Float(i), to.Nullable())
			}
			return storeInt(out, i, int64(f))
		}
	}
	return func(args []columnar.Reader, i int, out *columnar.Vector) error {
		return storeNumber(out, i, args[0].Int(i))
	}
}

// parseRow reads a string as a value of type to.
func parseRow(c *compiler, to columnar.Type) rowFunc {
	loc := c.location()
	return func(args []columnar.Reader, i int, out *columnar.Vector) error {
		return parseInto(out, i, args[0].Text(i), to, loc)
	}
}

func parseInto(out *columnar.Vector, i int, s string, to columnar.Type, loc *time.Location) error {
	switch {
	case to.IsInteger():
		v, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
		if err != nil {
			d, derr := parseDecimal(s, columnar.DigitsMax, columnar.DigitsMax/2)
			if d, _ = d.QuoRem(columnar.Pow10(columnar.DigitsMax / 2)); derr != nil || !d.IsInt64() {
				return fmt.Errorf("%q is not a value of type %s", s, to.Nullable())
			}
			v = int64(d.Lo) // fractions are cut off, as in a cast from a number
		}
		return storeInt(out, i, v)
	case to.IsFloat():
		f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		if err != nil || strings.ContainsAny(s, "_xX") { // Go's own forms of numbers
			return fmt.Errorf("%q is not a value of type %s", s, to.Nullable())
		}
		storeFloat(out, i, f)
		return nil
	case to.Kind == columnar.Decimal:
		v, err := parseDecimal(s, to.Precision, to.Scale)
		if err != nil {
			return err
		}
		return storeDecimal(out, i, v, to.Scale)
	case to.Kind == columnar.Boolean:
		switch strings.ToLower(strings.TrimSpace(s)) {
		case "true", "t", "yes", "y", "1", "on":
			out.Bits().Set(i)
		case "false", "f", "no", "n", "0", "off":
			out.Bits().Clear(i)
		default:
			return fmt.Errorf("%q is not a BOOLEAN", s)
		}
		return nil
	case to.IsBinary():
		storeBinary(out, i, []byte(s))
		return nil
	}
	return parseTemporal(out, i, s, to, loc)
}

func parseTemporal(out *columnar.Vector, i int, s string, to columnar.Type, loc *time.Location) error {
	switch to.Kind {
	case columnar.Date:
		d, err := columnar.ParseDate(s)
		if err != nil {
			ts, terr := columnar.ParseTimestamp(s, 3, time.UTC)
			if terr != nil {
				return err
			}
			d = int32(columnar.FloorDiv(ts, 86400_000))
		}
		columnar.Values[int32](out)[i] = d
		return nil
	case columnar.Time:
		t, err := columnar.ParseTime(s)
		columnar.Values[int32](out)[i] = int32(t / 1e6)
		return err
	case columnar.Timestamp, columnar.TimestampLTZ:
		if to.Kind == columnar.Timestamp {
			loc = time.UTC
		}
		t, err := columnar.ParseTimestamp(s, to.Precision, loc)
		columnar.Values[int64](out)[i] = t
		return err
	}
	return fmt.Errorf("cannot read %s from text", to.Nullable())
}
