package plan

import (
	"slices"

	"github.com/dindctl/dindctl/internal/graph"
)

// few is how many removals that wait for each other, or steps that they are to wait for,
// are each connected with each of the others. Where both are more, one removal stands
// before the rest: the edges do not grow with the square of what is replaced.
const few = 16

// keepUntil makes the removal of what is made anew wait for all that its successor waits
// for: what runs is not given up for something that cannot be made. What waits for the
// removal itself, as a network that is made anew under it, cannot come before; then the
// removal waits for what that waits for.
func (b *builder) keepUntil() {
	k := b.newKeeping()
	for _, group := range k.groups { // each after those whose steps it waits for
		var removals []int
		for _, i := range group {
			if _, kept := k.makes[i]; kept {
				removals = append(removals, i)
			}
		}
		if len(removals) == 0 || b.m.in.over() {
			continue
		}
		slices.Sort(removals)
		if len(removals) > few {
			k.together(group, removals)
			continue
		}
		for again := true; again; { // a removal that waits makes others of its group wait for more
			again = false
			for _, i := range removals {
				for _, before := range k.unmet(i) {
					k.wish(before, i)
					again = len(removals) > 1
				}
			}
		}
	}
}

// keeping finds what removals have to wait for.
type keeping struct {
	b *builder
	*ways
	// makes is, by the removal of what is made anew, the step that makes it.
	makes map[int]int
	// groups are steps that wait for each other once every removal waits for all that its
	// successor waits for, and group is the index of a step's.
	groups [][]int
	group  []int
}

func (b *builder) newKeeping() *keeping {
	k := &keeping{b: b, ways: newWays(len(b.steps), slices.Concat(b.edges, b.soft, b.wishes)), makes: map[int]int{}, group: make([]int, len(b.steps))}
	for address, removals := range b.removes {
		if made, found := b.makes[address]; found {
			for _, i := range removals {
				k.makes[i] = made
			}
		}
	}
	edges := slices.Concat(b.edges, b.soft, b.wishes)
	for i, made := range k.makes {
		edges = append(edges, graph.Edge{From: made, To: i})
	}
	k.groups = graph.New(len(b.steps), edges).Components()
	for n, group := range k.groups {
		for _, i := range group {
			k.group[i] = n
		}
	}
	return k
}

func (k *keeping) wish(before, after int) {
	k.add(graph.Edge{From: before, To: after})
	k.b.wishes = append(k.b.wishes, graph.Edge{From: before, To: after})
}

// unmet are the steps that what takes the place of a removed object waits for, that make
// or change something, and that the removal does not wait for yet and could. Of several
// that wait for each other it is the last.
func (k *keeping) unmet(removal int) []int {
	after := k.reach(removal, k.out, func(i int) bool { return k.group[i] == k.group[removal] })
	out := k.asked([]int{k.makes[removal]}, func(i int) bool { return after[i] })
	out = slices.DeleteFunc(out, func(i int) bool { return slices.Contains(k.into[removal], i) })
	if len(out) == 0 {
		return nil
	}
	met := k.reach(removal, k.into, func(int) bool { return true })
	return slices.DeleteFunc(out, func(i int) bool { return met[i] })
}

// together makes the many removals of one group wait for everything that any step of the
// group waits for and that is not of the group. What one of the group has to wait for and
// only another one makes room for is not kept waiting for here.
func (k *keeping) together(group, removals []int) {
	inside := map[int]bool{}
	for _, i := range group {
		inside[i] = true
	}
	starts := slices.Clone(group)
	for _, i := range removals {
		starts = append(starts, k.makes[i])
	}
	asked := k.asked(starts, func(i int) bool { return inside[i] })
	if len(asked) == 0 {
		return
	}
	heads := k.heads(removals)
	if len(asked) <= few || len(heads) <= few {
		k.each(asked, heads)
		return
	}
	k.each(asked, heads[:1])
	for _, i := range heads[1:] {
		k.wish(heads[0], i)
	}
}

// each makes each of some steps wait for each of others.
func (k *keeping) each(before, after []int) {
	for _, i := range after {
		met := map[int]bool{}
		for _, j := range k.into[i] {
			met[j] = true
		}
		for _, j := range before {
			if !met[j] {
				k.wish(j, i)
			}
		}
	}
}

// asked are the steps that make or change something and that some steps wait for. What is
// passed counts as what it waits for, and so do removals: nothing is made by them.
func (k *keeping) asked(starts []int, passed func(int) bool) []int {
	seen := map[int]bool{}
	var out []int
	for next := slices.Clone(starts); len(next) > 0; {
		i := next[len(next)-1]
		next = next[:len(next)-1]
		for _, before := range k.into[i] {
			if seen[before] {
				continue
			}
			seen[before] = true
			if passed(before) || k.b.steps[before].Action == Delete {
				next = append(next, before)
				continue
			}
			out = append(out, before)
		}
	}
	slices.Sort(out)
	return out
}

// heads are the removals of a group that wait for no other one of it; the first one where
// all wait for each other.
func (k *keeping) heads(removals []int) []int {
	n, behind := k.group[removals[0]], map[int]bool{}
	next := slices.Clone(removals)
	for len(next) > 0 {
		i := next[len(next)-1]
		next = next[:len(next)-1]
		for _, j := range k.out[i] {
			if !behind[j] && k.group[j] == n {
				behind[j] = true
				next = append(next, j)
			}
		}
	}
	out := slices.DeleteFunc(slices.Clone(removals), func(i int) bool { return behind[i] })
	if len(out) == 0 {
		return removals[:1]
	}
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

// reach tells which steps can be reached from one, over those that may be passed.
func (w *ways) reach(step int, along [][]int, may func(int) bool) map[int]bool {
	out := map[int]bool{}
	for next := []int{step}; len(next) > 0; {
		i := next[len(next)-1]
		next = next[:len(next)-1]
		for _, j := range along[i] {
			if !out[j] && may(j) {
				out[j] = true
				next = append(next, j)
			}
		}
	}
	return out
}
