package kafka

import (
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/catalog/deadletter"
	"github.com/anabranch/anabranch/columnar"
	"github.com/anabranch/anabranch/dataflow"
)

func spec(options string) *catalog.TableSpec {
	o := map[string]string{"connector": "kafka", "topic": "t", "properties.bootstrap.servers": "localhost:9092", "format": "json", "scan.startup.mode": "earliest-offset"}
	for _, pair := range strings.Split(options, ", ") {
		if key, value, ok := strings.Cut(pair, "="); ok {
			o[key] = value
			if value == "-" {
				delete(o, key)
			}
		}
	}
	s := columnar.NewSchema(
		columnar.Field{Name: "k_id", Type: columnar.TypeBigInt}, columnar.Field{Name: "name", Type: columnar.TypeString},
	)
	return &catalog.TableSpec{Name: "t", Connector: "kafka", Schema: s, Options: o}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		options, read, write string // part of the error; empty for none
	}{
		{"", "", ""},
		{"topic=-", "needs the option 'topic'", "needs the option 'topic'"},
		{"topic-pattern=x.*", "exclude each other", "exclude each other"},
		{"topic=-, topic-pattern=x(", "option 'topic-pattern': error parsing regexp", "topic-pattern"},
		{"topic=a;b", "", "must name one topic"},
		{"properties.bootstrap.servers=-", "the option 'properties.bootstrap.servers' is missing", "bootstrap"},
		{"properties.bootstrap.server=x", "'properties.bootstrap.server' is not supported; did you mean 'properties.bootstrap.servers'?", "did you mean"},
		{"properties.max.poll.records=5", "", ""},
		{"format=-", "needs the option 'format'", "format"},
		{"format=avro", "unknown format 'avro' of the value (known: csv, json, raw)", "unknown format"},
		{"value.format=json", "exclude each other", "exclude each other"},
		{"format=csv", "", ""},
		{"format=csv, csv.field-delimiter=;;", "'csv.field-delimiter' is ';;', not one character", "not one character"},
		{"format=csv, csv.header=true", "no option 'csv.header'", "csv.header"},
		{"format=-, value.format=csv, value.csv.header=true", "no option 'value.csv.header'", "no option 'value.csv.header'"},
		{"format=csv, csv.ignore-parse-errors=true, on-error=fail", "contradict each other", "contradict"},
		{"format=csv, csv.quote-character=\\t, csv.field-delimiter=\\t", "delimiter", "delimiter"},
		{"format=raw", "'raw' of values takes one column, not 2", "takes one column"},
		{"key.format=raw", "need each other", "need each other"},
		{"key.format=raw, key.fields=name", "", ""},
		{"key.format=raw, key.fields=k_id", "takes a column of type STRING or BYTES, not BIGINT", "BIGINT"},
		{"key.format=json, key.fields=x", "names the column x, which the table does not have", "the column x"},
		{"key.format=json, key.fields=k_id, key.fields-prefix=k_", "needs 'value.fields-include' = 'EXCEPT_KEY'", "EXCEPT_KEY"},
		{"key.format=json, key.fields=k_id, key.fields-prefix=k_, value.fields-include=EXCEPT_KEY", "", ""},
		{"key.format=json, key.fields=name, key.fields-prefix=k_, value.fields-include=EXCEPT_KEY", "does not begin with 'k_'", "does not begin"},
		{"scan.startup.mode=newest", "option 'scan.startup.mode' is 'newest' (known: earliest-offset,", ""},
		{"scan.startup.mode=timestamp", "needs the option 'scan.startup.timestamp-millis'", ""},
		{"scan.startup.mode=-", "needs the option 'properties.group.id'", ""},
		{"scan.startup.mode=-, properties.group.id=g", "", ""},
		{"properties.commit.offsets.on.checkpoint=maybe", "is 'maybe', not true or false", "maybe"},
		{"properties.auto.offset.reset=first", "is 'first', not earliest, latest or none", "first"},
		{"scan.startup.mode=specific-offsets, scan.startup.specific-offsets=partition:0", "'partition:0' is not of the form", ""},
		{"json.fail-on-missing-field=true, json.ignore-parse-errors=true", "missing fields cannot fail", "missing"},
		{"on-error=dead-letter", "needs 'on-error.dead-letter.path'", "dead-letter"},
		{"on-error=dead-letter, on-error.dead-letter.path=x, json.fail-on-missing-field=true", "", ""},
		{"on-error=fail, json.ignore-parse-errors=true", "contradict each other", "contradict"},
		{"on-error=skip, json.ignore-parse-errors=true", "", ""},
		{"on-error=skip, on-error.dead-letter.path=x", "is for 'on-error' = 'dead-letter'", "dead-letter"},
		{"on-error=ignore", "is 'ignore', not fail, skip or dead-letter", "ignore"},
		{"properties.isolation.level=x", "isolation.level", "isolation.level"},
		{"properties.security.protocol=SASL_SSL, properties.sasl.mechanism=PLAIN", "needs username and password", "username"},
		{"properties.security.protocol=SASL_PLAINTEXT, properties.sasl.mechanism=GSSAPI, properties.sasl.jaas.config=x required username=\"u\" password=\"p\";", "known: PLAIN, SCRAM", "known: PLAIN"},
		{"properties.security.protocol=SASL_PLAINTEXT, properties.sasl.mechanism=SCRAM-SHA-512, properties.sasl.jaas.config=x required username=\"u\" password='p\\'';", "", ""},
		{"properties.security.protocol=SSL, properties.ssl.truststore.location=/x.jks, properties.ssl.truststore.type=JKS", "a store of type JKS, which is not read here", "keytool -list -rfc -keystore /x.jks > truststore.pem"},
		{"properties.security.protocol=SSL, properties.ssl.keystore.location=/x.jks", "'properties.ssl.keystore.type' = 'PEM', else convert it: keytool -importkeystore -srckeystore /x.jks", "openssl pkcs12 -in store.p12 -nodes"},
		{"properties.security.protocol=SSL, properties.ssl.truststore.certificates=x, properties.ssl.truststore.password=x", "stores in PEM form have none", "'properties.ssl.truststore.password' is set"},
		{"properties.security.protocol=SSL, properties.ssl.truststore.certificates=x", "has no certificate in PEM form", "BEGIN CERTIFICATE"},
		{"properties.security.protocol=SSL, properties.ssl.truststore.type=PEM, properties.ssl.truststore.location=/nowhere.pem", "'properties.ssl.truststore.location': open /nowhere.pem", "no such file"},
		{"properties.security.protocol=SSL, properties.ssl.keystore.key=x", "need each other", "certificate.chain"},
		{"properties.security.protocol=SSL, properties.ssl.keystore.key=x, properties.ssl.keystore.certificate.chain=x, properties.ssl.key.password=y", "is encrypted, which is not read here", "openssl pkcs8"},
		{"properties.security.protocol=SSL, properties.ssl.keystore.key=x, properties.ssl.keystore.certificate.chain=x", "'properties.ssl.keystore.key': tls: failed to find", "PEM"},
		{"properties.fetch.max.bytes=many", "is 'many', not a number", "not a number"},
		{"sink.delivery-guarantee=twice", "", "is 'twice' (known: exactly-once,"},
		{"sink.delivery-guarantee=exactly-once", "", "needs the option 'sink.transactional-id-prefix'"},
		{"sink.delivery-guarantee=exactly-once, sink.transactional-id-prefix=p", "", ""},
		{"properties.acks=1", "", "may lose rows"},
		{"properties.acks=1, sink.delivery-guarantee=none", "", ""},
		{"properties.compression.type=rar", "", "known: none, gzip"},
		{"sink.partitioner=random", "", "known: default, fixed, round-robin"},
	} {
		_, err := Connector{}.Source(spec(c.options))
		check(t, "read", c.options, err, c.read)
		_, err = Connector{}.Sink(spec(c.options))
		check(t, "write", c.options, err, c.write)
	}
}

