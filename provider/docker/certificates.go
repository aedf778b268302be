package docker

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/dindctl/dindctl/provider"
)

// pemFiles are what a client's directory of certificates holds; each may be nil.
type pemFiles struct {
	dir           string
	ca, cert, key []byte
}

// certificatesIn reads a directory; what is not there is nil.
func certificatesIn(dir string, host files) (pemFiles, error) {
	c := pemFiles{dir: dir}
	for name, into := range map[string]*[]byte{"ca.pem": &c.ca, "cert.pem": &c.cert, "key.pem": &c.key} {
		content, err := host.read(path.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return c, badCertificates(path.Join(dir, name), err)
		}
		*into = append([]byte{}, content...) // an empty file is there
	}
	return c, nil
}

// config is how a connection is encrypted with them. Without a ca.pem the system's
// authorities are trusted; without both of cert.pem and key.pem the client shows none,
// as with the docker CLI: the engine says whether it wants one.
func (c pemFiles) config(insecure bool) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: insecure} //nolint:gosec // the user's choice, as for the docker CLI
	if c.ca != nil {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(c.ca) {
			return nil, badCertificates(path.Join(c.dir, "ca.pem"), errors.New("no certificate in it"))
		}
	}
	if c.cert == nil || c.key == nil {
		return config, nil
	}
	pair, err := tls.X509KeyPair(c.cert, c.key)
	if err != nil {
		return nil, badCertificates(c.dir, err)
	}
	config.Certificates = []tls.Certificate{pair}
	return config, nil
}

func badCertificates(where string, err error) error {
	return &provider.Problem{
		Code: provider.Denied, Summary: "The engine's certificates cannot be used",
		Detail: fmt.Sprintf("%s: %v. Check DOCKER_CERT_PATH or the docker context.", where, err),
	}
}
