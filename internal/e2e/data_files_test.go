package e2e_test

import (
	"path/filepath"
	"strings"
	"testing"
)

const filesOfTheHost = `
daemon "dind" {
  image = "dindctl.local/dind"
  mount {
    source = "./etc"
    target = "/etc/docker"
  }
}

container "web" {
  image   = "dindctl.local/bash"
  command = ["sleep", "1000"]
  init    = true
  mount {
    source = "./conf"
    target = "/conf"
  }
  mount {
    source = volume.own
    target = "/own"
  }
  file {
    path    = "/own/seed"
    content = "from the configuration\n"
  }
}

volume "own" {}
`

// Nothing is written through a mount into what is not the project's: a daemon.json
// that the user mounts is read and stays as it is, a file that would land in a
// directory of the host is refused before anything is made. Into a volume of the
// project's own it is put.
func TestFilesOfTheHostStayAsTheyAre(t *testing.T) {
	t.Parallel()
	s := newNouns(t)
	const settings, conf = "{\n  \"labels\": [\"mine=yes\"]\n}\n", "the user's own\n"
	s.as(filesOfTheHost)
	s.write("nouns/etc/daemon.json", settings)
	s.write("nouns/conf/seed", conf)
	s.applied()
	if got := s.docker("exec", s.project+"-dind", "docker", "info", "-f", "{{.Labels}}"); got[0] != "[mine=yes]" {
		t.Errorf("the daemon's labels are %q", got)
	}
	if got := s.docker("exec", s.project+"-web", "cat", "/own/seed"); got[0] != "from the configuration" {
		t.Errorf("the file in the volume is %q", got)
	}
	s.as(strings.Replace(filesOfTheHost, `"/own/seed"`, `"/conf/seed"`, 1))
	s.do("apply", "-auto-approve").wants(t, 1).says(t, "File that would be written through a mount", "/conf/seed", "main.hcl")
	s.as(strings.Replace(filesOfTheHost, `image = "dindctl.local/dind"`, "image = \"dindctl.local/dind\"\n  mtu = 1400", 1))
	s.do("apply", "-auto-approve").wants(t, 1).says(t, "File that would be written through a mount", "The daemon's settings (mtu)")
	s.as(`container "linked" {
  image   = "dindctl.local/bash"
  command = ["sleep", "1000"]
  init    = true
  mount {
    source = "./conf"
    target = "/run"
  }
  file {
    path    = "/var/run/seed"
    content = "x"
  }
}
`)
	s.do("apply", "-auto-approve").wants(t, 1).says(t, "File that would be written through a mount", "leads /var/run/seed to /run/seed", "container.linked")
	s.do("destroy", "-auto-approve").wants(t, 0)
	for name, want := range map[string]string{"etc/daemon.json": settings, "conf/seed": conf} {
		if got := readFile(t, filepath.Join(s.dir, "nouns", name)); got != want {
			t.Errorf("%s of the host is %q", name, got)
		}
	}
}
