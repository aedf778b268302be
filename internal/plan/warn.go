package plan

import (
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// warnings tells what the provider says of objects that stay.
func (m *maker) warnings() diag.List {
	var out diag.List
	for _, address := range sortedKeys(m.resources) {
		r := m.resources[address]
		out = append(out, expiring(r)...)
		if r.Before == nil || r.After == nil || r.Action == Replace || r.Action == Delete {
			continue
		}
		out = append(out, leftOut(r, m.leftOut[address])...)
		for _, text := range r.Before.Warnings {
			out = append(out, diag.Problem{
				Severity: diag.Warning, Code: string(provider.Conflict), Summary: "Something around an object has changed",
				Detail: text, Address: address, Subject: r.After.Header,
			})
		}
	}
	return out
}

// leftOut warns of what an object that stays is without, for good, although it was asked for.
func leftOut(r *Resource, changes []provider.Change) diag.List {
	if len(changes) == 0 {
		return nil
	}
	var paths []string
	for _, c := range changes {
		paths = append(paths, c.Path)
	}
	return diag.List{{
		Severity: diag.Warning, Summary: "Something is not supported here, and was left out", Address: r.Address, Subject: r.After.Header,
		Detail: fmt.Sprintf("%s of %s: it was asked for when the object was made, and left out, as where the kernel has no such thing. "+
			"Nothing changes by itself. Take it out of the configuration; or, once it is supported, replace the object: -replace=%s.",
			strings.Join(paths, ", "), r.Address, r.Address),
	}}
}

// expiring warns of what ends by itself soon, or has, and is renewed.
func expiring(r *Resource) diag.List {
	if r.After == nil {
		return nil
	}
	var out diag.List
	for _, c := range r.Changes {
		if c.Cause != provider.Expires {
			continue
		}
		detail := fmt.Sprintf("%s of %s expires.", c.Path, r.Address)
		if from := c.From; from != cty.NilVal && !from.IsMarked() && from.IsKnown() && !from.IsNull() && from.Type() == cty.String {
			detail = fmt.Sprintf("%s of %s: %s.", c.Path, r.Address, from.AsString())
		}
		if r.Action == Replace {
			detail += fmt.Sprintf(" %s is replaced, which renews it; its data stays.", r.Address)
		}
		out = append(out, diag.Problem{
			Severity: diag.Warning, Summary: "Something expires soon, or has expired", Detail: detail, Address: r.Address, Subject: r.After.Header,
		})
	}
	return out
}
