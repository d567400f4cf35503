package expr

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/anabranch/anabranch/columnar"
)

// sample is a batch of two BIGINT columns, a DOUBLE, a STRING, a DECIMAL and a TIMESTAMP.
func sample() *columnar.Batch {
	b := columnar.NewBatch(columnar.NewSchema(
		columnar.Field{Name: "a", Type: columnar.TypeBigInt},
		columnar.Field{Name: "b", Type: columnar.TypeBigInt},
		columnar.Field{Name: "d", Type: columnar.TypeDouble},
		columnar.Field{Name: "s", Type: columnar.TypeString},
		columnar.Field{Name: "m", Type: columnar.DecimalOf(15, 2)},
		columnar.Field{Name: "t", Type: columnar.TimestampOf(3)},
	))
	b.Reset(4)
	copy(columnar.Values[int64](b.Cols[0]), []int64{1, 7, -3, 0})
	copy(columnar.Values[int64](b.Cols[1]), []int64{2, 0, 5, 0})
	copy(columnar.Values[float64](b.Cols[2]), []float64{0.5, -1, 2, 0})
	for i, s := range []string{"apple", "a string longer than twelve", "", "Ünïcode"} {
		b.Cols[3].SetString(i, s)
	}
	copy(columnar.Values[int64](b.Cols[4]), []int64{100, 12345, -50, 9_999_999_999_999})
	copy(columnar.Values[int64](b.Cols[5]), []int64{0, 1_700_000_000_123, -1, 951_782_400_000})
	b.Cols[1].SetNull(3)
	return b
}

func cols() (a, b, d, s, m, t *Expr) {
	c := sample()
	col := func(i int) *Expr { return Col(i, c.Schema.Fields[i].Name, c.Schema.Fields[i].Type) }
	return col(0), col(1), col(2), col(3), col(4), col(5)
}

func call(t *testing.T, name string, args ...*Expr) *Expr {
	t.Helper()
	e, err := NewCall(name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// show evaluates e, after a round trip through its encoding, on all rows of the sample; then
// again with a selection, which must give the same values.
func show(t *testing.T, e *Expr) string {
	t.Helper()
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var back Expr
	if err := json.Unmarshal(text, &back); err != nil || !back.Equal(e) {
		t.Fatalf("%s does not survive encoding: %v", e, err)
	}
	p, err := Compile(&back, &Env{Now: func() int64 { return 0 }})
	if err != nil {
		t.Fatal(err)
	}
	b := sample()
	v, err := p.Eval(b)
	if err != nil {
		return "error: " + err.Error()
	}
	var out []string
	for i := range b.Len() {
		out = append(out, string(columnar.AppendText(nil, v, i, time.UTC)))
	}
	for i := range b.Len() {
		v, err := p.Eval(b.WithSel([]int32{int32(i)}))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(columnar.AppendText(nil, v, i, time.UTC)); got != out[i] {
			t.Errorf("%s: row %d alone is %s, among others %s", e, i, got, out[i])
		}
	}
	return strings.Join(out, " | ")
}

func TestExpressions(t *testing.T) {
	a, b, d, s, m, ts := cols()
	integer := columnar.TypeInteger
	one, ten := Int(1, integer), Int(10, integer)
	for _, c := range []struct {
		e    *Expr
		want string
	}{
		{call(t, "+", a, b), "3 | 7 | 2 | NULL"},
		{call(t, "*", a, ten), "10 | 70 | -30 | 0"},
		{call(t, "/", b, Int(2, integer)), "1 | 0 | 2 | NULL"},
		{call(t, "/", a, b), "error: division by zero: 7 / 0 in (a / b)"},
		{call(t, "<", a, b), "TRUE | FALSE | TRUE | NULL"},
		{call(t, "NOT", call(t, "<", a, b)), "FALSE | TRUE | FALSE | NULL"},
		{call(t, "AND", call(t, "<>", b, Int(0, integer)), call(t, ">", call(t, "/", a, b), Int(-1, integer))), "TRUE | FALSE | TRUE | NULL"},
		{call(t, "AND", call(t, ">", call(t, "/", a, b), Int(-1, integer)), call(t, "<>", b, Int(0, integer))), "TRUE | FALSE | TRUE | NULL"},
		{call(t, "OR", call(t, "IS NULL", b), call(t, "=", a, one)), "TRUE | FALSE | FALSE | TRUE"},
		{call(t, "COALESCE", b, a), "2 | 0 | 5 | 0"},
		{call(t, "+", a, d), "1.5 | 6.0 | -1.0 | 0.0"},
		{call(t, "*", m, call(t, "-", one, m)), "0.0000 | -15116.4525 | -0.7500 | -9999999999898000000000.0101"},
		{call(t, "/", m, ten), "0.1000000000000 | 12.3450000000000 | -0.0500000000000 | 9999999999.9990000000000"},
		{call(t, "=", s, String("apple")), "TRUE | FALSE | FALSE | FALSE"},
		{call(t, "LIKE", s, String("%ng%th_n%")), "FALSE | TRUE | FALSE | FALSE"},
		{call(t, "UPPER", s), "APPLE | A STRING LONGER THAN TWELVE |  | ÜNÏCODE"},
		{call(t, "SUBSTRING", s, Int(2, integer), Int(3, integer)), "ppl |  st |  | nïc"},
		{call(t, "EXTRACT", String("YEAR"), ts), "1970 | 2023 | 1969 | 2000"},
		{call(t, "DATE_FORMAT", ts, String("yyyy-MM-dd HH:mm:ss.SSS")), "1970-01-01 00:00:00.000 | 2023-11-14 22:13:20.123 | 1969-12-31 23:59:59.999 | 2000-02-29 00:00:00.000"},
		{call(t, "+", ts, Int(1, columnar.Type{Kind: columnar.IntervalMonth})), "1970-02-01 00:00:00.000 | 2023-12-14 22:13:20.123 | 1970-01-31 23:59:59.999 | 2000-03-29 00:00:00.000"},
		{call(t, "IN", a, one, Int(7, integer)), "TRUE | TRUE | FALSE | FALSE"},
		{call(t, "GREATEST", a, b), "2 | 7 | 5 | NULL"},
		{call(t, "FLOOR", ts, String("DAY")), "1970-01-01 00:00:00.000 | 2023-11-14 00:00:00.000 | 1969-12-31 00:00:00.000 | 2000-02-29 00:00:00.000"},
		{call(t, "TRIM", s, String("BOTH"), String("ae")), "ppl |  string longer than twelv |  | Ünïcod"},
		{call(t, "ROUND", m, one), "1.0 | 123.5 | -0.5 | 100000000000.0"},
	} {
		if got := show(t, c.e); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.e, got, c.want)
		}
	}
}

