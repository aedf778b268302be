package config

import (
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// checkIgnored demands that a path of ignore_changes leads to an argument, or to a part
// of one that a plan tells apart.
func checkIgnored(n *noun, i Ignored) diag.List {
	why := unknownPart(n.body, i.Steps, "A "+string(n.kind), "")
	if why == "" {
		return nil
	}
	p := n.problem("unknown-argument", "", "Unknown argument in ignore_changes", why)
	p.Subject = i.Range
	return diag.List{p}
}

// unknownPart says what is wrong with a path into a body, whose owner and path are given;
// empty where it is right.
func unknownPart(body provider.Body, steps []Step, owner, at string) string {
	name := steps[0].Name
	if a, found := body.Attribute(name); found && !steps[0].Key {
		return unknownPartOf(a, steps[1:], at+name)
	}
	var names []string
	for _, a := range body.Attributes {
		names = append(names, a.Name)
	}
	for _, b := range body.Blocks {
		if b.Name == name && !steps[0].Key {
			return unknownPartIn(b, steps[1:], at+name)
		}
		names = append(names, b.Name)
	}
	return fmt.Sprintf("%s has no argument %q.%s", owner, name, suggest(name, names, ""))
}

// unknownPartIn is the same for what follows the name of a block.
func unknownPartIn(b provider.Block, steps []Step, at string) string {
	switch {
	case len(steps) == 0:
		return ""
	case b.Single:
		return unknownPart(b.Body, steps, at, at+".")
	case b.Key == "":
		return fmt.Sprintf("A plan shows changes of %s as one, and tells no parts of it apart. Write %s.", at, at)
	case !steps[0].Key || steps[0].Number:
		return fmt.Sprintf("There may be several %s blocks. Say by its %s which is meant: %s[\"…\"].", b.Name, b.Key, at)
	case len(steps) == 1:
		return ""
	}
	return unknownPart(b.Body, steps[1:], b.Name, fmt.Sprintf("%s[%q].", at, steps[0].Name))
}

// unknownPartOf is the same for what follows the name of an argument. What is known only
// as it is evaluated may have any parts.
func unknownPartOf(a provider.Attribute, steps []Step, at string) string {
	refs := a.Type.IsListType() && provider.IsRef(a.Type.ElementType())
	switch {
	case len(steps) == 0, a.Type.IsMapType() && !steps[0].Number:
		return ""
	case a.Type == cty.DynamicPseudoType && len(a.Refs) == 0:
		return ""
	case refs && steps[0].Key && !steps[0].Number && len(steps) == 1:
		return ""
	}
	return fmt.Sprintf("A plan shows changes of %s as one, and tells no parts of it apart. Write %s.", at, at)
}

// shownAs are further paths of what is ignored, where a plan calls it otherwise than the
// file: a network by the name that it has on its engine, a build's context by what is in it.
func (s *state) shownAs(n *noun, i Ignored) []string {
	var out []string
	switch root := i.Steps[0].Name; {
	case (root == "attach" || root == "networks") && len(i.Steps) > 1 && i.Steps[1].Key:
		for _, address := range append(addresses(attribute(n.value, "networks")), attached(n)...) {
			network := s.nouns[address]
			if network == nil || network.label != i.Steps[1].Name {
				continue
			}
			named := Ignored{Steps: append([]Step{i.Steps[0], {Name: network.name, Key: true}}, i.Steps[2:]...)}
			out = append(out, named.Paths()...)
		}
	case strings.HasPrefix(i.Paths()[0], "build.context"):
		out = append(out, "build.inputs")
	}
	return out
}
