package e2e_test

import (
	"testing"
)

// A daemon whose certificates end within 30 days is replaced, the plan says why, and
// what ran inside runs again; the next plan is empty.
func TestCertificatesAreRenewed(t *testing.T) {
	t.Parallel()
	needEngine(t)
	s := emptyScenario(t)
	s.write("ci.hcl", "project {\n  name = \""+s.project+"\"\n}\n"+`
daemon "dind" {
  image = "`+dindImage+`"
}
container "inner" {
  inside  = daemon.dind
  image   = "`+bashImage+`"
  init    = true
  command = ["sleep", "infinity"]
}
`)
	s.dindctl("apply", "-auto-approve").wants(t, 0)
	s.dindctl("plan", "-detailed-exitcode").wants(t, 0)
	s.docker("exec", s.project+"-dind", "sh", "-c", "cd /certs/server && openssl x509 -req -in csr.pem -CA ../ca/cert.pem -CAkey ../ca/key.pem "+
		"-CAcreateserial -days 5 -extfile openssl.cnf -out cert.pem 2>&1")
	s.dindctl("plan", "-detailed-exitcode").wants(t, 2).
		says(t, "Something expires soon, or has expired [expires]", "daemon.dind is replaced, which renews it; its data stays", "daemon.dind must be replaced", "tls.certificates: expires",
			"container.inner will be started", "Plan: 1 to add, 1 to change, 1 to destroy")
	s.dindctl("apply", "-auto-approve").wants(t, 0)
	s.dindctl("plan", "-detailed-exitcode").wants(t, 0)
	s.dindctl("exec", "container.inner", "true").wants(t, 0)
	s.dindctl("destroy", "-volumes", "-auto-approve").wants(t, 0)
}
