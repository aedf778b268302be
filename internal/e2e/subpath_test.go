package e2e_test

import (
	"strings"
	"testing"
)

const subpathFile = `
volume "v" {}

container "maker" {
  image   = "dindctl.local/bash"
  command = ["sh", "-c", "mkdir -p /v/one /v/two; touch /v/one/x /v/two/y; exec sleep 1000"]
  init    = true
  mount {
    source = volume.v
    target = "/v"
  }
  ready {
    exec = ["test", "-e", "/v/two/y"]
  }
}

container "part" {
  image      = "dindctl.local/bash"
  command    = ["sleep", "1000"]
  init       = true
  depends_on = [container.maker]
  mount {
    source  = volume.v
    target  = "/p"
    subpath = "one"
  }
}
`

// A part of a volume is mounted where the engine can, is no difference then, and
// changes by a new container; an engine that would mount the whole is refused.
func TestPartsOfVolumes(t *testing.T) {
	s := newNouns(t)
	s.as(subpathFile)
	if older(s.api(), "1.45") {
		s.do("apply", "-auto-approve").wants(t, 1).says(t, "subpath", "1.45")
		return
	}
	s.applied()
	there := func(want string) {
		t.Helper()
		if got := strings.Join(s.docker("exec", s.project+"-part", "ls", "/p"), " "); got != want {
			t.Errorf("in the part are %q, want %q", got, want)
		}
	}
	there("x")
	s.as(strings.Replace(subpathFile, `"one"`, `"two"`, 1))
	s.wantChanges("after a change of the file", `container.part | mount["/p"].subpath | replace | configuration`)
	s.applied()
	there("y")
}
