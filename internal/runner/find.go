package runner

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// Find returns the project's object with an address, from whichever place it is
// in. Of two with one address, the one that runs counts.
func Find(observed plan.Observed, project, address string) (provider.Object, diag.List) {
	all := Objects(observed, project)
	var found *provider.Object
	for _, object := range all {
		if plainAddress(object.Owner.Address) == plainAddress(address) && (found == nil || object.Condition.State == provider.StateRunning) {
			found = &object
		}
	}
	if found == nil {
		return provider.Object{}, notThere(observed, all, project, address)
	}
	return *found, nil
}

// FindAll returns the objects with the given addresses, in that order, each once.
// The address of a block means all its instances, that of a module all that is in it.
func FindAll(observed plan.Observed, project string, addresses []string) ([]provider.Object, diag.List) {
	var out []provider.Object
	var problems diag.List
	all := Objects(observed, project)
	for _, address := range addresses {
		found := false
		for _, object := range all {
			if !within(plainAddress(object.Owner.Address), plainAddress(address)) {
				continue
			}
			found = true
			if !slices.ContainsFunc(out, func(o provider.Object) bool { return o.ID == object.ID && o.Place == object.Place }) {
				out = append(out, object)
			}
		}
		if !found {
			problems = append(problems, notThere(observed, all, project, address)...)
		}
	}
	return out, problems
}

// within tells whether an address is the given one, an instance of it, or in that module.
func within(address, given string) bool {
	rest, same := strings.CutPrefix(address, given)
	return same && (rest == "" || rest[0] == '[' || strings.HasPrefix(given, "module.") && rest[0] == '.')
}

// SameAddress tells whether two texts are one address, with or without the quotes
// around a key.
func SameAddress(a, b string) bool { return plainAddress(a) == plainAddress(b) }

// plainAddress leaves out the quotes around a key: a shell takes them away.
func plainAddress(address string) string { return strings.ReplaceAll(address, `"`, "") }

// Objects are the project's objects of all places: those of a daemon's inside
// come after it. Their Place is set.
func Objects(observed plan.Observed, project string) []provider.Object {
	var out []provider.Object
	snapshots := []plan.Snapshot{observed.Root}
	for _, daemon := range slices.Sorted(maps.Keys(observed.Inside)) {
		snapshots = append(snapshots, observed.Inside[daemon])
	}
	for _, snapshot := range snapshots {
		objects := slices.Clone(snapshot.Objects)
		slices.SortStableFunc(objects, func(a, b provider.Object) int { return strings.Compare(a.Owner.Address, b.Owner.Address) })
		for _, object := range objects {
			if object.Owner.Project == project {
				object.Place = snapshot.Place
				out = append(out, object)
			}
		}
	}
	return out
}

func notThere(observed plan.Observed, all []provider.Object, project, address string) diag.List {
	var there []string
	for _, object := range all {
		there = append(there, object.Owner.Address)
	}
	near := ""
	if like := diag.Nearest(address, there); like != "" {
		near = fmt.Sprintf("Did you mean %s? ", like)
	}
	return problemAt(address, "It is not there", "Project %q has no %s. %s%s", project, address, near, whatIsThere(observed, project, there))
}

// Elsewhere says which other projects the engine has objects of, for somebody who
// looks into one without any. Empty where there are none. It begins with a space.
func Elsewhere(observed plan.Observed, project string) string {
	var others []string
	for _, name := range slices.Sorted(maps.Keys(observed.Root.Projects)) {
		if name != project {
			others = append(others, name)
		}
	}
	switch len(others) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf(" The engine has objects of project %s: is it meant? Then add -project %[1]s.", others[0])
	}
	return fmt.Sprintf(" The engine has objects of the projects %s: if one of them is meant, name it with -project.", strings.Join(others, ", "))
}

func whatIsThere(observed plan.Observed, project string, there []string) string {
	text := "It has no objects; `dindctl apply` makes them." + Elsewhere(observed, project)
	if len(there) > 0 {
		slices.Sort(there)
		text = "It has " + strings.Join(slices.Compact(there), ", ") + "."
	}
	for _, daemon := range slices.Sorted(maps.Keys(observed.Inside)) {
		if s := observed.Inside[daemon]; !s.Readable && !s.Absent {
			text += fmt.Sprintf(" What is inside %s is not known: %s.", daemon, s.Why)
		}
	}
	return text
}

// problemAt is one error about an address.
func problemAt(address, summary, format string, args ...any) diag.List {
	list := diag.Errorf(summary, format, args...)
	list[0].Address = address
	return list
}
