package e2e_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

const filesFile = `
variable "token" {
  type      = string
  sensitive = true
  default   = "s3cret-s3cret"
}

volume "data" {}

container "web" {
  image   = "dindctl.local/bash"
  command = ["sleep", "1000"]
  init    = true
  file {
    path    = "/tmp/app.conf"
    content = "port = 1\n"
    mode    = "0600"
    owner   = "1000:1001"
  }
  file {
    path    = "/opt/new/dir/token"
    content = var.token
  }
  file {
    path    = "/data/seed"
    content = "in a volume"
    mode    = "0444"
  }
  mount {
    source = volume.data
    target = "/data"
  }
}
`

// Files are in the container as declared before it starts, the directories that
// they lie in stay as they were, their secrets are in no record, and what is done
// to them outside or in the file is shown.
func TestFiles(t *testing.T) {
	s := newNouns(t)
	s.as(filesFile)
	s.applied()
	look := func() string {
		return strings.Join(s.docker("exec", s.project+"-web", "bash", "-c",
			`for f in /tmp/app.conf /opt/new/dir/token /data/seed /opt/new /tmp; do echo "$f $(stat -c '%a %u:%g' $f) $(cat $f 2>/dev/null)"; done`), "\n")
	}
	want := "/tmp/app.conf 600 1000:1001 port = 1\n/opt/new/dir/token 644 0:0 s3cret-s3cret\n/data/seed 444 0:0 in a volume\n/opt/new 755 0:0 \n/tmp 1777 0:0 "
	if got := look(); got != want {
		t.Errorf("in the container:\n%s\nwant:\n%s", got, want)
	}
	if labels := s.inspect("container", "web", "{{json .Config.Labels}}"); strings.Contains(labels, "s3cret") || strings.Contains(labels, "port = 1") {
		t.Errorf("a content is in the record: %s", labels)
	}

	s.docker("exec", s.project+"-web", "bash", "-c", "echo more >>/tmp/app.conf; chmod 666 /tmp/app.conf; rm /opt/new/dir/token")
	s.wantChanges("after a change outside",
		`container.web | file["/opt/new/dir/token"] | replace | changed outside`,
		`container.web | file["/tmp/app.conf"].content | replace | changed outside`,
		`container.web | file["/tmp/app.conf"].mode | replace | changed outside`)
	s.applied()
	if got := look(); got != want {
		t.Errorf("mended:\n%s\nwant:\n%s", got, want)
	}

	seed := filesFile[strings.LastIndex(filesFile, "  file {"):strings.LastIndex(filesFile, "  mount {")]
	s.as(strings.NewReplacer("port = 1", "port = 2", "s3cret-s3cret", "an0ther-one", seed, "").Replace(filesFile))
	s.wantChanges("after a change of the file",
		`container.web | file["/data/seed"] | replace | configuration`,
		`container.web | file["/opt/new/dir/token"].content | replace | configuration`,
		`container.web | file["/tmp/app.conf"].content | replace | configuration`)
	r := s.do("plan").wants(t, 0)
	if strings.Contains(r.all(), "an0ther") || strings.Contains(r.all(), "s3cret") {
		t.Errorf("a secret is shown:\n%s", r.all())
	}
	s.applied()
	if got := look(); !strings.Contains(got, "port = 2") || !strings.Contains(got, "an0ther-one") {
		t.Errorf("applied:\n%s", got)
	}
}

// A file that would not be there is refused with its line.
func TestFilesThatCannotBe(t *testing.T) {
	s := newNouns(t)
	refused := func(old, instead string, says ...string) {
		t.Helper()
		s.as(strings.Replace(filesFile, old, instead, 1))
		s.do("validate").wants(t, 1).says(t, append(says, "main.hcl")...)
	}
	refused(`"/tmp/app.conf"`, `"app.conf"`, "app.conf", "absolute")
	refused(`"/tmp/app.conf"`, `"/data/../data/seed"`, "two file blocks", "/data/seed")
	refused(`"0600"`, `"rw"`, "not a mode", "0644")
	refused(`"1000:1001"`, `"www"`, "not the number of a user")
	refused(`init    = true`, "init = true\n tmpfs = [\"/tmp:size=1m\"]", "tmpfs on /tmp")
	refused(`init    = true`, "init = true\n read_only = true", "read_only", "/tmp/app.conf")
}

// Each kind of readiness waits for what it says, and a failure says what was
// missing, with the last lines of the log. The servers begin to listen once it was
// said that they do not.
func TestReadiness(t *testing.T) {
	s := newNouns(t)
	s.write("gate/.keep", "")
	server := "mkdir /www && echo ok >/www/health && exec httpd -f -p %s:8080 -h /www"
	block := func(name, address, ready string) string {
		return fmt.Sprintf(`
container %q {
  image   = "dindctl.local/bash"
  init    = true
  command = ["bash", "-c", "until [[ -e /gate/open ]]; do sleep 0.1; done; echo listening now; %s"]
  mount {
    source = "../gate"
    target = "/gate"
  }
  healthcheck {
    test     = ["CMD", "bash", "-c", ": </dev/tcp/127.0.0.1/8080"]
    interval = "1s"
  }
  ready {
    timeout = "1h"
    %s
  }
}
`, name, fmt.Sprintf(server, address), ready)
	}
	s.as(block("port", "0.0.0.0", "port = 8080") + block("inner", "127.0.0.1", "port = 8080") +
		block("log", "0.0.0.0", `log = "^listening"`) + block("healthy", "0.0.0.0", "healthy = true") +
		block("exec", "0.0.0.0", `exec = ["bash", "-c", ": </dev/tcp/127.0.0.1/8080"]`) +
		block("http", "0.0.0.0", "http {\n port = 8080\n path = \"/health\"\n}") +
		block("status", "127.0.0.1", "http {\n port = 8080\n path = \"other\"\n status = 404\n}"))
	p := s.begin(nil, "apply", "nouns", "-project", s.project, "-auto-approve")
	for _, waits := range []string{
		"container.port: port 8080 does not accept connections yet", "container.inner: port 8080 does not accept connections yet",
		`container.log: no line of its log matches "^listening" yet`, "container.healthy: its health check says ",
		"container.exec: the command of ready.exec exits with code 1", "container.http: ", "container.status: ",
	} {
		p.prints(waits)
	}
	if regexp.MustCompile(`container\.\w+: created`).MatchString(p.output()) {
		t.Errorf("something is ready that does not listen:\n%s", p.output())
	}
	s.write("gate/open", "")
	p.ends().wants(t, 0).says(t, "container.http: created")
	s.do("plan", "-detailed-exitcode").wants(t, 0)

	broken := block("late", "0.0.0.0", "http {\n port = 8080\n}")
	givenTime(t, func(limit time.Duration) bool {
		s.do("destroy", "-auto-approve").wants(t, 0)
		s.as(strings.Replace(broken, `"1h"`, `"`+limit.String()+`"`, 1))
		r := s.do("apply", "-auto-approve").wants(t, 1).says(t, "did not get ready in time", "after "+limit.String(), "timeout")
		return strings.Contains(fold(r.all()), "GET http://localhost:8080/ answers with status 404") && strings.Contains(r.all(), "listening now")
	})
	s.as(strings.Replace(broken, "echo listening now", "echo cannot bind; exit 4", 1))
	s.do("apply", "-auto-approve").wants(t, 1).says(t, "exit code 4", "cannot bind")
}
