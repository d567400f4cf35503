package services

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Secured is a broker that may be reached in all the ways that Kafka knows, each at an address of its
// own; Addr takes everybody.
type Secured struct {
	*Kafka
	// SSL wants a certificate of clients, SASL a name and a password.
	SSL, SASLPlaintext, SASLSSL string
	// User and Password are accepted by the mechanisms PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512.
	User, Password string
	// Authority is the file of the certificate that has signed the broker's, Client one of a client's key
	// and certificate, and Other one of an authority that has signed nothing; all in PEM form.
	Authority, Client, Other string
}

// StartSecuredKafka starts a broker with secured listeners for the length of a test.
func StartSecuredKafka(t testing.TB) *Secured {
	t.Helper()
	s := &Secured{Kafka: newKafka(t, 5), User: "alice", Password: "al1ce's pass"}
	at := func(n int) string { return fmt.Sprintf("127.0.0.1:%d", s.port+n) }
	s.SSL, s.SASLPlaintext, s.SASLSSL = at(2), at(3), at(4)
	broker := filepath.Join(s.data, "broker.pem")
	s.Authority, s.Client, s.Other = filepath.Join(s.data, "authority.pem"), filepath.Join(s.data, "client.pem"), filepath.Join(s.data, "other.pem")
	root := newAuthority(t)
	write(t, s.Authority, root.certificate())
	write(t, s.Other, newAuthority(t).certificate())
	write(t, broker, root.sign(t, "broker"))
	write(t, s.Client, root.sign(t, "client"))
	write(t, filepath.Join(s.data, "more.properties"), fmt.Appendf(nil, securedProperties,
		listeners(s, at(1)), listeners(s, ""), broker, s.Authority, s.User, s.Password))
	for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512"} {
		s.format = append(s.format, "--add-scram", fmt.Sprintf("%s=[name=%s,password=%s]", mechanism, s.User, s.Password))
	}
	s.Start()
	t.Cleanup(s.Stop)
	return s
}

// listeners is the value of a property, with the controller's if it is named.
func listeners(s *Secured, controller string) string {
	list := fmt.Sprintf("PLAINTEXT://%s,SSL://%s,SASL_PLAINTEXT://%s,SASL_SSL://%s", s.Addr, s.SSL, s.SASLPlaintext, s.SASLSSL)
	if controller != "" {
		list += ",CONTROLLER://" + controller
	}
	return list
}

const securedProperties = `
listeners=%[1]s
advertised.listeners=%[2]s
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
ssl.keystore.type=PEM
ssl.keystore.location=%[3]s
ssl.truststore.type=PEM
ssl.truststore.location=%[4]s
listener.name.ssl.ssl.client.auth=required
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.sasl_plaintext.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_%[5]s="%[6]s";
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_%[5]s="%[6]s";
listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
`

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
