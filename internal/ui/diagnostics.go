package ui

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
)

// Sources gives the lines of files for snippets.
type Sources interface {
	// Line returns one line of a file, counted from 1, without its end; false where there is none.
	Line(file string, line int) (string, bool)
}

// Diagnostics is the text of problems, in the order of their places. Sources may be nil.
func Diagnostics(list diag.List, sources Sources, o Options) string {
	var out strings.Builder
	shown, more := most(list)
	for _, p := range shown {
		out.WriteString(diagnostic(p, sources, o))
		out.WriteByte('\n')
	}
	if more > 0 {
		fmt.Fprintf(&out, "There are %d more problems. They are shown when these are mended.\n\n", more)
	}
	return out.String()
}

// maxProblems is how many problems are shown: who has more than that has one that
// repeats.
const maxProblems = 1000

// most are the problems to show, in the order of their places, and how many more
// there are. Errors are not left out for warnings.
func most(list diag.List) (shown diag.List, more int) {
	shown = list.Sorted()
	if len(shown) <= maxProblems {
		return shown, 0
	}
	more = len(shown) - maxProblems
	if errors := shown.Errors(); len(errors) >= maxProblems {
		return errors[:maxProblems], more
	}
	return shown[:maxProblems], more
}

// maxDetail bounds what is said of a problem: names in it may be as long as a file.
const maxDetail = 8 << 10

func bounded(text string) string {
	if len(text) <= maxDetail {
		return text
	}
	return strings.ToValidUTF8(text[:maxDetail], "") + dots
}

func diagnostic(p diag.Problem, sources Sources, o Options) string {
	label, color := "Error", red
	if p.Severity == diag.Warning {
		label, color = "Warning", yellow
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%s%s", o.paint(color+";"+bold, label+": "), o.paint(bold, clean(p.Summary)))
	if code := p.PageCode(); code != "" {
		out.WriteString(o.paint(faint, " ["+code+"]"))
	}
	out.WriteByte('\n')
	writePlace(&out, p, sources, o)
	if p.Detail != "" {
		out.WriteByte('\n')
		for _, line := range wrap(bounded(p.Detail), o.width()) {
			out.WriteString(line + "\n")
		}
	}
	if len(p.Chain) > 0 {
		out.WriteString("\nWhat each level sees:\n")
		for _, line := range p.Chain {
			out.WriteString("  " + clean(line) + "\n")
		}
	}
	if len(p.Log) > 0 {
		out.WriteString("\nThe last lines of its output:\n")
		for _, line := range p.Log {
			out.WriteString(o.paint(faint, "  | "+clean(line)) + "\n")
		}
	}
	for i, fix := range p.Fixes {
		out.WriteString(fixText(i, len(p.Fixes), fix, o))
	}
	return out.String()
}

func writePlace(out *strings.Builder, p diag.Problem, sources Sources, o Options) {
	if p.Subject.Empty() {
		if p.Address != "" {
			fmt.Fprintf(out, "\n  with %s\n", clean(bounded(p.Address)))
		}
		return
	}
	if p.Address != "" {
		fmt.Fprintf(out, "\n  with %s,\n", clean(bounded(p.Address)))
	}
	if p.Address == "" {
		out.WriteByte('\n')
	}
	part, found := snippetOf(p, sources)
	in := ""
	if part.context != "" {
		in = ", in " + clean(bounded(part.context))
	}
	fmt.Fprintf(out, "  on %s line %d%s:\n", clean(p.Subject.File), p.Subject.Start.Line, in)
	if !found {
		return
	}
	writeSnippet(out, part, p, o)
	for _, v := range p.Values {
		fmt.Fprintf(out, "    %s is %s\n", clean(bounded(v.Traversal)), clean(v.Is))
	}
}

// writeSnippet shows the first line of a part, with the place underlined.
func writeSnippet(out *strings.Builder, part snippet, p diag.Problem, o Options) {
	number := strconv.Itoa(part.line)
	line, rest, more := strings.Cut(part.code, "\n")
	line = strings.TrimSuffix(line, "\r")
	from := min(part.from, len(line))
	before, meant := line[:from], line[from:max(from, min(part.to, len(line)))]
	width := max(1, len([]rune(clean(meant))))
	fmt.Fprintf(out, "  %s: %s\n", number, clean(line))
	indent := strings.Repeat(" ", len(number)+4+len([]rune(clean(before))))
	out.WriteString(indent + o.paint(color(p), strings.Repeat("^", width)))
	if more && rest != "" {
		fmt.Fprintf(out, " to line %d", p.Subject.End.Line)
	}
	out.WriteByte('\n')
}

func color(p diag.Problem) string {
	if p.Severity == diag.Warning {
		return yellow
	}
	return red
}

func fixText(i, of int, fix diag.Fix, o Options) string {
	title := "Fix"
	if of > 1 {
		title = fmt.Sprintf("Fix %d", i+1)
	}
	var out strings.Builder
	fmt.Fprintf(&out, "\n%s: %s\n", o.paint(green, title), clean(fix.Title))
	if fix.HCL == "" {
		return out.String()
	}
	where := fmt.Sprintf("before line %d of %s", fix.Line, fix.File)
	if fix.Replace {
		where = fmt.Sprintf("instead of line %d of %s", fix.Line, fix.File)
	}
	fmt.Fprintf(&out, "  %s:\n\n%s\n", where, clean(fix.HCL))
	return out.String()
}
