package ui

import (
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// legend explains the signs of a plan, those alone that it has.
func legend(p *plan.Plan, o Options) string {
	meanings := []struct {
		actions []plan.Action
		text    string
	}{
		{[]plan.Action{plan.Create, plan.Run}, "create or run"},
		{[]plan.Action{plan.Update, plan.Start, plan.Restart}, "change or start what is there"},
		{[]plan.Action{plan.Replace}, "replace: destroy, then create"},
		{[]plan.Action{plan.Delete}, "destroy"},
	}
	var out strings.Builder
	for _, m := range meanings {
		if !slices.ContainsFunc(p.Shown(), func(r plan.Resource) bool { return slices.Contains(m.actions, r.Action) }) {
			continue
		}
		sign, color, _ := symbol(m.actions[0])
		out.WriteString(pad(o.paint(color, sign), sign) + " " + m.text + "\n")
	}
	return out.String() + "\n"
}

// affected says what a removal or replacement means for others, one remark a line:
// who is in the way of it; of a daemon that goes down, what that means for its data,
// for what is inside it and for what calls it.
func affected(p *plan.Plan, r plan.Resource) []string {
	if r.Action == plan.Delete && r.Before != nil && len(r.Before.Users) > 0 {
		return []string{"in use by others, and cannot go before they do: " + clean(strings.Join(r.Before.Users, ", "))}
	}
	if r.Kind != provider.Daemon {
		return nil
	}
	switch {
	case r.Inner.Goes: // what is lost names it
		return nil
	case r.Action == plan.Delete, r.Action == plan.Start:
		return endsWith(nil, r)
	case r.Action != plan.Replace && r.Action != plan.Restart:
		return nil
	}
	var out, inside, callers []string
	if on := staysOn(p, r); on != "" && r.Action == plan.Replace {
		out = append(out, "what is inside it stays on its data, "+on)
	}
	if r.Inner.Hidden != "" {
		out = append(out, "what is inside it is hidden until that is as before ("+clean(r.Inner.Hidden)+")"+listed(hidden(r)))
	}
	for _, other := range p.Resources {
		switch {
		case other.Inside == r.Address && other.Before != nil:
			inside = append(inside, other.Address+" ("+becomes(other)+")")
		case other.Kind == provider.Controller && other.Action == plan.None && other.After != nil && refersTo(other, "daemon") == r.Address:
			callers = append(callers, other.Address)
		}
	}
	if r.Inner.Hidden == "" {
		out = append(out, endsWith(inside, r)...)
	}
	if len(callers) > 0 {
		out = append(out, "without a daemon meanwhile: "+strings.Join(callers, ", "))
	}
	return out
}

// endsWith names what runs inside a daemon and ends with it: what is the project's, and
// what is not.
func endsWith(inside []string, r plan.Resource) []string {
	for _, other := range r.Inner.Others {
		if other.Running {
			inside = append(inside, clean(other.Words(r.Address))+" (not the project's)")
		}
	}
	if len(inside) == 0 {
		return nil
	}
	return []string{"ends with it: " + strings.Join(inside, ", ")}
}

// hidden names what cannot be seen inside a daemon afterwards.
func hidden(r plan.Resource) []string {
	names := slices.Clone(r.Inner.Own)
	for _, other := range r.Inner.Others {
		names = append(names, clean(other.Words(r.Address))+" (not the project's)")
	}
	return names
}

func listed(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return ": " + strings.Join(names, ", ")
}

// staysOn says on what the data of a daemon stay, as far as that is known.
func staysOn(p *plan.Plan, r plan.Resource) string {
	switch {
	case r.Inner.Stays != "":
		return clean(r.Inner.Stays)
	case r.Before != nil && r.Before.Data.On != provider.DataUnknown:
		return ""
	}
	if volume := dataOf(p, r); volume != "" {
		return volume
	}
	return ""
}

// becomes is what becomes of something inside a daemon that is replaced or started again.
func becomes(r plan.Resource) string {
	switch r.Action {
	case plan.Start, plan.Restart:
		return "started again"
	case plan.Run:
		return "run again"
	case plan.Delete:
		return "destroyed"
	case plan.Replace, plan.Create, plan.Update:
		return "see below"
	case plan.None, plan.Wait, plan.Stop: // no plan stops
	}
	if r.Kind == provider.Job {
		return "has run, is not run again"
	}
	return "stays as it is"
}

// dataOf names the volume that keeps a daemon's data, where it stays.
func dataOf(p *plan.Plan, r plan.Resource) string {
	if r.After == nil {
		return ""
	}
	at := refersTo(r, "data")
	if at == "" {
		at = r.Address + ".data"
	}
	for _, volume := range p.Resources {
		if volume.Address == at && volume.Kind == provider.Volume && volume.Action == plan.None {
			return "volume " + clean(volume.Name)
		}
	}
	return ""
}

// refersTo is the address that an attribute refers to, or empty.
func refersTo(r plan.Resource, name string) string {
	value := attr(r.After.Declared, name)
	if !provider.IsRef(value.Type()) || value.IsNull() || !value.IsKnown() {
		return ""
	}
	return address(value)
}
