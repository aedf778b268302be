package plan_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/dindctl/dindctl/internal/plan"
)

// shared are containers in one network, each with what it waits for of its own.
func shared(rev, n int, own func(i int) (noun, func(*noun))) []noun {
	out := []noun{{address: "network.n", name: "n", rev: rev}}
	for i := range n {
		c := noun{address: fmt.Sprintf("container.c%d", i), name: fmt.Sprintf("c%d", i), networks: []string{"network.n"}}
		if own != nil && rev > 0 {
			more, use := own(i)
			use(&c)
			out = append(out, more)
		}
		out = append(out, c)
	}
	return out
}

// ofOwn are the things of their own that containers can wait for.
func ofOwn() map[string]func(i int) (noun, func(*noun)) {
	return map[string]func(i int) (noun, func(*noun)){
		"nothing": nil,
		"image": func(i int) (noun, func(*noun)) {
			address := fmt.Sprintf("image.i%d", i)
			return noun{address: address, name: fmt.Sprintf("i%d", i)}, func(c *noun) { c.image = address }
		},
		"job": func(i int) (noun, func(*noun)) {
			address := fmt.Sprintf("job.j%d", i)
			return noun{address: address, name: fmt.Sprintf("j%d", i)}, func(c *noun) { c.deps = []string{address} }
		},
		"volume": func(i int) (noun, func(*noun)) {
			address := fmt.Sprintf("volume.v%d", i)
			return noun{address: address, name: fmt.Sprintf("v%d", i)}, func(c *noun) { c.volumes = []string{address} }
		},
	}
}

// Whatever waits for each other, and how much of it: nothing that runs goes before all is
// made that what takes its place waits for, and that can be made before.
func TestNothingGoesBeforeWhatIsNeededInItsPlaceIsMade(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 15, 16, 17, 40} {
		for what, own := range ofOwn() {
			w := applied(t, shared(0, n, nil)...)
			x := configuration(shared(1, n, own)...)
			in := w.input(x)
			consented(&in)
			p, problems := plan.Make(in)
			if problems.HasErrors() {
				t.Fatal(problems)
			}
			behind := make([]map[int]bool, len(p.Steps)+1) // what each step waits for, by id
			for _, s := range p.Steps {
				behind[s.ID] = map[int]bool{}
				for _, need := range s.Needs {
					behind[s.ID][need] = true
					for further := range behind[need] {
						behind[s.ID][further] = true
					}
				}
			}
			for _, removal := range p.Steps {
				if removal.Action != plan.Delete {
					continue
				}
				for _, s := range p.Steps {
					if s.Action != plan.Delete && s.Kind != "network" && s.Kind != "container" && !behind[removal.ID][s.ID] {
						t.Errorf("%d containers with their own %s: %s %s does not wait for %s %s", n, what, removal.Action, removal.Address, s.Action, s.Address)
					}
				}
			}
			if err := w.apply(x, in, p, first); err != nil {
				t.Errorf("%d containers with their own %s: the engine refuses: %v", n, what, err)
			}
		}
	}
}

// A plan in which much is made anew has edges in proportion to it, whatever that waits for.
func TestManyReplacementsInOneNetworkNeedInProportion(t *testing.T) {
	t.Parallel()
	const n = 300
	for what, own := range ofOwn() {
		w := newWorld()
		w.fill(t, configuration(shared(0, n, nil)...))
		in := w.input(configuration(shared(1, n, own)...))
		consented(&in)
		p, problems := plan.Make(in)
		if problems.HasErrors() {
			t.Fatal(problems)
		}
		needs := 0
		for _, s := range p.Steps {
			needs += len(s.Needs)
		}
		if most := 10 * n; needs > most {
			t.Errorf("%d containers with their own %s: the steps have %d needs, and at most %d are due", n, what, needs, most)
		}
	}
}

// What removals have to wait for is found with edges and work in proportion to what is made
// anew. Work is told by what is allocated: that is the same however busy the machine is.
func TestKeepingGrowsWithWhatIsMadeAnew(t *testing.T) { //nolint:paralleltest // others would allocate, too
	for _, own := range []bool{false, true} {
		var each [2]uint64
		for i, n := range []int{1000, 5000} {
			keep := plan.Keeping(n, own)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			wishes := keep()
			runtime.ReadMemStats(&after)
			each[i] = (after.TotalAlloc - before.TotalAlloc) / uint64(n)
			if wishes > 3*n {
				t.Errorf("%d replacements, with something of their own to wait for: %t: %d wishes", n, own, wishes)
			}
		}
		if each[1] > 2*each[0] {
			t.Errorf("with something of their own to wait for: %t: %d bytes for each of 1000 replacements, %d for each of 5000", own, each[0], each[1])
		}
	}
}
