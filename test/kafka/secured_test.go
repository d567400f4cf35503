package kafka

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/anabranch/anabranch/test/services"
)

func plainLogin(user, password string) string {
	return fmt.Sprintf(`org.apache.kafka.common.security.plain.PlainLoginModule required username="%s" password="%s";`, user, password)
}

func scramLogin(user, password string) string {
	return fmt.Sprintf(`org.apache.kafka.common.security.scram.ScramLoginModule required username="%s" password="%s";`, user, password)
}

// properties are those of a table, as options in SQL.
func properties(pairs ...string) string {
	var list []string
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, fmt.Sprintf("'properties.%s' = '%s'", pairs[i], strings.ReplaceAll(pairs[i+1], "'", "''")))
	}
	return strings.Join(list, ", ")
}

func secured(addr, name, props string) string {
	return fmt.Sprintf("CREATE TABLE %s (i BIGINT) WITH ('connector' = 'kafka', 'topic' = '%s', 'properties.bootstrap.servers' = '%s', 'format' = 'json', "+
		"'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset', %s);\n", name, name, addr, props)
}

func TestSecuredKafka(t *testing.T) {
	k := services.StartSecuredKafka(t)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	t.Run("read and write", func(t *testing.T) { testSecured(t, k) })
	t.Run("refused", func(t *testing.T) { testRefused(t, k) })
	t.Run("PEM in properties", func(t *testing.T) { testPEMProperties(t, k) })
}

// testSecured reads and writes over each kind of connection.
func testSecured(t *testing.T, k *services.Secured) {
	for i, c := range []struct{ name, addr, props string }{
		{"ssl", k.SSL, properties("security.protocol", "SSL", "ssl.truststore.type", "PEM", "ssl.truststore.location", k.Authority, "ssl.keystore.type", "PEM", "ssl.keystore.location", k.Client)},
		{"plain", k.SASLPlaintext, properties("security.protocol", "SASL_PLAINTEXT", "sasl.mechanism", "PLAIN", "sasl.jaas.config", plainLogin(k.User, k.Password))},
		{"scram256", k.SASLPlaintext, properties("security.protocol", "SASL_PLAINTEXT", "sasl.mechanism", "SCRAM-SHA-256", "sasl.jaas.config", scramLogin(k.User, k.Password))},
		{"scram512", k.SASLPlaintext, properties("security.protocol", "SASL_PLAINTEXT", "sasl.mechanism", "SCRAM-SHA-512", "sasl.jaas.config", scramLogin(k.User, k.Password))},
		{"plain_ssl", k.SASLSSL, properties("security.protocol", "SASL_SSL", "sasl.mechanism", "PLAIN", "sasl.jaas.config", plainLogin(k.User, k.Password), "ssl.truststore.type", "PEM", "ssl.truststore.location", k.Authority)},
		{"scram256_ssl", k.SASLSSL, properties("security.protocol", "SASL_SSL", "sasl.mechanism", "SCRAM-SHA-256", "sasl.jaas.config", scramLogin(k.User, k.Password), "ssl.truststore.type", "PEM", "ssl.truststore.location", k.Authority)},
		{"scram512_ssl", k.SASLSSL, properties("security.protocol", "SASL_SSL", "sasl.mechanism", "SCRAM-SHA-512", "sasl.jaas.config", scramLogin(k.User, k.Password), "ssl.truststore.type", "PEM", "ssl.truststore.location", k.Authority)},
	} {
		topic(t, k.Kafka, c.name, 1)
		create := secured(c.addr, c.name, c.props+fmt.Sprintf(", 'sink.delivery-guarantee' = '%s', 'sink.transactional-id-prefix' = '%s'", []string{"exactly-once", "at-least-once"}[i%2], c.name))
		if _, err := run(t.Context(), t, 2, create+"INSERT INTO "+c.name+" VALUES (1), (2)"); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		rows, err := run(t.Context(), t, 1, create+"SELECT i FROM "+c.name)
		if err != nil || !slices.Equal(rows, []string{"1", "2"}) {
			t.Errorf("%s: %q, %v", c.name, rows, err)
		}
	}
}

