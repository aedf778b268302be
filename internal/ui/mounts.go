package ui

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/dindctl/dindctl/internal/mount"
)

// Mounts is a table of every nested mount, with chain and fixes under each that
// is not visible.
func Mounts(entries []mount.Entry, o Options) string {
	if len(entries) == 0 {
		return "No nested mounts: nothing here is resolved by a daemon of the configuration.\n"
	}
	var out strings.Builder
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ADDRESS\tKIND\tSOURCE\tTARGET\tDAEMON\tVERDICT")
	for _, e := range entries {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", e.Address, e.Kind, clean(e.Source), clean(e.Target), e.Daemon, verdict(e))
	}
	_ = table.Flush()
	for _, e := range entries {
		if e.Verdict == mount.Visible && e.Severity == mount.OK {
			continue
		}
		fmt.Fprintf(&out, "\n%s %s: %s\n", o.paint(colorOf(e.Severity)+";"+bold, string(e.Verdict)), e.Address, strings.Join(wrap(e.Message, o.width()), "\n"))
		for _, link := range e.Chain {
			fmt.Fprintf(&out, "  %s\n", chainLine(link))
		}
		for i, fix := range e.Fixes {
			out.WriteString(mountFix(i, len(e.Fixes), fix, o))
		}
	}
	return out.String()
}

func chainLine(l mount.Link) string {
	return clean(fmt.Sprintf("%s  %s  is  %s", l.View, l.Path, l.Object))
}

// Chain is what stands behind one path in every view.
func Chain(links []mount.Link) string {
	var out strings.Builder
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "VIEW\tPATH\tOBJECT")
	for _, l := range links {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", l.View, clean(l.Path), clean(l.Object))
	}
	_ = table.Flush()
	return out.String()
}

func verdict(e mount.Entry) string {
	if e.Severity == mount.Warning && e.Verdict == mount.Visible {
		return string(e.Verdict) + " (warning)"
	}
	return string(e.Verdict)
}

func colorOf(s mount.Severity) string {
	if s == mount.Failure {
		return red
	}
	return yellow
}

func mountFix(i, of int, fix mount.Fix, o Options) string {
	title := "Fix"
	if of > 1 {
		title = fmt.Sprintf("Fix %d", i+1)
	}
	where := fmt.Sprintf("before line %d of %s", fix.Line, fix.File)
	if fix.Replace {
		where = fmt.Sprintf("instead of line %d of %s", fix.Line, fix.File)
	}
	return fmt.Sprintf("\n  %s: %s\n  %s:\n\n%s\n", o.paint(green, title), clean(fix.Title), where, clean(fix.HCL))
}
