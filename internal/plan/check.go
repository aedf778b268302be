package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// checkOwners refuses objects that look like ours and are not to be touched:
// those of another place with the same derived name, and those of a later dindctl.
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
			if o.Owner.Schema > provider.OwnershipSchema {
				problems = append(problems, diag.Problem{
					Severity: diag.Error, Code: "later-records", Address: address, Summary: "An object was made by a later dindctl",
					Detail: fmt.Sprintf("%s (%s) bears records of version %d; this dindctl knows up to version %d and does not touch it. Use the later one.",
						o.Name, address, o.Owner.Schema, provider.OwnershipSchema),
				})
			}
		}
	}
	return problems
}

// checkNames refuses to make what has a name that somebody else's object bears.
func (m *maker) checkNames() diag.List {
	var problems diag.List
	for _, address := range sortedKeys(m.resources) {
		r := m.resources[address]
		if r.Before != nil || r.Kind == provider.Image || r.After == nil {
			continue
		}
		for _, o := range m.in.Observed.snapshot(r.Inside).Objects {
			if o.Name != r.Name || nameSpace(o.Kind) != nameSpace(r.Kind) || o.Owner.Project == m.in.Project {
				continue
			}
			whose := "nobody that dindctl knows"
			if o.Owner.Project != "" {
				whose = fmt.Sprintf("the project %q (%s)", o.Owner.Project, o.Owner.Address)
			}
			problems = append(problems, diag.Problem{
				Severity: diag.Error, Code: "name-taken", Address: address, Subject: r.After.Header, Context: r.After.Header,
				Summary: "The name is taken",
				Detail: fmt.Sprintf("%s wants the name %q, which an object of %s has (id %.12s). dindctl does not touch what is not its own: "+
					"remove or rename that one, or set name = \"…\" in %s.", address, r.Name, whose, o.ID, address),
			})
		}
	}
	return problems
}

func nameSpace(k provider.Kind) string {
	if k.Runs() {
		return "containers"
	}
	return string(k)
}

// checkDataLoss asks for consent.
func (m *maker) checkDataLoss() diag.List {
	if m.in.DataLoss {
		return nil
	}
	var problems diag.List
	for _, address := range sortedKeys(m.resources) {
		r := m.resources[address]
		if r.DataLoss == "" {
			continue
		}
		problem := diag.Problem{
			Severity: diag.Error, Code: "data-loss", Address: address, Summary: "Data would be lost",
			Detail: fmt.Sprintf("%s is to be %s (%s): %s would be lost. If that is meant, give -volumes.", address, pastOf(r.Action), r.Cause, r.DataLoss),
		}
		if r.After != nil {
			problem.Subject, problem.Context = r.After.Header, r.After.Header
		}
		problems = append(problems, problem)
	}
	return problems
}

func pastOf(a Action) string {
	if a == Replace {
		return "replaced"
	}
	return "removed"
}

// orphans decides on the project's objects that the configuration does not have.
func (m *maker) orphans() {
	for _, address := range sortedKeys(m.ours) {
		if _, wanted := m.resources[address]; wanted {
			continue
		}
		if in, found := m.expanded.Instance(address); found && (in.Logical || isExternal(in)) {
			continue
		}
		m.remove(address, "no longer in the configuration")
	}
}

// remove plans the removal of an address, or keeps it where it holds data.
func (m *maker) remove(address, cause string) {
	o := m.ours[address][0]
	if why := m.keeps(o.Kind); why != "" {
		m.kept = append(m.kept, Kept{Address: address, Name: o.Name, Kind: o.Kind, Why: why})
		return
	}
	r := &Resource{Address: address, Kind: o.Kind, Name: o.Name, Inside: o.inside, Action: Delete, Cause: cause, Before: &o.Object}
	if o.Kind == provider.Volume {
		r.DataLoss = "everything in the volume " + o.Name
	}
	m.resources[address] = r
	m.extra = append(m.extra, m.ours[address][1:]...)
}

// keeps says why objects of a kind are not removed; empty where they are.
func (m *maker) keeps(k provider.Kind) string {
	switch {
	case k == provider.Volume && !m.in.Volumes:
		return "volumes are kept without -volumes"
	case k == provider.Image && !m.in.Images:
		return "images are kept without -images"
	}
	return ""
}

// destroy plans the removal of everything, from what is recorded on the objects.
func (m *maker) destroy() (*Plan, diag.List) {
	if m.in.Volumes {
		m.in.DataLoss = true
	}
	for _, address := range sortedKeys(m.ours) {
		m.remove(address, "destroyed by request")
	}
	return m.assemble(), nil
}

func sortedKeys[V any](in map[string]V) []string {
	keys := make([]string, 0, len(in))
	for k := range in {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, strings.Compare)
	return keys
}
