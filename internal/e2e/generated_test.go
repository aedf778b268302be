package e2e_test

import (
	"strings"
	"testing"
)

// What dindctl and the entry point make for a daemon that declares no config is compared
// like what is declared: its daemon.json changed, extended, spoiled or gone, and the
// certificates of its clients gone or somebody else's, are in the plan, and an apply
// mends them. A daemon.json from a file block is that file, and has nothing added.
func TestWhatIsGeneratedIsCompared(t *testing.T) {
	t.Parallel()
	needEngine(t)
	s := emptyScenario(t)
	s.write("ci.hcl", "project {\n  name = \""+s.project+"\"\n}\n"+`
daemon "dind" {
  image = "`+dindImage+`"
}
daemon "own" {
  image = "`+dindImage+`"
  alias = "own"
  file {
    path    = "/etc/docker/daemon.json"
    content = jsonencode({ debug = true })
  }
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

// A daemon.json that an image brings, or an entry point of one's own may write, is judged by
// what is in it, and not by when it was written; of what cannot be told the plan says so.
func TestAGeneratedFileIsJudgedByItsContent(t *testing.T) {
	t.Parallel()
	needEngine(t)
	s := emptyScenario(t)
	s.write("ci.hcl", "project {\n  name = \""+s.project+"\"\n}\n"+`
image "brings" {
  build {
    dockerfile_inline = <<-EOT
      FROM `+dindImage+`
      RUN mkdir -p /etc/docker && echo '{"max-concurrent-downloads": 2}' >/etc/docker/daemon.json
    EOT
  }
}
daemon "brings" {
  image = image.brings
}
daemon "wrapped" {
  image      = "`+dindImage+`"
  alias      = "wrapped"
  entrypoint = ["sh", "-c", "exec dockerd-entrypoint.sh"]
}
`)
	s.dindctl("apply", "-auto-approve").wants(t, 0)
	const file, note = "/etc/docker/daemon.json", " is not compared"
	for _, c := range []struct {
		daemon, does string
		code         int
		says         string
	}{
		{"brings", "touch " + file, 0, "config of daemon.brings" + note},
		{"brings", "sed -i 's/downloads\": 2/downloads\": 3/' " + file, 0, "config of daemon.brings" + note},
		{"wrapped", "touch " + file, 0, ""},
		{"wrapped", "sed -i 's/\"size\": [0-9]*/\"size\": 28/' " + file, 0, "config of daemon.wrapped" + note},
		{"brings", "sed -i 's/\"size\": [0-9]*/\"size\": 28/' " + file, 2, "address_pools: changed outside"},
	} {
		s.docker("exec", s.project+"-"+c.daemon, "sh", "-c", "[ -e /kept.json ] || cp -p "+file+" /kept.json; "+c.does)
		r := s.dindctl("plan", "-detailed-exitcode").wants(t, c.code)
		if c.says != "" {
			r.says(t, c.says)
		} else if said := r.stdout + r.stderr; strings.Contains(said, note) {
			t.Errorf("%s: %s", c.does, said)
		}
		if c.code == 2 {
			continue
		}
		s.docker("exec", s.project+"-"+c.daemon, "sh", "-c", "cp -p /kept.json "+file)
		s.dindctl("plan", "-detailed-exitcode").wants(t, 0)
	}
	s.dindctl("destroy", "-volumes", "-images", "-auto-approve").wants(t, 0)
}
