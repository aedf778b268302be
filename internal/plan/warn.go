package plan

import (
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// warnings tells what the provider says of objects that stay.
func (m *maker) warnings() diag.List {
	var out diag.List
	for _, address := range sortedKeys(m.resources) {
		r := m.resources[address]
		if r.Before == nil || r.After == nil || r.Action == Replace || r.Action == Delete {
			continue
		}
		for _, text := range r.Before.Warnings {
			out = append(out, diag.Problem{
				Severity: diag.Warning, Code: string(provider.Conflict), Summary: "Something around an object has changed",
				Detail: text, Address: address, Subject: r.After.Header,
			})
		}
	}
	return out
}
