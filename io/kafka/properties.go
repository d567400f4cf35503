package kafka

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/anabranch/anabranch/expr"
)

// Properties of the Java client are mapped, ignored because they tune what works otherwise here, or
// refused because leaving them out would change what a job does.

// mappedProperties take effect.
var mappedProperties = []string{
	"bootstrap.servers", "group.id", "auto.offset.reset", "client.id", "isolation.level", "security.protocol", "sasl.mechanism", "sasl.jaas.config",
	"ssl.truststore.location", "ssl.truststore.type", "ssl.truststore.certificates", "ssl.truststore.password",
	"ssl.keystore.location", "ssl.keystore.type", "ssl.keystore.key", "ssl.keystore.certificate.chain", "ssl.keystore.password", "ssl.key.password",
	"ssl.endpoint.identification.algorithm", "client.rack", "fetch.min.bytes", "fetch.max.wait.ms", "fetch.max.bytes",
	"max.partition.fetch.bytes", "request.timeout.ms", "metadata.max.age.ms", "linger.ms", "batch.size", "compression.type",
	"max.request.size", "acks", "transaction.timeout.ms", "delivery.timeout.ms", "commit.offsets.on.checkpoint",
}

// ignoredProperties have no effect.
var ignoredProperties = []string{
	"enable.idempotence", "enable.auto.commit", "auto.commit.interval.ms", "max.poll.records", "max.poll.interval.ms", "session.timeout.ms",
	"heartbeat.interval.ms", "key.deserializer", "value.deserializer", "key.serializer", "value.serializer", "partition.assignment.strategy",
	"receive.buffer.bytes", "send.buffer.bytes", "reconnect.backoff.ms", "reconnect.backoff.max.ms", "retry.backoff.ms", "retries",
	"connections.max.idle.ms", "metric.reporters", "metrics.num.samples", "metrics.sample.window.ms", "metrics.recording.level",
	"buffer.memory", "max.block.ms", "max.in.flight.requests.per.connection", "client.dns.lookup", "check.crcs", "allow.auto.create.topics",
	"partition.discovery.interval.ms",
}

const propertyPrefix = "properties."

// properties turns the options properties.* into those of the client.
func (t *table) properties(o map[string]string) error {
	p := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(o)) {
		name, ok := strings.CutPrefix(key, propertyPrefix)
		if !ok || slices.Contains(ignoredProperties, name) {
			continue
		}
		if !slices.Contains(mappedProperties, name) {
			hint := ""
			if near := expr.Nearest(name, append(slices.Clone(mappedProperties), ignoredProperties...)); near != "" {
				hint = "; did you mean '" + propertyPrefix + near + "'?"
			}
			return fmt.Errorf("the property '%s' is not supported%s", key, hint)
		}
		p[name] = o[key]
	}
	for _, s := range strings.Split(p["bootstrap.servers"], ",") {
		if s = strings.TrimSpace(s); s != "" {
			t.servers = append(t.servers, s)
		}
	}
	if len(t.servers) == 0 {
		return errors.New("the option 'properties.bootstrap.servers' is missing, such as 'localhost:9092'")
	}
	t.group, t.reset = p["group.id"], p["auto.offset.reset"]
	if !slices.Contains([]string{"", "earliest", "latest", "none"}, t.reset) {
		return fmt.Errorf("the property 'properties.auto.offset.reset' is '%s', not earliest, latest or none", t.reset)
	}
	switch commits := p["commit.offsets.on.checkpoint"]; commits {
	case "", "true", "false":
		t.tellsGroup = commits != "false"
	default:
		return fmt.Errorf("the property 'properties.commit.offsets.on.checkpoint' is '%s', not true or false", commits)
	}
	t.client = append(t.client, kgo.SeedBrokers(t.servers...), kgo.ClientID(orDefault(p["client.id"], "anabranch")),
		kgo.DisableClientMetrics()) // a client that is closed tells its last ones, for up to a second
	switch p["isolation.level"] {
	case "", "read_committed":
		t.committed = true
	case "read_uncommitted":
	default:
		return fmt.Errorf("the property 'properties.isolation.level' is '%s', not read_committed or read_uncommitted", p["isolation.level"])
	}
	if p["client.rack"] != "" {
		t.client = append(t.client, kgo.Rack(p["client.rack"]))
	}
	if err := t.sizes(p); err != nil {
		return err
	}
	return t.security(p)
}