// testRefused tells in one line what to do about a connection that the brokers or the client refuse.
func testRefused(t *testing.T, k *services.Secured) {
	trust := []string{"ssl.truststore.type", "PEM", "ssl.truststore.location", k.Authority}
	login := func(protocol, mechanism, login string, more ...string) string {
		return properties(append(more, "security.protocol", protocol, "sasl.mechanism", mechanism, "sasl.jaas.config", login)...)
	}
	const wantTLS, wantOther = "the brokers want TLS at this address; set 'properties.security.protocol' to SSL or SASL_SSL", "check whether 'properties.security.protocol' is that of this address"
	topic(t, k.Kafka, "refused", 1)
	for _, c := range []struct{ name, addr, props, want string }{
		{"wrong password, PLAIN", k.SASLPlaintext, login("SASL_PLAINTEXT", "PLAIN", plainLogin(k.User, "hunter2")), "the brokers refuse the user; check username and password in 'properties.sasl.jaas.config'"},
		{"wrong password, SCRAM", k.SASLSSL, login("SASL_SSL", "SCRAM-SHA-512", scramLogin(k.User, "hunter2"), trust...), "the brokers refuse the user; check username and password"},
		{"unknown user", k.SASLPlaintext, login("SASL_PLAINTEXT", "SCRAM-SHA-256", scramLogin("bob", "hunter2")), "the brokers refuse the user; check username and password"},
		{"unknown authority", k.SASLSSL, login("SASL_SSL", "PLAIN", plainLogin(k.User, "hunter2"), "ssl.truststore.type", "PEM", "ssl.truststore.location", k.Other), "not signed by an authority that is trusted; name the authority's in 'properties.ssl.truststore.location'"},
		{"no certificate of the client", k.SSL, properties(append(trust, "security.protocol", "SSL")...), "if they want a certificate of clients, name it and its key in 'properties.ssl.keystore.location'"},
		{"plaintext to TLS", k.SASLSSL, properties("security.protocol", "PLAINTEXT"), wantTLS},
		{"SASL without TLS to TLS", k.SASLSSL, login("SASL_PLAINTEXT", "PLAIN", plainLogin(k.User, "hunter2")), wantTLS},
		{"TLS to plaintext", k.Addr, properties(append(trust, "security.protocol", "SSL")...), wantOther},
		{"no user to SASL", k.SASLPlaintext, properties("security.protocol", "PLAINTEXT"), wantOther},
		{"no user to SASL over TLS", k.SASLSSL, properties(append(trust, "security.protocol", "SSL")...), wantOther},
		{"a user to plaintext", k.Addr, login("SASL_PLAINTEXT", "PLAIN", plainLogin(k.User, "hunter2")), "the brokers want no user at this address"},
	} {
		create := secured(c.addr, "refused", c.props+", 'sink.transactional-id-prefix' = 'refused'")
		for what, sql := range map[string]string{
			"read":       create + "SELECT i FROM refused",
			"write":      create + "INSERT INTO refused VALUES (1)",
			"write once": strings.Replace(create, "WITH (", "WITH ('sink.delivery-guarantee' = 'exactly-once', ", 1) + "INSERT INTO refused VALUES (1)",
		} {
			_, err := run(t.Context(), t, 1, sql)
			if err == nil {
				t.Errorf("%s, %s: no error", c.name, what)
				continue
			}
			if !strings.Contains(err.Error(), c.want) || strings.ContainsRune(err.Error(), '\n') || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s, %s: got %v\nwant in one line %s", c.name, what, err, c.want)
			}
		}
	}
}

// testPEMProperties takes certificates and keys out of properties, and any name of the host.
func testPEMProperties(t *testing.T, k *services.Secured) {
	read := func(file string) string {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	topic(t, k.Kafka, "pem", 1)
	pair := read(k.Client)
	_, port, _ := strings.Cut(k.SSL, ":")
	tls := func(name string) string { // the certificate is for 127.0.0.1
		return secured("localhost:"+port, "pem", properties("security.protocol", "SSL", "ssl.truststore.type", "PEM", "ssl.truststore.certificates", read(k.Authority),
			"ssl.keystore.type", "PEM", "ssl.keystore.key", pair, "ssl.keystore.certificate.chain", pair)+name)
	}
	_, err := run(t.Context(), t, 1, tls("")+"SELECT i FROM pem")
	if want := "the brokers' certificate is not for the host"; err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "PRIVATE") {
		t.Errorf("got %v, want %s", err, want)
	}
	anyName := tls(", 'properties.ssl.endpoint.identification.algorithm' = ''")
	if _, err := run(t.Context(), t, 1, anyName+"INSERT INTO pem VALUES (7)"); err != nil {
		t.Fatal(err)
	}
	if rows, err := run(t.Context(), t, 1, anyName+"SELECT i FROM pem"); err != nil || !slices.Equal(rows, []string{"7"}) {
		t.Errorf("got %q, %v", rows, err)
	}
	other := strings.Replace(anyName, read(k.Authority), read(k.Other), 1) + "SELECT i FROM pem"
	if _, err := run(t.Context(), t, 1, other); err == nil || !strings.Contains(err.Error(), "not signed by an authority that is trusted") {
		t.Errorf("any name of another authority: %v", err)
	}
}