func check(t *testing.T, what, options string, err error, want string) {
	t.Helper()
	if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
		t.Errorf("%s with %s: %v, want %q", what, options, err, want)
	}
}

func TestPropertiesAreInOneTable(t *testing.T) {
	for _, p := range mappedProperties {
		for _, q := range ignoredProperties {
			if p == q {
				t.Errorf("%s is mapped and ignored", p)
			}
		}
	}
}

func FuzzOffsets(f *testing.F) {
	f.Add("partition:0,offset:42;partition:1,offset:300")
	f.Add("partition:0,offset:-1;;")
	f.Fuzz(func(t *testing.T, text string) {
		offsets, err := parseOffsets(text)
		for p, o := range offsets {
			if err != nil || p < 0 || o < 0 {
				t.Errorf("%q: %d %d %v", text, p, o, err)
			}
		}
	})
}

func FuzzJAAS(f *testing.F) {
	f.Add(`org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="p";`)
	f.Fuzz(func(t *testing.T, text string) {
		if user, password, err := jaas(text); err == nil && (user == "" || password == "") {
			t.Errorf("%q: user %q, password %q", text, user, password)
		}
	})
}

// TestBadRecords verifies what becomes of a record with a bad value, and of one with a bad key.
func TestBadRecords(t *testing.T) {
	records := func() []*kgo.Record {
		return []*kgo.Record{
			{Topic: "t", Partition: 3, Offset: 7, Key: []byte(`{"k_id": 1}`), Value: []byte(`{"name": "a"}`)},
			{Topic: "t", Partition: 3, Offset: 8, Key: []byte(`{"k_id": 2}`), Value: []byte(`{"name": `)},
			{Topic: "t", Partition: 3, Offset: 9, Key: []byte("\xff"), Value: []byte(`{"name": "c"}`)},
			{Topic: "t", Partition: 3, Offset: 10, Key: []byte(`{"k_id": 4}`), Value: []byte(`{"name": "d"}`)},
		}
	}
	const keyed = "key.format=json, key.fields=k_id"
	for _, c := range []struct{ options, kept, err string }{
		{"", "", "partition 3, offset 8: value: byte 10: expected a value; set 'on-error'"},
		{", on-error=skip", "", ""},
		{", json.ignore-parse-errors=true", "", ""},
		{
			", on-error=dead-letter, on-error.dead-letter.path=x",
			"t-3 8 {\"name\":  value: byte 10: expected a value\nt-3 9 \xff key: byte 1: expected '{'\n", "",
		},
	} {
		table, err := newTable(Connector{}, spec(keyed+c.options))
		if err != nil {
			t.Fatal(err)
		}
		kept := ""
		req := dataflow.ReadRequest{Columns: []int{0, 1}, Bad: func(b dataflow.BadRow) error {
			kept += fmt.Sprintf("%s %d %s %s\n", b.Source, b.Position, b.Text, b.Err)
			return nil
		}}
		rows, err := newRows(table, req)
		if err != nil {
			t.Fatal(err)
		}
		r := &reader{source: newSource(table), part: partition{"t", 3, -1}, rows: rows, next: 7, left: records()}
		if table.bad.Policy == deadletter.Keep {
			r.bad = req.Bad
		}
		rows.reset(10)
		err = r.decode(10)
		check(t, "decode", c.options, err, c.err)
		if kept != c.kept {
			t.Errorf("%s: kept %q, want %q", c.options, kept, c.kept)
		}
		if b := rows.batch(); c.err == "" && (b.Live() != 2 || b.Cols[0].Int64At(1) != 4) {
			t.Errorf("%s: %d rows", c.options, b.Live())
		}
		rows.release()
	}
}
