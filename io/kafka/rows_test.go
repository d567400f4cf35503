package kafka

import (
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

// TestWithoutKeyOrValue reads a record without a value and a key into columns that take a NULL or not.
func TestWithoutKeyOrValue(t *testing.T) {
	for _, c := range []struct{ format, key, value, err string }{
		{"raw", "STRING", "BYTES", ""},
		{"json", "STRING", "BYTES", ""},
		{"csv", "STRING", "BYTES", ""},
		{"raw", "STRING", "BYTES NOT NULL", "value: null for BYTES NOT NULL"},
		{"raw", "STRING NOT NULL", "BYTES", "key: null for STRING NOT NULL"},
		{"json", "STRING NOT NULL", "BYTES", "key: null for STRING NOT NULL"},
		{"csv", "STRING NOT NULL", "BYTES", "key: null for STRING NOT NULL"},
	} {
		s := spec("format=raw, key.format=" + c.format + ", key.fields=k, value.fields-include=EXCEPT_KEY")
		types := map[string]columnar.Type{"STRING": columnar.TypeString, "BYTES": columnar.TypeBytes}
		typeOf := func(text string) columnar.Type {
			name, required := strings.CutSuffix(text, " NOT NULL")
			if required {
				return types[name].Required()
			}
			return types[name]
		}
		s.Schema = columnar.NewSchema(columnar.Field{Name: "k", Type: typeOf(c.key)}, columnar.Field{Name: "v", Type: typeOf(c.value)})
		table, err := newTable(Connector{}, s)
		if err != nil {
			t.Fatal(err)
		}
		r, err := newRows(table, dataflow.ReadRequest{Columns: []int{0, 1}})
		if err != nil {
			t.Fatal(err)
		}
		r.reset(10)
		err = r.add(&kgo.Record{})
		check(t, "add", c.key+", "+c.value, err, c.err)
		if b := r.batch(); c.err == "" && (b.Len() != 1 || !b.Cols[0].IsNull(0) || !b.Cols[1].IsNull(0)) {
			t.Errorf("%s, %s: %d rows", c.key, c.value, b.Len())
		}
		r.release()
	}
}

// TestRowsOfUpserts decodes records of keys, among them deletions and bad ones, batch by batch.
func TestRowsOfUpserts(t *testing.T) {
	for _, options := range []string{"json.ignore-parse-errors=true", "value.fields-include=EXCEPT_KEY, json.ignore-parse-errors=true, value.json.ignore-parse-errors=true, key.fields-prefix=k_"} {
		table, err := newTable(Upsert{}, upsertSpec(options))
		if err != nil {
			t.Fatal(err)
		}
		r, err := newRows(table, dataflow.ReadRequest{Columns: []int{0, 1}})
		if err != nil {
			t.Fatal(err)
		}
		key := `{"k_id": 1}`
		if strings.Contains(options, "prefix") {
			key = `{"id": 1}`
		}
		for _, c := range []struct{ values, want string }{
			{`{"name":"a"} nil {"name":"b"}`, "+I 1 a, -D 1 NULL, +I 1 b"},
			{`{"name":"c"}`, "+I 1 c"},
			{`nil bad {"name":"d"} nokey`, "-D 1 NULL, +I 1 d"},
		} {
			r.reset(10)
			for _, value := range strings.Fields(c.values) {
				record := &kgo.Record{Key: []byte(key), Value: []byte(value)}
				switch value {
				case "nil":
					record.Value = nil
				case "nokey":
					record.Key, record.Value = nil, []byte(`{"name":"e"}`)
				}
				if err := r.add(record); err != nil {
					t.Fatalf("%s: %v", value, err)
				}
			}
			b := r.batch()
			var got []string
			for i := range b.Len() {
				text := b.Kind(i).String()
				for _, v := range b.Cols {
					text += " " + string(columnar.AppendText(nil, v, i, time.UTC))
				}
				got = append(got, text)
			}
			if strings.Join(got, ", ") != c.want {
				t.Errorf("%s: %s: got %q, want %q", options, c.values, got, c.want)
			}
		}
		if n := r.counts()["bad record"]; n != 2 {
			t.Errorf("%d bad records", n)
		}
		r.release()
	}
}
