package kafka

import (
	"fmt"
	"strings"
	"testing"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
)

func upsertSpec(options string) *catalog.TableSpec {
	s := spec("format=-, scan.startup.mode=-, key.format=json, value.format=json, " + options)
	s.Connector, s.PrimaryKey = "upsert-kafka", []string{"k_id"}
	return s
}

func TestUpsertOptions(t *testing.T) {
	for _, c := range []struct{ options, err string }{
		{"", ""},
		{"key.format=-", "connector 'upsert-kafka' needs the option 'key.format'"},
		{"value.format=-", "needs the option 'value.format'"},
		{"topic=-", "needs the option 'topic'"},
		{"format=json", "has no option 'format'"},
		{"key.fields=k_id", "has no option 'key.fields'"},
		{"scan.startup.mode=earliest-offset", "has no option 'scan.startup.mode'"},
		{"key.fields-prefix=k_, value.fields-include=EXCEPT_KEY", ""},
		{"key.fields-prefix=k_", "needs 'value.fields-include' = 'EXCEPT_KEY'"},
		{"key.fields-prefix=x_, value.fields-include=EXCEPT_KEY", "column k_id of the primary key does not begin with 'x_'"},
		{"key.format=raw", "takes a column of type STRING or BYTES, not BIGINT"},
		{"key.format=csv, value.format=raw, value.fields-include=EXCEPT_KEY", "needs a column that is NOT NULL"},
		{"sink.partitioner=round-robin", "takes default only"},
		{"sink.delivery-guarantee=exactly-once", "needs the option 'sink.transactional-id-prefix'"},
		{"sink.delivery-guarantee=exactly-once, sink.transactional-id-prefix=p", ""},
	} {
		_, err := Upsert{}.Sink(upsertSpec(c.options))
		check(t, "write", c.options, err, c.err)
	}
	s := upsertSpec("")
	s.PrimaryKey = nil
	_, err := Upsert{}.Sink(s)
	check(t, "write", "without a key", err, "needs PRIMARY KEY (...) NOT ENFORCED")
	for _, c := range []struct{ options, err string }{
		{"", ""},
		{"scan.bounded.mode=latest-offset", ""},
		{"scan.bounded.mode=group-offsets", "needs the option 'properties.group.id'"},
		{"scan.bounded.mode=soon", "option 'scan.bounded.mode' is 'soon'"},
	} {
		_, err := Upsert{}.Source(upsertSpec(c.options))
		check(t, "read", c.options, err, c.err)
	}
}

// TestNewest verifies the records of a batch of changes.
func TestNewest(t *testing.T) {
	for _, c := range []struct{ options, changes, want string }{
		{"", "+1a +2b +1c", `{"k_id":1}={"k_id":1,"name":"a"} {"k_id":2}={"k_id":2,"name":"b"} {"k_id":1}={"k_id":1,"name":"c"}`},
		{"value.format=csv, key.format=csv, key.fields-prefix=k_, value.fields-include=EXCEPT_KEY", "-1a +1b -2c", "1=b 2=nil"},
		{"value.format=csv", "-1a -2b +2c +3d -3d +1e", `{"k_id":2}=2,c {"k_id":3}=nil {"k_id":1}=1,e`},
	} {
		table, err := newTable(Upsert{}, upsertSpec(c.options))
		if err != nil {
			t.Fatal(err)
		}
		e, err := newEncoder(table)
		if err != nil {
			t.Fatal(err)
		}
		changes := strings.Fields(c.changes)
		b := columnar.NewBatch(table.spec.Schema)
		b.Reset(len(changes) + 1) // the first row is not selected
		b.SetLen(len(changes) + 1)
		kinds := make([]columnar.RowKind, len(changes)+1)
		for i, change := range changes {
			columnar.Values[int64](b.Cols[0])[i+1] = int64(change[1] - '0')
			b.Cols[1].SetString(i+1, change[2:])
			if b.Sel = append(b.Sel, int32(i+1)); change[0] == '-' {
				kinds[i+1], b.Kinds = columnar.Retract, kinds
			}
		}
		records, err := e.records(b)
		if err == nil {
			records, err = newest(b, records)
		}
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range records {
			value := "nil"
			if r.Value != nil {
				value = string(r.Value)
			}
			got = append(got, fmt.Sprintf("%s=%s", r.Key, value))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: got %s, want %s", c.changes, strings.Join(got, " "), c.want)
		}
		b.Release()
	}
}
