package e2e_test

import (
	"fmt"
	"strings"
	"testing"
)

// What a container's limits are changed to holds in the kernel, not only in what
// the engine shows, whether it is changed live or by a new container.
func TestLimitsHoldInTheKernel(t *testing.T) {
	s := newNouns(t)
	// Where the container sees a limit, with cgroup v1 and with v2.
	kernel := func(v1, v2 string) string {
		return strings.Join(s.docker("exec", s.project+"-c", "sh", "-c", fmt.Sprintf("cd /sys/fs/cgroup; cat %s 2>/dev/null || cat %s 2>/dev/null || :", v1, v2)), " ")
	}
	limits := func(more string) {
		t.Helper()
		s.as("container \"c\" {\n  image = \"dindctl.local/bash\"\n  command = [\"sleep\", \"1000\"]\n  init = true\n" + more + "\n}\n")
	}
	limits("mem_limit = \"64m\"\nmemswap_limit = \"100m\"\npids_limit = 100\ncpu_quota = 50000")
	s.applied()
	if v1 := kernel("memory/memory.memsw.limit_in_bytes", "/dev/null"); v1 != "104857600" && v1 != "" {
		t.Errorf("the kernel limits memory and swap to %s", v1)
	}
	limits("mem_limit = \"128m\"\nmemswap_limit = \"-1\"\npids_limit = -1\ncpu_quota = 20000")
	s.wantChanges("without limits",
		"container.c | cpu_quota | live | configuration", "container.c | mem_limit | live | configuration",
		"container.c | memswap_limit | replace | configuration", "container.c | pids_limit | live | configuration")
	s.applied()
	for what, row := range map[string]struct{ v1, v2, want1, want2 string }{
		"memory":             {"memory/memory.limit_in_bytes", "memory.max", "134217728", "134217728"},
		"memory and swap":    {"memory/memory.memsw.limit_in_bytes", "memory.swap.max", "92233720368547", "max"},
		"processes":          {"pids/pids.max", "pids.max", "max", "max"},
		"the scheduler":      {"cpu/cpu.cfs_quota_us", "cpu.max", "20000", "20000 100000"},
		"what was not asked": {"cpu/cpu.shares", "cpu.weight", "1024", "100"},
	} {
		if got := kernel(row.v1, row.v2); got != "" && !strings.HasPrefix(got, row.want1) && got != row.want2 { // "" where it counts no swap
			t.Errorf("%s: the kernel has %q, want %q or %q", what, got, row.want1, row.want2)
		}
	}
	limits("mem_limit = \"128m\"\nmemswap_limit = \"150m\"\npids_limit = 50\ncpu_quota = 30000")
	s.wantChanges("with limits again",
		"container.c | cpu_quota | live | configuration", "container.c | memswap_limit | live | configuration", "container.c | pids_limit | live | configuration")
	s.applied()
	if got := kernel("pids/pids.max", "pids.max"); got != "50" {
		t.Errorf("processes: the kernel has %q", got)
	}
	if v1 := kernel("memory/memory.memsw.limit_in_bytes", "/dev/null"); v1 != "157286400" && v1 != "" {
		t.Errorf("the kernel limits memory and swap to %s", v1)
	}
}
