package e2e_test

import (
	"testing"
)

// What dindctl and the entry point make for a daemon that declares no config is compared
// like what is declared: its daemon.json changed, extended, spoiled or gone, and the
// certificates of its clients gone or somebody else's, are in the plan, and an apply
// mends them.
func TestWhatIsGeneratedIsCompared(t *testing.T) {
	t.Parallel()
	needEngine(t)
	s := emptyScenario(t)
	s.write("ci.hcl", "project {\n  name = \""+s.project+"\"\n}\n"+`
daemon "dind" {
  image = "`+dindImage+`"
}
controller "ci" {
  daemon  = daemon.dind
  image   = "`+bashImage+`"
  init    = true
  command = ["sleep", "infinity"]
}
`)
	s.dindctl("apply", "-auto-approve").wants(t, 0)
	s.dindctl("plan", "-detailed-exitcode").wants(t, 0)
	inside := func(script string) { s.docker("exec", s.project+"-dind", "sh", "-c", script) }
	const file = "/etc/docker/daemon.json"
	inside("cp -p " + file + " /kept.json && cp -rp /certs/client /kept.certs")
	restore := "cp -p /kept.json " + file + " && rm -rf /certs/client/* && cp -rp /kept.certs/. /certs/client/"
	for _, c := range []struct{ does, says string }{
		{"rm " + file, "address_pools: changed outside"},
		{"echo '{' >" + file, "config: changed outside"},
		{"sed -i 's/\"size\": [0-9]*/\"size\": 28/' " + file, "address_pools: changed outside"},
		{"sed -i 's/^{/{\"debug\": true,/' " + file, "config.debug: changed outside"},
		{"rm /certs/client/key.pem", "tls.certificates: changed outside"},
		{"rm -r /certs/client/*", "tls.certificates: changed outside"},
		{"echo x >/certs/client/key.pem", "tls.certificates: changed outside"},
		{"openssl req -new -x509 -newkey rsa:2048 -nodes -subj '/CN=docker:dind CA' -keyout /dev/null -out /certs/client/ca.pem 2>&1", "tls.certificates: changed outside"},
	} {
		inside(c.does)
		s.dindctl("plan", "-detailed-exitcode").wants(t, 2).says(t, "daemon.dind must be replaced", c.says)
		inside(restore)
		s.dindctl("plan", "-detailed-exitcode").wants(t, 0)
	}
	inside("rm " + file + " && echo x >/certs/client/key.pem")
	s.dindctl("plan", "-detailed-exitcode").wants(t, 2).says(t, "daemon.dind must be replaced", "address_pools", "tls.certificates")
	s.dindctl("apply", "-auto-approve").wants(t, 0)
	s.dindctl("plan", "-detailed-exitcode").wants(t, 0)
	s.dindctl("exec", "controller.ci", "test", "-s", "/certs/client/key.pem").wants(t, 0)
	s.dindctl("destroy", "-volumes", "-auto-approve").wants(t, 0)
}
