package ui

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// nearby is how many unchanged lines and elements are shown beside a changed one.
const nearby = 2

// mostEdits bounds the work of comparing two texts line by line: what is larger is
// shown as one part taken out and one put in.
const mostEdits = 1 << 20

// changed are the lines of a resource's changed attributes.
func changed(r plan.Resource, o Options) []string {
	paths := make([]string, len(r.Changes))
	for i, c := range r.Changes {
		paths[i] = c.Path
	}
	width := columnOf(paths)
	var out []string
	for _, c := range r.Changes {
		out = append(out, change(c, width, o)...)
	}
	return out
}

// change is one attribute: in one line where it fits, else the new value below the
// old one. Texts of several lines and long lists show what differs in them.
func change(c provider.Change, width int, o Options) []string {
	sign := "      " + o.paint(yellow, "~") + " "
	if !c.Sensitive {
		if lines := textLines(c, o); lines != nil {
			return wrapped(sign+c.Path+" = <<EOT", lines, "EOT", c, o)
		}
		if lines := listLines(c, o); lines != nil {
			return wrapped(sign+c.Path+" = [", lines, "]", c, o)
		}
	}
	from, to := short(c.From, c.Sensitive), short(c.To, c.Sensitive)
	if from == to && !c.Sensitive { // they differ beyond what one line shows
		from, to = long(c.From), long(c.To)
	}
	head := inColumn(c.Path, width) + " = "
	if c.Sensitive || from == to { // what differs in them is not shown
		return beneath(sign, head+from, c, o)
	}
	plain := 8 + len([]rune(head+from+" -> "+to)) + len([]rune(remark(c, Options{})))
	if plain <= o.width() {
		return []string{sign + head + from + " -> " + to + remark(c, o) + "\n"}
	}
	return append(
		[]string{sign + head + from + "\n"},
		beneath(strings.Repeat(" ", 8), strings.Repeat(" ", min(columnMost, max(0, len([]rune(head))-3)))+"-> "+to, c, o)...)
}

// beneath is the second line of a change, and a third where the remark does not fit.
func beneath(indent, text string, c provider.Change, o Options) []string {
	if 8+len([]rune(text+remark(c, Options{}))) <= o.width() {
		return []string{indent + text + remark(c, o) + "\n"}
	}
	return []string{indent + text + "\n", strings.Repeat(" ", 9) + remark(c, o) + "\n"}
}

// wrapped puts lines between a head and an end; the remark stands at the head.
func wrapped(head string, lines []string, end string, c provider.Change, o Options) []string {
	out := []string{head + remark(c, o) + "\n"}
	for _, line := range lines {
		out = append(out, "          "+line+"\n")
	}
	return append(out, "        "+end+"\n")
}

// remark says what a change leads to and where it comes from.
func remark(c provider.Change, o Options) string {
	text := ""
	if c.Default != "" {
		text += " (" + c.Default + " default)"
	}
	if c.Effect == provider.Replace {
		text += o.paint(red, " # forces replacement")
	}
	cause := string(c.Cause)
	switch {
	case c.Cause == provider.Outside && c.Path == "image":
		cause += ": the name means another image now"
	case c.Cause == provider.Both:
		cause += ": it was applied as " + short(c.Created, c.Sensitive)
	}
	return text + o.paint(faint, " ("+cause+")")
}

// long is a value in one line, whole.
func long(v cty.Value) string {
	return clean(strings.ReplaceAll(render(v, false), "\n", "\\n"))
}

// textLines are the differences of two texts of which one has several lines; nil for all else.
func textLines(c provider.Change, o Options) []string {
	from, isText := plainText(c.From)
	to, alsoText := plainText(c.To)
	if !isText || !alsoText || !strings.Contains(strings.TrimSuffix(from, "\n")+strings.TrimSuffix(to, "\n"), "\n") {
		return nil
	}
	split := func(text string) []string {
		if text == "" {
			return nil
		}
		return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	}
	lines := edits(split(from), split(to), "line", o)
	if strings.TrimSuffix(from, "\n") == strings.TrimSuffix(to, "\n") {
		lines = append(lines, o.paint(faint, "# (the line break at the end differs)"))
	}
	return lines
}

