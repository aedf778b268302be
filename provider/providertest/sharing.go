package providertest

import (
	"fmt"
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// sharing are the attributes that name an object whose namespace is shared.
func sharing() []string { return []string{"network_mode", "pid", "ipc"} }

// joined are the ids of what an object names in those attributes.
func (s *state) joined(r *record) map[string]string {
	var out map[string]string
	for _, attribute := range sharing() {
		for _, name := range refNames(r.Actual.Value, attribute) {
			if out == nil {
				out = map[string]string{}
			}
			out[attribute] = s.named(r.Engine, provider.Container, name).ID
		}
	}
	return out
}

// livesIn are the ids of the objects whose namespaces an object has, sorted.
func (r *record) livesIn() []string {
	return slices.Compact(slices.Sorted(maps.Values(r.Joined)))
}

// alone is the error that something does not run whose namespaces an object joins when it is started.
func (s *state) alone(r *record) error {
	for _, id := range r.livesIn() {
		if owner := s.Objects[id]; owner == nil || owner.Condition.State != provider.StateRunning {
			return &provider.Problem{
				Code: provider.Refused, Address: r.Owner.Address, Summary: "The engine refused",
				Detail: fmt.Sprintf("%s joins namespaces of %s, which does not run.", r.Name, id),
			}
		}
	}
	return nil
}

// note records the starts that the run that began just now came after, where the clock says otherwise.
func (s *state) note(r *record) {
	var starts []string
	for _, id := range r.livesIn() {
		starts = append(starts, s.Objects[id].Condition.Started)
	}
	r.Follows = r.Condition.Contradicting(starts)
}

// made tells of what an attribute names whether it exists by now.
func made(v cty.Value) bool {
	return !provider.IsRef(v.Type()) || v.IsNull() || attribute(v, "id").IsKnown()
}
