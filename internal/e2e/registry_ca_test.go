package e2e_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// caFile is the variant of examples/ci-registry.hcl that its comment describes: TLS
// with a CA of one's own, which the daemon gets as a file.
const caFile = `
network "ci" {}

container "registry" {
  image       = "` + registryImage + `"
  networks    = [network.ci]
  environment = {
    REGISTRY_HTTP_TLS_CERTIFICATE = "/tls/cert.pem"
    REGISTRY_HTTP_TLS_KEY         = "/tls/key.pem"
  }
  file {
    path    = "/tls/cert.pem"
    content = file("cert.pem")
  }
  file {
    path    = "/tls/key.pem"
    content = file("key.pem")
    mode    = "0600"
  }
  ready {
    port = 5000
  }
}

daemon "build" {
  image    = "` + dindImage + `"
  networks = [network.ci]
  alias    = "build"
  file {
    path    = "/etc/docker/certs.d/registry:5000/ca.crt"
    content = file("ca.pem")
  }
}

daemon "stranger" {
  image    = "` + dindImage + `"
  networks = [network.ci]
  alias    = "stranger"
}

image "base" {
  for_each = { build = daemon.build, stranger = daemon.stranger }
  inside   = each.value
  from     = "` + bashImage + `"
}
`

const caJob = `
job "run" {
  inside     = daemon.build
  image      = "registry:5000/team/app:1"
  command    = ["echo", "over TLS"]
  depends_on = [container.registry]
}
`

// A daemon that has the registry's CA as a file pushes and pulls over TLS without
// insecure_registries; one that has not is refused, for that reason.
func TestRegistryByItsCA(t *testing.T) {
	t.Parallel()
	buildRegistry(t, newExample(t, "ci-registry", nil))
	s := newNouns(t)
	s.as(caFile)
	for name, content := range tlsFiles(t, "registry") {
		s.write("nouns/"+name, content)
	}
	s.applied()
	const app = "registry:5000/team/app:1"
	s.docker("exec", s.project+"-stranger", "docker", "tag", bashImage, app)
	refused, err := exec.CommandContext(t.Context(), "docker", "exec", s.project+"-stranger", "docker", "push", app).CombinedOutput()
	if err == nil || !strings.Contains(string(refused), "x509") {
		t.Errorf("a daemon without the CA: %v\n%s", err, refused)
	}
	s.docker("exec", s.project+"-build", "docker", "tag", bashImage, app)
	s.docker("exec", s.project+"-build", "docker", "push", app)
	s.docker("exec", s.project+"-build", "docker", "rmi", app)
	s.as(caFile + caJob)
	s.applied().says(t, "over TLS")
}

// tlsFiles are a CA and a certificate of it for one host, by file name.
func tlsFiles(t *testing.T, host string) map[string]string {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	text := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	valid := func(serial int64, name string) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		}
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	ca := valid(1, "CA of a test")
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage = true, true, x509.KeyUsageCertSign
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	must(err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	server := valid(2, host)
	server.DNSNames = []string{host}
	der, err := x509.CreateCertificate(rand.Reader, server, ca, key.Public(), caKey)
	must(err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	must(err)
	return map[string]string{
		"ca.pem": text("CERTIFICATE", caDER), "cert.pem": text("CERTIFICATE", der), "key.pem": text("PRIVATE KEY", keyDER),
	}
}
