package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// problem adds what to do about an error of talking to the brokers.
func (t *table) problem(err error) error {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var alert tls.AlertError
	var remote *net.OpError
	var eof *kgo.ErrFirstReadEOF
	say := func(what string) error { return fmt.Errorf("%s: %w", what, err) }
	switch {
	case errors.As(err, &unknown):
		return say("the brokers' certificate is not signed by an authority that is trusted; name the authority's in 'properties.ssl.truststore.location'")
	case errors.As(err, &host):
		return say("the brokers' certificate is not for the host; use its name in 'properties.bootstrap.servers', or take any by 'properties.ssl.endpoint.identification.algorithm' = ''")
	case errors.As(err, &invalid):
		return say("the brokers' certificate has expired or is not for this use; renew it")
	case errors.As(err, &alert), errors.As(err, &remote) && remote.Op == "remote error":
		return say("the brokers refuse the connection's TLS; if they want a certificate of clients, name it and its key in 'properties.ssl.keystore.location'")
	case errors.Is(err, kerr.SaslAuthenticationFailed):
		return say("the brokers refuse the user; check username and password in 'properties.sasl.jaas.config' and 'properties.sasl.mechanism'")
	case errors.Is(err, kerr.UnsupportedSaslMechanism):
		return say("the brokers do not take this 'properties.sasl.mechanism'")
	case errors.Is(err, kerr.IllegalSaslState):
		return say("the brokers want no user at this address; set 'properties.security.protocol' to PLAINTEXT or SSL, or take another address")
	case strings.Contains(err.Error(), "tls alert record"): // the client has no value for it
		return say("the brokers want TLS at this address; set 'properties.security.protocol' to SSL or SASL_SSL")
	case errors.As(err, &eof), errors.Is(err, io.EOF):
		return say("the brokers closed the connection at once; check whether 'properties.security.protocol' is that of this address (PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL)")
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &remote), strings.Contains(err.Error(), "unable to dial"):
		return say("no broker answers at " + strings.Join(t.servers, ", ") + "; check 'properties.bootstrap.servers'")
	case errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.GroupAuthorizationFailed),
		errors.Is(err, kerr.TransactionalIDAuthorizationFailed), errors.Is(err, kerr.ClusterAuthorizationFailed):
		return say("the brokers do not allow this to the user; ask for the right")
	}
	return err
}

// away reports that a broker does not answer, as while it starts again.
func away(err error) bool {
	var connection *net.OpError
	return errors.As(err, &connection) && connection.Op != "remote error" || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
