package json

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/anabranch/anabranch/columnar"
)

func f(name string, t columnar.Type) columnar.Field { return columnar.Field{Name: name, Type: t} }

func testSchema() *columnar.Schema {
	mapped := columnar.Type{Kind: columnar.Map, Fields: []columnar.Field{
		f("key", columnar.TypeString.Required()), f("value", columnar.TypeInteger),
	}}
	return columnar.NewSchema(
		f("i", columnar.TypeBigInt), f("s", columnar.TypeString), f("d", columnar.DecimalOf(6, 2)),
		f("t", columnar.TimestampOf(3)), f("z", columnar.TimestampLTZOf(3)), f("b", columnar.TypeBoolean),
		f("x", columnar.TypeDouble), f("bin", columnar.TypeBytes),
		f("r", columnar.RowOf(f("a", columnar.TypeInteger), f("l", columnar.ArrayOf(columnar.TypeString)))),
		f("m", mapped), f("ll", columnar.ArrayOf(columnar.ArrayOf(columnar.TypeSmallInt))),
	)
}

func rewrite(tb testing.TB, in io.Reader, s *columnar.Schema, opt Options) (string, *Reader, error) {
	tb.Helper()
	r := NewReader(in, s, opt)
	var out bytes.Buffer
	w, err := NewWriter(&out, s, Options{Timestamps: opt.Timestamps})
	if err != nil {
		tb.Fatal(err)
	}
	for {
		b, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out.String(), r, nil
		}
		if err != nil {
			return out.String(), r, err
		}
		// A copy checks that the vectors are whole.
		if err := w.Write(b.Copy()); err != nil {
			tb.Fatal(err)
		}
	}
}

const full = `{"i":1,"s":"é\"\\\n","d":1.50,"t":"2020-01-02 03:04:05.6","z":"2020-01-02 03:04:05Z","b":true,"x":1.5e+30,"bin":"AQI=","r":{"a":2,"l":["x",null,"a long string of more than twelve bytes"]},"m":{"k":1,"l":null},"ll":[[1,2],[],null,[3]]}`

const empty = `{"i":null,"s":null,"d":null,"t":null,"z":null,"b":null,"x":null,"bin":null,"r":null,"m":null,"ll":null}`

func TestWriterLeavesNullsOut(t *testing.T) {
	row := columnar.Type{Kind: columnar.Row, Fields: []columnar.Field{
		{Name: "x", Type: columnar.TypeInteger}, {Name: "y", Type: columnar.TypeString},
	}}
	s := columnar.NewSchema(
		columnar.Field{Name: "a", Type: columnar.TypeInteger}, columnar.Field{Name: "r", Type: row}, columnar.Field{Name: "z", Type: columnar.TypeString})
	r := NewReader(strings.NewReader("{\"r\":{\"y\":\"{\"},\"z\":\"v\"}\n{}\n{\"a\":1,\"r\":{}}\n"), s, Options{})
	defer r.Close()
	b, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := NewWriter(&out, s, Options{OmitNulls: true})
	if err == nil {
		err = w.Write(b)
	}
	if want := "{\"r\":{\"y\":\"{\"},\"z\":\"v\"}\n{}\n{\"a\":1,\"r\":{}}\n"; err != nil || out.String() != want {
		t.Errorf("%v, got %s", err, out.String())
	}
}

func TestRoundTrip(t *testing.T) {
	in := full + "\n" + empty + "\n" + full + "\n{}\n" + strings.ReplaceAll(full, `"i":1`, `"i":-5`) + "\n"
	want := strings.Replace(in, "{}", empty, 1)
	for _, size := range []int{1, 2, 100} {
		got, _, err := rewrite(t, iotest.OneByteReader(strings.NewReader(in)), testSchema(), Options{BatchRows: size})
		if err != nil || got != want {
			t.Errorf("size %d: %v\n got %s\nwant %s", size, err, got, want)
		}
	}
	array := "[" + strings.ReplaceAll(strings.TrimSpace(in), "\n", "\n, ") + "]\n"
	got, _, err := rewrite(t, strings.NewReader(array), testSchema(), Options{BatchRows: 2})
	if err != nil || got != want {
		t.Errorf("array: %v\n got %s\nwant %s", err, got, want)
	}
}

