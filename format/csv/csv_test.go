package csv

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/format/text"
)

func readAll(r *Reader) (string, error) {
	var out strings.Builder
	for {
		b, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out.String(), nil
		}
		if err != nil {
			return out.String(), err
		}
		for k := range b.Live() {
			for c, v := range b.Cols {
				if c > 0 {
					out.WriteByte('|')
				}
				if v.IsNull(b.Row(k)) {
					out.WriteString("NULL")
				} else {
					out.Write(text.Append(nil, v, b.Row(k)))
				}
			}
			out.WriteByte('\n')
		}
	}
}

func schemaOf(types ...columnar.Type) *columnar.Schema {
	s := &columnar.Schema{}
	for i, t := range types {
		s.Fields = append(s.Fields, columnar.Field{Name: string(rune('a' + i)), Type: t})
	}
	return s
}

func TestRead(t *testing.T) {
	s := schemaOf(columnar.TypeBigInt, columnar.TypeString, columnar.DecimalOf(5, 2))
	for _, c := range []struct{ name, in, want, err string }{
		{"plain", "1,x,2.5\n2,y,3\n", "1|x|2.50\n2|y|3.00\n", ""},
		{"no last line end", "1,x,2.5", "1|x|2.50\n", ""},
		{"crlf", "1,x,2.5\r\n2,\"y\",3\r\n", "1|x|2.50\n2|y|3.00\n", ""},
		{"quotes", "1,\"a,\"\"b\"\"\nc\",1\n", "1|a,\"b\"\nc|1.00\n", ""},
		{"nulls", ",,\n1,\"\",\n", "NULL|NULL|NULL\n1||NULL\n", ""},
		{"blank line", "1,x,1\n\n2,y,2\n", "1|x|1.00\n2|y|2.00\n", ""},
		{"too few", "1,x,1\n1,x\n", "", "csv: f: line 2: 2 fields where 3 were wanted"},
		{"bad value", "1,\"p\nq\",1\nz,x,1\n", "", `csv: f: line 3: column "a": "z" is not BIGINT`},
		{"open quote", "1,\"x,1\n", "", "csv: f: line 1: a quote is not closed or followed by text"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, in := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in))} {
				got, err := readAll(NewReader(in, s, Options{Name: "f"}))
				if c.err == "" && err != nil || c.err != "" && (err == nil || err.Error() != c.err) {
					t.Fatalf("error %v, want %q", err, c.err)
				}
				if err == nil && got != c.want {
					t.Errorf("got %q, want %q", got, c.want)
				}
			}
		})
	}
}

func TestSkip(t *testing.T) {
	in := "a,b\n1,x\nz,x\n2\n3,\"q\"r\n4,y\n"
	r := NewReader(strings.NewReader(in), schemaOf(columnar.TypeBigInt, columnar.TypeString),
		Options{Dialect: Dialect{Header: true}, OnError: Skip})
	got, err := readAll(r)
	if err != nil || got != "1|x\n4|y\n" || r.Skipped() != 3 {
		t.Errorf("%q, %d skipped, %v", got, r.Skipped(), err)
	}
}

func TestHeaderInAnotherOrderIsRefused(t *testing.T) {
	schema := schemaOf(columnar.TypeBigInt, columnar.TypeBigInt)
	for in, want := range map[string]string{
		"a,b\n1,2\n": "",
		"x,y\n1,2\n": "", // the names of a declared table are its own
		"b,a\n1,2\n": `csv: f: the header has column "a" at place 2 where the table has it at 1; give all files the same columns in the same order`,
	} {
		_, err := readAll(NewReader(strings.NewReader(in), schema, Options{Name: "f", Dialect: Dialect{Header: true}}))
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%q: %v, want %q", in, err, want)
		}
	}
}

func TestSniff(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"id,name,at\n1,x,2020-01-01\n2,y,2020-01-02\n", `',' true (id BIGINT, name STRING, at DATE)`},
		{"1;1.5;true\n2;2;false\n", `';' false (column0 BIGINT, column1 DOUBLE, column2 BOOLEAN)`},
		{"t|v\n2020-01-01 00:00:00|\"a|b\"\n", `'|' true (t TIMESTAMP(6), v STRING)`},
		{"a\tb\nx\ty\n", `'\t' true (a STRING, b STRING)`},
		{"just one\n", `',' false (column0 STRING)`},
		{"", `',' false ()`},
	} {
		d, s := Sniff([]byte(c.in))
		if got := fmt.Sprintf("%q %t %s", d.Delimiter, d.Header, s); got != c.want {
			t.Errorf("%q: got %s, want %s", c.in, got, c.want)
		}
	}
}