func orDefault(v, d string) string {
	if v == "" {
		return d
	}
	return v
}

// sizes maps properties that are numbers.
func (t *table) sizes(p map[string]string) error {
	var bad error
	number := func(name string, byDefault int64, use func(n int64)) {
		n := byDefault
		if v := p[name]; v != "" {
			var err error
			if n, err = strconv.ParseInt(v, 10, 32); err != nil || n < 0 {
				bad = errors.Join(bad, fmt.Errorf("the property '%s%s' is '%s', not a number", propertyPrefix, name, v))
			}
		}
		if n >= 0 {
			use(n)
		}
	}
	add := func(o kgo.Opt) { t.client = append(t.client, o) }
	number("fetch.min.bytes", -1, func(n int64) { add(kgo.FetchMinBytes(int32(n))) })
	number("fetch.max.wait.ms", -1, func(n int64) { add(kgo.FetchMaxWait(time.Duration(n) * time.Millisecond)) })
	number("fetch.max.bytes", 64<<20, func(n int64) { add(kgo.FetchMaxBytes(int32(n))) })
	number("max.partition.fetch.bytes", 4<<20, func(n int64) { add(kgo.FetchMaxPartitionBytes(int32(n))) })
	number("request.timeout.ms", -1, func(n int64) { add(kgo.RequestTimeoutOverhead(time.Duration(n) * time.Millisecond)) })
	number("metadata.max.age.ms", -1, func(n int64) { add(kgo.MetadataMaxAge(time.Duration(n) * time.Millisecond)) })
	return bad
}

// security maps TLS and SASL.
func (t *table) security(p map[string]string) error {
	protocol := strings.ToUpper(orDefault(p["security.protocol"], "PLAINTEXT"))
	if !slices.Contains([]string{"PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"}, protocol) {
		return fmt.Errorf("the property 'properties.security.protocol' is '%s' (known: PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL)", p["security.protocol"])
	}
	if strings.HasSuffix(protocol, "SSL") {
		c, err := tlsConfig(p)
		if err != nil {
			return err
		}
		t.client = append(t.client, kgo.DialTLSConfig(c))
	}
	if !strings.HasPrefix(protocol, "SASL") {
		return nil
	}
	user, password, err := jaas(p["sasl.jaas.config"])
	if err != nil {
		return err
	}
	switch strings.ToUpper(p["sasl.mechanism"]) {
	case "PLAIN":
		t.client = append(t.client, kgo.SASL(plain.Auth{User: user, Pass: password}.AsMechanism()))
	case "SCRAM-SHA-256":
		t.client = append(t.client, kgo.SASL(scram.Auth{User: user, Pass: password}.AsSha256Mechanism()))
	case "SCRAM-SHA-512":
		t.client = append(t.client, kgo.SASL(scram.Auth{User: user, Pass: password}.AsSha512Mechanism()))
	default:
		return fmt.Errorf("the property 'properties.sasl.mechanism' is '%s' (known: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512)", p["sasl.mechanism"])
	}
	return nil
}

var jaasOption = regexp.MustCompile(`(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')`)

// jaas takes user and password out of a login module's line.
func jaas(text string) (user, password string, err error) {
	for _, m := range jaasOption.FindAllStringSubmatch(text, -1) {
		value := strings.NewReplacer(`\"`, `"`, `\'`, `'`, `\\`, `\`).Replace(m[2] + m[3])
		switch m[1] {
		case "username":
			user = value
		case "password":
			password = value
		}
	}
	if user == "" || password == "" {
		return "", "", errors.New(`the property 'properties.sasl.jaas.config' needs username and password, as in 'org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="p";'`)
	}
	return user, password, nil
}
