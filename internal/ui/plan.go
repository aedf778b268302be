package ui

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// Plan is the screen of a plan.
func Plan(p *plan.Plan, o Options) string {
	var out strings.Builder
	out.WriteString(Engine(p.Engine, p.Project, o))
	writeUnread(&out, p, o)
	if p.Partial {
		note(&out, "Only a part was asked for (-target, -exclude). The rest may have changes, too.", o)
	}
	writeMoved(&out, p, o)
	writeSecrets(&out, p, o)
	if p.Clean {
		writeKept(&out, p)
		out.WriteString(foreign(p.Foreign, o))
		if len(p.Stopped) > 0 {
			out.WriteString("Nothing else to do. What the errors name is left, with what needs it")
			if len(p.Left) > 0 {
				out.WriteString(": " + clean(strings.Join(p.Left, ", ")))
			}
			out.WriteString(".\n")
			writeWaits(&out, p, o)
			return out.String()
		}
		if p.Destroy {
			out.WriteString("Nothing to destroy.\n")
			return out.String()
		}
		if p.Partial {
			out.WriteString(o.paint(green, "No changes") + " in this part.\n")
		} else {
			out.WriteString(o.paint(green, "No changes.") + " What runs is what the configuration describes.\n")
		}
		writeWaits(&out, p, o)
		return out.String()
	}
	out.WriteString(legend(p, o))
	for _, r := range p.Shown() {
		if r.Action != plan.None {
			out.WriteString(resource(p, r, o) + "\n")
		}
	}
	writeKept(&out, p)
	out.WriteString(foreign(p.Foreign, o))
	if len(p.Left) > 0 {
		note(&out, "Not planned, because of the errors: "+clean(strings.Join(p.Left, ", "))+".", o)
	}
	out.WriteString(summary(p, o))
	writeWaits(&out, p, o)
	return out.String()
}

// writeWaits names what runs as it is to be, and has to be ready all the same.
func writeWaits(out *strings.Builder, p *plan.Plan, o Options) {
	if waits := p.Waits(); len(waits) > 0 {
		text := "Apply waits until what runs already is ready: " + clean(strings.Join(waits, ", ")) + "."
		out.WriteString(strings.Join(wrap(text, o.width()), "\n") + "\n")
	}
}

// Recorded is a screen that was written to a file, harmless for a terminal.
func Recorded(screen string) string { return clean(screen) }

// Engine is the head of every plan and question: which engine, and why that one.
func Engine(f provider.Facts, project string, o Options) string {
	return fmt.Sprintf("Project %s on engine %s %s\n  %s (%s)\n\n",
		o.paint(bold, project), o.paint(bold, clean(f.Name)), clean(f.Version), clean(f.Endpoint), clean(f.Chosen))
}

func writeUnread(out *strings.Builder, p *plan.Plan, o Options) {
	for _, u := range p.Unread {
		what := "What is inside is planned as \"create, unless already there\"."
		if p.Destroy {
			what = "What is inside stays on its data volume."
			if u.Goes {
				what = "What is inside is lost with it."
			}
		}
		note(out, fmt.Sprintf("%s could not be looked into: %s. %s", u.Address, clean(u.Why), what), o)
	}
}

func note(out *strings.Builder, text string, o Options) {
	out.WriteString(o.paint(yellow, "Note: "))
	out.WriteString(strings.Join(wrap(text, o.width()-6), "\n      ") + "\n\n")
}

// writeMoved says which objects bear records of another address.
func writeMoved(out *strings.Builder, p *plan.Plan, o Options) {
	moved := false
	for _, r := range p.Resources {
		if r.MovedFrom == "" {
			continue
		}
		text := fmt.Sprintf("%s has moved to %s. The object keeps its records until it is made anew: leave the moved block in the file until then.", r.MovedFrom, r.Address)
		if r.Action == plan.Replace || r.Action == plan.Run {
			text = fmt.Sprintf("%s has moved to %s, and is made anew: the moved block can be taken away afterwards.", r.MovedFrom, r.Address)
		}
		out.WriteString(o.paint(yellow, "Note: ") + strings.Join(wrap(text, o.width()-6), "\n      ") + "\n")
		moved = true
	}
	if moved {
		out.WriteByte('\n')
	}
}

