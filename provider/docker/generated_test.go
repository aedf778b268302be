package docker

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"
)

// authority is a CA of a test that signs as the entry points do.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	text string
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: serverIssuer}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(800 * 24 * time.Hour),
	}
	cert, text := sign(t, template, template, key, key)
	return authority{key, cert, text}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t *testing.T, template, parent *x509.Certificate, of, by *ecdsa.PrivateKey) (*x509.Certificate, string) {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &of.PublicKey, by)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// signed is a certificate by the authority, and its key, as texts.
func (a authority) signed(t *testing.T, name string) (c *x509.Certificate, cert, key string) {
	t.Helper()
	own := newKey(t)
	c, cert = sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}, a.cert, own, a.key)
	der, err := x509.MarshalECPrivateKey(own)
	if err != nil {
		t.Fatal(err)
	}
	return c, cert, string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
}

// Whatever keeps a client from its daemon is said, and nothing is said of files that
// lead to it.
func TestFaultsOfClientFiles(t *testing.T) {
	t.Parallel()
	ca, other := newAuthority(t), newAuthority(t)
	server, _, _ := ca.signed(t, serverSubject)
	_, cert, key := ca.signed(t, "docker:dind client")
	_, foreign, foreignKey := other.signed(t, "docker:dind client")
	for want, files := range map[string][3]string{
		"":                                       {ca.text, cert, key},
		"without key.pem":                        {ca.text, cert, ""},
		"without ca.pem, cert.pem, key.pem":      {},
		"with a ca.pem that is no certificate":   {"x", cert, key},
		"with a cert.pem that is no certificate": {ca.text, "x", key},
		"with a ca.pem that did not sign the daemon's certificate": {other.text, foreign, foreignKey},
		"with a cert.pem that ca.pem did not sign":                 {ca.text, foreign, foreignKey},
		"with a key.pem that is not the key of cert.pem":           {ca.text, cert, foreignKey},
	} {
		got := clientFault(server, map[string]textFile{
			"ca.pem": {text: files[0]}, "cert.pem": {text: files[1]}, "key.pem": {text: files[2]}, "csr.pem": {text: "y"},
		})
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
