package truth_test

import (
	"maps"
	"testing"

	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// limitSets are sets of what is changed on a container as it stands. Those of cpus are
// the last: once it is said, nothing else can be said of processors live.
func limitSets() []map[string]chosen {
	value := func(n int) chosen { return chosen{Value: n} }
	return []map[string]chosen{
		{},
		{"cpu_shares": value(0)},
		{"cpu_period": value(0)},
		{"cpu_quota": value(0)},
		{"cpu_quota": value(1), "cpu_period": value(1)},
		{"cpuset": value(0)},
		{"cpuset_mems": value(0)},
		{"pids_limit": value(0)},
		{"blkio_config": value(0)},
		{"mem_limit": value(0)},
		{"mem_limit": value(1), "memswap_limit": value(0)},
		{"mem_limit": value(2), "memswap_limit": value(2)},
		{"mem_reservation": value(0)},
		{"restart": value(0)},
		{"cpus": value(0)},
		{"cpus": value(1), "mem_limit": value(0), "restart": value(1)},
	}
}

// Whatever a container was before: what is announced to be changed live is taken by the
// engine, and done. From each set of limits to each other, on one container with all that
// became of it, so that also what an earlier change left behind counts.
func TestLiveIsDoneLive(t *testing.T) {
	t.Parallel()
	for _, api := range []string{api2010, api285} {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			m, end, err := newMemory(api)
			if err != nil {
				t.Fatal(err)
			}
			defer end()
			u, err := newUser(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			defer u.close()
			r := &run{u: u, out: outcome{tally: tally{}}}
			done := map[plan.Action]int{}
			to := func(args map[string]chosen) plan.Action {
				r.c = configuration{Blocks: []block{{ID: 1, Kind: provider.Container, Label: "a", Args: maps.Clone(args)}}}
				p, ok := r.plan(t.Context(), "")
				if !ok || !r.converge(t.Context(), "", &p) {
					t.Fatalf("to %v: %s: %s", args, r.out.broken, r.out.how)
				}
				action := plan.None
				for _, res := range p.Resources {
					if res.Address == "container.a" {
						action = res.Action
					}
				}
				done[action]++
				return action
			}
			sets := limitSets()
			to(sets[0])
			if got := to(sets[14]); got != plan.Update {
				t.Errorf("a container without limits gets cpus by %s", got)
			}
			for i := range sets { // there and back
				to(sets[i])
				for j := i + 1; j < len(sets); j++ {
					to(sets[j])
					to(sets[i])
				}
			}
			if done[plan.Update] < 60 || done[plan.Replace] < 30 {
				t.Errorf("it was done so: %v", done)
			}
		})
	}
}