// writeSecrets says of which sensitive arguments nothing tells whether they changed, and
// what holds values openly that became sensitive later.
func writeSecrets(out *strings.Builder, p *plan.Plan, o Options) {
	for _, r := range p.Resources {
		for _, n := range r.NotCompared {
			note(out, fmt.Sprintf("%s of %s is not compared: %s. %s", clean(n.Path), r.Address, clean(n.Why),
				mended(r, "If it has changed, give %s.", "If it has changed, it takes effect only when the object is made anew")), o)
		}
		for _, path := range r.Exposed {
			note(out, fmt.Sprintf("%s of %s is sensitive now, and %s holds its value, which was not sensitive when that was written. %s",
				clean(path), r.Address, plan.ExposedBy, mended(r, "%s writes it anew.", "It is written anew only when the object is made anew")), o)
		}
	}
}

// mended says by which flag an object is mended; of one that would lose data by that, it
// says what, and gives no flag to be typed without a thought.
func mended(r plan.Resource, by, only string) string {
	if flag := r.Anew(); flag != "" {
		return fmt.Sprintf(by, flag)
	}
	return only + ", and that loses " + clean(r.Loses) + "."
}

func writeKept(out *strings.Builder, p *plan.Plan) {
	for i, k := range p.Kept {
		if i == 0 {
			out.WriteString("Kept:\n")
		}
		name := clean(k.Name)
		if k.Inside != "" {
			name += " inside " + k.Inside
		}
		fmt.Fprintf(out, "  %s %s (%s): %s\n", k.Kind, name, k.Address, k.Why)
	}
	if len(p.Kept) > 0 {
		out.WriteByte('\n')
	}
}

// foreign says which objects bear labels of the project and are not the project's.
func foreign(list []plan.Foreign, o Options) string {
	if len(list) == 0 {
		return ""
	}
	var out strings.Builder
	out.WriteString("Not this project's, and left alone:\n")
	for _, f := range list {
		name := clean(f.Name)
		if f.Inside != "" {
			name += " inside " + clean(f.Inside)
		}
		text := fmt.Sprintf("%s %s, labelled as %s: %s", f.Kind, name, cmp.Or(clean(f.Address), "the project's"), clean(f.Why))
		out.WriteString("  " + strings.Join(wrap(text, o.width()-4), "\n    ") + "\n")
	}
	out.WriteByte('\n')
	return out.String()
}

func symbol(a plan.Action) (text, color, verb string) {
	switch a {
	case plan.Create:
		return "+", green, "will be created"
	case plan.Run:
		return "+", green, "will be run"
	case plan.Update:
		return "~", yellow, "will be updated in-place"
	case plan.Start:
		return "~", yellow, "will be started"
	case plan.Restart:
		return "~", yellow, "will be restarted"
	case plan.Delete:
		return "-", red, "will be destroyed"
	case plan.Replace:
		return "-/+", red, "must be replaced"
	case plan.None, plan.Wait, plan.Stop:
	}
	return " ", faint, "stays as it is"
}

func resource(p *plan.Plan, r plan.Resource, o Options) string {
	sign, color, verb := symbol(r.Action)
	if r.Tentative {
		verb += ", unless already there"
	}
	var out strings.Builder
	fmt.Fprintf(&out, "  # %s %s\n", o.paint(bold, r.Address), verb)
	if r.Cause != "" {
		remarks(&out, "("+r.Cause+")", "", o)
	}
	for _, text := range affected(p, r) {
		remarks(&out, text, "", o)
	}
	if r.DataLoss != "" {
		remarks(&out, "data loss: "+r.DataLoss, red, o)
	}
	fmt.Fprintf(&out, "%s %s %q", pad(o.paint(color, sign), sign), r.Kind, r.Name)
	if r.Inside != "" {
		out.WriteString(" inside " + r.Inside)
	}
	lines := attributes(r, o)
	if len(lines) == 0 {
		out.WriteByte('\n')
		return out.String()
	}
	out.WriteString(" {\n" + strings.Join(lines, "") + "    }\n")
	return out.String()
}

