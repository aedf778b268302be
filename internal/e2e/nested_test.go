package e2e_test

import (
	"slices"
	"strings"
	"testing"
)

// A daemon inside a daemon: the job at the bottom sees a file of the host, the
// next plan is empty, what somebody changes at any depth is seen and repaired, and
// destroy reaches every depth.
func TestNestedTwice(t *testing.T) {
	t.Parallel()
	e := newExample(t, "nested-twice", map[string]string{"daemon_image": dindImage, "job_image": bashImage})
	outer, inner, job := e.project+"-outer", e.project+"-inner", e.project+"-list"
	atDepth := [][]string{{}, {"exec", outer, "docker"}, {"exec", outer, "docker", "exec", inner, "docker"}}
	there := func(depth int) []string {
		return e.docker(append(slices.Clone(atDepth[depth]), "ps", "-a", "--filter", "label=dev.dindctl.project="+e.project, "--format", "{{.Names}}")...)
	}
	wantThere := func(when string) {
		t.Helper()
		for depth, name := range []string{outer, inner, job} {
			if got := there(depth); !slices.Equal(got, []string{name}) {
				t.Errorf("%s: at depth %d there is %q, want %q", when, depth, got, name)
			}
		}
	}

	e.mistakes(1)
	e.up().says(t, "marker.txt")
	wantThere("after apply")

	// One change at each depth; the plan shows these three and nothing else.
	e.docker("update", "--restart", "no", outer)
	e.docker("exec", outer, "docker", "update", "--restart", "no", inner)
	e.docker("exec", outer, "docker", "exec", inner, "docker", "rm", job)
	e.do("plan", "-detailed-exitcode").wants(t, 2).
		says(t, "daemon.outer will be updated", "daemon.inner will be updated", "job.list will be run").
		says(t, "Plan: 1 to add, 2 to change, 0 to destroy")
	e.up().says(t, "marker.txt")
	wantThere("after the repair")

	// The daemon in the middle is gone; its data, and the job's record in it, are not.
	e.docker("exec", outer, "docker", "rm", "-f", inner)
	e.do("plan", "-detailed-exitcode").wants(t, 2).says(t, "daemon.inner will be created")
	e.up()
	wantThere("after the daemon in the middle was made again")

	removed := e.do("destroy", "-auto-approve").wants(t, 0).stderr
	var order []int
	for _, line := range []string{"job.list: removed", "daemon.inner: removed", "daemon.outer: removed"} {
		order = append(order, strings.Index(removed, line))
	}
	if !slices.IsSorted(order) || order[0] < 0 {
		t.Errorf("removed in the order %v:\n%s", order, removed)
	}
	e.wantList("containers", e.containers())
	e.wantList("networks", e.networks())
	e.wantList("volumes", e.volumes(), "outer-certs", "outer-data")
	// What the engines of both depths keep of containers is empty.
	left := e.docker("run", "--rm", "-v", e.project+"-outer-data:/data", bashImage, "sh", "-c",
		"ls /data/containers /data/volumes/"+inner+"-data/_data/containers")
	if want := []string{"/data/containers:", "/data/volumes/" + inner + "-data/_data/containers:"}; !slices.Equal(left, want) {
		t.Errorf("containers inside after destroy: %q", left)
	}
	e.do("destroy", "-volumes", "-auto-approve").wants(t, 0)
	e.wantList("volumes", e.volumes())
}
