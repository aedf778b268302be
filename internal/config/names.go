package config

import (
	"fmt"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// checkNames refuses two addresses with one name in one name space of an engine.
func (s *state) checkNames() diag.List {
	var problems diag.List
	taken := map[string]*noun{}
	for _, n := range s.sorted() {
		if n.logical || n.name == "" || n.node != nil && n.node.circular && given(n.value, "name") {
			continue // in a cycle, which was reported, a name may be made of another
		}
		key := n.inside + "\x00" + nameSpace(n.kind) + "\x00" + n.name
		other := taken[key]
		if other == nil {
			taken[key] = n
			continue
		}
		// An implied object has no name to change: the block is told.
		at, against := n, other
		if n.block == nil && other.block != nil {
			at, against = other, n
		}
		problems = append(problems, at.problem("duplicate-name", "name", "Two objects of one name",
			fmt.Sprintf("%s and %s would both be %s %q on %s. Give one of them another %s.",
				against.address, at.address, nameSpace(n.kind), n.name, engineWord(n.inside), handle(at))))
	}
	return problems
}

// nameSpace is what the engine calls all that share names with the kind.
func nameSpace(kind provider.Kind) string {
	if kind.Runs() {
		return "container"
	}
	return string(kind)
}

// handle is what a name can be changed by.
func handle(n *noun) string {
	if n.each.repeat == forEach {
		return "key or name"
	}
	return "label or name"
}
