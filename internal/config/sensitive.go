package config

import (
	"cmp"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// Sensitive are the values of the variables and locals that are sensitive, or hold
// something that is, with their marks. Whoever shows a text looks for these in it: an
// object may hold them only as parts of larger texts. Variables that nothing refers to are
// not among them.
func (x *Expanded) Sensitive() []cty.Value { return x.sensitive }

func (e *evaluation) sensitive() []cty.Value {
	var at []slot
	for place, value := range e.values {
		if (place.n.kind == variableNode || place.n.kind == localNode) && provider.HasMarks(value) {
			at = append(at, place)
		}
	}
	slices.SortFunc(at, func(a, b slot) int {
		return cmp.Or(cmp.Compare(a.f.path, b.f.path), cmp.Compare(a.n.address, b.n.address))
	})
	var out []cty.Value
	for _, place := range at {
		out = append(out, e.values[place])
	}
	return out
}
