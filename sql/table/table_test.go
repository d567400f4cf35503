package table

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/io/generator"
	"github.com/anabranch/anabranch/stream"
)

// collect runs a query whose rows T are compared as text, at several parallelisms.
func collect[T any](t *testing.T, query string, want []T, functions ...Function) {
	t.Helper()
	for _, p := range []int{1, 3} {
		env := NewEnv(WithParallelism(p))
		if err := env.Register(functions...); err != nil {
			t.Fatal(err)
		}
		if err := env.Exec(t.Context(), rides); err != nil {
			t.Fatal(err)
		}
		got, err := Collect[T](t.Context(), env, query)
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(got, func(a, b T) int { return strings.Compare(show(a), show(b)) })
		slices.SortFunc(want, func(a, b T) int { return strings.Compare(show(a), show(b)) })
		if !slices.EqualFunc(got, want, func(a, b T) bool { return show(a) == show(b) }) {
			t.Errorf("parallelism %d: %s\n got %v\nwant %v", p, query, shows(got), shows(want))
		}
	}
}

// show prints a value with what its pointers point to.
func show(v any) string {
	r := reflect.ValueOf(v)
	switch {
	case r.Kind() == reflect.Pointer && r.IsNil():
		return "null"
	case r.Kind() == reflect.Pointer:
		return show(r.Elem().Interface())
	case r.Kind() == reflect.Struct && r.Type() != reflect.TypeFor[time.Time]():
		var parts []string
		for i := range r.NumField() {
			parts = append(parts, show(r.Field(i).Interface()))
		}
		return "(" + strings.Join(parts, " ") + ")"
	}
	return fmt.Sprint(v)
}

func shows[T any](list []T) []string {
	var texts []string
	for _, v := range list {
		texts = append(texts, show(v))
	}
	return texts
}

const rides = `
CREATE TABLE rides (city STRING, fare BIGINT, at TIMESTAMP(3)) WITH ('connector' = 'memory');
INSERT INTO rides VALUES
	('Oslo', 10, TIMESTAMP '2026-01-01 00:00:01'), ('Rome', 7, TIMESTAMP '2026-01-01 00:00:02'),
	('Oslo', 30, TIMESTAMP '2026-01-01 00:00:03'), (NULL, 5, TIMESTAMP '2026-01-01 00:00:04'),
	('Rome', CAST(NULL AS BIGINT), TIMESTAMP '2026-01-01 00:00:05');
`

func p[T any](v T) *T { return &v }

type cityOnly struct {
	City *string `anabranch:"city"`
}

func TestScalar(t *testing.T) {
	mask := Scalar("mask", func(n int64, s string) (string, error) { return s[:n] + "***", nil })
	seen := Scalar("seen", func(fare *int64) bool { return fare != nil })
	half := Scalar("half", func(f float64) *float64 {
		if f > 20 {
			return nil
		}
		return p(f / 2)
	})
	year := Scalar("year_of", func(at time.Time) int { return at.Year() })
	collect(t, `SELECT mask(2, city) FROM rides`, []*string{p("Os***"), p("Os***"), p("Ro***"), p("Ro***"), nil}, mask)
	collect(t, `SELECT COUNT(*) FROM rides WHERE NOT seen(fare)`, []int64{1}, seen)
	collect(t, `SELECT half(fare) FROM rides WHERE fare > 6`, []*float64{p(5.0), p(3.5), nil}, half)
	collect(t, `SELECT DISTINCT year_of(at) FROM rides`, []*int64{p(int64(2026))}, year)
	collect(t, `SELECT Mask(1, 'Paris')`, []string{"P***"}, mask)
	type point struct{ X, Y int }
	norm := Scalar("norm", func(q point) int { return q.X*q.X + q.Y*q.Y })
	xy := Scalar("point", func(x, y int) point { return point{x, y} })
	add3 := Scalar3("add3", func(a int64, b *int64, c int32) (int64, error) { return a + *b + int64(c), nil })
	collect(t, `SELECT add3(1, 2, 3), Scalar1(4)`, []struct {
		A int `anabranch:"EXPR$0"`
		B int `anabranch:"EXPR$1"`
	}{{6, 5}}, add3, Scalar1("scalar1", func(n int) (int, error) { return n + 1, nil }))
	collect(t, `SELECT norm(point(fare, 4)) FROM rides WHERE fare < 10`, []*int{p(65), p(41)}, norm, xy)
}