// plainText is a text that is known; a missing one is empty.
func plainText(v cty.Value) (string, bool) {
	if v == cty.NilVal {
		return "", true
	}
	v, marks := v.Unmark()
	switch {
	case len(marks) > 0 || !v.IsKnown():
		return "", false
	case v.IsNull():
		return "", true
	case v.Type() != cty.String:
		return "", false
	}
	return v.AsString(), true
}

// listLines are the differences of two lists that do not fit into one line; nil
// for all else.
func listLines(c provider.Change, o Options) []string {
	if len(short(c.From, false))+len(short(c.To, false)) < o.width()-20 {
		return nil
	}
	from, isList := elementsOf(c.From)
	to, alsoList := elementsOf(c.To)
	if !isList || !alsoList || len(from)+len(to) < 3 || slices.Equal(from, to) {
		return nil
	}
	return edits(from, to, "element", o)
}

func elementsOf(v cty.Value) ([]string, bool) {
	if v == cty.NilVal {
		return nil, false
	}
	v, marks := v.Unmark()
	if len(marks) > 0 || !v.IsKnown() || v.IsNull() || !v.Type().IsListType() && !v.Type().IsTupleType() && !v.Type().IsSetType() {
		return nil, false
	}
	var out []string
	for it := v.ElementIterator(); it.Next(); {
		_, element := it.Element()
		out = append(out, render(element, false))
	}
	return out, true
}

// edits are the lines that lead from one list to another: "-" what goes, "+" what
// comes, and beside them a few of what stays.
func edits(from, to []string, what string, o Options) []string {
	type line struct{ sign, text string }
	var all []line
	longest := common(from, to)
	i, j := 0, 0
	for _, both := range append(longest, [2]int{len(from), len(to)}) {
		for ; i < both[0]; i++ {
			all = append(all, line{"-", from[i]})
		}
		for ; j < both[1]; j++ {
			all = append(all, line{"+", to[j]})
		}
		if i < len(from) && j < len(to) {
			all = append(all, line{" ", from[i]})
			i, j = i+1, j+1
		}
	}
	near := func(at int) bool {
		for k := max(0, at-nearby); k <= min(len(all)-1, at+nearby); k++ {
			if all[k].sign != " " {
				return true
			}
		}
		return false
	}
	var out []string
	for k := 0; k < len(all); k++ {
		hidden := 0
		for k+hidden < len(all) && !near(k+hidden) {
			hidden++
		}
		if hidden > 1 {
			out = append(out, o.paint(faint, fmt.Sprintf("# (%d unchanged %ss hidden)", hidden, what)))
			k += hidden - 1
			continue
		}
		out = append(out, strings.TrimRight(o.paint(signColor(all[k].sign), all[k].sign)+" "+clean(all[k].text), " "))
	}
	return out
}

func signColor(sign string) string {
	switch sign {
	case "-":
		return red
	case "+":
		return green
	}
	return faint
}

// common pairs the indices of a longest common subsequence. Beginnings and ends
// that are alike are taken first.
func common(a, b []string) [][2]int {
	var head, tail [][2]int
	low := 0
	for ; low < len(a) && low < len(b) && a[low] == b[low]; low++ {
		head = append(head, [2]int{low, low})
	}
	highA, highB := len(a), len(b)
	for ; highA > low && highB > low && a[highA-1] == b[highB-1]; highA, highB = highA-1, highB-1 {
		tail = append([][2]int{{highA - 1, highB - 1}}, tail...)
	}
	if (highA-low)*(highB-low) <= mostEdits {
		for _, pair := range subsequence(a[low:highA], b[low:highB]) {
			head = append(head, [2]int{pair[0] + low, pair[1] + low})
		}
	}
	return append(head, tail...)
}

func subsequence(a, b []string) [][2]int {
	length := make([][]int, len(a)+1)
	for i := range length {
		length[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			length[i][j] = max(length[i+1][j], length[i][j+1])
			if a[i] == b[j] {
				length[i][j] = length[i+1][j+1] + 1
			}
		}
	}
	var out [][2]int
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			out = append(out, [2]int{i, j})
			i, j = i+1, j+1
		case length[i+1][j] >= length[i][j+1]:
			i++
		default:
			j++
		}
	}
	return out
}
