package e2e_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// gated is a container that says so and listens once a gate is open. Its port is published,
// where a proxy of the engine accepts connections from the beginning, and its terminal ends
// lines with a carriage return, too.
func gated(name, inside, gate, ready, timeout string) string {
	return fmt.Sprintf(`
container %q {
  %s
  image   = "dindctl.local/bash"
  init    = true
  tty     = true
  command = ["bash", "-c", "for ((i = 0; i < 20000; i++)); do echo a line of more than fifty characters that says nothing $i; done; until [[ -e /gate/open ]]; do sleep 0.1; done; echo open now; mkdir /www; exec httpd -f -p 8080 -h /www"]
  ports {
    target = 8080
  }
  mount {
    source = %q
    target = "/gate"
  }
  ready {
    %s
    timeout = %q
  }
}
`, name, inside, gate, ready, timeout)
}

// An apply ends well, and does what needs a container, only once the container is ready in
// its present run: not after an apply that gave up or was killed, not when it was started
// again, and not because a proxy accepts connections or an earlier run wrote the line.
func TestEveryApplyWaitsForTheRunThatIsThere(t *testing.T) {
	for _, place := range []struct{ name, daemon, inside, gate string }{
		{name: "root", gate: "../gate"},
		{name: "inside", inside: "inside = daemon.dind", gate: "/gate", daemon: `
daemon "dind" {
  image = "dindctl.local/dind"
  mount {
    source = "../gate"
    target = "/gate"
  }
}
`},
	} {
		t.Run(place.name, func(t *testing.T) {
			t.Parallel()
			s := newNouns(t)
			s.write("gate/.keep", "")
			closeGate := func() {
				if err := os.RemoveAll(filepath.Join(s.dir, "gate", "open")); err != nil {
					t.Fatal(err)
				}
			}
			configure := func(timeout string) {
				inside := cmp.Or(place.inside, "inside = daemon.root")
				s.as(place.daemon + gated("port", place.inside, place.gate, "port = 8080", timeout) +
					gated("log", place.inside, place.gate, `log = "^open now$"`, timeout) + fmt.Sprintf(`
job "test" {
  %s
  image      = "dindctl.local/bash"
  command    = ["echo", "all is ready"]
  depends_on = [container.port, container.log]
}
`, inside))
			}
			begin := func() *process {
				p := s.begin(nil, "apply", "nouns", "-project", s.project, "-auto-approve")
				p.prints("container.port: port 8080 does not accept connections yet")
				p.prints(`container.log: no line of its log matches "^open now$" yet`)
				return p
			}

			configure("1s")
			for range 2 {
				r := s.do("apply", "-auto-approve").wants(t, 1).says(t, "did not get ready in time", "after 1s", "job.test: skipped")
				if strings.Contains(r.all(), "job.test | all is ready") {
					t.Errorf("the job ran:\n%s", r.all())
				}
			}
			s.do("plan", "-detailed-exitcode").wants(t, 2).says(t, "Apply waits until what runs already is ready: container.log, container.port")

			configure("1h")
			p := begin()
			p.signal(syscall.SIGKILL)
			p.ends()
			p = begin()
			s.write("gate/open", "")
			p.ends().wants(t, 0).says(t, "container.port: ready", "container.log: ready", "job.test | all is ready")
			s.do("plan", "-detailed-exitcode").wants(t, 0).says(t, "No changes", "Apply waits until what runs already is ready: container.log, container.port")
			s.do("apply").wants(t, 0).says(t, "No changes", "container.log: ready")

			closeGate()
			r := s.do("restart", "container.port", "container.log").wants(t, 1) // the record says 1s
			r.says(t, "did not get ready in time", "Container "+s.project+"-port, after 1s", "Container "+s.project+"-log, after 1s")
			p = begin()
			s.write("gate/open", "")
			p.ends().wants(t, 0).says(t, "container.port: ready", "container.log: ready")
		})
	}
}

