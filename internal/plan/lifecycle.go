package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// heeded are the changes that the block does not ignore.
func heeded(changes []provider.Change, l config.Lifecycle) []provider.Change {
	if l.IgnoreAll {
		return nil
	}
	if len(l.IgnoreChanges) == 0 {
		return changes
	}
	return slices.DeleteFunc(slices.Clone(changes), func(c provider.Change) bool { return Ignored(l, c.Path) })
}

// Ignored tells whether a block ignores the changes of a path: its own, or that of
// something it is part of.
func Ignored(l config.Lifecycle, path string) bool {
	return l.IgnoreAll || slices.ContainsFunc(l.IgnoreChanges, func(ignored string) bool {
		rest, found := strings.CutPrefix(path, ignored)
		return found && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// triggered is the cause where something that replace_triggered_by names changes;
// else empty.
func (m *maker) triggered(r *Resource) string {
	for _, w := range r.After.Lifecycle.ReplacedBy {
		other := m.resources[w.Address]
		if other == nil || other.Before == nil {
			continue // what is new has not changed
		}
		made := other.Action == Replace || other.Action == Run
		changed := made || other.Action == Update || len(other.Changes) > 0 && other.Action != None
		at := w.Address
		if w.Attribute != "" {
			at += "." + w.Attribute
			changed = made && !declares(other, w.Attribute) || slices.ContainsFunc(other.Changes, func(c provider.Change) bool {
				return Ignored(config.Lifecycle{IgnoreChanges: []string{w.Attribute}}, c.Path)
			})
		}
		if changed {
			return fmt.Sprintf("because %s is %s (replace_triggered_by)", at, triggerWord(made, w))
		}
	}
	return ""
}

// declares tells whether an attribute is an argument, which stays as it is in a
// new object, and not made by the engine.
func declares(r *Resource, attribute string) bool {
	declared := r.After.Declared
	return attribute == "name" || declared.Type().IsObjectType() && declared.Type().HasAttribute(attribute)
}

func triggerWord(made bool, w config.Watched) string {
	if made && w.Attribute == "" {
		return "replaced"
	}
	return "changed"
}

// checkPrevented refuses to remove or to replace what prevent_destroy keeps.
func (m *maker) checkPrevented(p *Plan) diag.List {
	prevented := m.in.Prevented
	if prevented == nil && m.expanded != nil && m.expanded.Config != nil {
		prevented = m.expanded.Config.Prevented
	}
	if prevented == nil {
		return nil
	}
	var problems diag.List
	refuse := func(address, what, cause string) {
		at, kept := prevented(address)
		if !kept {
			return
		}
		problems = append(problems, diag.Problem{
			Severity: diag.Error, Code: "prevented", Address: address, Subject: at, Summary: "An object is kept by prevent_destroy",
			Detail: fmt.Sprintf("%s is to be %s (%s), and its block says prevent_destroy = true. Undo what leads to it, or take prevent_destroy away if that is meant.",
				address, what, cause),
		})
	}
	acts := p.acts()
	for _, address := range sortedKeys(m.resources) {
		if r := m.resources[address]; acts[address] && (r.Action == Replace || r.Action == Delete) {
			refuse(address, pastOf(r.Action), r.Cause)
		}
	}
	for _, o := range m.extra {
		if acts[o.Owner.Address] {
			refuse(o.Owner.Address, "removed", o.cause)
		}
	}
	for _, address := range sortedKeys(m.resources) {
		if m.in.over() {
			break
		}
		if r := m.resources[address]; acts[address] {
			m.goesAlong(r, func(inside, how string) { refuse(inside, "removed", how) })
		}
	}
	return config.Gather(problems)
}

// goesAlong calls each for what is, or may be, on data that go with what is done to an
// object, and has no step of its own. How says with what they go.
func (m *maker) goesAlong(r *Resource, each func(address, how string)) {
	goes := r.Action == Replace || r.Action == Delete
	switch {
	case r.Kind == provider.Daemon:
		if goesDown(r) && m.innerLoss(placed{*r.Before, r.Inside}) != "" && (goes || r.Before.Data.GoWithRun()) {
			how := "with its daemon " + r.Address + ", whose data lie " + r.Before.Data.Words()
			m.within(r.Address, func(address string) { each(address, how) })
		}
	case r.Kind == provider.Volume && goes:
		m.inner(r, func(address string) { each(address, "with the data of its daemon on "+r.Address) })
	}
}

// inner calls each for what is, or may be, on a volume that holds the data of a
// daemon, and has no step of its own: it goes with the volume.
func (m *maker) inner(volume *Resource, each func(address string)) {
	daemon := m.servedBy(placed{*volume.Before, volume.Inside})
	for _, in := range m.declared() {
		if daemon == "" && in.Kind == provider.Daemon && refOf(in.Declared, "data") == volume.Address {
			daemon = in.Address // its container is gone
		}
	}
	if daemon != "" {
		m.within(daemon, each)
	}
}

// within calls each for what is, or may be, inside a daemon, at any depth, and has no
// removing step of its own.
func (m *maker) within(daemon string, each func(address string)) {
	hosts := map[string]string{}
	for _, in := range m.declared() {
		hosts[in.Address] = in.Inside
	}
	for _, in := range m.declared() {
		own, planned := m.resources[in.Address]
		if planned && own.Action == Delete {
			continue
		}
		inside := false
		for host, depth := in.Inside, 0; host != "" && depth < len(hosts) && !inside; host, depth = hosts[host], depth+1 {
			inside = host == daemon
		}
		unseen := !m.in.Observed.snapshot(in.Inside).Readable
		if inside && (unseen || len(m.ours[in.Address]) > 0) {
			each(in.Address)
		}
	}
}

// declared are the instances of the configuration, also of one that is destroyed.
func (m *maker) declared() []config.Instance {
	if m.expanded != nil {
		return m.expanded.Instances
	}
	return m.in.Declared
}
