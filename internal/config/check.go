package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// checkReferences says of every reference that leads nowhere where it was meant to lead.
func (s *state) checkReferences() diag.List {
	var problems diag.List
	for _, address := range keys(s.nodes) {
		n := s.nodes[address]
		if n.names == nil {
			continue // a variable of the root refers to nothing
		}
		for _, ref := range n.refs {
			p, wrong := s.checkReference(n, ref)
			if wrong && s.reported.add(ref.Range) {
				p.Severity, p.Subject, p.Address = diag.Error, ref.Range, n.address
				problems = append(problems, p)
			}
		}
	}
	for _, m := range s.modules {
		for _, c := range m.content.Checks {
			problems = append(problems, s.checkAsserts(m, c)...)
		}
	}
	return problems
}

func (s *state) checkAsserts(m *module, c Check) diag.List {
	var problems diag.List
	n := &node{kind: localNode, module: m, names: m}
	for _, a := range c.Asserts {
		for _, ref := range append(a.Condition.References(), a.Message.References()...) {
			p, wrong := s.checkReference(n, ref)
			if wrong && s.reported.add(ref.Range) {
				p.Severity, p.Subject, p.Address = diag.Error, ref.Range, m.address("check."+c.Name)
				problems = append(problems, p)
			}
		}
	}
	return problems
}

func (s *state) checkReference(n *node, ref Reference) (diag.Problem, bool) {
	m := n.names
	switch {
	case ref.Root == "var":
		return undeclaredIn(s, ref, "variable", m.variables)
	case ref.Root == "local":
		return undeclaredIn(s, ref, "local value", m.locals)
	case ref.Root == "module":
		return s.checkModule(m, ref)
	case ref.Root == "path":
		return undeclared(ref, "path", []string{"module", "root"})
	case ref.Root == "each", ref.Root == "count":
		return checkEach(n, ref)
	case slices.Contains(provider.Kinds(), provider.Kind(ref.Root)):
		return s.checkNoun(m, ref)
	}
	return diag.Problem{
		Code: "unknown-name", Summary: "Unknown name",
		Detail: fmt.Sprintf("Nothing is called %s.%s If it is a text, put it in quotes. Names are var.NAME, local.NAME, module.NAME, and a block's kind and label, such as daemon.dind.",
			ref.Root, m.meant(ref)),
	}, true
}

// checkEach refuses each and count where the block does not repeat in that way.
func checkEach(n *node, ref Reference) (diag.Problem, bool) {
	meta, in := Meta{}, "here"
	switch {
	case n.block != nil:
		meta, in = n.block.Meta, "in "+n.address
	case n.call != nil:
		meta, in = n.call.Meta, "in "+n.address
	case n.kind == variableNode && n.module.call != nil:
		meta, in = n.module.call.Meta, "in "+n.module.path
	}
	repeats, argument, words := meta.ForEach != nil, "for_each", []string{"key", "value"}
	if ref.Root == "count" {
		repeats, argument, words = meta.Count != nil, "count", []string{"index"}
	}
	if !repeats {
		return diag.Problem{
			Code: "no-repetition", Summary: "Name of an instance where nothing repeats",
			Detail: fmt.Sprintf("%s has a value only in a block with %s, and there is none %s.", strings.TrimSuffix(ref.Root+"."+ref.Name, "."), argument, in),
		}, true
	}
	if ref.Name == "" {
		return diag.Problem{
			Code: "unknown-name", Summary: "Unknown name", Detail: fmt.Sprintf("Write %s.%s.", ref.Root, strings.Join(words, " or "+ref.Root+".")),
		}, true
	}
	return undeclared(ref, "value of an instance", words)
}

// meant suggests what an unknown first word may stand for.
func (m *module) meant(ref Reference) string {
	roots := []string{"var", "local", "module", "each", "count", "path"}
	for _, kind := range provider.Kinds() {
		if slices.Contains(m.byKind[kind], ref.Root) {
			return fmt.Sprintf(" Did you mean %s.%s?", kind, ref.Root)
		}
		roots = append(roots, string(kind))
	}
	for _, space := range []struct {
		word  string
		names []string
	}{{"var", keys(m.variables)}, {"local", keys(m.locals)}, {"module", keys(m.children)}} {
		if slices.Contains(space.names, ref.Root) {
			return fmt.Sprintf(" Did you mean %s.%s?", space.word, ref.Root)
		}
	}
	return suggest(ref.Root, roots, "")
}

func undeclaredIn[V any](s *state, ref Reference, what string, names map[string]V) (diag.Problem, bool) {
	if _, found := names[ref.Name]; found || ref.Name == "" {
		return diag.Problem{}, false
	}
	return undeclared(ref, what, s.near(keys(names)))
}

// maxCompared bounds the names that wrong ones are compared with, in all.
const maxCompared = 500_000

// near are the names to compare a wrong one with; none where there were too many.
func (s *state) near(names []string) []string {
	if s.compared += len(names); s.compared > maxCompared {
		return nil
	}
	return names
}

func undeclared(ref Reference, what string, names []string) (diag.Problem, bool) {
	if ref.Name == "" || slices.Contains(names, ref.Name) {
		return diag.Problem{}, false
	}
	return diag.Problem{
		Code: "undeclared-name", Summary: "Reference to something that is not declared",
		Detail: fmt.Sprintf("There is no %s %q.%s", what, ref.Name, suggest(ref.Name, names, ref.Root+".")),
	}, true
}

