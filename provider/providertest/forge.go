package providertest

import "github.com/dindctl/dindctl/provider"

// Forge makes an object with whatever record somebody wrote on it, and returns its
// id. From is the record of what it was made from: of a copy, that of the original.
// What runs does.
func (o *Outside) Forge(kind provider.Kind, name string, owner, from provider.Ownership) string {
	r := &record{Name: name, Kind: kind, Owner: owner, From: from, Revision: 1, Actual: stored{Declare(MemorySchema(), kind, nil)}}
	o.change(func(s *state, engine string) {
		r.Engine = engine
		s.add(r)
		if kind == provider.Daemon {
			r.Data = r.ID
		}
		if kind.Runs() {
			s.start(r)
		}
	})
	return r.ID
}
