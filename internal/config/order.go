package config

import (
	"container/heap"
	"fmt"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// findNeeds collects what each block needs, through locals too.
func (s *state) findNeeds() diag.List {
	behind := map[string][]Reference{}
	var problems diag.List
	for _, name := range keys(s.locals) {
		problems = append(problems, s.behindLocal(name, nil, behind)...)
	}
	for _, n := range s.nouns {
		n.needs = map[string]diag.Range{}
		for _, ref := range n.refs {
			if ref.Root != "local" {
				s.need(n, ref, ref.Range)
				continue
			}
			for _, name := range s.localNames(ref) {
				for _, through := range behind[name] {
					s.need(n, through, ref.Range)
				}
			}
		}
	}
	return problems
}

func (s *state) localNames(ref Reference) []string {
	if ref.Name == "" {
		return keys(s.locals)
	}
	return []string{ref.Name}
}

func (s *state) need(n *noun, ref Reference, at diag.Range) {
	for _, address := range s.named(ref) {
		if _, known := n.needs[address]; !known && (ref.Name != "" || address != n.address) {
			n.needs[address] = at
		}
	}
}

// named are the addresses of the blocks that a reference names.
func (s *state) named(ref Reference) []string {
	var out []string
	if ref.Name != "" {
		if address := ref.Root + "." + ref.Name; s.nouns[address] != nil {
			out = append(out, address)
		}
		return out
	}
	for _, label := range s.byKind[provider.Kind(ref.Root)] {
		out = append(out, ref.Root+"."+label)
	}
	return out
}

// behindLocal collects the references to blocks behind a local value.
func (s *state) behindLocal(name string, path []string, behind map[string][]Reference) diag.List {
	if _, done := behind[name]; done || s.locals[name] == nil {
		return nil
	}
	if slices.Contains(path, name) {
		return diag.List{s.localCycle(path[slices.Index(path, name):])}
	}
	var out []Reference
	var problems diag.List
	for _, ref := range s.locals[name].refs {
		if ref.Root != "local" {
			out = append(out, ref)
			continue
		}
		for _, next := range s.localNames(ref) {
			if next == name && ref.Name == "" {
				continue
			}
			problems = append(problems, s.behindLocal(next, append(slices.Clone(path), name), behind)...)
			out = append(out, behind[next]...)
		}
	}
	behind[name] = out
	return problems
}

func (s *state) localCycle(path []string) diag.Problem {
	hops := make([]string, len(path))
	for i, name := range path {
		hops[i] = fmt.Sprintf("local.%s (%s) needs local.%s", name, line(s.locals[name].Range), path[(i+1)%len(path)])
	}
	for _, name := range path {
		s.reported = append(s.reported, s.locals[name].Value.Range())
	}
	return diag.Problem{
		Severity: diag.Error, Code: "cycle", Summary: "Local values that need each other",
		Detail: strings.Join(hops, ";\n") + ".\nTake one of these references away.", Subject: s.locals[path[0]].Range,
	}
}

func line(r diag.Range) string { return fmt.Sprintf("%s:%d", r.File, r.Start.Line) }

// evaluationOrder puts blocks behind what they refer to. Blocks of a cycle come
// last, by address.
func (s *state) evaluationOrder() ([]*noun, diag.List) {
	order, left := topological(keys(s.nouns), func(a string) []string { return keys(s.nouns[a].needs) })
	var problems diag.List
	for len(left) > 0 {
		cycle := findCycle(left, func(a string) []string { return keys(s.nouns[a].needs) })
		problems = append(problems, s.blockCycle(cycle))
		order = append(order, cycle...)
		left = slices.DeleteFunc(left, func(a string) bool { return slices.Contains(cycle, a) })
		var more []string
		more, left = topological(left, func(a string) []string { return keys(s.nouns[a].needs) })
		order = append(order, more...)
	}
	out := make([]*noun, len(order))
	for i, address := range order {
		out[i] = s.nouns[address]
	}
	return out, problems
}

func (s *state) blockCycle(cycle []string) diag.Problem {
	hops := make([]string, len(cycle))
	for i, from := range cycle {
		to := cycle[(i+1)%len(cycle)]
		hops[i] = fmt.Sprintf("%s needs %s (%s)", from, to, line(s.nouns[from].needs[to]))
	}
	first := s.nouns[cycle[0]]
	return diag.Problem{
		Severity: diag.Error, Code: "cycle", Summary: "Blocks that need each other", Address: first.address,
		Detail:  strings.Join(hops, ";\n") + ".\nTake one of these references away.",
		Subject: first.needs[cycle[1%len(cycle)]], Context: first.header(),
	}
}

// findCycle follows the smallest needs until an address comes again. Every
// address of left has a need in left.
func findCycle(left []string, needs func(string) []string) []string {
	var path []string
	for at := left[0]; ; {
		if i := slices.Index(path, at); i >= 0 {
			cycle := path[i:]
			// Begin with the smallest, so that one cycle is always told the same way.
			smallest := slices.Index(cycle, slices.Min(cycle))
			return append(slices.Clone(cycle[smallest:]), cycle[:smallest]...)
		}
		path = append(path, at)
		for _, next := range needs(at) {
			if slices.Contains(left, next) {
				at = next
				break
			}
		}
	}
}

// topological orders addresses behind their needs; among those that could come
// next the smallest comes. Needs that are no address of the list are met. Left
// are those in or behind a cycle, sorted; each of them needs another of them.
func topological(all []string, needs func(string) []string) (order, left []string) {
	in := make(map[string]bool, len(all))
	for _, a := range all {
		in[a] = true
	}
	missing, users := map[string]int{}, map[string][]string{}
	var ready addressHeap
	for _, a := range all {
		for _, need := range needs(a) {
			if in[need] {
				missing[a]++
				users[need] = append(users[need], a)
			}
		}
		if missing[a] == 0 {
			heap.Push(&ready, a)
		}
	}
	done := make(map[string]bool, len(all))
	for ready.Len() > 0 {
		a, _ := heap.Pop(&ready).(string)
		order, done[a] = append(order, a), true
		for _, user := range users[a] {
			if missing[user]--; missing[user] == 0 {
				heap.Push(&ready, user)
			}
		}
	}
	for _, a := range all {
		if !done[a] {
			left = append(left, a)
		}
	}
	slices.Sort(left)
	return order, left
}

type addressHeap []string

func (h addressHeap) Len() int           { return len(h) }
func (h addressHeap) Less(i, j int) bool { return h[i] < h[j] }
func (h addressHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push appends; it is for package heap alone.
func (h *addressHeap) Push(x any) {
	if s, ok := x.(string); ok {
		*h = append(*h, s)
	}
}

// Pop takes the last; it is for package heap alone.
func (h *addressHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