func TestSniffDialectOfKnownColumns(t *testing.T) {
	text, number, clock := columnar.TypeString, columnar.TypeInteger, columnar.Type{Kind: columnar.Time}
	for _, c := range []struct {
		in    string
		types []columnar.Type
		want  string
	}{
		{"x,y\nu,v\n", []columnar.Type{text, text}, "',' false"}, // looks like a header, but is a row
		{"ann\nbob\n", []columnar.Type{text}, "',' false"},
		{"x,10:11:12\ny,11:00:00\n", []columnar.Type{text, clock}, "',' false"},
		{"a,b\nu,v\n", []columnar.Type{text, text}, "',' true"},
		{"A,B\n", []columnar.Type{text, text}, "',' true"},
		{"a,b\na,b\n", []columnar.Type{text, text}, "',' true"},
		{"b,a\nu,v\n", []columnar.Type{text, text}, "',' true"}, // to be refused
		{"name,age\nu,1\n", []columnar.Type{text, number}, "',' true"},
		{"x;y,z;w\nu;v,w\n", []columnar.Type{text, text}, "',' false"},
		{"x;y\nu;v\n", []columnar.Type{text, text}, "';' false"},
		{"x|1|2\ny|3|4\n", []columnar.Type{text, number}, "'|' false"}, // a field too many
		{"", []columnar.Type{text}, "',' false"},
	} {
		d := SniffDialect([]byte(c.in), schemaOf(c.types...), Options{})
		if got := fmt.Sprintf("%q %t", d.Delimiter, d.Header); got != c.want {
			t.Errorf("%q: got %s, want %s", c.in, got, c.want)
		}
	}
	if d := SniffDialect([]byte("'a;b';c\n"), schemaOf(text, text), Options{Dialect: Dialect{Quote: '\''}}); d.Delimiter != ';' || d.Quote != '\'' {
		t.Errorf("the quotes are lost: %+v", d)
	}
}

func TestRoundTrip(t *testing.T) {
	in := "k,s\n1,\"a,b\"\n2,\"\"\n,\"say \"\"hi\"\"\"\n4,\n"
	s := columnar.NewSchema(
		columnar.Field{Name: "k", Type: columnar.TypeInteger}, columnar.Field{Name: "s", Type: columnar.TypeString})
	opt := Options{Dialect: Dialect{Header: true}}
	r := NewReader(strings.NewReader(in), s, opt)
	var out bytes.Buffer
	w, err := NewWriter(&out, s, opt)
	if err != nil {
		t.Fatal(err)
	}
	b, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(b); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	if out.String() != in {
		t.Errorf("got %q, want %q", out.String(), in)
	}
}

// tellsBad verifies that every row that is dropped is told, in the order of lines, whatever the size of
// batches, and that the rest of the rows are there.
func tellsBad(t *testing.T, in []byte) {
	t.Helper()
	s := schemaOf(columnar.TypeBigInt, columnar.TypeString)
	var first []string
	for _, size := range []int{1, 3, 1000} {
		var told []string
		last := int64(0)
		r := NewReader(bytes.NewReader(in), s, Options{OnError: Skip, BatchRows: size, OnBad: func(line int64, record []byte, why string) error {
			if line <= last || why == "" || !bytes.Contains(in, record) {
				t.Errorf("%q: line %d after %d: %q, %q", in, line, last, record, why)
			}
			last = line
			told = append(told, fmt.Sprint(line, why))
			return nil
		}})
		for {
			b, err := r.Next()
			if err != nil {
				break
			}
			if line := r.Line(); line < last {
				t.Errorf("%q: read up to line %d, told %d", in, line, last)
			}
			if b.Sel == nil && b.Live() != b.Len() || b.Live() > size {
				t.Errorf("%q: %d rows", in, b.Live())
			}
		}
		if int64(len(told)) != r.Skipped() {
			t.Errorf("%q: %d told of %d", in, len(told), r.Skipped())
		}
		if size == 1 {
			first = told
		} else if !slices.Equal(first, told) {
			t.Errorf("%q: batches of %d tell %q, not %q", in, size, told, first)
		}
		r.Close()
	}
}

func TestBadRowsAreTold(t *testing.T) {
	tellsBad(t, []byte("x,a\n1,b\n2\n3,c\ny,d\n\"4\n5\",e\n6,f\n\"7,g"))
}

func TestABatchOfBadRowsHasNone(t *testing.T) {
	r := NewReader(strings.NewReader("x\ny\n"), schemaOf(columnar.TypeBigInt), Options{OnError: Skip})
	defer r.Close()
	if b, err := r.Next(); err != nil || b.Live() != 0 {
		t.Errorf("%v: %v", b, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("1,x\n\"2\",\"a\"\"b\"\n"))
	f.Add([]byte("\"\r\n,"))
	f.Add([]byte("# c\n1,\\\"\\\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		s := schemaOf(columnar.TypeString, columnar.TypeString)
		for _, d := range []Dialect{{}, {Escape: '\\', Comments: true}, {NoQuotes: true, Escape: 'e'}} {
			opt := Options{Dialect: d, OnError: Skip}
			one, err1 := readAll(NewReader(bytes.NewReader(in), s, opt))
			two, err2 := readAll(NewReader(iotest.OneByteReader(bytes.NewReader(in)), s, opt))
			if one != two || (err1 == nil) != (err2 == nil) {
				t.Errorf("%+v: whole %q %v, byte by byte %q %v", d, one, err1, two, err2)
			}
		}
		tellsBad(t, in)
		Sniff(in)
	})
}

func BenchmarkRead(b *testing.B) {
	var in []byte
	for i := range 100000 {
		in = fmt.Appendf(in, "%d,%d,%d.%02d,N,O,1996-03-%02d,DELIVER IN PERSON,some comment of the line %d\n", i, i*7, i, i%100, i%28+1, i)
	}
	s := schemaOf(columnar.TypeBigInt, columnar.TypeBigInt, columnar.DecimalOf(15, 2), columnar.TypeString,
		columnar.TypeString, columnar.TypeDate, columnar.TypeString, columnar.TypeString)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	rows := 0
	for b.Loop() {
		r := NewReader(bytes.NewReader(in), s, Options{})
		for {
			batch, err := r.Next()
			if err != nil {
				break
			}
			rows += batch.Len()
		}
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
