package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// checkKinds says of every reference whether its argument takes that kind.
func (s *state) checkKinds(n *noun) diag.List {
	return s.checkKindsIn(n, n.body, n.value, "")
}

func (s *state) checkKindsIn(n *noun, body provider.Body, value cty.Value, prefix string) diag.List {
	var problems diag.List
	for _, a := range body.Attributes {
		if len(a.Refs) > 0 {
			problems = append(problems, s.checkKind(n, a, attribute(value, a.Name), prefix+a.Name)...)
		}
	}
	for _, b := range body.Blocks {
		inner := attribute(value, b.Name)
		if b.Single {
			problems = append(problems, s.checkKindsIn(n, b.Body, inner, prefix+b.Name+".")...)
			continue
		}
		for i, element := range elements(inner) {
			problems = append(problems, s.checkKindsIn(n, b.Body, element, fmt.Sprintf("%s%s[%d].", prefix, b.Name, i))...)
		}
	}
	return problems
}

func (s *state) checkKind(n *noun, a provider.Attribute, value cty.Value, path string) diag.List {
	if value.IsNull() || !value.IsKnown() {
		return nil
	}
	if a.Type == cty.DynamicPseudoType && !provider.IsRef(value.Type()) {
		if value.Type() == cty.String {
			return nil
		}
		return diag.List{n.problem("wrong-type", path, "Wrong type of value",
			fmt.Sprintf("%s takes text or %s, not %s.", a.Name, kindWords(a.Refs), value.Type().FriendlyName()))}
	}
	given := []cty.Value{value}
	if !provider.IsRef(value.Type()) {
		given = elements(value)
	}
	var problems diag.List
	for _, ref := range given {
		address := addressOf(ref)
		to := s.nouns[address]
		if to == nil || slices.Contains(a.Refs, to.kind) {
			continue
		}
		problems = append(problems, n.problem("wrong-kind", path, "Reference to the wrong kind of block",
			fmt.Sprintf("%s takes %s, but %s is a %s.%s", a.Name, kindWords(a.Refs), address, to.kind, s.candidates(n, a.Refs, to))))
	}
	return problems
}

func kindWords(kinds []provider.Kind) string {
	words := make([]string, len(kinds))
	for i, kind := range kinds {
		article := "a "
		if kind == provider.Image {
			article = "an "
		}
		words[i] = article + string(kind)
	}
	return strings.Join(words, " or ")
}

// candidates suggests what of the right kind is there.
func (s *state) candidates(n *noun, kinds []provider.Kind, given *noun) string {
	var all []string
	for _, kind := range kinds {
		for _, name := range s.labels(n, kind) {
			if given.block != nil && name == given.block.Label {
				return fmt.Sprintf(" Did you mean %s.%s?", kind, name)
			}
			all = append(all, string(kind)+"."+name)
		}
	}
	const most = 5
	switch {
	case len(all) == 0:
		return fmt.Sprintf(" There is no %s block yet.", kinds[0])
	case len(all) > most:
		all = append(all[:most], "...")
	}
	return " There is " + strings.Join(all, ", ") + "."
}
