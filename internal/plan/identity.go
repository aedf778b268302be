package plan

import (
	"bytes"
	"encoding/json"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/provider"
)

// Move gives the project's objects of one place the addresses that are meant by
// those under which they were recorded. An object keeps its own where another one
// is recorded under the new address already, under the name that this record gives, or
// the one that it was given since: a copy under any other name takes the address from
// nothing.
func (s *Snapshot) Move(moves []config.Move, project string) {
	if len(moves) == 0 {
		return
	}
	recorded := map[string]bool{}
	for _, o := range s.Objects {
		renamed := o.Kind.Runs() && recordOf(o.Owner).text("name") == o.Name // by dindctl, as the record of changes says
		if o.Owner.Project == project && (o.Kind == provider.Image || renamed || fitsName(moves, o, o.Owner.CreatedName())) {
			recorded[o.Owner.Address] = true
		}
	}
	for i, o := range s.Objects {
		if o.Owner.Project != project {
			continue
		}
		before := o.Owner.Address
		s.Objects[i].Actual = movedValue(moves, o.Actual)
		s.Objects[i].Owner = moved(moves, o.Owner)
		if recorded[s.Objects[i].Owner.Address] {
			s.Objects[i].Owner.Address = before
		}
		if now := s.Objects[i].Owner.Address; now != before {
			if s.Moved == nil {
				s.Moved = map[string]string{}
			}
			s.Moved[now] = before
		}
	}
}

// moved rewrites the addresses in what was recorded.
func moved(moves []config.Move, o provider.Ownership) provider.Ownership {
	o.Address = config.Now(moves, o.Address)
	deps := make([]string, len(o.Deps))
	for i, dep := range o.Deps {
		deps[i] = config.Now(moves, dep)
	}
	o.Deps = deps
	var spec any
	decoder := json.NewDecoder(bytes.NewReader(o.Spec))
	decoder.UseNumber()
	if decoder.Decode(&spec) == nil && moveRefs(moves, spec) {
		if text, err := json.Marshal(spec); err == nil {
			o.Spec = text
		}
	}
	return o
}

// moveRefs rewrites references in a recorded value, {"ref":"daemon.dind"}, and
// tells whether there was one to rewrite.
func moveRefs(moves []config.Move, v any) bool {
	changed := false
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			address, isText := inner.(string)
			if !isText || key != written && (key != "ref" || len(v) != 1) {
				changed = moveRefs(moves, inner) || changed
				continue
			}
			if now := config.Now(moves, address); now != address {
				v[key], changed = now, true
			}
		}
	case []any:
		for _, inner := range v {
			changed = moveRefs(moves, inner) || changed
		}
	}
	return changed
}

// written is the attribute of a mount that holds an address as it stands in the file.
const written = "written"

// movedValue rewrites references in what was seen.
func movedValue(moves []config.Move, v cty.Value) cty.Value {
	if v == cty.NilVal {
		return v
	}
	out, err := cty.Transform(v, func(path cty.Path, part cty.Value) (cty.Value, error) {
		if len(path) == 0 || part.Type() != cty.String || part.IsNull() || !part.IsKnown() || part.IsMarked() {
			return part, nil
		}
		step, named := path[len(path)-1].(cty.GetAttrStep)
		if !named || step.Name != "address" && step.Name != written {
			return part, nil
		}
		return cty.StringVal(config.Now(moves, part.AsString())), nil
	})
	if err != nil {
		return v
	}
	return out
}

// KeptNames are the names of a project's objects that no engine can rename and that nobody has
// named, by address: they stay what they were when the object was made, also where
// a moved block has given it another address since, and where it was made anew
// under that address while the moved block still stood there. An object whose block
// ignores its name keeps the one that it bears; ignored tells that of an address.
func (o Observed) KeptNames(project string, ignored func(address string) bool) map[string]string {
	out := map[string]string{}
	for _, inside := range o.places() {
		s := o.snapshot(inside)
		best := map[string]placed{}
		for _, object := range s.Objects {
			address := object.Owner.Address
			switch other, found := best[address]; {
			case object.Stray || object.Owner.Project != project || project == "":
			case ignored(address):
				if now := (placed{object, inside}); !found || better(now, other) < 0 {
					best[address], out[address] = now, object.Name
				}
			case s.namedByDefault(object):
				out[address] = object.Name
			}
		}
	}
	return out
}

// namedByDefault tells of an object that no engine can rename that nobody has named it.
func (s Snapshot) namedByDefault(o provider.Object) bool {
	_, was := s.Moved[o.Owner.Address]
	return !o.Kind.Runs() && (was || o.Owner.Name == o.Name && recordOf(o.Owner).text("name") == "")
}

// movedFrom is the address under which an object was recorded; empty where that is its own.
func (m *maker) movedFrom(r *Resource) string {
	if r.Before == nil {
		return ""
	}
	return m.in.Observed.snapshot(r.Inside).Moved[r.Address]
}

// renames tells whether a name can be changed on the object as it stands: it runs,
// nothing bears the new name, and nothing else wants the old one.
func (m *maker) renames(r *Resource) bool {
	if !r.Kind.Runs() {
		return false
	}
	if m.wanted == nil {
		m.wanted = map[name]bool{}
		for _, in := range m.expanded.Instances {
			m.wanted[name{in.Inside, nameSpace(in.Kind), in.Name}] = true
		}
	}
	if m.borne == nil {
		m.borne = m.bearers()
	}
	return len(m.borne[name{r.Inside, nameSpace(r.Kind), r.Name}]) == 0 && !m.wanted[name{r.Inside, nameSpace(r.Kind), r.Before.Name}]
}
