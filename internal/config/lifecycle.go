package config

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
)

// settleLifecycle takes over what a block says of changes, and finds the objects
// whose change replaces this one.
func (s *state) settleLifecycle(e *evaluation, n *noun) diag.List {
	if n.block == nil {
		return nil
	}
	n.lifecycle = n.block.Meta.Lifecycle
	n.lifecycle.ReplacedBy = nil
	var problems diag.List
	for _, t := range n.block.Meta.Triggers {
		key := t.Key
		if t.Index != nil {
			v, list := t.Index.Value(e.scope(n.frame, t.Index.References(), n.each))
			problems = append(problems, within(list, n.address)...)
			if list.HasErrors() || !v.IsKnown() || v.IsNull() {
				continue
			}
			key, _ = v.Unmark()
		}
		for _, to := range s.named(n.node.names, t.Reference) {
			for _, o := range s.inFrame(n.frame, to) {
				if key == cty.NilVal || each.is(o.each, key) {
					n.lifecycle.ReplacedBy = append(n.lifecycle.ReplacedBy, Watched{Address: o.address, Attribute: t.Attr})
				}
			}
		}
	}
	return problems
}

// inFrame are the objects of a node that a name in a frame stands for.
func (s *state) inFrame(f *frame, n *node) []*noun {
	if n.kind != nounNode {
		return nil
	}
	if n.block == nil {
		return n.instances
	}
	return n.inFrame[f]
}

// is tells whether the key is that of an instance.
func (k each) is(key cty.Value) bool {
	return k.key != cty.NilVal && k.key.Type().Equals(key.Type()) && k.key.Equals(key).True()
}
