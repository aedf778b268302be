package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agext/levenshtein"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// checkReferences says of every reference that leads nowhere where it was meant to lead.
func (s *state) checkReferences() diag.List {
	var problems diag.List
	check := func(address string, refs []Reference) {
		for _, ref := range refs {
			p, wrong := s.checkReference(ref)
			if wrong && !slices.Contains(s.reported, ref.Range) {
				p.Severity, p.Subject, p.Address = diag.Error, ref.Range, address
				problems = append(problems, p)
				s.reported = append(s.reported, ref.Range)
			}
		}
	}
	for _, n := range s.sorted() {
		check(n.address, n.refs)
	}
	for _, l := range s.cfg.Locals {
		check("local."+l.Name, s.locals[l.Name].refs)
	}
	for _, o := range s.cfg.Outputs {
		if o.Value != nil {
			check("output."+o.Name, o.Value.References())
		}
	}
	return problems
}

func (s *state) checkReference(ref Reference) (diag.Problem, bool) {
	switch {
	case ref.Root == "var":
		return s.undeclared(ref, "variable", keys(s.variables))
	case ref.Root == "local":
		return s.undeclared(ref, "local value", keys(s.locals))
	case slices.Contains(provider.Kinds(), provider.Kind(ref.Root)):
		return s.checkNoun(ref)
	}
	return diag.Problem{
		Code: "unknown-name", Summary: "Unknown name",
		Detail: fmt.Sprintf("Nothing is called %s.%s Names are var.NAME, local.NAME, and a block's kind and label, such as daemon.dind.",
			ref.Root, s.meant(ref)),
	}, true
}

// meant suggests what an unknown first word may stand for.
func (s *state) meant(ref Reference) string {
	roots := []string{"var", "local"}
	for _, kind := range provider.Kinds() {
		if slices.Contains(s.byKind[kind], ref.Root) {
			return fmt.Sprintf(" Did you mean %s.%s?", kind, ref.Root)
		}
		roots = append(roots, string(kind))
	}
	if _, ok := s.variables[ref.Root]; ok {
		return fmt.Sprintf(" Did you mean var.%s?", ref.Root)
	}
	if _, ok := s.locals[ref.Root]; ok {
		return fmt.Sprintf(" Did you mean local.%s?", ref.Root)
	}
	return suggest(ref.Root, roots, "")
}

func (s *state) undeclared(ref Reference, what string, names []string) (diag.Problem, bool) {
	if ref.Name == "" || slices.Contains(names, ref.Name) {
		return diag.Problem{}, false
	}
	return diag.Problem{
		Code: "undeclared-name", Summary: "Reference to something that is not declared",
		Detail: fmt.Sprintf("There is no %s %q.%s", what, ref.Name, suggest(ref.Name, names, ref.Root+".")),
	}, true
}

func (s *state) checkNoun(ref Reference) (diag.Problem, bool) {
	kind := provider.Kind(ref.Root)
	if ref.Name != "" && s.nouns[ref.Root+"."+ref.Name] == nil {
		p, _ := s.undeclared(ref, ref.Root+" block", s.byKind[kind])
		if other := s.otherKind(ref); other != "" {
			p.Detail = fmt.Sprintf("There is no %s block %q. Did you mean %s?", ref.Root, ref.Name, other)
		}
		return p, true
	}
	if ref.Name == "" || ref.Attr == "" || exported(kind, ref.Attr) {
		return diag.Problem{}, false
	}
	words := append(everyKindExports(), exports(kind)...)
	slices.Sort(words)
	if provider.RefType().HasAttribute(ref.Attr) {
		return diag.Problem{
			Code: "no-such-attribute", Summary: "Attribute that this kind of block does not have",
			Detail: fmt.Sprintf("%s has no %s: %s. A %s has %s.", ref.Root+"."+ref.Name, ref.Attr, havers(ref.Attr), kind, strings.Join(words, ", ")),
		}, true
	}
	return diag.Problem{
		Code: "no-such-attribute", Summary: "Unknown attribute of a reference",
		Detail: fmt.Sprintf("%s has no %s.%s A reference to a %s has %s.", ref.Root+"."+ref.Name, ref.Attr, suggest(ref.Attr, words, ""), kind, strings.Join(words, ", ")),
	}, true
}

// otherKind finds a block of the name that has another kind.
func (s *state) otherKind(ref Reference) string {
	for _, kind := range provider.Kinds() {
		if slices.Contains(s.byKind[kind], ref.Name) {
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

// maxTypos is how far a name may be from what it is taken for.
const maxTypos = 3

// suggest is a question for the nearest of the names, with a leading blank, or empty.
func suggest(given string, names []string, prefix string) string {
	best, distance := "", maxTypos
	for _, name := range slices.Sorted(slices.Values(names)) {
		if d := levenshtein.Distance(given, name, nil); d < distance && d < len(name) {
			best, distance = name, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" Did you mean %s%s?", prefix, best)
}

func keys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for key := range m {
		out = append(out, key)
	}
	slices.Sort(out)
	return out
}