// remarks writes a text as comments of a resource, in as many lines as it takes.
func remarks(out *strings.Builder, text, color string, o Options) {
	for i, line := range wrap(text, o.width()-6) {
		if i > 0 {
			line = "  " + line
		}
		fmt.Fprintf(out, "  # %s\n", o.paint(color, line))
	}
}

func pad(painted, plain string) string {
	return strings.Repeat(" ", max(0, 3-len(plain))) + painted
}

// attributes are the lines between a resource's braces.
func attributes(r plan.Resource, o Options) []string {
	switch r.Action {
	case plan.Create, plan.Run:
		if len(r.Changes) == 0 {
			return declared(r, o)
		}
	case plan.Delete, plan.Start, plan.Restart, plan.None, plan.Update, plan.Replace, plan.Wait, plan.Stop:
	}
	return changed(r, o)
}

// declared lists what the configuration says of a new object.
func declared(r plan.Resource, o Options) []string {
	if r.After == nil {
		return nil
	}
	value, _ := r.Secrets.Object(r.After.Declared).Unmark()
	if value.IsNull() || !value.IsKnown() || !value.Type().IsObjectType() {
		return nil
	}
	names := []string{}
	if r.Kind == provider.Daemon && attr(value, "privileged").IsNull() {
		names = append(names, "privileged") // the default, and worth knowing
	}
	for it := value.ElementIterator(); it.Next(); {
		key, element := it.Element()
		if !empty(element) {
			names = append(names, key.AsString())
		}
	}
	var out []string
	width := columnOf(names)
	for _, name := range names {
		element := cty.True // privileged, where it is not declared
		if name != "privileged" || !attr(value, name).IsNull() {
			element = value.GetAttr(name)
		}
		if name == "mount" {
			for _, line := range mountLines(element) {
				out = append(out, fmt.Sprintf("      %s %s\n", o.paint(green, "+"), line))
			}
			continue
		}
		out = append(out, fmt.Sprintf("      %s %s = %s\n", o.paint(green, "+"), inColumn(name, width), short(element, false)))
	}
	return out
}

func empty(v cty.Value) bool {
	plain, _ := v.Unmark()
	return plain.IsNull() || plain.IsKnown() && plain.CanIterateElements() && plain.Type() != cty.String && plain.LengthInt() == 0
}

// mountLines shows each mount in one line.
func mountLines(mounts cty.Value) []string {
	var out []string
	mounts, _ = mounts.Unmark()
	if !mounts.IsKnown() {
		return []string{"mount (known after apply)"}
	}
	for it := mounts.ElementIterator(); it.Next(); {
		_, m := it.Element()
		line := fmt.Sprintf("mount %s -> %s", short(attrMarked(m, "source"), false), short(attrMarked(m, "target"), false))
		if t := attr(m, "type"); t.IsKnown() && !t.IsNull() && t.AsString() != "bind" {
			line += " (" + t.AsString() + ")"
		}
		if ro := attr(m, "read_only"); ro.IsKnown() && !ro.IsNull() && ro.True() {
			line += " (read-only)"
		}
		out = append(out, line)
	}
	return out
}

func attr(v cty.Value, name string) cty.Value {
	out, _ := attrMarked(v, name).Unmark()
	return out
}

func attrMarked(v cty.Value, name string) cty.Value {
	v, marks := v.Unmark()
	if v.IsNull() || !v.IsKnown() || !v.Type().IsObjectType() || !v.Type().HasAttribute(name) {
		return cty.NullVal(cty.String)
	}
	return v.GetAttr(name).WithMarks(marks)
}

func summary(p *plan.Plan, o Options) string {
	add, change, destroy := p.Counts()
	return fmt.Sprintf("%s %d to add, %d to change, %d to destroy.\n", o.paint(bold, "Plan:"), add, change, destroy)
}