func TestVector(t *testing.T) {
	double := Vector("twice", []columnar.Type{columnar.TypeBigInt.Required()}, columnar.TypeBigInt.Required(),
		func(args []*columnar.Vector, rows []int32, out *columnar.Vector) error {
			from, to := columnar.Values[int64](args[0]), columnar.Values[int64](out)
			for _, r := range rows {
				to[r] = 2 * from[r]
			}
			return nil
		})
	collect(t, `SELECT twice(fare) FROM rides`, []*int64{p(int64(20)), p(int64(14)), p(int64(60)), p(int64(10)), nil}, double)
	collect(t, `SELECT twice(CAST(21 AS SMALLINT))`, []int64{42}, double)
}

type longest struct {
	Text string
	Seen bool
}

// longestText is an aggregate function that cannot merge.
func longestText() Aggregate[longest, string, *string] {
	return Aggregate[longest, string, *string]{
		Name: "longest",
		Add: func(acc *longest, s string) error {
			if !acc.Seen || len(s) > len(acc.Text) {
				*acc = longest{s, true}
			}
			return nil
		},
		Result: func(acc longest) (*string, error) {
			if !acc.Seen {
				return nil, nil
			}
			return &acc.Text, nil
		},
	}
}

type weighted struct {
	Value  int64
	Weight *int64
}

type mean struct {
	Sum, Weight int64
}

// weightedMean is an aggregate function with everything.
func weightedMean() Aggregate[mean, weighted, *float64] {
	update := func(sign int64) func(*mean, weighted) error {
		return func(acc *mean, in weighted) error {
			w := int64(1)
			if in.Weight != nil {
				w = *in.Weight
			}
			acc.Sum += sign * in.Value * w
			acc.Weight += sign * w
			return nil
		}
	}
	return Aggregate[mean, weighted, *float64]{
		Name: "weighted_mean", Add: update(1), Retract: update(-1),
		Merge: func(acc *mean, o mean) error {
			acc.Sum += o.Sum
			acc.Weight += o.Weight
			return nil
		},
		Result: func(acc mean) (*float64, error) {
			if acc.Weight == 0 {
				return nil, nil
			}
			return p(float64(acc.Sum) / float64(acc.Weight)), nil
		},
	}
}

func TestAggregate(t *testing.T) {
	type row struct {
		City *string  `anabranch:"city"`
		Mean *float64 `anabranch:"m"`
	}
	for _, f := range []Function{weightedMean(), withoutMerge(weightedMean())} {
		collect(t, `SELECT city, weighted_mean(fare, CHAR_LENGTH(city)) AS m FROM rides GROUP BY city`,
			[]row{{p("Oslo"), p(20.0)}, {p("Rome"), p(7.0)}, {nil, p(5.0)}}, f)
		collect(t, `SELECT weighted_mean(fare, CAST(NULL AS BIGINT)) FROM rides`, []*float64{p(13.0)}, f)
		collect(t, `SELECT weighted_mean(fare, 1) FILTER (WHERE fare < 0) FROM rides`, []*float64{nil}, f)
	}
	collect(t, `SELECT longest(city) FROM rides`, []*string{p("Oslo")}, longestText())
	collect(t, `SELECT longest(DISTINCT city || 'x') FROM rides GROUP BY fare > 8`, []*string{p("Oslox"), p("Romex"), p("Romex")}, longestText())
}

func withoutMerge[A, In, R any](a Aggregate[A, In, R]) Aggregate[A, In, R] {
	a.Merge = nil
	return a
}

type letter struct {
	Char string `anabranch:"letter"`
	N    int    `anabranch:"n"`
}

func letters() Function {
	return Rows("letters", func(s string, emit func(letter)) error {
		for i, c := range s {
			if c != 'R' {
				emit(letter{string(c), i})
			}
		}
		return nil
	})
}

