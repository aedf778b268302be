package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
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
	n.lifecycle.IgnoreChanges = slices.Clone(n.lifecycle.IgnoreChanges)
	for _, i := range n.block.Meta.Ignored {
		problems = append(problems, checkIgnored(n, i)...)
		n.lifecycle.IgnoreChanges = append(n.lifecycle.IgnoreChanges, s.shownAs(n, i)...)
	}
	for _, t := range n.block.Meta.Triggers {
		problems = append(problems, s.checkTrigger(n, t)...)
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

// checkTrigger demands that an attribute is a word of a reference or an argument.
func (s *state) checkTrigger(n *noun, t Trigger) diag.List {
	kind := provider.Kind(t.Root)
	body, found := s.bodies[kind]
	if !found || t.Name == "" {
		p := n.problem("invalid-value", "", "Trigger that is no block",
			"replace_triggered_by takes blocks of this module and their attributes, such as image.app, container.web[\"a\"] or volume.data.id.")
		p.Subject = t.Range
		return diag.List{p}
	}
	if t.Attr == "" || exported(kind, t.Attr) {
		return nil
	}
	words := append(everyKindExports(), exports(kind)...)
	for _, a := range body.Attributes {
		words = append(words, a.Name)
	}
	for _, b := range body.Blocks {
		words = append(words, b.Name)
	}
	if slices.Contains(words, t.Attr) {
		return nil
	}
	p := n.problem("no-such-attribute", "", "Unknown attribute of a reference",
		fmt.Sprintf("%s.%s has no %s.%s", t.Root, t.Name, t.Attr, suggest(t.Attr, words, "")))
	p.Subject = t.Range
	return diag.List{p}
}

// Prevented tells whether the block that an address stands for says
// prevent_destroy, and where. It evaluates nothing, so that it also speaks for
// instances that the configuration does not have any more.
func (c *Config) Prevented(address string) (diag.Range, bool) {
	// A third word is that of an implied object: what belongs to a block is kept with it.
	if b, _ := c.blockFor(address); b != nil {
		return b.Meta.Lifecycle.PreventRange, b.Meta.Lifecycle.PreventDestroy
	}
	return diag.Range{}, false
}

// KeepsName tells whether the block that an address stands for ignores changes of its
// name. It evaluates nothing.
func (c *Config) KeepsName(address string) bool {
	b, own := c.blockFor(address)
	return own && b.Meta.Lifecycle.ignoresName()
}

func (l Lifecycle) ignoresName() bool { return l.IgnoreAll || slices.Contains(l.IgnoreChanges, "name") }

// blockFor is the block that an address stands for, or that what it stands for belongs
// to: own tells which.
func (c *Config) blockFor(address string) (b *Block, own bool) {
	m := c.root()
	words := strings.Split(blockOf(address), ".")
	for len(words) > 2 && words[0] == "module" {
		i := slices.IndexFunc(m.Calls, func(call *ModuleCall) bool { return call.Name == words[1] })
		if i < 0 || m.Calls[i].Content == nil {
			return nil, false
		}
		m, words = m.Calls[i].Content, words[2:]
	}
	for _, b := range m.Blocks {
		if len(words) >= 2 && string(b.Kind) == words[0] && b.Label == words[1] {
			return b, len(words) == 2
		}
	}
	return nil, false
}

// Protects tells whether any block, of the configuration itself or of a module, says
// prevent_destroy. It evaluates nothing. What could not be read may say it.
func (c *Config) Protects() bool {
	var protects func(m *Module) bool
	protects = func(m *Module) bool {
		return slices.ContainsFunc(m.Blocks, func(b *Block) bool { return b.Meta.Lifecycle.PreventDestroy }) ||
			slices.ContainsFunc(m.Calls, func(call *ModuleCall) bool { return call.Content == nil || protects(call.Content) })
	}
	return c.Partial || protects(c.root())
}