// What no time makes true is said at once, and not after the time that it has: healthy
// without a health check, a log that cannot be read. What the command of ready.exec wrote
// stands in the error, and a job takes no ready block.
func TestWhatNeverGetsReadyIsSaidAtOnce(t *testing.T) {
	s := newNouns(t)
	block := func(more, ready string) string {
		return fmt.Sprintf(`
container "web" {
  image   = "dindctl.local/bash"
  init    = true
  command = ["sleep", "1000"]
  %s
  ready {
    %s
  }
}
`, more, ready)
	}
	s.as(block("", "healthy = true\n timeout = \"1h\""))
	s.do("apply", "-auto-approve").wants(t, 1).says(t, "has no health check that could say that it is healthy", "`healthcheck` block")
	s.do("apply", "-auto-approve").wants(t, 1).says(t, "has no health check that could say that it is healthy")
	s.as(block("logging {\n driver = \"none\"\n }", "log = \"x\"\n timeout = \"1h\""))
	s.do("apply", "-auto-approve").wants(t, 1).says(t, "its logging driver, none, keeps none")
	givenTime(t, func(limit time.Duration) bool {
		s.as(block("", "exec = [\"bash\", \"-c\", \"echo the gate is shut; exit 4\"]\n timeout = \""+limit.String()+"\""))
		r := s.do("apply", "-auto-approve").wants(t, 1)
		return strings.Contains(fold(r.all()), "exits with code 4: the gate is shut")
	})
	s.as(`
job "test" {
  inside  = daemon.root
  image   = "dindctl.local/bash"
  command = ["true"]
  ready {
    port = 80
  }
}
`)
	s.do("validate").wants(t, 1).says(t, "a job when it has ended well")
}

// Where the image has no command that shows what listens, one helper beside the container
// looks for as long as that is waited for, and goes with it, also where the run is asked to end.
func TestReadyPortByOneHelper(t *testing.T) {
	t.Parallel()
	s := newNouns(t)
	s.write("gate/.keep", "")
	program, err := os.ReadFile(os.Getenv("DINDCTL_BIN"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"dindctl": program, "Dockerfile": []byte("FROM scratch\nCOPY dindctl /dindctl\n")} {
		if err := os.MkdirAll(filepath.Join(s.dir, "nouns/bare"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(s.dir, "nouns/bare", name), content, 0o755); err != nil { //nolint:gosec // a program
			t.Fatal(err)
		}
	}
	s.as(`
image "bare" {
  build {
    context = "bare"
  }
}
container "server" {
  image   = "dindctl.local/bash"
  init    = true
  command = ["bash", "-c", "until [[ -e /gate/open ]]; do sleep 0.1; done; mkdir /www; exec httpd -f -p 8080 -h /www"]
  mount {
    source = "../gate"
    target = "/gate"
  }
}
container "bare" {
  image        = image.bare
  network_mode = container.server
  init         = true
  command      = ["/dindctl", "provider", "inside", "listens", "1", "24h"]
  ready {
    port    = 8080
    timeout = "1h"
  }
}
`)
	helper := s.project + "-bare-helper"
	// lasts waits until a helper has looked for longer than one look may take.
	lasts := func() {
		until(t, "no helper stays", func() bool {
			seen := s.run("", "docker", "inspect", "-f", "{{.State.Running}} {{.State.StartedAt}}", helper)
			started, err := time.Parse(time.RFC3339Nano, strings.TrimPrefix(strings.TrimSpace(seen.stdout), "true "))
			return seen.code == 0 && err == nil && time.Since(started) > 8*time.Second
		})
	}
	left := func(when string) {
		if names := s.containers(); len(names) != 2 {
			t.Errorf("%s there are %q", when, names)
		}
	}
	p := s.begin(nil, "apply", "nouns", "-project", s.project, "-auto-approve")
	p.prints("container.bare: port 8080 does not accept connections yet")
	lasts()
	p.signal(syscall.SIGINT)
	p.ends()
	left("after the interruption")

	p = s.begin(nil, "apply", "nouns", "-project", s.project, "-auto-approve")
	lasts()
	s.write("gate/open", "")
	p.ends().wants(t, 0).says(t, "container.bare: ready")
	left("at the end")
}
