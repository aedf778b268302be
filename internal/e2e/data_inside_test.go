package e2e_test

import (
	"os/exec"
	"strings"
	"testing"
)

const dataInside = `
volume "images" {}

daemon "dind" {
  image = "dindctl.local/dind"
  data  = volume.images
}

volume "inner" {
  inside = daemon.dind
}

container "inner" {
  inside  = daemon.dind
  image   = "dindctl.local/bash"
  command = ["sleep", "1000"]
  init    = true
  mount {
    source = volume.inner
    target = "/data"
  }
}
`

// What lives inside a daemon is data of its data volume: it is there again after
// a replacement of the daemon, after destroy and apply, and when the daemon gets
// another volume and its own back; what others made inside it as well. A volume
// inside is a volume like any other. What goes with a data volume is named.
func TestDataInsideADaemon(t *testing.T) {
	t.Parallel()
	k := newKeeper(t)
	images, inner := k.project+"-images", k.project+"-inner"
	in := func(args ...string) string {
		t.Helper()
		return strings.Join(k.docker(append([]string{"exec", k.project + "-dind"}, args...)...), "\n")
	}
	mark := func() {
		in("sh", "-c", "for v in "+inner+" theirs; do echo $v >/var/lib/docker/volumes/$v/_data/mark; done")
	}
	wantMarks := func(when string) {
		t.Helper()
		if got := in("sh", "-c", "cat /var/lib/docker/volumes/*/_data/mark"); got != inner+"\ntheirs" {
			t.Errorf("%s: inside the daemon is %q", when, got)
		}
	}
	k.as(dataInside)
	k.applied()
	in("docker", "run", "-d", "--init", "--name", "theirs", "-v", "theirs:/theirs", "--restart", "always", bashImage, "sleep", "1000")
	mark()

	file := strings.Replace(dataInside, `data  = volume.images`, "data  = volume.images\n  mtu   = 1400", 1)
	k.as(file)
	k.applied()
	wantMarks("after a replacement of the daemon")
	until(t, "a foreign container inside is not started again", func() bool {
		return in("docker", "inspect", "-f", "{{.State.Running}}", "theirs") == "true"
	})

	k.refusesToLose("everything in the volume "+inner, "apply", "-replace", "volume.inner")
	wantMarks("without consent to the loss of a volume inside")
	k.refusesToLose("everything in the volume "+images+" (all that is inside daemon.dind)", "apply", "-replace", "volume.images")
	wantMarks("without consent to the loss of the daemon's data")

	k.as(strings.Split(file, "volume \"inner\"")[0])
	k.do("apply", "-auto-approve").wants(t, 0).says(t, "Kept:", "volume "+inner+" inside daemon.dind (volume.inner)")
	wantMarks("when the block of a volume inside is gone")

	k.do("destroy", "-auto-approve").wants(t, 0).says(t, "Kept:", "volume "+images+" (volume.images)", "volume "+inner+" inside daemon.dind (volume.inner)")
	k.as(file)
	k.applied()
	wantMarks("after destroy and apply")

	other := strings.Replace(file, "data  = volume.images", "data  = volume.other", 1) + "volume \"other\" {}\n"
	k.as(other)
	k.do("apply", "-auto-approve").wants(t, 0)
	k.as(file)
	k.do("apply", "-auto-approve").wants(t, 0).says(t, "Kept:", "volume "+k.project+"-other (volume.other)")
	wantMarks("after the daemon had another volume")

	k.do("destroy", "-auto-approve", "-volumes").wants(t, 0).says(t, "data loss: everything in the volume "+images+" (all that is inside daemon.dind)")
	k.wantList("volumes", k.volumes())
}

// A volume that a foreign container uses is not removed, and nothing that runs is
// given up for it: the container is named, before anything is done.
func TestAVolumeThatSomebodyElseUses(t *testing.T) {
	t.Parallel()
	k := newKeeper(t)
	data, theirs := k.project+"-data", k.project+"-theirs"
	k.as(volumes)
	k.applied()
	k.mark(data)
	k.docker("run", "-d", "--init", "--name", theirs, "-v", data+":/theirs", bashImage, "sleep", "1000")
	t.Cleanup(func() { _ = exec.Command("docker", "rm", "-f", theirs).Run() })
	before := k.list("ps", "-q", "--no-trunc")

	k.do("apply", "-auto-approve", "-volumes", "-replace", "volume.data").wants(t, 1).says(t, data, "container "+theirs)
	if after := k.list("ps", "-q", "--no-trunc"); strings.Join(after, " ") != strings.Join(before, " ") {
		t.Errorf("what ran was given up: %q, before %q", after, before)
	}
	k.do("destroy", "-auto-approve", "-volumes").wants(t, 1).says(t, data, "container "+theirs)
	k.wantMarks("used by somebody else", data)
	k.docker("rm", "-f", theirs)
	k.do("destroy", "-auto-approve", "-volumes").wants(t, 0)
	k.wantList("volumes", k.volumes())
}
