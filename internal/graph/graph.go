// Package graph orders things that depend on each other. Nodes are numbers from
// 0; what they stand for is the caller's. The order is total: the same graph
// gives the same order, whatever order its edges come in.
package graph

import (
	"cmp"
	"container/heap"
	"slices"
)

// Edge says that To needs From.
type Edge struct{ From, To int }

// Graph is a set of nodes and edges. The zero Graph has none.
type Graph struct {
	nodes int
	edges []Edge
}

// New makes a graph with nodes 0 to nodes-1. Edges may repeat; an edge from a
// node to itself is left out.
func New(nodes int, edges []Edge) Graph {
	unique := slices.DeleteFunc(slices.Clone(edges), func(e Edge) bool { return e.From == e.To })
	slices.SortFunc(unique, func(a, b Edge) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	return Graph{nodes: nodes, edges: slices.Compact(unique)}
}

// Needs returns what each node needs, sorted.
func (g Graph) Needs() [][]int {
	out := make([][]int, g.nodes)
	for _, e := range g.edges { // sorted by From
		out[e.To] = append(out[e.To], e.From)
	}
	return out
}

// Order sorts the nodes so that each comes after what it needs; among those that
// can come, the least by compare comes first. Nodes on or behind a cycle are left out: the
// order is shorter than the graph exactly if there is one, see [Graph.Cycle].
func (g Graph) Order(compare func(i, j int) int) []int {
	missing, next := make([]int, g.nodes), make([][]int, g.nodes)
	for _, e := range g.edges {
		missing[e.To]++
		next[e.From] = append(next[e.From], e.To)
	}
	ready := &queue{compare: func(i, j int) int { return cmp.Or(compare(i, j), cmp.Compare(i, j)) }}
	for n := range g.nodes {
		if missing[n] == 0 {
			heap.Push(ready, n)
		}
	}
	out := make([]int, 0, g.nodes)
	for ready.Len() > 0 {
		n, _ := heap.Pop(ready).(int)
		out = append(out, n)
		for _, d := range next[n] {
			if missing[d]--; missing[d] == 0 {
				heap.Push(ready, d)
			}
		}
	}
	return out
}

// Cycle returns the nodes of one cycle, each needing the one before it and the
// first needing the last; nil where there is none.
func (g Graph) Cycle() []int {
	needs := g.Needs()
	state := make([]int, g.nodes) // 0 not seen, 1 on the way, 2 done
	var way []int
	var visit func(n int) []int
	visit = func(n int) []int {
		state[n] = 1
		way = append(way, n)
		for _, need := range needs[n] {
			if state[need] == 1 {
				cycle := slices.Clone(way[slices.Index(way, need):])
				slices.Reverse(cycle)
				return cycle
			}
			if state[need] == 0 {
				if cycle := visit(need); cycle != nil {
					return cycle
				}
			}
		}
		way = way[:len(way)-1]
		state[n] = 2
		return nil
	}
	for n := range g.nodes {
		if state[n] == 0 {
			if cycle := visit(n); cycle != nil {
				return cycle
			}
		}
	}
	return nil
}

// Components are the sets of nodes that are on cycles with each other, and the nodes that
// are on none, each alone. Each set comes after those that its nodes need, and is sorted.
func (g Graph) Components() [][]int {
	c := components{needs: g.Needs(), number: make([]int, g.nodes), low: make([]int, g.nodes)}
	for n := range g.nodes {
		if c.number[n] == 0 {
			c.visit(n)
		}
	}
	return c.found
}

// components is a search for them, by the algorithm of Tarjan.
type components struct {
	needs [][]int
	// number counts nodes from 1 as they are met; low is the least number of those that a
	// node leads back to, and past all numbers where its component is found.
	number, low []int
	met         int
	open        []int // met, of components that are not found yet
	found       [][]int
}

func (c *components) visit(n int) {
	c.met++
	c.number[n], c.low[n] = c.met, c.met
	at := len(c.open)
	c.open = append(c.open, n)
	for _, need := range c.needs[n] {
		if c.number[need] == 0 {
			c.visit(need)
		}
		c.low[n] = min(c.low[n], c.low[need])
	}
	if c.low[n] < c.number[n] {
		return
	}
	found := slices.Clone(c.open[at:])
	c.open = c.open[:at]
	for _, i := range found {
		c.low[i] = len(c.needs) + 1
	}
	slices.Sort(found)
	c.found = append(c.found, found)
}

// queue is a heap of nodes that can come.
type queue struct {
	compare func(i, j int) int
	items   []int
}

func (q *queue) Len() int           { return len(q.items) }
func (q *queue) Less(i, j int) bool { return q.compare(q.items[i], q.items[j]) < 0 }
func (q *queue) Swap(i, j int)      { q.items[i], q.items[j] = q.items[j], q.items[i] }

// Push is for package heap.
func (q *queue) Push(x any) {
	if n, ok := x.(int); ok {
		q.items = append(q.items, n)
	}
}

// Pop is for package heap.
func (q *queue) Pop() any {
	last := q.items[len(q.items)-1]
	q.items = q.items[:len(q.items)-1]
	return last
}