func TestForms(t *testing.T) {
	s := columnar.NewSchema(f("i", columnar.TypeBigInt), f("s", columnar.TypeString))
	for _, c := range []struct{ in, want string }{
		{`{"s":"\u00e9\ud83d\ude00\u0041\ud800"}`, "{\"i\":null,\"s\":\"é😀A\ufffd\"}"},
		{`{"other":[{"a":[1,2,{"b":"}"}]}],"s" : "x" , "i":"12"}`, `{"i":12,"s":"x"}`},
		{`{"s":12.5,"i":3}`, `{"i":3,"s":"12.5"}`},
		{`{"s":{"a":[1]},"i":3,"i":4}`, `{"i":4,"s":"{\"a\":[1]}"}`},
		{`{"i":-9223372036854775808}`, `{"i":-9223372036854775808,"s":null}`},
	} {
		got, _, err := rewrite(t, strings.NewReader(c.in), s, Options{})
		if err != nil || got != c.want+"\n" {
			t.Errorf("%s: got %s %v, want %s", c.in, got, err, c.want)
		}
	}
}

func TestErrors(t *testing.T) {
	s := columnar.NewSchema(f("i", columnar.TypeBigInt), f("s", columnar.TypeString))
	in := "{\"i\":1}\n{\"i\":\n{\"i\":1.5}\n{\"i\":01}\n[1]\n{\"i\":2} x\n{\"s\":\"a\tb\"}\n{\"i\":3}\n"
	got, r, err := rewrite(t, strings.NewReader(in), s, Options{OnError: Skip})
	want := "{\"i\":1,\"s\":null}\n{\"i\":3,\"s\":null}\n"
	if err != nil || got != want || r.Skipped() != 6 {
		t.Errorf("%v, %d skipped, %s", err, r.Skipped(), got)
	}
	for _, c := range []struct {
		in, want string
		opt      Options
	}{
		{"{\"i\":1}\n{\"i\":x}\n", "json: f: line 2, byte 6: expected a value", Options{}},
		{"{\"i\":1}\n", `json: f: line 1, byte 8: field "s" is missing`, Options{FailOnMissing: true}},
		{"[{\"i\":1},]", "json: f: byte 10: expected '{'", Options{}},
	} {
		c.opt.Name = "f"
		if _, _, err := rewrite(t, strings.NewReader(c.in), s, c.opt); err == nil || err.Error() != c.want {
			t.Errorf("%q: error %v, want %s", c.in, err, c.want)
		}
	}
}

