package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// String is the plan as one line a step: its number, what it does, its needs, its
// cause. It is for tests and logs; package ui shows plans to people.
func (p *Plan) String() string {
	var out strings.Builder
	for _, s := range p.Steps {
		fmt.Fprintf(&out, "%d %s %s <- %s  %s", s.ID, s.Action, s.Address, numbers(s.Needs), s.Cause)
		switch {
		case s.Tentative && s.Action == Start:
			out.WriteString(" (unless it runs)")
		case s.Tentative:
			out.WriteString(" (unless already there)")
		}
		if s.DataLoss != "" {
			out.WriteString(" (loses " + s.DataLoss + ")")
		}
		out.WriteByte('\n')
	}
	for _, r := range p.Resources {
		if r.MovedFrom != "" {
			fmt.Fprintf(&out, "moved %s: recorded as %s\n", r.Address, r.MovedFrom)
		}
	}
	for _, k := range p.Kept {
		fmt.Fprintf(&out, "keep %s: %s\n", k.Address, k.Why)
	}
	for _, f := range p.Foreign {
		fmt.Fprintf(&out, "foreign %s (%s): %s\n", f.Name, f.Address, f.Why)
	}
	for _, address := range p.Left {
		fmt.Fprintf(&out, "left %s\n", address)
	}
	for _, u := range p.Unread {
		fmt.Fprintf(&out, "unread %s: %s\n", u.Address, u.Why)
	}
	return out.String()
}

func numbers(ids []int) string {
	text := make([]string, len(ids))
	for i, id := range ids {
		text[i] = strconv.Itoa(id)
	}
	return strings.Join(text, ",")
}

// Counts are the numbers of a plan's summary: a replacement counts as one to add
// and one to destroy, a start, a restart or a live change as one to change.
func (p *Plan) Counts() (add, change, destroy int) {
	for _, r := range p.Shown() {
		switch r.Action {
		case Create, Run:
			add++
		case Update, Start, Restart:
			change++
		case Delete:
			destroy++
		case Replace:
			add++
			destroy++
		case None, Wait, Stop:
		}
	}
	return add, change, destroy
}

// Shown are the resources, and after them the removals of objects whose address
// stays: a second one, or one that is elsewhere than it is wanted.
func (p *Plan) Shown() []Resource {
	known := map[at]bool{}
	for _, r := range p.Resources {
		if r.Before != nil {
			known[at{r.Inside, r.Before.ID}] = true
		}
	}
	out := slices.Clone(p.Resources)
	for _, s := range p.Steps {
		if s.Action == Delete && !known[at{s.Inside, s.Object}] {
			out = append(out, Resource{
				Address: s.Address, Kind: s.Kind, Name: s.Name, Inside: s.Inside, Action: Delete, Cause: s.Cause, Reason: s.Reason, DataLoss: s.DataLoss,
			})
		}
	}
	return out
}

// LosesData tells whether a step loses data.
func (p *Plan) LosesData() bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool { return s.DataLoss != "" })
}
