package expr

import (
	"fmt"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/anabranch/anabranch/columnar"
)

// Property: a program over a batch of any encodings, with any selection, gives each row what a
// program over that row alone gives, and fails if it fails for some live row.

// sampleColumn is a column of the random batches: its type and the values it is made of.
type sampleColumn struct {
	t    columnar.Type
	pool []Value
}

func ints(values ...int64) (pool []Value) {
	for _, v := range values {
		pool = append(pool, Value{Int: v, High: v >> 63})
	}
	return pool
}

func floats(values ...float64) (pool []Value) {
	for _, v := range values {
		pool = append(pool, Value{Float: formatFloat(v)})
	}
	return pool
}

func texts(values ...string) (pool []Value) {
	for _, v := range values {
		pool = append(pool, Value{Bytes: []byte(v)})
	}
	return pool
}

func sampleColumns() []sampleColumn {
	long := "a string longer than twelve bytes"
	return []sampleColumn{
		{columnar.TypeTinyInt, ints(0, 1, -1, 7, 127, -128)},
		{columnar.TypeInteger, ints(0, 1, -1, 2, 5, 1000, math.MaxInt32, math.MinInt32)},
		{columnar.TypeBigInt, ints(0, 1, 2, -3, 10, math.MaxInt64, math.MinInt64)},
		{columnar.TypeBigInt, ints(0, 1, 2, 3)},
		{columnar.DecimalOf(9, 2), ints(0, 1, 150, -150, 99999, 999999999)},
		{columnar.DecimalOf(30, 4), ints(0, 10000, -5, 123456789, math.MaxInt64)},
		{columnar.TypeFloat, floats(0, 1.5, -2, math.Inf(1))},
		{columnar.TypeDouble, floats(0, math.Copysign(0, -1), 1, -2.5, 1e300, math.NaN(), math.Inf(-1))},
		{columnar.TypeBoolean, ints(0, 1)},
		{columnar.TypeBoolean, ints(0, 1)},
		{columnar.TypeString, texts("", "a", "ab", "b", "12", "äöü", long, long+"!")},
		{columnar.TypeString, texts("a", "a%", "%", "_b", "x", "3.5", long)},
		{columnar.TypeDate, ints(0, -1, 19782, 11016)},
		{columnar.TimestampOf(3), ints(0, -1, 1_700_000_000_123, 951_782_400_000)},
	}
}

// families are the columns by what they can be used for.
var families = map[string][]int{
	"number": {0, 1, 2, 3, 4, 5, 6, 7}, "boolean": {8, 9}, "string": {10, 11}, "time": {12, 13},
}

// drawExpr is a random expression of a family.
type drawExpr struct {
	t    *rapid.T
	cols []sampleColumn
}

func (d *drawExpr) leaf(family string) *Expr {
	i := rapid.SampledFrom(families[family]).Draw(d.t, "column")
	c := d.cols[i]
	switch rapid.IntRange(0, 9).Draw(d.t, "leaf") {
	case 0:
		return Null(c.t)
	case 1, 2:
		v := rapid.SampledFrom(c.pool).Draw(d.t, "constant")
		return &Expr{Op: Constant, Type: c.t.Required(), Value: &v}
	}
	return Col(i, fmt.Sprintf("c%d", i), c.t)
}

// call is a call, or its first argument where the types do not fit.
func (d *drawExpr) call(family, name string, args ...*Expr) *Expr {
	e, err := NewCall(name, args...)
	if err != nil {
		return d.leaf(family)
	}
	return e
}

func (d *drawExpr) cast(e *Expr, t columnar.Type, try bool) *Expr {
	c, err := NewCast(e, t, try)
	if err != nil {
		return e
	}
	return c
}

func (d *drawExpr) expr(family string, depth int) *Expr {
	if depth == 0 || rapid.IntRange(0, 5).Draw(d.t, "stop") == 0 {
		return d.leaf(family)
	}
	sub := func(f string) *Expr { return d.expr(f, depth-1) }
	if rapid.IntRange(0, 3).Draw(d.t, "shared") == 0 {
		return d.anyFamily(family, sub)
	}
	switch family {
	case "number":
		return d.number(sub)
	case "boolean":
		return d.boolean(sub)
	case "string":
		return d.text(sub)
	}
	unit := rapid.SampledFrom([]columnar.Kind{columnar.IntervalMonth, columnar.IntervalDay}).Draw(d.t, "unit")
	step := Int(rapid.Int64Range(-40, 40).Draw(d.t, "step"), columnar.Type{Kind: unit})
	return d.call(family, rapid.SampledFrom([]string{"+", "-"}).Draw(d.t, "op"), sub("time"), step)
}

