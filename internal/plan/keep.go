package plan

import (
	"slices"

	"github.com/dindctl/dindctl/internal/graph"
)

// keepUntil makes the removal of what is made anew wait for all that its successor waits
// for: what runs is not given up for something that cannot be made. What waits for the
// removal itself, as a network that is made anew under it, cannot come before; then the
// removal waits for what that waits for.
func (b *builder) keepUntil() {
	w := newWays(len(b.steps), slices.Concat(b.edges, b.soft, b.wishes))
	for again := true; again; { // a removal that waits makes more wait
		again = false
		for _, address := range sortedKeys(b.removes) {
			if _, made := b.makes[address]; !made || b.m.in.over() {
				continue
			}
			for _, i := range b.removes[address] {
				for _, before := range b.unmet(w, address, i) {
					w.add(graph.Edge{From: before, To: i})
					b.wishes = append(b.wishes, graph.Edge{From: before, To: i})
					again = true
				}
			}
		}
	}
}

// unmet are the steps that what an address makes waits for, that make or change
// something, and that a removal does not wait for yet and could. Of several that wait for
// each other it is the last.
func (b *builder) unmet(w *ways, address string, removal int) []int {
	after, met := w.from(removal, w.out), w.from(removal, w.into)
	seen := make([]bool, len(b.steps))
	var out []int
	for next := []int{b.makes[address]}; len(next) > 0; {
		i := next[len(next)-1]
		next = next[:len(next)-1]
		for _, before := range w.into[i] {
			switch {
			case seen[before] || met[before] || before == removal:
			case after[before] || b.steps[before].Action == Delete:
				next = append(next, before)
			default:
				out = append(out, before)
			}
			seen[before] = true
		}
	}
	slices.Sort(out)
	return out
}

// ways are the edges between steps, in both directions.
type ways struct{ into, out [][]int }

func newWays(steps int, edges []graph.Edge) *ways {
	w := &ways{into: make([][]int, steps), out: make([][]int, steps)}
	for _, e := range edges {
		w.add(e)
	}
	return w
}

func (w *ways) add(e graph.Edge) {
	w.into[e.To] = append(w.into[e.To], e.From)
	w.out[e.From] = append(w.out[e.From], e.To)
}

// from tells which steps can be reached from one.
func (w *ways) from(step int, along [][]int) []bool {
	out := make([]bool, len(along))
	for next := []int{step}; len(next) > 0; {
		i := next[len(next)-1]
		next = next[:len(next)-1]
		for _, j := range along[i] {
			if !out[j] {
				out[j] = true
				next = append(next, j)
			}
		}
	}
	return out
}