func TestCasts(t *testing.T) {
	a, _, d, s, m, ts := cols()
	for _, c := range []struct {
		e    *Expr
		to   columnar.Type
		try  bool
		want string
	}{
		{a, columnar.TypeTinyInt, false, "1 | 7 | -3 | 0"},
		{d, columnar.TypeBigInt, false, "0 | -1 | 2 | 0"},
		{m, columnar.TypeInteger, true, "1 | 123 | 0 | NULL"},
		{m, columnar.DecimalOf(20, 4), false, "1.0000 | 123.4500 | -0.5000 | 99999999999.9900"},
		{s, columnar.TypeInteger, true, "NULL | NULL | NULL | NULL"},
		{s, columnar.TypeInteger, false, `error: "apple" is not a value of type INT in CAST(s AS INT)`},
		{a, columnar.TypeString, false, "1 | 7 | -3 | 0"},
		{ts, columnar.TypeDate, false, "1970-01-01 | 2023-11-14 | 1969-12-31 | 2000-02-29"},
		{String("12.345"), columnar.DecimalOf(5, 2), false, "12.35 | 12.35 | 12.35 | 12.35"},
		{String("2024-02-30"), columnar.TypeDate, true, "NULL | NULL | NULL | NULL"},
		{s, columnar.Type{Kind: columnar.Varchar, Precision: 3}, false, "app | a s |  | Ünï"},
	} {
		e, err := NewCast(c.e, c.to, c.try)
		if err != nil {
			t.Fatal(err)
		}
		if got := show(t, e); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", e, got, c.want)
		}
	}
}

func TestCallErrors(t *testing.T) {
	a, _, _, s, _, _ := cols()
	for want, f := range map[string]func() (*Expr, error){
		"unknown function UPER; did you mean UPPER?": func() (*Expr, error) { return NewCall("uper", s) },
		"UPPER takes 1 argument, got 2":              func() (*Expr, error) { return NewCall("UPPER", s, s) },
		"=: BIGINT and STRING cannot be compared; cast one of them": func() (*Expr, error) {
			return NewCall("=", a, s)
		},
		"+: no such operation on BIGINT and STRING": func() (*Expr, error) { return NewCall("+", a, s) },
	} {
		if _, err := f(); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func BenchmarkSelect(b *testing.B) {
	const n = columnar.BatchRows
	batch := columnar.NewBatch(columnar.NewSchema(columnar.Field{Name: "a", Type: columnar.TypeInteger}))
	batch.Reset(n)
	for i := range n {
		columnar.Values[int32](batch.Cols[0])[i] = int32(i * 7919 % 1000)
	}
	e, err := NewCall("<=", Col(0, "a", columnar.TypeInteger), Int(500, columnar.TypeInteger))
	if err != nil {
		b.Fatal(err)
	}
	p, err := Compile(e, nil)
	if err != nil {
		b.Fatal(err)
	}
	var sel []int32
	b.ReportAllocs()
	for b.Loop() {
		if sel, err = p.Select(batch, sel); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}

func TestAliasIsNamedAfterItsFunction(t *testing.T) {
	double := Float(7.5, columnar.TypeDouble)
	e, err := NewCall("mod", double, Float(2, columnar.TypeDouble))
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := Fold(e, nil).ConstantFloat(); !ok || v != 1.5 {
		t.Errorf("%s is %v", e, v)
	}
	e, err = NewCall("IS NOT NULL", Col(0, "a", columnar.TypeInteger))
	if err != nil {
		t.Fatal(err)
	}
	if got := e.String(); got != "a IS NOT NULL" {
		t.Errorf("got %s", got)
	}
}
