package render

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/sql/ast"
)

// sample is a batch of three rows, the last all null, of every type that has a form of its own.
func sample() *columnar.Batch {
	row := columnar.RowOf(columnar.Field{Name: "x", Type: columnar.TypeInteger}, columnar.Field{Name: "y", Type: columnar.TypeString})
	pair := columnar.Type{Kind: columnar.Map, Fields: []columnar.Field{{Name: "key", Type: columnar.TypeString}, {Name: "value", Type: columnar.TypeBigInt}}}
	types := []columnar.Type{
		columnar.TypeBoolean, columnar.TypeInteger, columnar.TypeBigInt, columnar.TypeDouble, columnar.DecimalOf(10, 2), columnar.TypeString,
		columnar.TypeBytes, columnar.TypeDate, columnar.TimestampOf(3), columnar.TimestampLTZOf(0), row, columnar.ArrayOf(columnar.TypeInteger), pair,
	}
	s := &columnar.Schema{}
	for i, t := range types {
		s.Fields = append(s.Fields, columnar.Field{Name: fmt.Sprintf("c%d", i), Type: t})
	}
	b := columnar.NewBatch(s)
	c := b.Cols
	for i := range types[:10] {
		c[i].Reset(3)
	}
	for i := range 2 {
		c[0].Bits().SetTo(i, i == 1)
		columnar.Values[int32](c[1])[i] = int32(7 - 8*i)
		columnar.Values[int64](c[2])[i] = math.MaxInt64 * int64(1-2*i)
		columnar.Values[float64](c[3])[i] = []float64{1.5, math.Inf(-1)}[i]
		columnar.Values[int64](c[4])[i] = int64(12345 - 12350*i)
		c[5].SetString(i, []string{"plain", "a \"b\"\n\x1b[31m日本"}[i])
		c[6].SetBytes(i, []byte{0, 0xff, byte(i)})
		columnar.Values[int32](c[7])[i] = int32(20000 * i)
		columnar.Values[int64](c[8])[i] = int64(1e12+5) * int64(i)
		columnar.Values[int64](c[9])[i] = int64(1e12) * int64(i)
	}
	c[10].Reset(3)
	c[11].Reset(0)
	c[12].Reset(0)
	for i := range 2 {
		columnar.Values[int32](c[10].Children[0])[i] = int32(i)
		c[10].Children[1].SetString(i, "y")
	}
	lists(c[11], 2, 0)
	lists(c[12], 1, 0)
	for _, v := range c {
		for v.Len() < 3 {
			v.AppendNull()
		}
		v.SetNull(2)
	}
	b.SetLen(3)
	return b
}

// lists appends arrays or maps of the given sizes.
func lists(v *columnar.Vector, sizes ...int) {
	for _, n := range sizes {
		for k := range n {
			if v.Type.Kind == columnar.Map {
				columnar.Grow[columnar.View](v.Children[0], 1)
				v.Children[0].SetString(v.Children[0].Len()-1, "k")
				columnar.Grow[int64](v.Children[1], 1)[0] = int64(k)
			} else {
				columnar.Grow[int32](v.Children[0], 1)[0] = int32(k)
			}
		}
		base := v.Len()
		v.AppendNull()
		v.Valid.SetTo(base, true)
		v.Offsets()[base+1] = v.Offsets()[base] + int32(n)
	}
}

