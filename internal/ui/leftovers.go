package ui

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/docker/go-units"

	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
)

// Leftovers is a table of what is left over on an engine, with the sum of sizes, and
// the daemons that were not looked into.
func Leftovers(f provider.Facts, found runner.Gathered, now time.Time, o Options) string {
	list, unseen := found.Left, unseenText(found.Unseen)
	head := fmt.Sprintf("Engine %s %s\n  %s (%s)\n\n", o.paint(bold, clean(f.Name)), clean(f.Version), clean(f.Endpoint), clean(f.Chosen))
	if len(list) == 0 && len(found.LeftOut) > 0 {
		return head + "Nothing is left over, but for what is left out: project " + clean(strings.Join(found.LeftOut, ", ")) + ".\n" + unseen
	}
	if len(list) == 0 {
		return head + "Nothing is left over: everything that dindctl made here is used.\n" + unseen
	}
	var out strings.Builder
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "WHAT\tSIZE\tAGE\tPROJECT\tWHY")
	var sum int64
	for _, l := range list {
		size, age := "", ""
		if l.Lock == nil {
			size = "?"
		}
		if l.Lock == nil && l.Bytes >= 0 {
			size = units.HumanSize(float64(l.Bytes))
			sum += l.Bytes
		}
		if made, err := time.Parse(time.RFC3339Nano, l.Created); err == nil {
			age = Age(now.Sub(made))
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", clean(LeftoverName(l)), size, age, clean(l.Owner.Project), clean(l.Why))
	}
	_ = table.Flush()
	lines := strings.Split(out.String(), "\n")
	for i, line := range lines {
		lines[i] = fit(strings.TrimRight(line, " "), o, 0)
	}
	return head + strings.Join(lines, "\n") + fmt.Sprintf("\n%d left over, %s in all.\n", len(list), units.HumanSize(float64(sum))) + unseen
}

// unseenText lists the daemons that were not looked into.
func unseenText(list []runner.Unseen) string {
	if len(list) == 0 {
		return ""
	}
	lines := []string{"", "Not looked into, and nothing inside is judged:"}
	for _, u := range list {
		text := fmt.Sprintf("  %s of project %s", u.Address, u.Project)
		if u.Inside != "" {
			text += " in " + u.Inside
		}
		lines = append(lines, clean(text+": "+u.Why))
	}
	return strings.Join(lines, "\n") + "\n"
}

// LeftoverName names one thing in a word or two, with the daemon that it is inside of.
func LeftoverName(l runner.Leftover) string {
	text := l.Name
	switch {
	case l.Record:
		text = "record " + l.Name[:min(len(l.Name), len("dindctl.stopped.")+12)] // or dindctl.changed., and so on
	case l.Lock != nil:
	case l.Name == "":
		text = "image " + provider.ShortID(l.ID)
	default:
		text = string(l.Kind) + " " + l.Name
	}
	if l.Inside != "" {
		text += " in " + l.Inside
	}
	return text
}

// LeftoversJSON is the document of `gc -json`.
func LeftoversJSON(f provider.Facts, found runner.Gathered) string {
	out, unseen := []JSONValue{}, []JSONValue{}
	for _, u := range found.Unseen {
		unseen = append(unseen, JSONValue{"project": u.Project, "address": u.Address, "inside": u.Inside, "why": u.Why})
	}
	for _, l := range found.Left {
		kind := string(l.Kind)
		switch {
		case l.Lock != nil:
			kind = "lock"
		case l.Record:
			kind = "record"
		}
		v := JSONValue{
			"kind": kind, "name": l.Name, "id": l.ID, "project": l.Owner.Project, "address": l.Owner.Address,
			"inside": l.Inside, "created": l.Created, "why": l.Why, "bytes": nil,
		}
		if l.Bytes >= 0 && l.Lock == nil {
			v["bytes"] = l.Bytes
		}
		out = append(out, v)
	}
	return line(JSONValue{
		"format_version": "1.0", "left_over": out, "not_looked_into": unseen, "left_out": append([]string{}, found.LeftOut...),
		"engine": JSONValue{"id": f.ID, "name": f.Name, "endpoint": f.Endpoint, "version": f.Version},
	})
}
