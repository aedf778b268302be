package mount

import "strings"

// quote writes a string as HCL's quoted template, so that it stands for itself.
func quote(s string) string {
	return `"` + strings.NewReplacer(
		`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "${", "$${", "%{", "%%{",
	).Replace(s) + `"`
}

// assignment is one line of HCL: an argument and its value.
type assignment struct{ name, value string }

// lines writes assignments below each other, aligned as a formatter does.
func lines(indent string, as []assignment) string {
	width := 0
	for _, a := range as {
		width = max(width, len(a.name))
	}
	out := make([]string, len(as))
	for i, a := range as {
		out[i] = indent + a.name + strings.Repeat(" ", width-len(a.name)) + " = " + a.value
	}
	return strings.Join(out, "\n")
}

// block writes a block with arguments.
func block(indent, header string, as []assignment) string {
	return indent + header + " {\n" + lines(indent+step(indent), as) + "\n" + indent + "}"
}

// step is one more level of indentation, in the style of the site.
func step(indent string) string {
	if strings.HasPrefix(indent, "\t") {
		return "\t"
	}
	return "  "
}

// sourceOf writes where a mount comes from; ok is false where the configuration
// has no name for it.
func (r *resolver) sourceOf(engine string, m Mount) (as []assignment, ok bool) {
	if m.Type != Volume {
		return []assignment{{"source", quote(m.Source)}}, true
	}
	volume, _ := r.volume(engine, m.Volume)
	if !strings.HasPrefix(volume.Address, "volume.") {
		return nil, false
	}
	as = []assignment{{"source", volume.Address}}
	if m.Subpath != "" {
		as = append(as, assignment{"subpath", quote(m.Subpath)})
	}
	return as, true
}