func TestSniff(t *testing.T) {
	in := `{"a":1,"b":{"c":[1.5,2]},"d":"2020-01-01","e":true}` + "\n" + `{"a":2,"f":"x","t":"2020-01-01 00:00:00"}` + "\n{\"a\":"
	want := "(a BIGINT, b ROW<`c` ARRAY<DOUBLE>>, d DATE, e BOOLEAN, f STRING, t TIMESTAMP(6))"
	if got := Sniff([]byte(in)).String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestObjectsLikeThoseBefore decodes objects whose names, order and white space stay the same for a while
// and then change, with one decoder and with a new one for each.
func TestObjectsLikeThoseBefore(t *testing.T) {
	names := []string{"a", "seven77", "eight888", "exactlysixteen16", "a name of more than sixteen bytes", "\u00e4", "unknown"}
	schema := &columnar.Schema{}
	for _, n := range names[:6] {
		schema.Fields = append(schema.Fields, f(n, columnar.TypeBigInt))
	}
	decode := func(m *Messages, row int, text string) string {
		m.Reset(row + 1)
		if err := m.Decode(row, []byte(text)); err != nil {
			return err.Error()
		}
		var b []byte
		for _, v := range m.Columns() {
			b = append(columnar.AppendText(b, v, row, nil), ' ')
		}
		return string(b)
	}
	one, err := NewMessages(schema, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer one.Release()
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		order := r.Perm(len(names))[:r.IntN(len(names)+1)]
		space := []string{"", " ", "\t\n", strings.Repeat(" ", 300)}[r.IntN(4)]
		for range 4 {
			text := "{"
			for i, n := range order {
				if i > 0 {
					text += space + ","
				}
				text += fmt.Sprintf("%s%q%s:%s%d", space, names[n], space, space+strings.Repeat(" ", r.IntN(20)/19), r.IntN(1e9))
				if r.IntN(20) == 0 {
					text = text[:r.IntN(len(text))+1] // broken
				}
			}
			text += space + "}"
			fresh, err := NewMessages(schema, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got, want := decode(one, 0, text), decode(fresh, 0, text); got != want {
				t.Fatalf("%s: %s, by a new decoder %s", text, got, want)
			}
			fresh.Release()
		}
	}
}

// FuzzValid compares what is accepted with encoding/json.
func FuzzValid(f *testing.F) {
	for _, s := range []string{full, empty, "-0.5e+1", `"\ud800\u00"`, "[1,]", "{\"a\":nul}", "\"\x01\"", "[[{}]]", "01"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		b := append(append(make([]byte, 0, len(in)+slack+1), in...), 0)
		s := scanner{b: b, multi: true}
		s.space()
		ok := s.skip()
		if ok {
			s.space()
			ok = s.pos == len(in)
		}
		if want := json.Valid(in); ok != want {
			t.Errorf("%q: %t (%s), want %t", in, ok, s.msg, want)
		}
	})
}

func TestBadLinesAreTold(t *testing.T) {
	in := "{\"n\": 1}\n\nx\n{\"n\": \"y\"}\r\n{\"n\": 2}\n{"
	for _, size := range []int{1, 2, 100} {
		var told []string
		r := NewReader(strings.NewReader(in), columnar.NewSchema(f("n", columnar.TypeBigInt)), Options{
			OnError: Skip, BatchRows: size, FailOnMissing: true,
			OnBad: func(line int64, text []byte, _ string) error {
				told = append(told, fmt.Sprintf("%d %s", line, text))
				return nil
			},
		})
		rows := 0
		for {
			b, err := r.Next()
			if err != nil {
				break
			}
			rows += b.Live()
		}
		if want := []string{"3 x", "4 {\"n\": \"y\"}", "6 {"}; !slices.Equal(told, want) || rows != 2 || r.Line() != 6 {
			t.Errorf("told %q, %d rows, line %d", told, rows, r.Line())
		}
		r.Close()
	}
}

// FuzzRead looks for panics and for batches that cannot be copied.
func FuzzRead(f *testing.F) {
	f.Add([]byte(full + "\n" + empty))
	f.Add([]byte("[" + full + "]"))
	f.Fuzz(func(t *testing.T, in []byte) {
		one, _, err1 := rewrite(t, bytes.NewReader(in), testSchema(), Options{OnError: Skip, BatchRows: 3})
		two, _, err2 := rewrite(t, iotest.HalfReader(bytes.NewReader(in)), testSchema(), Options{OnError: Skip, BatchRows: 3})
		if one != two || (err1 == nil) != (err2 == nil) {
			t.Errorf("whole %q %v, in halves %q %v", one, err1, two, err2)
		}
		Sniff(in)
	})
}

// bids are Nexmark bids of 227 bytes on average.
func bids(n int) []byte {
	var b []byte
	for i := range n {
		b = fmt.Appendf(b, `{"auction":%d,"bidder":%d,"price":%d,"channel":"channel-%d","url":"https://www.nexmark.com/abo/oaa/ktgz/item.htm?query=1&channel_id=%d","dateTime":"2023-05-%02d 12:%02d:01.%03d","extra":"%s"}`+"\n",
			1000+i%977, 2000+i%1009, i*31%100000, i%8000, i*7, i%28+1, i%60, i%1000, strings.Repeat("x", 40+i%3))
	}
	return b
}

func BenchmarkMessages(b *testing.B) {
	lines := bytes.Split(bytes.TrimRight(bids(4096), "\n"), []byte("\n"))
	m, err := NewMessages(columnar.NewSchema(f("auction", columnar.TypeBigInt), f("dateTime", columnar.TimestampOf(3))), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer m.Release()
	b.ReportAllocs()
	for b.Loop() {
		m.Reset(len(lines))
		for i, l := range lines {
			if err := m.Decode(i, l); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(lines)), "ns/message")
}

func BenchmarkBids(b *testing.B) {
	in := bids(100000)
	s := columnar.NewSchema(f("auction", columnar.TypeBigInt), f("bidder", columnar.TypeBigInt),
		f("price", columnar.TypeBigInt), f("channel", columnar.TypeString), f("url", columnar.TypeString),
		f("dateTime", columnar.TimestampOf(3)), f("extra", columnar.TypeString))
	for _, c := range []struct {
		name    string
		columns []int
	}{{"all", []int{0, 1, 2, 3, 4, 5, 6}}, {"q1", []int{0, 1, 2, 5}}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			rows := 0
			for b.Loop() {
				r := NewReader(bytes.NewReader(in), s.Project(c.columns), Options{})
				for {
					batch, err := r.Next()
					if err != nil {
						break
					}
					rows += batch.Len()
				}
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds()/1e6, "Mrows/s")
			b.ReportMetric(float64(len(in))/100000, "B/row")
		})
	}
}
