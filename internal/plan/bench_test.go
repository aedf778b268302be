package plan_test

import (
	"fmt"
	"testing"

	"github.com/dindctl/dindctl/internal/plan"
)

// many is a configuration of about n objects: networks with containers on them.
func many(n int) []noun {
	out := []noun{{address: "network.n0", name: "n0"}}
	for i := range n {
		network := fmt.Sprintf("n%d", i/100)
		if i%100 == 0 && i > 0 {
			out = append(out, noun{address: "network." + network, name: network})
			continue
		}
		name := fmt.Sprintf("c%d", i)
		out = append(out, noun{address: "container." + name, name: name, networks: []string{"network." + network}})
	}
	return out
}

// Planning grows close to linearly.
func BenchmarkMake(b *testing.B) {
	for _, n := range []int{10, 1000, 10_000} {
		x, w := configuration(many(n)...), newWorld()
		empty := w.input(x)
		w.fill(b, x)
		full, destroy := w.input(x), w.input(x)
		destroy.Destroy = true
		for _, row := range []struct {
			name string
			in   plan.Input
		}{{"create", empty}, {"unchanged", full}, {"destroy", destroy}} {
			if row.name == "unchanged" && n > 1000 {
				continue // a configuration made by hand looks its addresses up one by one
			}
			b.Run(fmt.Sprintf("%s/%d", row.name, n), func(b *testing.B) {
				for b.Loop() {
					p, problems := plan.Make(row.in)
					if problems.HasErrors() {
						b.Fatal(problems)
					}
					_ = p.String()
				}
			})
		}
	}
}

// Everything in one network is made anew, each with an image of its own that is new.
func BenchmarkReplace(b *testing.B) {
	for _, n := range []int{1000, 5000} {
		for what, own := range ofOwn() {
			w := newWorld()
			w.fill(b, configuration(shared(0, n, nil)...))
			in := w.input(configuration(shared(1, n, own)...))
			consented(&in)
			b.Run(fmt.Sprintf("%s/%d", what, n), func(b *testing.B) {
				for b.Loop() {
					if _, problems := plan.Make(in); problems.HasErrors() {
						b.Fatal(problems)
					}
				}
			})
		}
	}
}

// What removals wait for, alone.
func BenchmarkKeeping(b *testing.B) {
	for _, n := range []int{1000, 5000} {
		for _, own := range []bool{false, true} {
			b.Run(fmt.Sprintf("own=%t/%d", own, n), func(b *testing.B) {
				for b.Loop() {
					plan.Keeping(n, own)()
				}
			})
		}
	}
}
