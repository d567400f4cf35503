package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
)

// tlsConfig reads certificates and keys in PEM form, from files or from properties.
func tlsConfig(p map[string]string) (*tls.Config, error) {
	if err := onlyPEM(p); err != nil {
		return nil, err
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	trusted := []byte(p["ssl.truststore.certificates"])
	if file := p["ssl.truststore.location"]; file != "" {
		var err error
		if trusted, err = os.ReadFile(file); err != nil {
			return nil, fmt.Errorf("'properties.ssl.truststore.location': %w", err)
		}
	}
	if len(trusted) > 0 {
		if c.RootCAs = x509.NewCertPool(); !c.RootCAs.AppendCertsFromPEM(trusted) {
			return nil, errors.New("the truststore of 'properties.ssl.truststore.*' has no certificate in PEM form (-----BEGIN CERTIFICATE-----)")
		}
	}
	pair, err := ownCertificate(p)
	if err != nil {
		return nil, err
	}
	if pair != nil {
		c.Certificates = []tls.Certificate{*pair}
	}
	if algorithm, set := p["ssl.endpoint.identification.algorithm"]; set && algorithm == "" {
		takeAnyName(c)
	}
	return c, nil
}

// onlyPEM refuses stores of other types. JKS is what the Java client takes a file for.
func onlyPEM(p map[string]string) error {
	convert := map[string]string{
		"truststore": "keytool -list -rfc -keystore %[1]s > truststore.pem",
		"keystore":   "keytool -importkeystore -srckeystore %[1]s -destkeystore store.p12 -deststoretype PKCS12 && openssl pkcs12 -in store.p12 -nodes -out keystore.pem",
	}
	for _, store := range []string{"truststore", "keystore"} {
		typ, file := strings.ToUpper(orDefault(p["ssl."+store+".type"], "JKS")), p["ssl."+store+".location"]
		if file != "" && typ != "PEM" {
			return fmt.Errorf("'properties.ssl.%[1]s.location' is a store of type %[2]s, which is not read here; if it is in PEM form, set 'properties.ssl.%[1]s.type' = 'PEM', else convert it: %[3]s",
				store, typ, fmt.Sprintf(convert[store], file))
		}
		if p["ssl."+store+".password"] != "" {
			return fmt.Errorf("'properties.ssl.%s.password' is set, but stores in PEM form have none; leave it out", store)
		}
	}
	return nil
}

// ownCertificate is that of the client with its key, nil if there is none.
func ownCertificate(p map[string]string) (*tls.Certificate, error) {
	certificate, key, from := []byte(p["ssl.keystore.certificate.chain"]), []byte(p["ssl.keystore.key"]), "ssl.keystore.key"
	if file := p["ssl.keystore.location"]; file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("'properties.ssl.keystore.location': %w", err)
		}
		certificate, key, from = text, text, "ssl.keystore.location"
	}
	switch {
	case len(certificate)+len(key) == 0:
		return nil, nil
	case len(certificate) == 0 || len(key) == 0:
		return nil, errors.New("'properties.ssl.keystore.key' and 'properties.ssl.keystore.certificate.chain' need each other")
	case p["ssl.key.password"] != "" || strings.Contains(string(key), "ENCRYPTED"):
		return nil, fmt.Errorf("the key of 'properties.%s' is encrypted, which is not read here; take the password off it, and 'properties.ssl.key.password' away: openssl pkcs8 -in KEY -out key.pem", from)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("'properties.%s': %w", from, err)
	}
	return &pair, nil
}

// takeAnyName verifies the brokers' certificates, but for the names of their hosts: what the Java client does
// without an algorithm for them.
func takeAnyName(c *tls.Config) {
	c.InsecureSkipVerify = true //nolint:gosec // VerifyConnection does it, but for the name
	roots := c.RootCAs
	c.VerifyConnection = func(s tls.ConnectionState) error {
		o := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
		for _, cert := range s.PeerCertificates[1:] {
			o.Intermediates.AddCert(cert)
		}
		_, err := s.PeerCertificates[0].Verify(o)
		return err
	}
}
