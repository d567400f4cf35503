package kafka

import (
	"strings"
	"testing"

	"github.com/anabranch/anabranch/catalog"
	"github.com/anabranch/anabranch/columnar"
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
		{"properties.bootstrap.servers=-", "needs the option 'properties.bootstrap.servers'", "bootstrap"},
		{"properties.bootstrap.server=x", "'properties.bootstrap.server' is not supported; did you mean 'properties.bootstrap.servers'?", "did you mean"},
		{"properties.max.poll.records=5", "", ""},
		{"format=-", "needs the option 'format'", "format"},
		{"format=avro", "unknown format 'avro' of the value (known: json, raw)", "unknown format"},
		{"value.format=json", "exclude each other", "exclude each other"},
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
		{"properties.auto.offset.reset=first", "is 'first', not earliest, latest or none", "first"},
		{"scan.startup.mode=specific-offsets, scan.startup.specific-offsets=partition:0", "'partition:0' is not of the form", ""},
		{"json.fail-on-missing-field=true, json.ignore-parse-errors=true", "missing fields cannot fail", "missing"},
		{"properties.isolation.level=x", "isolation.level", "isolation.level"},
		{"properties.security.protocol=SASL_SSL, properties.sasl.mechanism=PLAIN", "needs username and password", "username"},
		{"properties.security.protocol=SASL_PLAINTEXT, properties.sasl.mechanism=GSSAPI, properties.sasl.jaas.config=x required username=\"u\" password=\"p\";", "known: PLAIN, SCRAM", "known: PLAIN"},
		{"properties.security.protocol=SASL_PLAINTEXT, properties.sasl.mechanism=SCRAM-SHA-512, properties.sasl.jaas.config=x required username=\"u\" password='p\\'';", "", ""},
		{"properties.security.protocol=SSL, properties.ssl.truststore.location=/x.jks, properties.ssl.truststore.type=JKS", "only PEM is supported", "PEM"},
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
