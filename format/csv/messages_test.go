package csv

import (
	"bytes"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/format/text"
)

// decodeOne is the row of a record.
func decodeOne(m *Messages, record string) (string, error) {
	m.Reset(1)
	if err := m.Decode(0, []byte(record)); err != nil {
		return "", err
	}
	var cells []string
	for _, v := range m.Columns() {
		if v.IsNull(0) {
			cells = append(cells, "NULL")
			continue
		}
		cells = append(cells, string(text.Append(nil, v, 0)))
	}
	return strings.Join(cells, "|"), nil
}

func newMessages(t *testing.T, s *columnar.Schema, opt Options) *Messages {
	t.Helper()
	m, err := NewMessages(s, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Release)
	return m
}

func TestMessages(t *testing.T) {
	s := schemaOf(columnar.TypeBigInt, columnar.TypeString, columnar.DecimalOf(5, 2))
	m := newMessages(t, s, Options{NullText: "n/a", Dialect: Dialect{Delimiter: ';', Quote: '\''}})
	for _, c := range []struct{ in, want, err string }{
		{"1;x;2.5", "1|x|2.50", ""},
		{"1;x;2.5\r\n", "1|x|2.50", ""},
		{"n/a;n/a;n/a", "NULL|NULL|NULL", ""},
		{"1;'n/a';2", "1|n/a|2.00", ""},
		{"1;'a;''b''\nc';1\n", "1|a;'b'\nc|1.00", ""},
		{"", "", "1 fields where 3 were wanted"},
		{"1;x;1\n2;y;2", "", "text behind the line"},
		{"1;x;1\n\n", "", "text behind the line"},
		{"1;x", "", "2 fields where 3 were wanted"},
		{"1;'x", "", "a quote is not closed or followed by text"},
		{"z;x;1", "", `column "a": "z" is not BIGINT`},
		{";x;1", "", `column "a": "" is not BIGINT`},
	} {
		got, err := decodeOne(m, c.in)
		if c.err == "" && err != nil || c.err != "" && (err == nil || err.Error() != c.err) {
			t.Errorf("%q: error %v, want %q", c.in, err, c.err)
		}
		if got != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got, c.want)
		}
	}
	if _, err := NewMessages(schemaOf(columnar.TypeBigInt), Options{Dialect: Dialect{Delimiter: '"'}}); err == nil {
		t.Error("a delimiter that is the quote")
	}
}

// TestABadMessageLeavesNothing verifies that a row which failed behind a null may be decoded again.
func TestABadMessageLeavesNothing(t *testing.T) {
	m := newMessages(t, schemaOf(columnar.TypeBigInt, columnar.TypeBigInt), Options{})
	m.Reset(1)
	if err := m.Decode(0, []byte(",x")); err == nil {
		t.Fatal("a bad record is decoded")
	}
	if err := m.Decode(0, []byte("1,2")); err != nil || m.Columns()[0].IsNull(0) || m.Columns()[0].Int64At(0) != 1 {
		t.Errorf("null %t, %v", m.Columns()[0].IsNull(0), err)
	}
	if err := newMessages(t, schemaOf(columnar.TypeBigInt.Required()), Options{}).Decode(0, nil); err == nil {
		t.Error("a null of a column that is NOT NULL")
	}
}

// FuzzMessages verifies that a record which is decoded comes back as it is written, and that the reader
// of files makes the same of it.
func FuzzMessages(f *testing.F) {
	f.Add([]byte("1,x"))
	f.Add([]byte("\"2\",\"a\"\"\r\nb\"\n"))
	f.Add([]byte(",\r"))
	f.Fuzz(func(t *testing.T, in []byte) {
		s := schemaOf(columnar.TypeBigInt, columnar.TypeString)
		m := newMessages(t, s, Options{})
		row, err := decodeOne(m, string(in))
		if !bytes.HasPrefix(in, []byte("\xef\xbb\xbf")) && len(bytes.TrimRight(in, "\r\n")) > 0 {
			r := NewReader(bytes.NewReader(in), s, Options{})
			defer r.Close()
			if all, errAll := readAll(r); err == nil && (errAll != nil || all != row+"\n") {
				t.Errorf("%q: a message is %q, a file %q, %v", in, row, all, errAll)
			}
		}
		if err != nil {
			return
		}
		w, err := NewWriter(nil, s, Options{})
		if err != nil {
			t.Fatal(err)
		}
		written := string(w.Append(nil, m.Columns(), 0))
		if again, err := decodeOne(m, written); err != nil || again != row {
			t.Errorf("%q is %q, written as %q it is %q, %v", in, row, written, again, err)
		}
	})
}
