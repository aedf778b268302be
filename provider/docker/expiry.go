package docker

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"time"

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

// withExpiry notes, of a daemon that runs with TLS, when its certificates end, if
// that is soon: one GET. They were all signed at the daemon's last start.
func (e *engine) withExpiry(ctx context.Context, object provider.Object) provider.Object {
	created := values{createdOf(object.Owner.Spec)}
	if object.Kind != provider.Daemon || object.Condition.State != provider.StateRunning || !created.has("image") || !created.flag("tls", true) {
		return object
	}
	text, err := e.readText(ctx, object.ID, serverCertificate)
	if err != nil {
		return object // it cannot be read now, and is no difference
	}
	end, generated := generatedUntil(text)
	if !generated || end.After(time.Now().Add(expirySoon)) {
		return object
	}
	attributes := object.Actual.AsValueMap()
	attributes[hiddenExpiry] = cty.StringVal(end.UTC().Format(time.DateOnly))
	object.Actual = cty.ObjectVal(attributes)
	return object
}

// generatedUntil is the end of a certificate that an entrypoint made.
func generatedUntil(text string) (time.Time, bool) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return time.Time{}, false
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil || c.Subject.CommonName != serverSubject || c.Issuer.CommonName != serverIssuer {
		return time.Time{}, false
	}
	return c.NotAfter, true
}

// expiry is the change that renews certificates which end soon.
func (c *comparison) expiry() {
	end := c.actual.text(hiddenExpiry)
	if end == "" || c.item.Declaration.Kind != provider.Daemon {
		return
	}
	c.changes = append(c.changes, provider.Change{
		Path: certificatesPath, From: cty.StringVal("valid until " + end), To: cty.StringVal("signed anew"), Created: cty.NullVal(cty.String),
		Effect: provider.Replace, Cause: provider.Expires,
	})
}
