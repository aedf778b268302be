package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// checkOwners refuses objects of another configuration with the same derived name.
func (m *maker) checkOwners() diag.List {
	var problems diag.List
	origins := map[string]bool{}
	for _, address := range sortedKeys(m.ours) {
		for _, o := range m.ours[address] {
			if m.in.Derived && o.Owner.Origin != m.in.Origin && !origins[o.Owner.Origin] {
				origins[o.Owner.Origin] = true
				problems = append(problems, diag.Problem{
					Severity: diag.Error, Code: "project-elsewhere", Summary: "Another configuration has a project of this name",
					Detail: fmt.Sprintf("The project %q belongs to %s, and this configuration is %s. Both names were only derived from the "+
						"file's name. Give this one a name of its own: project { name = \"…\" }, or -project.",
						m.in.Project, o.Owner.Origin, m.in.Origin),
				})
			}
		}
	}
	return problems
}

// name is a name in a name space of a place.
type name struct{ inside, space, name string }

func nameOf(inside string, o provider.Object) name { return name{inside, nameSpace(o.Kind), o.Name} }

// bearers are all objects that were seen, by name.
func (m *maker) bearers() map[name][]provider.Object {
	out := map[name][]provider.Object{}
	for _, inside := range m.in.Observed.places() {
		if m.vanishes(inside) {
			continue
		}
		for _, o := range m.in.Observed.snapshot(inside).Objects {
			if o.Condition.State != provider.StateRemoving {
				out[nameOf(inside, o)] = append(out[nameOf(inside, o)], o)
			}
		}
	}
	return out
}

// checkNames finds what cannot be made, because something else bears its name and
// keeps it.
func (m *maker) checkNames(acts map[string]bool) diag.List {
	var problems diag.List
	bearers, leaving := m.bearers(), m.leaving()
	for _, address := range sortedKeys(m.resources) {
		r := m.resources[address]
		if !acts[address] || r.Action != Create && r.Action != Replace && (r.Action != Run || r.Before != nil) {
			continue
		}
		for _, o := range bearers[name{r.Inside, nameSpace(r.Kind), r.Name}] {
			own := o.Owner.Project == m.in.Project
			if own && (o.Owner.Address == address || leaving[idOf(r.Inside, o)]) {
				continue
			}
			problems = append(problems, diag.Problem{
				Severity: diag.Error, Code: "name-taken", Address: address, Subject: r.After.Header, Context: r.After.Header,
				Summary: "The name is taken", Detail: m.takenBy(r, o, own),
			})
		}
	}
	return problems
}

func (m *maker) takenBy(r *Resource, o provider.Object, own bool) string {
	if h := m.holder(placed{o, r.Inside}); own && h != (holder{}) {
		return fmt.Sprintf("%s wants the name %q, which %s of this project bears and keeps (id %s): %s. Set another name = \"…\" in %s, or let %s heed that change.",
			r.Address, r.Name, o.Owner.Address, provider.ShortID(o.ID), h.clause(), r.Address, h.address)
	}
	if user := m.resources[o.Owner.Address]; own && user != nil && user.After != nil && user.Inside == r.Inside && ignoresAny(user.After.Lifecycle, []string{"name"}) {
		return fmt.Sprintf("%s wants the name %q, which %s of this project bears (id %s): it is declared otherwise by now, and ignores changes of name (ignore_changes). "+
			"Let %[3]s heed that change, or set another name = \"…\" in %[1]s.", r.Address, r.Name, o.Owner.Address, provider.ShortID(o.ID))
	}
	if own {
		return fmt.Sprintf("%s wants the name %q, which %s of this project bears and keeps (id %s). Set another name = \"…\" in %s; "+
			"if the one that is kept is not needed any longer, give -volumes or -images.", r.Address, r.Name, o.Owner.Address, provider.ShortID(o.ID), r.Address)
	}
	whose := "nobody that dindctl knows"
	switch {
	case o.WhyNot != "" && o.Claim.Project == m.in.Project:
		whose = fmt.Sprintf("somebody else, although it bears labels of %s (%s)", o.Claim.Address, o.WhyNot)
	case o.Owner.Project != "":
		whose = fmt.Sprintf("the project %q (%s)", o.Owner.Project, o.Owner.Address)
	}
	return fmt.Sprintf("%s wants the name %q, which an object of %s has (id %s). dindctl does not touch what is not its own: "+
		"remove or rename that one, or set name = \"…\" in %s.", r.Address, r.Name, whose, provider.ShortID(o.ID), r.Address)
}

// id tells objects apart. A volume's own id is only its name, which other places
// may have, too.
type id struct {
	inside string
	kind   provider.Kind
	id     string
}

func idOf(inside string, o provider.Object) id { return id{inside, o.Kind, o.ID} }

// leaving are the objects that the plan removes.
func (m *maker) leaving() map[id]bool {
	out := map[id]bool{}
	for _, r := range m.resources {
		if r.Before != nil && (r.Action == Delete || r.Action == Replace || r.Action == Run) {
			out[idOf(r.Inside, *r.Before)] = true
		}
	}
	for _, o := range m.extra {
		out[idOf(o.inside, o.Object)] = true
	}
	return out
}

func nameSpace(k provider.Kind) string {
	if k.Runs() {
		return "containers"
	}
	return string(k)
}