func (s *state) checkModule(m *module, ref Reference) (diag.Problem, bool) {
	child := m.children[ref.Name]
	if slices.Contains(m.content.Refused, "module."+ref.Name) {
		s.reported.add(ref.Range) // nor is anything said of what follows from it
		return diag.Problem{}, false
	}
	if ref.Name == "" || child == nil {
		return undeclaredIn(s, ref, "module block", m.children)
	}
	if p, wrong := checkKey("module."+ref.Name, ref, child.call.Meta); wrong {
		return p, true
	}
	if ref.Attr == "" || child.outputs[ref.Attr] != nil {
		return diag.Problem{}, false
	}
	names := keys(child.outputs)
	has := "It has no output."
	if len(names) > 0 {
		has = "It has " + strings.Join(names, ", ") + "."
	}
	return diag.Problem{
		Code: "no-such-attribute", Summary: "Output that a module does not have",
		Detail: fmt.Sprintf("module.%s has no output %q.%s %s", ref.Name, ref.Attr, suggest(ref.Attr, names, ""), has),
	}, true
}

// checkKey demands a key of a block with instances, and none of another.
func checkKey(address string, ref Reference, meta Meta) (diag.Problem, bool) {
	repeats := meta.ForEach != nil || meta.Count != nil
	keyed := ref.Key != cty.NilVal
	switch {
	case keyed && !repeats:
		return diag.Problem{
			Code: "no-repetition", Summary: "Key of a block that does not repeat",
			Detail: fmt.Sprintf("%s is one object: it has neither for_each nor count. Take the brackets away.", address),
		}, true
	case !keyed && meta.Count != nil && ref.Attr != "":
		return diag.Problem{
			Code: "missing-key", Summary: "Which instance is meant is not said",
			Detail: fmt.Sprintf("%s has count: it stands for a list of objects, which has no %s. Write %s[0].%s for one of them, or %s[*].%s for all.",
				address, ref.Attr, address, ref.Attr, address, ref.Attr),
		}, true
	}
	return diag.Problem{}, false
}

func (s *state) checkNoun(m *module, ref Reference) (diag.Problem, bool) {
	kind := provider.Kind(ref.Root)
	address := ref.Root + "." + ref.Name
	to := s.named(m, ref)
	if ref.Name != "" && len(to) == 0 {
		p, _ := undeclared(ref, ref.Root+" block", s.near(m.byKind[kind]))
		if other := m.otherKind(ref); other != "" {
			p.Detail = fmt.Sprintf("There is no %s block %q. Did you mean %s?", ref.Root, ref.Name, other)
		}
		return p, true
	}
	if ref.Name == "" {
		return diag.Problem{}, false
	}
	if block := to[0].block; block != nil {
		if p, wrong := checkKey(address, ref, block.Meta); wrong {
			return p, true
		}
		if block.Meta.ForEach != nil && ref.Key == cty.NilVal && ref.Attr != "" {
			if !exported(kind, ref.Attr) {
				return diag.Problem{}, false // it may be a key
			}
			return diag.Problem{
				Code: "missing-key", Summary: "Which instance is meant is not said",
				Detail: fmt.Sprintf("%s has for_each: it stands for a map of objects. Write %s[\"KEY\"].%s for one of them, or [for o in %s : o.%s] for all.",
					address, address, ref.Attr, address, ref.Attr),
			}, true
		}
	}
	if ref.Attr == "" || exported(kind, ref.Attr) {
		return diag.Problem{}, false
	}
	words := append(everyKindExports(), exports(kind)...)
	slices.Sort(words)
	if provider.RefType().HasAttribute(ref.Attr) {
		return diag.Problem{
			Code: "no-such-attribute", Summary: "Attribute that this kind of block does not have",
			Detail: fmt.Sprintf("%s has no %s: %s. A %s has %s.", address, ref.Attr, havers(ref.Attr), kind, strings.Join(words, ", ")),
		}, true
	}
	return diag.Problem{
		Code: "no-such-attribute", Summary: "Unknown attribute of a reference",
		Detail: fmt.Sprintf("%s has no %s.%s A reference to a %s has %s.", address, ref.Attr, suggest(ref.Attr, words, ""), kind, strings.Join(words, ", ")),
	}, true
}

// otherKind finds a block of the name that has another kind.
func (m *module) otherKind(ref Reference) string {
	for _, kind := range provider.Kinds() {
		if slices.Contains(m.byKind[kind], ref.Name) {
			return string(kind) + "." + ref.Name
		}
	}
	return ""
}

// havers says which kinds have a word.
func havers(word string) string {
	var kinds []string
	for _, kind := range provider.Kinds() {
		if exported(kind, word) {
			kinds = append(kinds, "a "+string(kind))
		}
	}
	return "only " + strings.Join(kinds, ", ") + " has one"
}

// suggest is a question for the nearest of the names, with a leading blank, or empty.
func suggest(given string, names []string, prefix string) string {
	best := diag.Nearest(given, names)
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" Did you mean %s%s?", prefix, best)
}

// Suggest is a question for the one of the names that was meant, with a leading
// blank, or empty where none is near.
func Suggest(given string, names []string) string { return suggest(given, names, "") }

func keys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for key := range m {
		out = append(out, key)
	}
	slices.Sort(out)
	return out
}
