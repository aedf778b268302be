package graph_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/dindctl/dindctl/internal/graph"
)

func edges(t *rapid.T, nodes int, acyclic bool) []graph.Edge {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) graph.Edge {
		a, b := rapid.IntRange(0, nodes-1).Draw(t, "a"), rapid.IntRange(0, nodes-1).Draw(t, "b")
		if acyclic && a > b {
			a, b = b, a
		}
		return graph.Edge{From: a, To: b}
	}), 0, 40).Draw(t, "edges")
}

// Every node comes after what it needs, and the order of the edges does not matter.
func TestOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		nodes := rapid.IntRange(1, 20).Draw(t, "nodes")
		list := edges(t, nodes, true)
		backwards := func(i, j int) int { return cmp.Compare(j, i) }
		order := graph.New(nodes, list).Order(backwards)
		if len(order) != nodes {
			t.Fatalf("%d of %d nodes are in the order", len(order), nodes)
		}
		for _, e := range list {
			if e.From != e.To && slices.Index(order, e.From) > slices.Index(order, e.To) {
				t.Fatalf("%d needs %d, but the order is %v", e.To, e.From, order)
			}
		}
		rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		if again := graph.New(nodes, list).Order(backwards); !slices.Equal(order, again) {
			t.Fatalf("%v with the edges in another order, before %v", again, order)
		}
	})
}

// A cycle is found exactly if the order is not whole, and each of its nodes needs the one before.
func TestCycle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		nodes := rapid.IntRange(1, 12).Draw(t, "nodes")
		g := graph.New(nodes, edges(t, nodes, false))
		cycle, order := g.Cycle(), g.Order(cmp.Compare[int])
		if (cycle == nil) != (len(order) == nodes) {
			t.Fatalf("cycle %v, order %v of %d nodes", cycle, order, nodes)
		}
		needs := g.Needs()
		for i, n := range cycle {
			before := cycle[(i+len(cycle)-1)%len(cycle)]
			if !slices.Contains(needs[n], before) {
				t.Fatalf("in the cycle %v, %d does not need %d", cycle, n, before)
			}
		}
	})
}

// Two nodes are in one component exactly if each needs the other, at once or through
// others; every node is in one, and comes after the components that it needs.
func TestComponents(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		nodes := rapid.IntRange(1, 12).Draw(t, "nodes")
		list := edges(t, nodes, false)
		leads := make([][]bool, nodes)
		for n := range leads {
			leads[n] = make([]bool, nodes)
			leads[n][n] = true
		}
		for range nodes {
			for _, e := range list {
				for n := range leads {
					leads[n][e.To] = leads[n][e.To] || leads[n][e.From]
				}
			}
		}
		components, of := graph.New(nodes, list).Components(), make([]int, nodes)
		for i := range of {
			of[i] = -1
		}
		for i, c := range components {
			if !slices.IsSorted(c) {
				t.Fatalf("%v is not sorted", c)
			}
			for _, n := range c {
				if of[n] >= 0 {
					t.Fatalf("%d is in two of %v", n, components)
				}
				of[n] = i
			}
		}
		for a := range nodes {
			for b := range nodes {
				switch {
				case of[a] < 0:
					t.Fatalf("%d is in none of %v", a, components)
				case (of[a] == of[b]) != (leads[a][b] && leads[b][a]):
					t.Fatalf("%d and %d: %v with %v", a, b, components, list)
				case leads[a][b] && of[a] > of[b]:
					t.Fatalf("%d comes after %d in %v with %v", a, b, components, list)
				}
			}
		}
	})
}
