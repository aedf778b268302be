package docker

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// expirySoon is how long before their end a daemon's certificates are renewed.
const expirySoon = 30 * 24 * time.Hour

// What the entrypoints of docker:dind and of our own daemon image call the
// certificate that they sign for the daemon, and who signs it (docker-library's
// dockerd-entrypoint.sh). Another one is somebody's own, which no replacement renews.
const (
	serverCertificate = "/certs/server/cert.pem"
	serverSubject     = "docker:dind server"
	serverIssuer      = "docker:dind CA"
)

// certificatesPath is the path of the change that renews a daemon's certificates.
const certificatesPath = "tls.certificates"

// clientFiles are what a client of a daemon needs, in the directory of the clients.
func clientFiles() []string { return []string{"ca.pem", "cert.pem", "key.pem"} }

// withExpiry notes, of a daemon that runs with TLS, when its certificates end, if
// that is soon, and what is wrong with those of its clients: two GETs. They were all
// signed at the daemon's last start.
func (e *engine) withExpiry(ctx context.Context, object provider.Object) provider.Object {
	created := values{createdOf(object.Owner.Spec)}
	if object.Kind != provider.Daemon || object.Condition.State != provider.StateRunning || !created.has("image") || !created.flag("tls", true) {
		return object
	}
	text, err := e.readText(ctx, object.ID, serverCertificate)
	if err != nil {
		return object // it cannot be read now, and is no difference
	}
	server := generatedCertificate(text)
	if server == nil {
		return object
	}
	attributes := object.Actual.AsValueMap()
	if server.NotAfter.Before(time.Now().Add(expirySoon)) {
		attributes[hiddenExpiry] = cty.StringVal(server.NotAfter.UTC().Format(time.DateOnly))
	}
	if fault := e.faultOfClients(ctx, object.ID, server); fault != "" {
		attributes[hiddenCertificates] = cty.StringVal(fault)
		object.Fingerprint = fingerprint(object.Fingerprint, fault)
	}
	object.Actual = cty.ObjectVal(attributes)
	return object
}

// generatedCertificate is the one that an entrypoint made; nil for another.
func generatedCertificate(text string) *x509.Certificate {
	c := certificateIn(text)
	if c == nil || c.Subject.CommonName != serverSubject || c.Issuer.CommonName != serverIssuer {
		return nil
	}
	return c
}

func certificateIn(text string) *x509.Certificate {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil
	}
	return c
}

// daemonSocket is where a daemon listens once it runs. The entry points have written all
// certificates by then.
const daemonSocket = "/var/run/docker.sock"

// faultOfClients is what clientFault says of the files that are there; empty, too, where
// they cannot be read now, or may still be written: then there is no difference. What is
// wrong is looked at twice, for a daemon that was started again has its socket of before.
func (e *engine) faultOfClients(ctx context.Context, id string, server *x509.Certificate) string {
	for again := range 2 {
		files, err := e.readTexts(ctx, id, certificates)
		if err != nil {
			return ""
		}
		fault := clientFault(server, files)
		if fault == "" || again > 0 {
			return fault
		}
		if _, err := e.read.ContainerStatPath(ctx, id, daemonSocket); err != nil {
			return ""
		}
		select {
		case <-time.After(readyPause):
		case <-ctx.Done():
			return ""
		}
	}
	return ""
}

// emptySpoiledKey empties the key of a daemon's clients where it is none: the entry points
// sign certificates anew at every start, and make a key only where its file is empty.
// What lies on the volume of somebody's own is left alone.
func (e *engine) emptySpoiledKey(ctx context.Context, decl provider.Declaration, c container.InspectResponse) error {
	implied := slices.ContainsFunc(valuesOf(decl.Declared).blocks("mount"), func(m values) bool {
		source, _ := m.ref("volume")
		return cleanPath(m.text("target")) == certificates && source.Address == decl.Address+".certs"
	})
	if !implied {
		return nil
	}
	const name = certificates + "/key.pem"
	files, err := e.readTexts(ctx, c.ID, name)
	if err != nil {
		return e.problem(err, "reading the key of its clients in", decl.Address, decl.Name)
	}
	key, there := files[path.Base(name)]
	if block, _ := pem.Decode([]byte(key.text)); !there || key.odd || key.text == "" || block != nil && strings.HasSuffix(block.Type, "PRIVATE KEY") {
		return nil
	}
	err = e.putFile(ctx, c.ID, fileSpec{path: name, mode: 0o600})
	return e.problem(err, "emptying the key of its clients in", decl.Address, decl.Name)
}

// clientFault says, for people, what keeps a client with these files from its daemon;
// empty for nothing.
func clientFault(server *x509.Certificate, files map[string]textFile) string {
	var gone []string
	for _, name := range clientFiles() {
		if files[name].odd { // a link, perhaps, to where nobody looks here
			return ""
		}
		if files[name].text == "" {
			gone = append(gone, name)
		}
	}
	if len(gone) > 0 {
		return "without " + strings.Join(gone, ", ")
	}
	ca, client := certificateIn(files["ca.pem"].text), certificateIn(files["cert.pem"].text)
	switch {
	case ca == nil:
		return "with a ca.pem that is no certificate"
	case client == nil:
		return "with a cert.pem that is no certificate"
	case !hasSigned(ca, server):
		return "with a ca.pem that did not sign the daemon's certificate"
	case !hasSigned(ca, client):
		return "with a cert.pem that ca.pem did not sign"
	}
	if _, err := tls.X509KeyPair([]byte(files["cert.pem"].text), []byte(files["key.pem"].text)); err != nil {
		return "with a key.pem that is not the key of cert.pem"
	}
	return ""
}

// hasSigned tells whether a certificate bears the signature of an authority. Whether that one
// may sign at all is asked by no entry point, nor here.
func hasSigned(ca, c *x509.Certificate) bool {
	return ca.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}

// expiry is the change that renews certificates which end soon, or are spoiled.
func (c *comparison) expiry() {
	if c.item.Declaration.Kind != provider.Daemon {
		return
	}
	if fault := c.actual.text(hiddenCertificates); fault != "" {
		c.changes = append(c.changes, provider.Change{
			Path: certificatesPath, From: cty.StringVal(fault), To: cty.StringVal("signed anew"), Created: cty.NullVal(cty.String),
			Effect: provider.Replace, Cause: provider.Outside,
		})
		return
	}
	end := c.actual.text(hiddenExpiry)
	if end == "" {
		return
	}
	c.changes = append(c.changes, provider.Change{
		Path: certificatesPath, From: cty.StringVal("valid until " + end), To: cty.StringVal("signed anew"), Created: cty.NullVal(cty.String),
		Effect: provider.Replace, Cause: provider.Expires,
	})
}
