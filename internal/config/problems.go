package config

import (
	"fmt"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/mount"
)

// MountProblems turns what the rule found into diagnostics at the lines of the
// sources; entries that are fine make none.
func MountProblems(entries []mount.Entry, x *Expanded) diag.List {
	var problems diag.List
	for _, entry := range entries {
		if entry.Severity == mount.OK {
			continue
		}
		p := diag.Problem{
			Severity: diag.Error, Code: "mount-" + string(entry.Verdict), Summary: verdictSummary(entry.Verdict),
			Detail: entry.Message, Address: entry.Address,
		}
		if entry.Severity == mount.Warning {
			p.Severity = diag.Warning
		}
		if in, found := x.Instance(entry.Address); found {
			p.Subject, p.Context = in.RangeOf(x.argumentOf(entry)), in.Header
		}
		for _, link := range entry.Chain {
			p.Chain = append(p.Chain, link.View+"  "+link.Path+"  is  "+link.Object)
		}
		for _, fix := range entry.Fixes {
			p.Fixes = append(p.Fixes, diag.Fix{Title: fix.Title, File: fix.File, Line: fix.Line, HCL: fix.HCL, Replace: fix.Replace})
		}
		problems = append(problems, p)
	}
	return problems
}

// argumentOf is the path of the argument that an entry stands for.
func (x *Expanded) argumentOf(entry mount.Entry) string {
	if entry.Kind == "nested_path" {
		return "nested_paths"
	}
	if x.state != nil && x.state.nouns[entry.Address] != nil {
		for _, m := range x.state.nouns[entry.Address].mounts {
			if m.target == entry.Target && !m.implied() {
				return m.path("source")
			}
		}
	}
	return "mount"
}

func verdictSummary(v mount.Verdict) string {
	switch v {
	case mount.Hidden:
		return "Mount source is hidden from the daemon"
	case mount.Aliased:
		return "Mount source is aliased: the daemon has something else there"
	case mount.Shadowed:
		return "Mount source is shadowed by the daemon's entrypoint"
	case mount.Partial:
		return "Mount source is visible only in part"
	case mount.Unknown:
		return "Mount source cannot be checked yet"
	case mount.Visible:
	}
	return "Mount source is visible, with a doubt"
}

// CheckMounts applies the rule to the configuration. The entries are all that
// nested daemons have to resolve; the problems are those of the entries, and of
// mounts that meet at one place. Translated sources are from now on declared as
// the rule sends them. It must not run beside other calls.
func (x *Expanded) CheckMounts(o TopologyOptions, files mount.Checker) ([]mount.Entry, diag.List) {
	topology := x.Topology(o)
	entries := files.Check(topology)
	x.Rewrite(entries)
	problems := MountProblems(entries, x)
	for _, clash := range mount.Clashes(topology, files.Look) {
		if clash.Targets[0] == clash.Targets[1] {
			continue // said of the mounts themselves
		}
		problem := diag.Problem{
			Severity: diag.Error, Code: "mount-clash", Address: clash.Container, Summary: "Two mounts meet at one place",
			Detail: fmt.Sprintf("%s and %s of %s both lead to %s. Which of them wins is decided anew at each start: remove one, or give it another target.",
				clash.Targets[0], clash.Targets[1], clash.Container, clash.At),
		}
		if in, found := x.Instance(clash.Container); found {
			problem.Subject, problem.Context = in.Header, in.Header
		}
		problems = append(problems, problem)
	}
	return entries, Gather(problems)
}
