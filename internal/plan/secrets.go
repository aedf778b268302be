package plan

import (
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// secretsOf decides what of an object is secret. What the provider marked in what it
// compared is secret wherever else it stands, and so is what the configuration keeps
// secret: the object may hold it only within a larger text.
func secretsOf(item provider.DiffItem, d provider.Difference, configured []cty.Value) provider.Secrets {
	secrets := provider.SecretsOf(provider.SecretsRequest{
		Declared: item.Declaration.Declared, Created: item.Created, Actual: item.Actual, Beside: configured,
	})
	var found []cty.Value
	for _, c := range d.Changes {
		found = append(found, c.From, c.To, c.Created)
	}
	return secrets.Known(found...)
}

// shown are the changes of a resource as they may be shown. Those of the plan's steps are
// carried out, and stay as they are.
func (r Resource) shown() []provider.Change {
	out := slices.Clone(r.Changes)
	for i, c := range out {
		out[i] = r.Secrets.Change(c)
		out[i].Path = r.Secrets.Path(c.Path)
	}
	return out
}

// unseen are the secrets of a resource of which nothing tells whether they changed, by
// paths that may be shown, each once: of several keys of a secret map, one is left.
func (r Resource) unseen() []provider.NotCompared {
	var out []provider.NotCompared
	for _, n := range r.NotCompared {
		n.Path = r.Secrets.Path(n.Path)
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// gather learns what is secret of all objects of a plan, also of those that are made or go,
// which are not compared. Whatever is said of one may hold the secrets of any of them: what
// went into a record before it was one, or what a command tells of another one.
func (m *maker) gather(p *Plan) {
	var configured []cty.Value
	declared := map[string]cty.Value{}
	if m.expanded != nil {
		configured = m.expanded.Sensitive()
	} else {
		for _, in := range m.in.Declared {
			declared[in.Address] = in.Declared
		}
	}
	every := []provider.Secrets{provider.Secrets{}.Known(configured...)}
	for i := range p.Resources {
		r := &p.Resources[i]
		if r.Before == nil || r.After == nil {
			request := provider.SecretsRequest{Declared: declared[r.Address], Beside: configured}
			if r.After != nil {
				request.Declared = r.After.Declared
			}
			if r.Before != nil {
				request.Created, request.Actual = r.Before.Owner.Spec, r.Before.Actual
			}
			r.Secrets = provider.SecretsOf(request)
		}
		every = append(every, r.Secrets)
	}
	p.Secrets = provider.Together(every)
	for i := range p.Resources {
		p.Resources[i].Secrets = p.Resources[i].Secrets.Among(p.Secrets)
	}
}

// conceal takes what is secret out of the resources of a plan: they are for people. It
// comes last, so that everything is decided by what really differs.
func (m *maker) conceal(p *Plan) {
	m.gather(p)
	for i, r := range p.Resources {
		p.Resources[i].Changes = r.shown()
		if r.Before == nil || r.After == nil || r.Action == Replace || r.Action == Run || r.Action == Delete {
			p.Resources[i].NotCompared, p.Resources[i].Exposed = nil, nil
			continue
		}
		p.Resources[i].NotCompared, p.Resources[i].Exposed = r.unseen(), r.Secrets.Exposed()
		if len(p.Resources[i].NotCompared)+len(p.Resources[i].Exposed) > 0 {
			p.Resources[i].Loses = m.dataOf(placed{*r.Before, r.Inside})
		}
	}
}

// ExposedBy is what holds a value that became sensitive after it was recorded.
const ExposedBy = "the record on the object"

// Anew is the flag that makes an object anew, whatever differs; empty where that would
// lose data.
func (r Resource) Anew() string {
	if r.Loses != "" {
		return ""
	}
	return "-replace=" + r.Address
}