func TestRows(t *testing.T) {
	type row struct {
		City *string `anabranch:"city"`
		Char *string `anabranch:"c"`
	}
	some := []row{{p("Rome"), p("o")}, {p("Rome"), p("m")}, {p("Rome"), p("e")}}
	for _, join := range []string{", LATERAL TABLE(letters(city)) AS L(c, n)", " JOIN LATERAL TABLE(letters(city)) AS L(c, n) ON TRUE", " CROSS JOIN LATERAL TABLE(letters(city)) L(c, n)"} {
		collect(t, "SELECT city, c FROM rides"+join+" WHERE fare = 7", slices.Clone(some), letters())
		collect(t, "SELECT COUNT(*) FROM rides"+join, []int64{14}, letters())
	}
	collect(t, "SELECT city, c FROM rides JOIN LATERAL TABLE(letters(city)) AS L(c, n) ON n > 2 AND fare = 7", some[2:], letters())
	collect(t, "SELECT city, c FROM rides LEFT JOIN LATERAL TABLE(letters(city)) AS L(c, n) ON TRUE WHERE fare < 7",
		[]row{{nil, nil}}, letters())
	collect(t, "SELECT COUNT(*), COUNT(n) FROM rides LEFT JOIN LATERAL TABLE(letters(SUBSTRING(city, 1, 1))) ON TRUE",
		[]struct {
			A int `anabranch:"EXPR$0"`
			B int `anabranch:"EXPR$1"`
		}{{5, 2}}, letters())
	collect(t, "SELECT * FROM TABLE(letters('ab'))", []letter{{"a", 0}, {"b", 1}}, letters())
	many := Rows("series", func(n int64, emit func(int64)) error {
		for i := range n {
			emit(i)
		}
		return nil
	})
	collect(t, "SELECT COUNT(*), SUM(v) FROM (SELECT v FROM rides, LATERAL TABLE(series(fare * 1000)) AS S(v))",
		[]struct {
			N int  `anabranch:"EXPR$0"`
			V *int `anabranch:"EXPR$1"`
		}{{52_000, p(536_974_000)}}, many)
}

