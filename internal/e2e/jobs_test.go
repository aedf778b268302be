package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const jobsFile = `
job "done" {
  image    = "dindctl.local/bash"
  command  = ["echo", "ran once"]
  triggers = { input = "1" }
}

job "asked" {
  image   = "dindctl.local/bash"
  command = ["echo", "never by apply"]
  run     = "on_request"
}
`

// A job runs once, again when a trigger changes, not at all where it runs on
// request; one that takes too long is ended and says so, one that fails is tried
// again as often as it may be.
func TestJobs(t *testing.T) {
	s := newNouns(t)
	s.as(jobsFile)
	s.applied().says(t, "ran once")
	s.wantList("containers", s.containers(), "done")
	s.as(strings.Replace(jobsFile, `"1"`, `"2"`, 1))
	s.wantChanges("after a change of a trigger", "job.done | triggers | replace | configuration")
	s.applied().says(t, "ran once")

	givenTime(t, func(limit time.Duration) bool {
		s.as(fmt.Sprintf(`
job "slow" {
  image   = "dindctl.local/bash"
  command = ["sh", "-c", "echo working; exec sleep 86400"]
  init    = true
  timeout = %q
}
`, limit))
		r := s.do("apply", "-auto-approve").wants(t, 1).says(t, "The job took too long", "within "+limit.String())
		return strings.Contains(r.all(), "| working")
	})
	s.wantInspect("container", "slow", "{{.State.Running}}", "false")

	s.as(`
volume "count" {}
job "slow" {
  image   = "dindctl.local/bash"
  command = ["sh", "-c", "echo x >>/count/tries; test $(wc -l </count/tries) = 3"]
  retries = 2
  mount {
    source = volume.count
    target = "/count"
  }
}
`)
	s.applied()
	s.as(`
job "slow" {
  image   = "dindctl.local/bash"
  command = ["sh", "-c", "echo the reason; exit 3"]
  retries = 1
}
`)
	s.do("apply", "-auto-approve").wants(t, 1).says(t, "The job failed", "exit code 3", "the reason")
}
