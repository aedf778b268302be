package ui

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// List is a table of a project's objects; what is inside a daemon is indented below it.
func List(o plan.Observed, project string) string {
	var out strings.Builder
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ADDRESS\tNAME\tSTATE")
	listPlace(table, o, "", project, 0)
	_ = table.Flush()
	return out.String()
}

func listPlace(table *tabwriter.Writer, o plan.Observed, daemon, project string, depth int) {
	snapshot := o.Root
	if daemon != "" {
		snapshot = o.Inside[daemon]
	}
	indent := strings.Repeat("  ", depth)
	if !snapshot.Readable && daemon != "" {
		if snapshot.Why != "" {
			_, _ = fmt.Fprintf(table, "%s(cannot be looked into: %s)\t\t\n", indent, clean(snapshot.Why))
		}
		return
	}
	objects := slices.Clone(snapshot.Objects)
	slices.SortFunc(objects, func(a, b provider.Object) int { return strings.Compare(a.Owner.Address+a.ID, b.Owner.Address+b.ID) })
	for _, object := range objects {
		if object.Owner.Project != project {
			continue
		}
		_, _ = fmt.Fprintf(table, "%s%s\t%s\t%s\n", indent, object.Owner.Address, clean(object.Name), stateText(object.Condition))
		if object.Kind == provider.Daemon {
			listPlace(table, o, object.Owner.Address, project, depth+1)
		}
	}
}

func stateText(c provider.Condition) string {
	switch {
	case c.State == provider.StateExited:
		return fmt.Sprintf("exited (%d)", c.ExitCode)
	case c.Health != "":
		return string(c.State) + " (" + c.Health + ")"
	}
	return string(c.State)
}