// TestForEachOfChanges reads how an endless group changes until it has seen enough.
func TestForEachOfChanges(t *testing.T) {
	env := NewEnv(WithConnectors(catalog.NewRegistry(generator.Datagen{})))
	err := env.Exec(t.Context(), `CREATE TABLE ticks (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '1000')`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Collect[int](t.Context(), env, `SELECT COUNT(*) FROM ticks`); err == nil || !strings.Contains(err.Error(), "no end") {
		t.Errorf("error %v", err)
	}
	enough := errors.New("enough")
	count, changes := 0, 0
	err = ForEach(t.Context(), env, `SELECT COUNT(*) FROM ticks`, func(c Change, n int) error {
		switch changes++; c {
		case Retract:
			if n != count {
				t.Errorf("%d is taken back, not %d", n, count)
			}
		case Insert:
			if n <= count && count > 0 {
				t.Errorf("%d comes after %d", n, count)
			}
			count = n
		}
		if count > 500 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || changes < 3 {
		t.Errorf("error %v after %d changes", err, changes)
	}
}

func TestShow(t *testing.T) {
	env := NewEnv()
	if err := env.Register(letters(), longestText()); err != nil {
		t.Fatal(err)
	}
	if err := env.Exec(t.Context(), rides); err != nil {
		t.Fatal(err)
	}
	for statement, want := range map[string]string{
		"SHOW TABLES": "[[rides]]", "SHOW USER FUNCTIONS": "[[LETTERS] [LONGEST]]",
		"EXPLAIN SELECT longest(c) FROM rides, LATERAL TABLE(letters(city)) AS T(c, i)": "Correlate(LETTERS(city))",
	} {
		rows, err := env.Show(statement)
		if err != nil || !strings.Contains(fmt.Sprint(rows), want) {
			t.Errorf("%s: %v, %v", statement, rows, err)
		}
	}
	if _, err := env.Show("SELECT 1"); err == nil {
		t.Error("a query is shown")
	}
	if err := env.Exec(t.Context(), "SELECT 1"); err == nil || !strings.Contains(err.Error(), "line 1, column 1: Exec runs no queries") {
		t.Errorf("error %v", err)
	}
	if err := env.Register(letters()); err == nil {
		t.Error("a function is registered twice")
	}
	for _, f := range []any{nil, 1, func() {}, func(...int) int { return 1 }, func(map[string]int) int { return 1 }, func(int) (int, int) { return 1, 1 }} {
		if err := env.Register(Scalar("wrong", f)); err == nil {
			t.Errorf("%T is a function", f)
		}
	}
	if err := env.Register(Vector("wrong", nil, columnar.TypeBigInt, nil)); err == nil {
		t.Error("nil is a vector function")
	}
}

var errRide = errors.New("no such ride")

// TestHoppingWindowsNeedMerge groups rows without end by windows that overlap; a batch job copies its rows.
func TestHoppingWindowsNeedMerge(t *testing.T) {
	env := NewEnv(WithConnectors(catalog.NewRegistry(generator.Datagen{})))
	if err := env.Register(withoutMerge(weightedMean())); err != nil {
		t.Fatal(err)
	}
	if err := env.Exec(t.Context(), "CREATE TABLE e (v BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'datagen')"); err != nil {
		t.Fatal(err)
	}
	_, err := Collect[float64](t.Context(), env, "SELECT weighted_mean(v, v) FROM TABLE(HOP(TABLE e, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND)) GROUP BY window_start, window_end")
	if err == nil || !strings.Contains(err.Error(), "WEIGHTED_MEAN has no Merge, which hopping windows need") {
		t.Errorf("%v", err)
	}
	collect(t, "SELECT COUNT(*) FROM (SELECT weighted_mean(fare, 1) FROM TABLE(HOP(TABLE rides, DESCRIPTOR(at), INTERVAL '1' SECOND, INTERVAL '2' SECOND)) GROUP BY window_start, window_end)", []int64{6}, withoutMerge(weightedMean()))
}

func TestUnsignedTypesHaveTheirValuesOnly(t *testing.T) {
	same := func(name string) Function {
		return Scalar1(name, func(n uint8) (uint8, error) { return n, nil })
	}
	sum := Aggregate[int64, uint8, int64]{
		Name: "sum8", Add: func(acc *int64, in uint8) error { *acc += int64(in); return nil },
		Result: func(acc int64) (int64, error) { return acc, nil },
	}
	times := Rows("times", func(n uint8, emit func(uint8)) error { emit(n); return nil })
	for _, query := range []string{
		"SELECT CAST(n AS SMALLINT) FROM (VALUES (255), (%d)) AS t(n)",
		"SELECT same(CAST(n AS SMALLINT)) FROM (VALUES (255), (%d)) AS t(n)",
		"SELECT CAST(sum8(CAST(n AS SMALLINT)) AS SMALLINT) FROM (VALUES (255), (%d)) AS t(n) GROUP BY n",
		"SELECT o.x FROM (VALUES (255), (%d)) AS t(n), LATERAL TABLE(times(CAST(n AS SMALLINT))) AS o(x)",
	} {
		env := NewEnv()
		if err := env.Register(same("same"), sum, times); err != nil {
			t.Fatal(err)
		}
		if rows, err := Collect[uint8](t.Context(), env, fmt.Sprintf(query, 0)); err != nil || len(rows) != 2 || rows[0]|rows[1] != 255 {
			t.Errorf("%s: %v, %v", query, rows, err)
		}
		for _, n := range []int{256, -1} {
			rows, err := Collect[uint8](t.Context(), env, fmt.Sprintf(query, n))
			if want := fmt.Sprintf("%d is no value of the Go type uint8", n); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, %v, want %q", query, rows, err, want)
			}
		}
	}
	jobs := stream.NewEnv()
	s, err := ToStream[uint8](NewEnv(), jobs, "SELECT CAST(n AS SMALLINT) FROM (VALUES (256)) AS t(n)")
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := stream.Collect(t.Context(), s); err == nil || !strings.Contains(err.Error(), "256 is no value") {
		t.Errorf("%v, %v", rows, err)
	}
}

func TestFailures(t *testing.T) {
	fails := Scalar("fails", func(int64) (bool, error) { return false, errRide })
	panics := Scalar("panics", func(int64) bool { panic("oh no") })
	for _, c := range []struct {
		query string
		wants []string
	}{
		{"SELECT city,\n fails(fare) FROM rides", []string{"line 2, column 2", "function FAILS", errRide.Error(), "Project"}},
		{"SELECT city FROM rides WHERE panics(fare)", []string{"line 1, column 30", "function PANICS", "panic: oh no", "Filter"}},
	} {
		env := NewEnv()
		if err := env.Register(fails, panics); err != nil {
			t.Fatal(err)
		}
		if err := env.Exec(t.Context(), rides); err != nil {
			t.Fatal(err)
		}
		_, err := Collect[cityOnly](t.Context(), env, c.query)
		for _, want := range c.wants {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", c.query, err, want)
			}
		}
	}
	env := NewEnv()
	if err := env.Register(Scalar("panics", func(int64) bool { panic(errRide) })); err != nil {
		t.Fatal(err)
	}
	if _, err := Collect[bool](t.Context(), env, "SELECT panics(1)"); !errors.Is(err, errRide) || !strings.Contains(err.Error(), "panic: "+errRide.Error()) {
		t.Errorf("%v, want a panic with %q", err, errRide)
	}
	collect(t, "SELECT COUNT(*) FROM rides WHERE fare < 0 AND fails(fare)", []int64{0}, fails)
}
