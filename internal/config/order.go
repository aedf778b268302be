package config

import (
	"container/heap"
	"fmt"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// findNeeds collects what each node refers to, and where.
func (s *state) findNeeds() {
	for _, n := range s.nodes {
		n.needs = map[string]diag.Range{}
		if call := n.module.node(s); call != nil && n != call {
			n.needs[call.address] = call.at
		}
		for _, ref := range n.refs {
			for _, to := range s.named(n.names, ref) {
				if _, known := n.needs[to.address]; !known && (ref.Name != "" || to != n) {
					n.needs[to.address] = ref.Range
				}
			}
		}
	}
}

// named are the nodes that a reference in a module names.
func (s *state) named(m *module, ref Reference) []*node {
	if m == nil {
		return nil
	}
	switch ref.Root {
	case "var":
		return pick(m.variables, ref.Name)
	case "local":
		return pick(m.locals, ref.Name)
	case "module":
		return s.namedModule(m, ref)
	}
	if ref.Root == string(provider.Daemon) && ref.Name == "root" {
		return []*node{s.nodes[rootDaemon]}
	}
	if ref.Name != "" {
		return pick(m.blocks, ref.Root+"."+ref.Name)
	}
	var out []*node
	for _, label := range m.byKind[provider.Kind(ref.Root)] {
		out = append(out, m.blocks[ref.Root+"."+label])
	}
	return out
}

// pick is the node of a name, or all of them without one.
func pick(nodes map[string]*node, name string) []*node {
	if name != "" {
		if n := nodes[name]; n != nil {
			return []*node{n}
		}
		return nil
	}
	out := make([]*node, 0, len(nodes))
	for _, name := range keys(nodes) {
		out = append(out, nodes[name])
	}
	return out
}

// namedModule are the call of a module and the outputs that are meant.
func (s *state) namedModule(m *module, ref Reference) []*node {
	var out []*node
	for _, name := range keys(m.children) {
		child := m.children[name]
		if ref.Name != "" && ref.Name != name {
			continue
		}
		out = append(out, child.node(s))
		if ref.Whole {
			for _, inner := range child.within() {
				out = append(out, pick(inner.blocks, "")...)
			}
			continue
		}
		out = append(out, pick(child.outputs, ref.Attr)...)
	}
	return out
}

func line(r diag.Range) string { return fmt.Sprintf("%s:%d", r.File, r.Start.Line) }

// evaluationOrder puts nodes behind what they refer to. Those of a cycle come
// last, by address.
func (s *state) evaluationOrder() ([]*node, diag.List) {
	needs := make(map[string][]string, len(s.nodes))
	for address, n := range s.nodes {
		needs[address] = keys(n.needs)
	}
	needsOf := func(a string) []string { return needs[a] }
	order, left := topological(keys(s.nodes), needsOf)
	var problems diag.List
	for len(left) > 0 && !s.over() {
		cycle := findCycle(left, needsOf)
		problems = append(problems, s.cycleProblem(cycle))
		order = append(order, cycle...)
		in := make(map[string]bool, len(cycle))
		for _, address := range cycle {
			in[address] = true
		}
		left = slices.DeleteFunc(left, func(a string) bool { return in[a] })
		var more []string
		more, left = topological(left, needsOf)
		order = append(order, more...)
	}
	out := make([]*node, len(order))
	for i, address := range order {
		out[i] = s.nodes[address]
	}
	return out, problems
}

// maxHops is how many hops of a cycle are named.
const maxHops = 100

// cycleProblem names each hop with its line.
func (s *state) cycleProblem(cycle []string) diag.Problem {
	var hops []string
	summary := "Local values that need each other"
	for i, from := range cycle {
		s.nodes[from].circular = true
		to := cycle[(i+1)%len(cycle)]
		if i < maxHops {
			hops = append(hops, fmt.Sprintf("%s needs %s (%s)", from, to, line(s.nodes[from].needs[to])))
		}
		if s.nodes[from].kind != localNode {
			summary = "Blocks that need each other"
		}
		s.reported.add(s.nodes[from].needs[to])
	}
	if more := len(cycle) - maxHops; more > 0 {
		hops = append(hops, fmt.Sprintf("and %d more, until %s is needed again", more, cycle[0]))
	}
	first := s.nodes[cycle[0]]
	return diag.Problem{
		Severity: diag.Error, Code: "cycle", Summary: summary, Address: first.address,
		Detail:  strings.Join(hops, ";\n") + ".\nTake one of these references away.",
		Subject: first.needs[cycle[1%len(cycle)]], Context: first.at,
	}
}

// nounsBehind are the nouns that a node needs, through locals, variables, outputs
// and modules too, sorted by address.
func (n *node) nounsBehind(s *state) []*node {
	if n.asked {
		return n.behind
	}
	n.asked = true // in a cycle, which was reported, the rest is left out
	seen := map[*node]bool{}
	for to := range n.needs {
		next := s.nodes[to]
		if next.kind == nounNode {
			seen[next] = true
			continue
		}
		for _, further := range next.nounsBehind(s) {
			seen[further] = true
		}
	}
	for next := range seen {
		n.behind = append(n.behind, next)
	}
	slices.SortFunc(n.behind, func(a, b *node) int { return strings.Compare(a.address, b.address) })
	return n.behind
}

// findCycle follows the smallest needs until an address comes again. Every
// address of left has a need in left.
func findCycle(left []string, needs func(string) []string) []string {
	in, at := make(map[string]bool, len(left)), map[string]int{}
	for _, address := range left {
		in[address] = true
	}
	var path []string
	for next := left[0]; ; {
		if i, again := at[next]; again {
			cycle := path[i:]
			// Begin with the smallest, so that one cycle is always told the same way.
			smallest := slices.Index(cycle, slices.Min(cycle))
			return append(slices.Clone(cycle[smallest:]), cycle[:smallest]...)
		}
		at[next] = len(path)
		path = append(path, next)
		for _, need := range needs(next) {
			if in[need] {
				next = need
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
