package config

import (
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
)

// checks evaluates the check blocks. What does not hold, as far as that is known,
// is a warning: a check never stops anything.
func (e *evaluation) checks() diag.List {
	var problems diag.List
	for _, m := range e.s.modules {
		for _, f := range m.frames {
			for _, c := range m.content.Checks {
				problems = append(problems, e.check(f, c)...)
			}
		}
	}
	return problems
}

func (e *evaluation) check(f *frame, c Check) diag.List {
	var out diag.List
	address := join(f.path, "check."+c.Name)
	for _, a := range c.Asserts {
		e.withheld = nil
		holds, message, problems := e.assert(f, a, "check")
		for _, p := range within(append(problems, e.withheld...), address) {
			p.Severity = diag.Warning // a check that cannot be evaluated stops nothing either
			out = append(out, p)
		}
		if holds {
			continue
		}
		out = append(out, diag.Problem{
			Severity: diag.Warning, Code: "check-failed", Summary: "A check does not hold", Address: address,
			Detail: sentence(message), Subject: a.Condition.Range(), Context: c.Range,
		})
	}
	return out
}

// explain says of an attribute of nothing that the block is not enabled, and of a
// key that is not there which ones are.
func (s *state) explain(n *node, problems diag.List) diag.List {
	for i, p := range problems {
		off, index := p.Summary == "Attempt to get attribute from null value", p.Summary == "Invalid index"
		if !off && !index {
			continue
		}
		for _, ref := range n.refs {
			if ref.Range.File != p.Subject.File || p.Subject.Start.Byte < ref.Range.Start.Byte || p.Subject.End.Byte > ref.Range.End.Byte {
				continue
			}
			address := ref.Root + "." + ref.Name
			for _, to := range s.named(n.names, ref) {
				switch {
				case off && len(to.off) > 0:
					problems[i].Code, problems[i].Summary = "not-enabled", "Attribute of something that is not enabled"
					problems[i].Detail = fmt.Sprintf("%s has enabled = false, so that it stands for nothing and has no %s. Write try(%s.%s, null), or a condition.",
						address, ref.Attr, address, ref.Attr)
				case index && ref.Key != cty.NilVal && (to.kind == nounNode || to.kind == callNode):
					problems[i].Code, problems[i].Summary = "no-such-instance", "Instance that is not there"
					problems[i].Detail = fmt.Sprintf("%s has no instance %s. %s", address, each{key: ref.Key}.suffix(), s.instancesOf(to, ref))
				}
			}
		}
	}
	return problems
}

// instancesOf says which instances there are.
func (s *state) instancesOf(n *node, ref Reference) string {
	var keys []string
	if n.kind == callNode {
		for _, f := range n.module.children[n.call.Name].frames {
			keys = append(keys, f.each.suffix())
		}
	}
	for _, o := range n.instances {
		keys = append(keys, o.each.suffix())
	}
	const most = 5
	switch {
	case len(keys) == 0:
		return "It has none."
	case len(keys) > most:
		return fmt.Sprintf("It has %s and %d more.%s", strings.Join(keys[:most], ", "), len(keys)-most, suggest(each{key: ref.Key}.suffix(), keys, ""))
	}
	if ref.Key.Type() == cty.Number {
		return fmt.Sprintf("It has %s.", strings.Join(keys, ", "))
	}
	return fmt.Sprintf("It has %s.%s", strings.Join(keys, ", "), suggest(each{key: ref.Key}.suffix(), keys, ""))
}