func write(t *testing.T, w Writer, batches ...*columnar.Batch) {
	t.Helper()
	if err := w.Begin(batches[0].Schema); err != nil {
		t.Fatal(err)
	}
	for _, b := range batches {
		if err := w.Rows(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.End(); err != nil {
		t.Fatal(err)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if flag.Lookup("rewrite").Value.String() == "true" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

func TestMain(m *testing.M) {
	flag.Bool("rewrite", false, "rewrite expected results")
	flag.Parse()
	os.Exit(m.Run())
}

func TestTable(t *testing.T) {
	var out bytes.Buffer
	for _, width := range []int{0, 6} {
		w, err := New(&out, Options{WidthMax: width})
		if err != nil {
			t.Fatal(err)
		}
		write(t, w, sample())
	}
	w, _ := New(&out, Options{})
	write(t, w, Strings([]string{"plan"}, [][]string{{"Scan\n  Filter\n"}}))
	write(t, w, Strings([]string{"a", "b"}, nil))
	golden(t, "table.txt", out.String())
}

// TestTableFlows verifies that a long result is the same text however it is cut into batches.
func TestTableFlows(t *testing.T) {
	rows := make([][]string, sampleRows+10)
	for i := range rows {
		rows[i] = []string{strings.Repeat("x", i%7), fmt.Sprint(i)}
	}
	columns := []string{"a", "b"}
	var whole, cut bytes.Buffer
	w, _ := New(&whole, Options{})
	write(t, w, Strings(columns, rows))
	w, _ = New(&cut, Options{})
	write(t, w, Strings(columns, rows[:3]), Strings(columns, rows[3:sampleRows+1]), Strings(columns, rows[sampleRows+1:]))
	if whole.String() != cut.String() {
		t.Error("the text depends on the batches")
	}
	if n := strings.Count(whole.String(), "\n"); n != len(rows)+3 {
		t.Errorf("%d lines for %d rows", n, len(rows))
	}
}

func TestProtocol(t *testing.T) {
	var out bytes.Buffer
	p := NewProtocol(&out)
	located := ast.Errorf(ast.Pos{Line: 2, Column: 5, Offset: 9}, ast.ClassSemantic, "unknown column c in 'db.password' = 'hunter2'")
	for _, failure := range []error{nil, located, context.Canceled, errors.New("disk full")} {
		if err := p.Statement(); err != nil {
			t.Fatal(err)
		}
		if failure == nil {
			write(t, p, sample())
		}
		if err := p.Finish(failure); err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "protocol.jsonl", out.String())
}

func TestCollapse(t *testing.T) {
	b := Strings([]string{"a"}, [][]string{{"x"}, {"y"}, {"x"}, {"x"}, {"NULL"}, {"z"}})
	b.Cols[0].SetNull(4)
	b.Kinds = []columnar.RowKind{columnar.Insert, columnar.Insert, columnar.Retract, columnar.Insert, columnar.Insert, columnar.Retract}
	next := Strings([]string{"a"}, [][]string{{"y"}, {"z"}, {"NULL"}})
	next.Kinds = []columnar.RowKind{columnar.Retract, columnar.Insert, columnar.Insert}
	var out bytes.Buffer
	w, _ := New(&out, Options{Format: "csv"})
	write(t, NewCollapse(w), b, next)
	if want := "a\nx\n\nNULL\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

// TestFilesTakeEveryType verifies that what a format has no form for is written as text.
func TestFilesTakeEveryType(t *testing.T) {
	var out bytes.Buffer
	for _, format := range []string{"csv", "json", "arrow", "parquet"} {
		b := sample()
		nothing := columnar.NewVector(columnar.TypeNull)
		nothing.NullConstant(3)
		months := columnar.NewVector(columnar.Type{Kind: columnar.IntervalMonth})
		months.Reset(3)
		copy(columnar.Values[int32](months), []int32{14, -1, 0})
		b.Schema.Fields = append(b.Schema.Fields, columnar.Field{Name: "nothing", Type: nothing.Type}, columnar.Field{Name: "months", Type: months.Type})
		b.Cols = append(b.Cols, nothing, months)
		w, err := New(&out, Options{Format: format})
		if err != nil {
			t.Fatal(err)
		}
		out.Reset()
		write(t, w, b.WithSel([]int32{0, 1, 2}))
		switch format {
		case "csv":
			if !strings.Contains(out.String(), `,"(0, y)","[0, 1]",{k=0},,+1-02`) {
				t.Errorf("CSV: %s", &out)
			}
		case "json":
			golden(t, "rows.json", out.String())
		}
	}
	if !bytes.HasPrefix(out.Bytes(), []byte("PAR1")) {
		t.Error("this is no Parquet file")
	}
}

func TestLive(t *testing.T) {
	b := Strings([]string{"a", "b"}, [][]string{{"x", "1"}, {"y", "1"}, {"z", "1"}, {"x", "2"}, {"u", "1"}})
	b.Kinds = []columnar.RowKind{columnar.Retract, columnar.Retract, columnar.Insert, columnar.Insert, columnar.Insert}
	b.Sel = []int32{0, 1, 2, 3}
	var out bytes.Buffer
	w, _ := New(&out, Options{})
	l := Live{Writer: w, Changelog: true, Key: []int{0}, Keyed: true}
	if err := errors.Join(l.Begin(b.Schema), l.Rows(b)); err != nil {
		t.Fatal(err)
	}
	if want := " op | a | b\n----+---+---\n -U | x | 1\n -D | y | 1\n +I | z | 1\n +U | x | 2\n"; out.String() != want {
		t.Errorf("before the end: got %q, want %q", out.String(), want)
	}
}

// Without a key the kinds are shown as they come.
func TestLiveWithoutKey(t *testing.T) {
	b := Strings([]string{"a"}, [][]string{{"x"}, {"y"}, {"z"}, {"u"}})
	b.Kinds = []columnar.RowKind{columnar.UpdateBefore, columnar.Retract, columnar.Insert, columnar.UpdateAfter}
	var out bytes.Buffer
	w, _ := New(&out, Options{Format: "csv"})
	l := Live{Writer: w, Changelog: true}
	if err := errors.Join(l.Begin(b.Schema), l.Rows(b), l.End()); err != nil {
		t.Fatal(err)
	}
	if want := "op,a\n-U,x\n-D,y\n+I,z\n+U,u\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestParquetHoldsOneResult(t *testing.T) {
	var out bytes.Buffer
	w, _ := New(&out, Options{Format: "parquet"})
	b := Strings([]string{"a"}, [][]string{{"x"}})
	write(t, w, b)
	if err := w.Begin(b.Schema); err == nil {
		t.Error("a second result was begun")
	}
	if !bytes.HasPrefix(out.Bytes(), []byte("PAR1")) {
		t.Error("this is no Parquet file")
	}
}

func TestMask(t *testing.T) {
	for text, want := range map[string]string{
		"'user' = 'joe', 'db.Password'='it''s', 'x' = 'y'":                 "'user' = 'joe', 'db.Password'='****', 'x' = 'y'",
		"'properties.sasl.jaas.config' = 'a b'":                            "'properties.sasl.jaas.config' = '****'",
		"'properties.ssl.keystore.key' = '-----BEGIN\nPRIVATE', 'x' = 'y'": "'properties.ssl.keystore.key' = '****', 'x' = 'y'",
		"SELECT token FROM t WHERE a = 'b'":                                "SELECT token FROM t WHERE a = 'b'",
		`{"db.password": "a\"b", "x":"y"}`:                                 `{"db.password": "****", "x":"y"}`,
		"'auth.token' = 'open":                                             "'auth.token' = '****'",
		"SELECT 'connector' = 'x', 'client.secret'  =  'abc' ; ":           "SELECT 'connector' = 'x', 'client.secret'  =  '****' ; ",
	} {
		if got := Mask(text); got != want {
			t.Errorf("Mask(%q) = %q, want %q", text, got, want)
		}
	}
	rows := [][]string{{"s3.secret", "abc"}, {"parallelism", "2"}}
	MaskRows(rows)
	if rows[0][1] != masked || rows[1][1] != "2" {
		t.Errorf("rows %v", rows)
	}
}