// anyFamily is a form that every family has.
func (d *drawExpr) anyFamily(family string, sub func(string) *Expr) *Expr {
	switch rapid.IntRange(0, 4).Draw(d.t, "form") {
	case 0:
		return d.call(family, "COALESCE", sub(family), sub(family))
	case 1:
		return d.call(family, "NULLIF", sub(family), sub(family))
	case 2:
		return d.call(family, rapid.SampledFrom([]string{"GREATEST", "LEAST"}).Draw(d.t, "op"), sub(family), sub(family), sub(family))
	}
	e, err := NewCase(sub("boolean"), sub(family), sub("boolean"), sub(family), sub(family))
	if err != nil {
		return d.leaf(family)
	}
	return e
}

func (d *drawExpr) number(sub func(string) *Expr) *Expr {
	op := rapid.SampledFrom([]string{
		"+", "-", "*", "/", "%", "NEGATE", "ABS", "SIGN", "FLOOR", "CEIL", "SQRT", "CAST", "PARSE", "CHAR_LENGTH", "POSITION", "EXTRACT",
	}).Draw(d.t, "op")
	switch op {
	case "NEGATE", "ABS", "SIGN", "FLOOR", "CEIL", "SQRT":
		return d.call("number", op, sub("number"))
	case "CAST", "PARSE":
		to := d.cols[rapid.SampledFrom(families["number"]).Draw(d.t, "type")].t
		from := map[string]string{"CAST": "number", "PARSE": "string"}[op]
		return d.cast(sub(from), to, rapid.Bool().Draw(d.t, "try"))
	case "CHAR_LENGTH":
		return d.call("number", op, sub("string"))
	case "POSITION":
		return d.call("number", op, sub("string"), sub("string"))
	case "EXTRACT":
		return d.call("number", op, String("DAY"), sub("time"))
	}
	return d.call("number", op, sub("number"), sub("number"))
}

func (d *drawExpr) boolean(sub func(string) *Expr) *Expr {
	op := rapid.SampledFrom([]string{
		"=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM", "IN", "AND", "OR", "AND", "OR", "NOT",
		"IS NULL", "IS NOT NULL", "IS TRUE", "IS FALSE", "IS NOT TRUE", "IS NOT FALSE", "LIKE",
	}).Draw(d.t, "op")
	family := rapid.SampledFrom([]string{"number", "boolean", "string", "time"}).Draw(d.t, "family")
	switch op {
	case "AND", "OR":
		return d.call("boolean", op, sub("boolean"), sub("boolean"), sub("boolean"))
	case "NOT", "IS TRUE", "IS FALSE", "IS NOT TRUE", "IS NOT FALSE":
		return d.call("boolean", op, sub("boolean"))
	case "IS NULL", "IS NOT NULL":
		return d.call("boolean", op, sub(family))
	case "LIKE":
		return d.call("boolean", op, sub("string"), sub("string"))
	case "IN":
		return d.call("boolean", op, sub(family), sub(family), d.leaf(family), d.leaf(family))
	}
	return d.call("boolean", op, sub(family), sub(family))
}

func (d *drawExpr) text(sub func(string) *Expr) *Expr {
	op := rapid.SampledFrom([]string{"||", "UPPER", "REVERSE", "SUBSTRING", "TRIM", "CAST", "REPLACE"}).Draw(d.t, "op")
	switch op {
	case "||":
		return d.call("string", op, sub("string"), sub("string"))
	case "SUBSTRING":
		from, n := rapid.Int64Range(-3, 4).Draw(d.t, "from"), rapid.Int64Range(0, 5).Draw(d.t, "count")
		return d.call("string", op, sub("string"), Int(from, columnar.TypeInteger), Int(n, columnar.TypeInteger))
	case "TRIM":
		return d.call("string", op, sub("string"), String("BOTH"), sub("string"))
	case "REPLACE":
		return d.call("string", op, sub("string"), sub("string"), sub("string"))
	case "CAST":
		family := rapid.SampledFrom([]string{"number", "boolean", "time"}).Draw(d.t, "family")
		to := rapid.SampledFrom([]columnar.Type{columnar.TypeString, {Kind: columnar.Varchar, Precision: 3}}).Draw(d.t, "type")
		return d.cast(sub(family), to, false)
	}
	return d.call("string", op, sub("string"))
}

