package docker_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// limits are sets of what is changed on a container as it stands, in groups that do
// not touch each other. Those with cpus are the last of theirs: once it is said, nothing
// else can be said of processors live.
func limits() [][]attributes {
	n := cty.NumberIntVal
	return [][]attributes{{
		{},
		{"cpu_shares": n(512), "cpuset": text("0"), "cpuset_mems": text("0"), "pids_limit": n(100)},
		{"cpu_period": n(50000)},
		{"cpu_quota": n(50000)},
		{"cpu_quota": n(20000), "cpu_period": n(40000)},
		{"cpus": cty.MustParseNumberVal("0.5")},
		{"cpus": cty.MustParseNumberVal("1.5"), "pids_limit": n(50)},
	}, {
		{},
		{"mem_limit": text("64m"), "restart": text("always")},
		{"mem_limit": text("128m"), "memswap_limit": text("256m"), "restart": text("on-failure:3")},
		{"mem_limit": text("128m"), "memswap_limit": text("-1")},
		{"mem_reservation": text("32m"), "blkio_config": cty.ObjectVal(attributes{"weight": n(300)})},
	}}
}

// Every argument that the table says is changed live is in one of the sets.
func TestLimitsAreAllThatIsLive(t *testing.T) {
	t.Parallel()
	set := map[string]bool{}
	for _, one := range slices.Concat(limits()...) {
		for name := range one {
			set[name] = true
		}
	}
	body := docker.Schema().Nouns[provider.Container]
	live := map[string]bool{}
	for _, a := range body.Attributes {
		if a.Effect == provider.Live && a.Name != "pull_policy" { // which shapes how it is made
			live[a.Name] = true
		}
	}
	for _, b := range body.Blocks {
		if slices.ContainsFunc(b.Body.Attributes, func(a provider.Attribute) bool { return a.Effect == provider.Live }) && b.Name != "ready" {
			live[b.Name] = true
		}
	}
	if !maps.Equal(set, live) {
		t.Errorf("set: %v\nlive: %v", slices.Sorted(maps.Keys(set)), slices.Sorted(maps.Keys(live)))
	}
}

// kernelLimits are where a container sees its own limits, with cgroup v1 and v2.
const kernelLimits = `cd /sys/fs/cgroup; for f in cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us cpu/cpu.shares cpuset/cpuset.cpus cpuset/cpuset.mems
pids/pids.max memory/memory.limit_in_bytes memory/memory.memsw.limit_in_bytes memory/memory.soft_limit_in_bytes
cpu.max cpu.weight cpuset.cpus.effective cpuset.mems.effective pids.max memory.max memory.swap.max memory.low; do
read -r line 2>/dev/null <$f && echo $f $line; done; :`

// What is announced to be changed live is taken by the engine and holds in the kernel, as
// in a container that was made so: from each set of limits to each other, on a container
// with all that became of it.
func TestLiveIsDoneLive(t *testing.T) {
	live, replaced := 0, 0
	for _, sets := range limits() {
		l, r := walkLimits(t, newRig(t), sets)
		live, replaced = live+l, replaced+r
	}
	t.Logf("%d live changes, %d replacements", live, replaced)
	if live < 20 || replaced < 10 {
		t.Error("there is too little of one of them")
	}
}

// walkLimits goes from each set to each other, and counts how.
func walkLimits(t *testing.T, r *rig, sets []attributes) (live, replaced int) {
	t.Helper()
	declared := func(set attributes) provider.Declaration {
		return r.sleeper(both(attributes{"stop_signal": text("KILL")}, set))
	}
	kernel := func(id string) string {
		return r.docker("exec", id, "sh", "-c", strings.ReplaceAll(kernelLimits, "\n", " "))
	}
	fresh := make([]string, len(sets))
	var is provider.Object
	made := func(i int) {
		t.Helper()
		if is.ID != "" {
			if _, err := r.p.Delete(t.Context(), provider.DeleteRequest{Kind: provider.Container, ID: is.ID, Project: r.project}, nil); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := r.p.Create(t.Context(), r.request(provider.Root, declared(sets[i])), r.sink); err != nil {
			t.Fatalf("%v is not made: %v", sets[i], err)
		}
		is = r.observe(t.Context(), provider.Root)["container.web"]
		fresh[i] = kernel(is.ID)
	}
	to := func(i int) {
		t.Helper()
		decl := declared(sets[i])
		var changes []provider.Change
		for _, c := range r.diff(decl, is) {
			if c.Effect == provider.Replace {
				replaced++
				made(i)
				return
			}
			if c.Cause != provider.LeftOut {
				changes = append(changes, c)
			}
		}
		if len(changes) == 0 {
			return
		}
		live++
		resp, err := r.p.Update(t.Context(), provider.UpdateRequest{Declaration: decl, ID: is.ID, Project: r.project, Changes: changes}, r.sink)
		if err != nil {
			t.Fatalf("to %v: announced as live: %v", sets[i], err)
		}
		is = resp.Object
		for _, c := range r.diff(decl, r.observe(t.Context(), provider.Root)["container.web"]) {
			if c.Cause != provider.LeftOut {
				t.Errorf("to %v: %s is left after a live change", sets[i], c.Path)
			}
		}
		if got := kernel(is.ID); got != fresh[i] {
			t.Errorf("to %v, changed live, the kernel has\n%s\nof a container that was made so\n%s", sets[i], got, fresh[i])
		}
	}
	for i := range sets {
		made(i)
	}
	for i := range sets[1:] {
		if fresh[i] == fresh[i+1] {
			t.Errorf("a container does not see its own limits: %v and %v are\n%s", sets[i], sets[i+1], fresh[i])
		}
	}
	made(0)
	last := len(sets) - 1
	if to(last); replaced != 0 {
		t.Errorf("a container without limits is replaced to get %v", sets[last])
	}
	for i := range sets { // there and back
		to(i)
		for j := i + 1; j < len(sets); j++ {
			to(j)
			to(i)
		}
	}
	return live, replaced
}
