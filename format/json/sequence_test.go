package json

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/columnar"
)

// sequenceSchema has the names that objects of FuzzSequence are likely to have, at three levels.
func sequenceSchema() *columnar.Schema {
	inner := columnar.RowOf(f("a", columnar.TypeBigInt), f("s", columnar.TypeString))
	mapped := columnar.Type{Kind: columnar.Map, Fields: []columnar.Field{
		f("key", columnar.TypeString.Required()), f("value", inner),
	}}
	return columnar.NewSchema(
		f("a", columnar.TypeBigInt), f("s", columnar.TypeString), f("a name of more than sixteen bytes", columnar.TypeBigInt),
		f("r", inner), f("l", columnar.ArrayOf(inner)), f("m", mapped), f("\u00e4\"", columnar.TypeDouble),
	)
}

// asText is row of m as JSON, or the error of decoding it.
func asText(tb testing.TB, m *Messages, object []byte) string {
	tb.Helper()
	m.Reset(1)
	if err := m.Decode(0, object); err != nil {
		return err.Error()
	}
	m.Truncate(1)
	b := &columnar.Batch{Schema: sequenceSchema(), Cols: m.Columns()}
	b.SetLen(1)
	var out bytes.Buffer
	w, err := NewWriter(&out, b.Schema, Options{})
	if err == nil {
		err = w.Write(b.Copy())
	}
	if err != nil {
		tb.Fatal(err)
	}
	return out.String()
}

// FuzzSequence decodes the lines of in with one decoder, and each with a new one and as a file of one line;
// what is accepted and the values at the top are those of encoding/json.
func FuzzSequence(f *testing.F) {
	for _, s := range []string{
		`{"a":1,"s":"x"}` + "\n" + `{"a":2,"s":"y"}` + "\n" + `{"s":"z","a":3}` + "\n" + `{"a":2,"s":"y"}`,
		`{"a": 1, "r": {"a": 1, "s": "x"}}` + "\n" + `{"a": 1, "r": {"s": "x"}}` + "\n" + `{"a": 1 , "r": {"a": 1, "s": null}}`,
		`{"l":[{"a":1},{"a":2,"s":"x"},{}],"m":{"k":{"a":1},"k":{"s":"t"}}}` + "\n" + `{"l":[{"a":1}],"m":{},"m":{"k":{"a":1}}}`,
		`{"\u00e4\"":1.5,"a":1,"a":2}` + "\n" + `{"` + "\u00e4" + `\"":2.5,"a":3,"a":"4"}` + "\n" + `{"\u00E4\u0022":2.5,"\u0061":3}`,
		`{"a name of more than sixteen bytes":1,"a":2}` + "\n" + `{"a name of more than sixteen bytez":1,"a":2}` + "\n" + `{"a name of more than sixteen bytes":`,
		"{}\n{ }\n" + `{"r":null,"r":{"a":1},"r":{}}` + "\n" + `{"r":{"a":1},"l":[[]]}` + "\n{\"a\"",
		`{"x":{"a":[1,{"b":2}]},"a":1}` + "\n" + `{"x":{"a":[1,{"b":2}]} ,"a":1}` + "\n" + `{"x":"}","a":1,}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		s := sequenceSchema()
		one, err := NewMessages(s, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer one.Release()
		var good, want bytes.Buffer
		for line := range bytes.SplitSeq(in, []byte("\n")) {
			fresh, err := NewMessages(s, Options{})
			if err != nil {
				t.Fatal(err)
			}
			got, alone := asText(t, one, line), asText(t, fresh, line)
			fresh.Release()
			if got != alone {
				t.Fatalf("%q: %s, by a new decoder %s", line, got, alone)
			}
			accepted := strings.HasSuffix(got, "\n")
			if accepted && !json.Valid(line) {
				t.Errorf("%q is accepted: %s", line, got)
			}
			if accepted {
				sameAsStd(t, line, got)
				want.WriteString(got)
			}
			good.Write(line)
			good.WriteByte('\n')
		}
		if lines, _, err := rewrite(t, &good, s, Options{OnError: Skip, BatchRows: 3}); err == nil && lines != want.String() && !bytes.HasPrefix(bytes.TrimLeft(in, " \t\r\n\ufeff"), []byte("[")) && !bytes.HasPrefix(in, []byte("\ufeff")) {
			t.Errorf("lines of %q: %s, as messages %s", in, lines, want.String())
		}
	})
}

// sameAsStd compares the integer and text at the top of an accepted object with what encoding/json makes of it.
func sameAsStd(t *testing.T, object []byte, got string) {
	t.Helper()
	var mine, std map[string]any
	for _, x := range []struct {
		text []byte
		to   *map[string]any
	}{{[]byte(got), &mine}, {object, &std}} {
		d := json.NewDecoder(bytes.NewReader(x.text))
		d.UseNumber()
		if err := d.Decode(x.to); err != nil {
			return // numbers out of range of the text
		}
	}
	if a, ok := std["a"].(json.Number); ok && strings.Trim(a.String(), "-0123456789") == "" && mine["a"] != a && a.String() != "-0" {
		t.Errorf("%q: a is %v, want %v", object, mine["a"], a)
	}
	if s, ok := std["s"].(string); ok && mine["s"] != s {
		t.Errorf("%q: s is %q, want %q", object, mine["s"], s)
	}
	if x, ok := std["\u00e4\""].(json.Number); ok {
		want, err := x.Float64()
		have, _ := mine["\u00e4\""].(json.Number)
		if v, _ := have.Float64(); err == nil && math.Abs(v-want) > math.Abs(want)*1e-15 {
			t.Errorf("%q: %v, want %v", object, have, want)
		}
	}
	if l, ok := std["l"].([]any); ok {
		if m, _ := mine["l"].([]any); len(m) != len(l) {
			t.Errorf("%q: %d elements, want %d", object, len(m), len(l))
		}
	}
}
