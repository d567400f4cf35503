package csv

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/anabranch/anabranch/columnar"
)

func TestDialects(t *testing.T) {
	s := schemaOf(columnar.TypeInteger, columnar.TypeString)
	for _, c := range []struct {
		name     string
		d        Dialect
		in, want string
	}{
		{"escapes", Dialect{Escape: '\\'}, "1,a\\,b\\\\\\n\n2,\"x\\\"y\"\"z\\t\\q\"\n3,\\\nline\n4,end\\", "1|a,b\\\n\n2|x\"y\"z\tq\n3|\nline\n4|end\\\n"},
		{"an escaped null", Dialect{Escape: '\\'}, "1,\\N\n", "1|N\n"},
		{"the quote as escape", Dialect{Escape: '"'}, "1,\"a\"\"b\"\n", "1|a\"b\n"},
		{"no quotes", Dialect{NoQuotes: true}, "1,\"a\n2,b\"\"\n", "1|\"a\n2|b\"\"\n"},
		{"no quotes but escapes", Dialect{NoQuotes: true, Escape: '\\'}, "1,\"a\\,\"\n", "1|\"a,\"\n"},
		{"comments", Dialect{Comments: true}, "# one, \"\n#\n1,#a\n2,\"b\n# no comment\"\n# the last", "1|#a\n2|b\n# no comment\n"},
		{"a header behind comments", Dialect{Comments: true, Header: true}, "# one\na,b\n1,x\n", "1|x\n"},
		{"no comments", Dialect{}, "1,x\n", "1|x\n"},
	} {
		for _, in := range []io.Reader{strings.NewReader(c.in), iotest.OneByteReader(strings.NewReader(c.in))} {
			got, err := readAll(NewReader(in, s, Options{Dialect: c.d}))
			if err != nil || got != c.want {
				t.Errorf("%s: got %q, %v, want %q", c.name, got, err, c.want)
			}
		}
	}
}

// TestLinesOfCommentsCount has an error behind comments and escaped line ends.
func TestLinesOfCommentsCount(t *testing.T) {
	in := "# 1\n1,a\\\nb\n# 4\n# 5\nx,6\n"
	_, err := readAll(NewReader(strings.NewReader(in), schemaOf(columnar.TypeInteger, columnar.TypeString), Options{Dialect: Dialect{Comments: true, Escape: '\\'}}))
	if err == nil || !strings.Contains(err.Error(), "line 6: ") {
		t.Errorf("error %v", err)
	}
}

func TestACommentHasAnEnd(t *testing.T) {
	in := io.MultiReader(strings.NewReader("1,a\n#"), strings.NewReader(strings.Repeat("x", 1<<20)))
	_, err := readAll(NewReader(in, schemaOf(columnar.TypeInteger, columnar.TypeString), Options{Dialect: Dialect{Comments: true}, RecordBytesMax: 1000}))
	if err == nil || !strings.Contains(err.Error(), "more than 1000 bytes") {
		t.Errorf("error %v", err)
	}
}

func TestSniffPassesCommentsOver(t *testing.T) {
	s := columnar.NewSchema(columnar.Field{Name: "k", Type: columnar.TypeInteger}, columnar.Field{Name: "s", Type: columnar.TypeString})
	d := SniffDialect([]byte("# a,b,c\n# d,e,f\nk;s\n1;a,b\\;c\n2;d,e\n"), s, Options{Dialect: Dialect{Comments: true, Escape: '\\'}})
	if want := (Dialect{Delimiter: ';', Quote: '"', Header: true, Comments: true, Escape: '\\'}); d != want {
		t.Errorf("got %+v, want %+v", d, want)
	}
}

// TestWrittenIsRead writes random texts in random dialects and reads them again.
func TestWrittenIsRead(t *testing.T) {
	s := schemaOf(columnar.TypeString, columnar.TypeString)
	pieces := rapid.SampledFrom([]string{"", "a", ",", ";", "\"", "\\", "\n", "\r", "\t", "#", "n", "NULL", "é"})
	rapid.Check(t, func(t *rapid.T) {
		d := Dialect{
			Delimiter: rapid.SampledFrom([]byte(",;\t")).Draw(t, "delimiter"),
			Quote:     rapid.SampledFrom([]byte("\"'")).Draw(t, "quote"),
			Escape:    rapid.SampledFrom([]byte{0, '\\', '"', '#'}).Draw(t, "escape"),
			Comments:  rapid.Bool().Draw(t, "comments"),
		}
		opt := Options{Dialect: d, NullText: rapid.SampledFrom([]string{"", "NULL", "\\N"}).Draw(t, "null")}
		n := rapid.IntRange(1, 5).Draw(t, "rows")
		b := columnar.NewBatch(s)
		b.Reset(n)
		for i := range n {
			for _, v := range b.Cols {
				if rapid.IntRange(0, 4).Draw(t, "null") == 0 {
					v.SetNull(i)
				} else {
					v.SetString(i, strings.Join(rapid.SliceOfN(pieces, 0, 5).Draw(t, "text"), ""))
				}
			}
		}
		var out bytes.Buffer
		w, err := NewWriter(&out, s, opt)
		if err == nil {
			err = w.Write(b)
		}
		if err != nil {
			t.Fatal(err)
		}
		r := NewReader(&out, s, opt)
		defer r.Close()
		text := out.String()
		got, err := r.Next()
		if err != nil || got.Live() != n {
			t.Fatalf("%q: %v", text, err)
		}
		for i := range n {
			for c, v := range b.Cols {
				if x := got.Cols[c]; x.IsNull(i) != v.IsNull(i) || !v.IsNull(i) && string(x.Bytes(i)) != string(v.Bytes(i)) {
					t.Fatalf("%q: row %d, column %d differs", text, i, c)
				}
			}
		}
	})
}
