package ui

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/config"
)

// Graph is the graph of what needs what, in DOT or Mermaid. An arrow leads from
// an object to what it needs; what lives inside a daemon stands in a box of it.
func Graph(instances []config.Instance, mermaid bool) string {
	g := grapher{mermaid: mermaid, ids: map[string]string{}, inside: map[string][]config.Instance{}}
	instances = slices.DeleteFunc(slices.Clone(instances), func(in config.Instance) bool {
		return in.Logical && !slices.ContainsFunc(instances, func(other config.Instance) bool { return slices.Contains(other.Deps, in.Address) })
	})
	for i, in := range instances {
		g.ids[in.Address] = fmt.Sprintf("n%d", i)
		g.inside[in.Inside] = append(g.inside[in.Inside], in)
	}
	if mermaid {
		g.out.WriteString("flowchart LR\n")
	} else {
		g.out.WriteString("digraph dindctl {\n  rankdir = LR\n  node [shape = box]\n")
	}
	g.place("", "  ")
	for _, in := range instances {
		for _, need := range in.Deps {
			g.edge(in.Address, need)
		}
	}
	if !mermaid {
		g.out.WriteString("}\n")
	}
	return g.out.String()
}

// grapher writes one graph.
type grapher struct {
	out     strings.Builder
	mermaid bool
	ids     map[string]string
	inside  map[string][]config.Instance
}

func (g *grapher) place(daemon, indent string) {
	for _, in := range g.inside[daemon] {
		if g.mermaid {
			fmt.Fprintf(&g.out, "%s%s[\"%s\"]\n", indent, g.ids[in.Address], strings.ReplaceAll(in.Address, `"`, "&quot;"))
		} else {
			fmt.Fprintf(&g.out, "%s%q\n", indent, in.Address)
		}
		if len(g.inside[in.Address]) == 0 || in.Address == "" {
			continue
		}
		title, end := fmt.Sprintf("subgraph %q {\n%s  label = %q\n", "cluster_"+in.Address, indent, "inside "+in.Address), "}"
		if g.mermaid {
			title, end = fmt.Sprintf("subgraph in_%s [\"inside %s\"]\n", g.ids[in.Address], strings.ReplaceAll(in.Address, `"`, "&quot;")), "end"
		}
		g.out.WriteString(indent + title)
		g.place(in.Address, indent+"  ")
		g.out.WriteString(indent + end + "\n")
	}
}

func (g *grapher) edge(from, to string) {
	if g.ids[to] == "" {
		return
	}
	if g.mermaid {
		fmt.Fprintf(&g.out, "  %s --> %s\n", g.ids[from], g.ids[to])
		return
	}
	fmt.Fprintf(&g.out, "  %q -> %q\n", from, to)
}