// drawVector gives the rows of a column and a vector of them in a random encoding.
func drawVector(t *rapid.T, c sampleColumn, n int) ([]Value, *columnar.Vector) {
	v, values := columnar.NewVector(c.t), make([]Value, n)
	draw := func() Value {
		if rapid.IntRange(0, 4).Draw(t, "null") == 0 {
			return Value{Null: true}
		}
		return rapid.SampledFrom(c.pool).Draw(t, "value")
	}
	switch rapid.IntRange(0, 3).Draw(t, "encoding") {
	case 0:
		x := draw()
		for i := range values {
			values[i] = x
		}
		v.Reset(1)
		setValue(v, 0, &x)
		v.SetConstant(n)
	case 1:
		dict := columnar.NewVector(c.t)
		dict.Reset(len(c.pool))
		for k := range c.pool {
			setValue(dict, k, &c.pool[k])
		}
		codes := v.SetDictionary(dict, n)
		for i := range values {
			codes[i] = int32(rapid.IntRange(-1, len(c.pool)-1).Draw(t, "code"))
			if codes[i] < 0 {
				codes[i], values[i].Null = 0, true
				v.MakeValid().Clear(i)
				continue
			}
			values[i] = c.pool[codes[i]]
		}
	default:
		v.Reset(n)
		for i := range values {
			values[i] = draw()
			setValue(v, i, &values[i])
		}
	}
	return values, v
}

// alone evaluates e for one row in a flat batch.
func alone(t *rapid.T, e *Expr, s *columnar.Schema, row []Value) (string, error) {
	b := columnar.NewBatch(s)
	b.Reset(1)
	for c := range row {
		setValue(b.Cols[c], 0, &row[c])
	}
	p, err := Compile(e, nil)
	if err != nil {
		t.Fatalf("%s compiled before: %v", e, err)
	}
	v, err := p.Eval(b)
	if err != nil {
		return "", err
	}
	return string(columnar.AppendText(nil, v, 0, time.UTC)), nil
}

func TestVectorsEqualRows(t *testing.T) {
	cols := sampleColumns()
	schema := &columnar.Schema{}
	for i, c := range cols {
		schema.Fields = append(schema.Fields, columnar.Field{Name: fmt.Sprintf("c%d", i), Type: c.t})
	}
	rapid.Check(t, func(t *rapid.T) {
		d := &drawExpr{t: t, cols: cols}
		e := d.expr(rapid.SampledFrom([]string{"number", "boolean", "boolean", "string", "time"}).Draw(t, "family"), 4)
		p, err := Compile(e, nil)
		if err != nil {
			t.Skip(err)
		}
		defer p.Close()
		// The second batch sees what the first left in the program.
		for range 2 {
			checkBatch(t, p, e, cols, schema)
		}
	})
}

func checkBatch(t *rapid.T, p *Program, e *Expr, cols []sampleColumn, schema *columnar.Schema) {
	n := rapid.IntRange(1, 9).Draw(t, "rows")
	b, rows := &columnar.Batch{Schema: schema}, make([][]Value, n)
	for _, c := range cols {
		values, v := drawVector(t, c, n)
		b.Cols = append(b.Cols, v)
		for i, x := range values {
			rows[i] = append(rows[i], x)
		}
	}
	b.SetLen(n)
	if rapid.Bool().Draw(t, "selection") {
		b.Sel = []int32{}
		for i := range n {
			if rapid.Bool().Draw(t, "selected") {
				b.Sel = append(b.Sel, int32(i))
			}
		}
	}
	want, failed := make([]string, n), error(nil)
	for k := range b.Live() {
		text, err := alone(t, e, schema, rows[b.Row(k)])
		if err != nil {
			failed = err
		}
		want[b.Row(k)] = text
	}
	v, err := p.Eval(b)
	if (err != nil) != (failed != nil) {
		t.Fatalf("%s: the batch gives error %v, its rows %v", e, err, failed)
	}
	if err != nil {
		return
	}
	isTrue := 0
	for k := range b.Live() {
		i := b.Row(k)
		if got := string(columnar.AppendText(nil, v, i, time.UTC)); got != want[i] {
			t.Fatalf("%s: row %d of %d (selection %v) is %s, alone %s", e, i, n, b.Sel, got, want[i])
		}
		if want[i] == "TRUE" {
			isTrue++
		}
	}
	if e.Type.Kind != columnar.Boolean {
		return
	}
	sel, err := p.Select(b, nil)
	if err != nil || len(sel) != isTrue {
		t.Fatalf("%s: %d rows selected, %d are true; %v", e, len(sel), isTrue, err)
	}
	for _, i := range sel {
		if want[i] != "TRUE" {
			t.Fatalf("%s: row %d is selected and %s", e, i, want[i])
		}
	}
}
