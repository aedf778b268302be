package e2e_test

import (
	"strings"
	"testing"
)

const volumesFromFile = `
volume "work" {}

container "files" {
  image   = "dindctl.local/bash"
  command = ["sh", "-c", "echo named >/work/f; echo anonymous >/anon/f; exec sleep 1000"]
  init    = true
  mount {
    source = volume.work
    target = "/work"
  }
  mount {
    type   = "volume"
    target = "/anon"
  }
}

container "reader" {
  image        = "dindctl.local/bash"
  command      = ["sleep", "1000"]
  init         = true
  volumes_from = [container.files]
}
`

// What another container has mounted is there at the same paths, volumes without
// a name too, and a new container there is one here.
func TestVolumesFrom(t *testing.T) {
	s := newNouns(t)
	s.as(volumesFromFile)
	s.applied()
	s.dindctl("exec", "container.reader", "-project", s.project, "--", "cat", "/work/f", "/anon/f").wants(t, 0).says(t, "named anonymous")

	s.as(strings.Replace(volumesFromFile, "echo named", "echo renamed", 1))
	s.wantChanges("after a change of the other", "container.files | command | replace | configuration", "container.reader | volumes_from | replace | configuration")
	s.do("apply", "-auto-approve", "-volumes").wants(t, 0) // what is in the volume without a name is lost
	s.do("plan", "-detailed-exitcode").wants(t, 0)
	s.dindctl("exec", "container.reader", "-project", s.project, "--", "cat", "/work/f", "/anon/f").wants(t, 0).says(t, "renamed anonymous")
}