// checkExternal finds what is said to exist and does not.
func (m *maker) checkExternal() diag.List {
	var problems diag.List
	var bearers map[name][]provider.Object
	for _, in := range m.expanded.Instances {
		if !isExternal(in) || !m.seen(in.Inside).Readable {
			continue
		}
		if bearers == nil {
			bearers = m.bearers()
		}
		if len(bearers[name{in.Inside, nameSpace(in.Kind), in.Name}]) > 0 || m.in.Observed.snapshot(in.Inside).Images[in.Name] != "" {
			continue
		}
		problems = append(problems, diag.Problem{
			Severity: diag.Error, Code: "no-such-external", Address: in.Address, Subject: in.Header, Context: in.Header,
			Summary: "Something external is not there",
			Detail: fmt.Sprintf("%s is external = true, and no %s %q is %s. Make it first, correct its name, or leave external out so that dindctl makes one.",
				in.Address, in.Kind, in.Name, engineWord(in.Inside)),
		})
	}
	return problems
}

// checkUsers finds what cannot be replaced, because something uses it that is not the
// project's: it cannot go, and everything of the project's that uses it would have been
// given up by then; nor because something of the project's uses it that ignores what
// would end that. A removal fails by itself, after what it does not hold up.
func (m *maker) checkUsers(acts map[string]bool) diag.List {
	var problems diag.List
	for _, address := range sortedKeys(m.resources) {
		r := m.resources[address]
		if r.Action != Replace || r.Kind.Runs() || !acts[address] {
			continue
		}
		users, advice := strings.Join(r.Before.Users, ", "), "Remove or disconnect that first; dindctl does not touch what is not the project's."
		if h := m.holder(placed{*r.Before, r.Inside}); users == "" && h != (holder{}) && (r.Kind != provider.Image || r.Before.Name != r.Name) {
			users, advice = h.address+h.way()+", which ignores the change that would end that (ignore_changes)", "Undo what leads to it, or let "+h.address+" heed that change."
		}
		if users == "" {
			continue
		}
		problems = append(problems, diag.Problem{
			Severity: diag.Error, Code: string(provider.InUse), Address: address, Subject: r.After.Header, Context: r.After.Header,
			Summary: "Something else uses it",
			Detail: fmt.Sprintf("%s is to be replaced (%s), and the %s %s is used by %s. It stays as it is, with what needs it. %s",
				address, r.Cause, r.Kind, r.Before.Name, users, advice),
		})
	}
	return problems
}

// checkDataLoss refuses what loses data, where nobody will be asked about it. What
// is planned again was shown before, or is refused as such.
func (m *maker) checkDataLoss(p *Plan) diag.List {
	if m.in.DataLoss || m.settled != "" {
		return nil
	}
	return p.RefusedLosses()
}

// Losses are the plan's losses of data, as warnings, in the order of its steps.
func (p *Plan) Losses() diag.List {
	return p.losses(diag.Warning, "apply asks about it, also with -auto-approve; -volumes agrees beforehand.")
}

// RefusedLosses are the same as errors, for a run that cannot ask.
func (p *Plan) RefusedLosses() diag.List {
	return p.losses(diag.Error, "If that is meant, give -volumes.")
}

func (p *Plan) losses(severity diag.Severity, advice string) diag.List {
	var out diag.List
	resources := p.byAddress()
	for _, s := range p.Steps {
		if s.DataLoss == "" {
			continue
		}
		r := resources[s.Address]
		what := pastOf(Delete)
		if r.Before != nil && r.Before.ID == s.Object {
			what = pastOf(r.Action)
		}
		problem := diag.Problem{
			Severity: severity, Code: "data-loss", Address: s.Address, Summary: "Data would be lost",
			Detail: fmt.Sprintf("%s is to be %s (%s): %s would be lost. %s", s.Address, what, s.Cause, s.DataLoss, advice),
		}
		if r.After != nil {
			problem.Subject, problem.Context = r.After.Header, r.After.Header
		}
		out = append(out, problem)
	}
	return out
}

func pastOf(a Action) string {
	switch a {
	case Replace:
		return "replaced"
	case Start, Restart:
		return "started again"
	case None, Create, Update, Wait, Run, Delete, Stop:
	}
	return "removed"
}

// dataOf describes the data that goes with an object; empty where none does.
func (m *maker) dataOf(o placed) string {
	switch {
	case o.Kind == provider.Volume:
		text := "everything in the volume " + o.Name
		if daemon := m.servedBy(o); daemon != "" {
			text += " (all that is inside " + daemon + ")"
		}
		return text
	case o.Kind == provider.Job || !o.Kind.Runs():
		return ""
	case o.Kind == provider.Daemon && o.Condition.State == provider.StateCreated:
		return "" // it was never started, and nothing is in it
	}
	var lost []string
	if anonymous := anonymousOf(o); anonymous != "" {
		lost = append(lost, anonymous)
	}
	if inner := m.innerLoss(o); inner != "" {
		lost = append(lost, inner)
	}
	return strings.Join(lost, "; and ")
}

// anonymousOf describes what is in the volumes without a name of an object.
func anonymousOf(o placed) string {
	var anonymous []string
	declared := recordOf(o.Owner)
	for _, v := range o.Views {
		if v.Type == "volume" && !declared.named(v.Target) {
			anonymous = append(anonymous, v.Target)
		}
	}
	if len(anonymous) == 0 {
		return ""
	}
	slices.Sort(anonymous)
	return "the data in its volumes without a name at " + strings.Join(anonymous, " and ")
}

// servedBy is the daemon that keeps its data on a volume, or empty.
func (m *maker) servedBy(volume placed) string {
	for _, address := range sortedKeys(m.ours) {
		for _, o := range m.ours[address] {
			if o.Kind == provider.Daemon && o.inside == volume.inside && recordOf(o.Owner).ref("data") == volume.Owner.Address {
				return address
			}
		}
	}
	return ""
}

func sortedKeys[V any](in map[string]V) []string {
	keys := make([]string, 0, len(in))
	for k := range in {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
