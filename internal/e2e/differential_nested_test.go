package e2e_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/dindctl/dindctl/internal/mount"
)

// With real daemons the rule says what a nested container sees, too: the
// entrypoint's own mounts cover what was declared below them, a source that is
// missing is refused, and everything else is what the daemon has there.
func TestRuleIsWhatANestedDockerDoes(t *testing.T) {
	d := newDiffer(t)
	var topologies []topology
	pool := d.randomMounts(nil, true)
	for i := range 2 {
		daemon := fmt.Sprintf("daemon.r%d", i)
		d.dockerd[daemon] = true
		shadowed := mount.Mount{Type: mount.Bind, Source: d.host, Target: "/tmp/x"}
		d.container(daemon, append(without(d.randomMounts(pool, true), "/tmp/x"), shadowed), dindImage, "--privileged", "-e", "DOCKER_TLS_CERTDIR=")
		for j := range 4 {
			controller := fmt.Sprintf("controller.k%d%d", i, j)
			d.container(controller, d.randomMounts(d.mounts[daemon], true), bashImage)
			topologies = append(topologies, topology{
				number: len(topologies), daemon: daemon, controller: controller, resolve: mount.ResolveSame,
				source: d.randomSource(d.mounts[daemon], d.mounts[controller]),
			})
		}
	}
	// Of each daemon one source is what its entrypoint covers.
	topologies[0].source, topologies[4].source = "/tmp/x", "/tmp/x/a"
	var group errgroup.Group
	for daemon := range d.dockerd {
		until(t, daemon+" does not answer", func() bool {
			return exec.Command("docker", "exec", d.name(daemon), "docker", "version").Run() == nil //nolint:gosec // the test's own
		})
		group.Go(func() error { return d.loadImage(daemon) })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	d.run(topologies)
	for _, tp := range topologies {
		d.compareNested(tp)
	}
	if d.tally[mount.Shadowed] == 0 || d.tally[mount.Visible]+d.tally[mount.Aliased]+d.tally[mount.Hidden] == 0 {
		t.Errorf("the verdicts are %v: the test says nothing about some", d.tally)
	}
}

func without(mounts []mount.Mount, target string) []mount.Mount {
	var out []mount.Mount
	for _, m := range mounts {
		if m.Target != target {
			out = append(out, m)
		}
	}
	return out
}

// loadImage gives a daemon the image of jobs.
func (d *differ) loadImage(daemon string) error {
	load := fmt.Sprintf("docker save %s | docker exec -i %s docker load", bashImage, d.name(daemon))
	if out, err := exec.Command("bash", "-c", load).CombinedOutput(); err != nil { //nolint:gosec // the test's own
		return fmt.Errorf("loading %s: %w\n%s", bashImage, err, out)
	}
	return nil
}

// compareNested looks at a source from a container that the daemon runs.
func (d *differ) compareNested(t topology) {
	d.t.Helper()
	args := []string{"exec", d.name(t.daemon), "docker", "run", "--rm", "--network", "none", "--mount", "type=bind,source=" + t.source + ",target=/x", bashImage, "stat", "-L", "-c", "%d %i", "/x"}
	out, err := exec.Command("docker", args...).CombinedOutput() //nolint:gosec // the test's own
	var nested seen
	if n, _ := fmt.Sscanf(string(out), "%d %d", &nested.device, &nested.inode); err == nil && n == 2 {
		nested.there = true
	}
	want := d.seen[t.daemon][t.source]
	switch {
	case err != nil && !strings.Contains(string(out), "bind source path does not exist"):
		d.t.Errorf("topology %d: %v\n%s", t.number, err, out)
	case nested != want:
		d.t.Errorf("topology %d: a container of %s that mounts %s sees %+v, the daemon has %+v there\n%s", t.number, t.daemon, t.source, nested, want, out)
	}
}
