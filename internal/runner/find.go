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

// Find returns the project's object with an address, from the place where it
// counts. Where several pass for it, that is an error.
func Find(observed plan.Observed, project, address string) (provider.Object, diag.List) {
	all := Objects(observed, project)
	address = meant(observed, all, address)
	var found []provider.Object
	for _, object := range all {
		if object.Owner.Address == address {
			found = append(found, object)
		}
	}
	if stopped := stopsOf(observed, func(a string) bool { return a == address }); len(stopped) > 0 {
		return provider.Object{}, stopped
	}
	if len(found) == 0 {
		return provider.Object{}, notThere(observed, all, project, address)
	}
	best := found[0]
	for _, object := range found[1:] {
		switch {
		case object.Kind != provider.Image && object.Place != best.Place:
			return provider.Object{}, problemAt(address, "Several objects pass for one address",
				"There is one %s and one %s. Run the command with the project's configuration: it says where it belongs.",
				placeWord(observed, best.Place), placeWord(observed, object.Place))
		case object.Condition.State == provider.StateRunning && best.Condition.State != provider.StateRunning:
			best = object
		}
	}
	return best, nil
}

// meant is the address that somebody meant who typed one, maybe without the quotes
// around its keys: one of the configuration, in the first place, for what is inside a
// daemon may bear any other that is typed alike; else one that something bears.
func meant(observed plan.Observed, all []provider.Object, typed string) string {
	known := slices.Sorted(maps.Keys(observed.Sites))
	borne := make([]string, len(all))
	for i, object := range all {
		borne[i] = object.Owner.Address
	}
	for _, addresses := range [][]string{known, borne} {
		if slices.Contains(addresses, typed) {
			return typed
		}
		if i := slices.IndexFunc(addresses, func(a string) bool { return SameAddress(a, typed) }); i >= 0 {
			return addresses[i]
		}
	}
	return typed
}

// stopsOf are the errors that stop one of the addresses.
func stopsOf(observed plan.Observed, of func(address string) bool) diag.List {
	return slices.DeleteFunc(observed.Stopped(), func(problem diag.Problem) bool { return !of(problem.Address) })
}

// InsideOf is the address of the daemon whose place it is; empty for the root.
func InsideOf(observed plan.Observed, place provider.Place) string {
	for _, daemon := range slices.Sorted(maps.Keys(observed.Inside)) {
		if snapshot := observed.Inside[daemon]; snapshot.Readable && snapshot.Place == place {
			return daemon
		}
	}
	return ""
}

func placeWord(observed plan.Observed, place provider.Place) string {
	if daemon := InsideOf(observed, place); daemon != "" {
		return "inside " + daemon
	}
	return "on the root engine"
}

// FindAll returns the objects with the given addresses, in that order, each once.
// The address of a block means all its instances, that of a module all that is in it.
func FindAll(observed plan.Observed, project string, addresses []string) ([]provider.Object, diag.List) {
	var out []provider.Object
	var problems diag.List
	all := Objects(observed, project)
	for _, address := range addresses {
		itself := meant(observed, all, address)
		of := func(own string) bool {
			return own == itself || !SameAddress(own, itself) && within(plainAddress(own), plainAddress(address))
		}
		if stopped := stopsOf(observed, of); len(stopped) > 0 {
			problems = append(problems, stopped...)
			continue
		}
		found := false
		for _, object := range all {
			if !of(object.Owner.Address) {
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

// Objects are the project's objects of all places that count where they are: those
// of a daemon's inside come after it. Their Place is set. Of an address that is stopped
// there is none: nothing tells which is meant.
func Objects(observed plan.Observed, project string) []provider.Object {
	var out []provider.Object
	stopped := map[string]bool{}
	for _, problem := range observed.Stopped() {
		stopped[problem.Address] = true
	}
	for _, snapshot := range snapshotsOf(observed) {
		objects := slices.Clone(snapshot.Objects)
		slices.SortStableFunc(objects, func(a, b provider.Object) int { return strings.Compare(a.Owner.Address, b.Owner.Address) })
		for _, object := range objects {
			if object.Owner.Project == project && !object.Stray && !stopped[object.Owner.Address] {
				object.Place = snapshot.Place
				out = append(out, object)
			}
		}
	}
	return out
}

// snapshotsOf are the root engine and, after it, the daemons' insides by their addresses.
func snapshotsOf(observed plan.Observed) []plan.Snapshot {
	snapshots := []plan.Snapshot{observed.Root}
	for _, daemon := range slices.Sorted(maps.Keys(observed.Inside)) {
		snapshots = append(snapshots, observed.Inside[daemon])
	}
	return snapshots
}

func notThere(observed plan.Observed, all []provider.Object, project, address string) diag.List {
	var there []string
	for _, object := range all {
		there = append(there, object.Owner.Address)
	}
	near := ""
	if now := movedTo(observed, address); now != "" {
		near = fmt.Sprintf("It has moved: it is %s now. ", now)
	} else if like := diag.Nearest(address, there); like != "" {
		near = fmt.Sprintf("Did you mean %s? ", like)
	}
	return problemAt(address, "It is not there", "Project %q has no %s. %s%s%s", project, address, near, labelledAs(observed, project, address), whatIsThere(observed, project, there))
}

// movedTo is the address that is meant now by one under which something was recorded;
// empty where nothing was.
func movedTo(observed plan.Observed, address string) string {
	for _, snapshot := range snapshotsOf(observed) {
		for _, now := range slices.Sorted(maps.Keys(snapshot.Moved)) {
			if SameAddress(snapshot.Moved[now], address) {
				return now
			}
		}
	}
	return ""
}

// labelledAs names what bears an address's labels and is not the project's; a
// sentence and a space each.
func labelledAs(observed plan.Observed, project, address string) string {
	text := ""
	for _, f := range observed.Foreign(project) {
		if plainAddress(f.Address) != plainAddress(address) {
			continue
		}
		where := "on the root engine"
		if f.Inside != "" {
			where = "inside " + f.Inside
		}
		text += fmt.Sprintf("The %s %s %s is labelled so, and is not the project's: %s. ", f.Kind, f.Name, where, f.Why)
	}
	return text
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
