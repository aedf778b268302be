package ui

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dindctl/dindctl/internal/mount"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// Listing is what `ls` shows: a project's objects over all its daemons.
type Listing struct {
	Observed plan.Observed
	Project  string
	// Entries are the verdicts of nested mounts; nil where no configuration is at hand.
	Entries []mount.Entry
	Now     time.Time
}

// cellMost is how wide a column of a listing gets: what is longer sticks out of it.
const cellMost = 500

// List is a tree of a project's objects; what is inside a daemon hangs below it.
// Columns that do not fit into the window are left out, names first.
func List(l Listing, o Options) string {
	rows := l.rows()
	titles := []string{"ADDRESS", "STATE", "AGE", "PORTS", "MOUNTS", "NAME"}
	shown := []int{0, 1, 2, 3, 4, 5}
	widths := make([]int, len(titles))
	for i, title := range titles {
		empty := true
		for _, r := range rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(r.cells[i]))
			empty = empty && r.cells[i] == ""
		}
		if empty && i > 0 {
			shown = slices.DeleteFunc(shown, func(n int) bool { return n == i })
		}
		widths[i] = max(widths[i], len(title))
	}
	for _, drop := range []int{5, 3, 2} {
		if total(widths, shown) > o.Width && o.Width > 0 {
			shown = slices.DeleteFunc(shown, func(n int) bool { return n == drop })
		}
	}
	var out strings.Builder
	line := func(cells []string, paint func(i int, text string) string) {
		text := ""
		for n, i := range shown {
			cell := cells[i]
			if n < len(shown)-1 {
				cell += strings.Repeat(" ", max(0, min(widths[i], cellMost)-utf8.RuneCountInString(cells[i]))+2)
			}
			text += paint(i, cell)
		}
		out.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	line(titles, func(_ int, text string) string { return o.paint(faint, text) })
	for _, r := range rows {
		line(r.cells, func(i int, text string) string { return o.paint(r.colours[i], text) })
		if r.note != "" {
			out.WriteString(o.paint(faint, r.indent+"("+fit(r.note, o, len(r.indent)+2)+")") + "\n")
		}
	}
	if text := foreign(l.Observed.Foreign(l.Project), o); text != "" {
		out.WriteString("\n" + strings.TrimSuffix(text, "\n"))
	}
	return out.String()
}

func total(widths, shown []int) int {
	n := 2 * (len(shown) - 1)
	for _, i := range shown {
		n += widths[i]
	}
	return n
}

// fit cuts text to the window.
func fit(text string, o Options, taken int) string {
	room := o.Width - taken
	if o.Width <= 0 || room < 1 || utf8.RuneCountInString(text) <= room {
		return text
	}
	return string([]rune(text)[:room-1]) + "…"
}

// listRow is one line; its note stands below it, where its inside would.
type listRow struct {
	cells   []string
	colours map[int]string
	note    string
	indent  string
}

func (l Listing) rows() []listRow {
	verdicts := l.verdicts()
	var rows []listRow
	shown := map[string]bool{} // daemons whose inside is shown: what is inside one may say that it is that daemon
	var place func(daemon, lead string)
	place = func(daemon, lead string) {
		snapshot := l.Observed.Root
		if daemon != "" {
			snapshot = l.Observed.Inside[daemon]
		}
		objects := slices.DeleteFunc(slices.Clone(snapshot.Objects), func(o provider.Object) bool { return o.Owner.Project != l.Project })
		slices.SortFunc(objects, func(a, b provider.Object) int {
			return strings.Compare(a.Owner.Address+"\x00"+a.ID, b.Owner.Address+"\x00"+b.ID)
		})
		for i, object := range objects {
			branch, below := "├─ ", "│  "
			if i == len(objects)-1 {
				branch, below = "└─ ", "   "
			}
			if daemon == "" {
				branch, below = "", ""
			}
			row := l.row(object, lead+branch, daemon, verdicts[object.Owner.Address])
			row.note, row.indent = l.noteOf(object), lead+below
			rows = append(rows, row)
			if object.Kind == provider.Daemon && !object.Stray && !shown[object.Owner.Address] {
				shown[object.Owner.Address] = true
				place(object.Owner.Address, lead+below)
			}
		}
	}
	place("", "")
	return rows
}

// noteOf says what else there is to know of an object; empty for nothing.
func (l Listing) noteOf(object provider.Object) string {
	inside, seen := l.Observed.Inside[object.Owner.Address]
	switch {
	case object.Stray:
		return clean(object.WhyNot) + "; the next apply removes it"
	case seen && !inside.Readable && inside.Why != "" && object.Condition.State == provider.StateRunning:
		return "cannot be looked into: " + clean(inside.Why)
	}
	return ""
}

func (l Listing) row(object provider.Object, lead, daemon string, verdict []mount.Entry) listRow {
	r := listRow{colours: map[int]string{}}
	state, colour := listState(object)
	text, worst := verdictText(verdict)
	r.cells = []string{lead + object.Owner.Address, state, l.age(object.Condition), l.ports(object, daemon), text, clean(object.Name)}
	r.colours[1], r.colours[4], r.colours[5] = colour, worst, faint
	return r
}

func listState(o provider.Object) (text, colour string) {
	c := o.Condition
	switch {
	case c.State == provider.StateExited && c.Requested:
		return "stopped by request", yellow
	case o.Kind == provider.Job && c.State == provider.StateExited && c.ExitCode == 0:
		return "done", green
	case c.State == provider.StateExited:
		return stateText(c), red
	case c.State == provider.StateRunning && c.Health != "unhealthy":
		return stateText(c), green
	case c.State == provider.StateNone:
		return "", ""
	}
	return stateText(c), yellow
}

// age is how long something has been running, or ago that it ended.
func (l Listing) age(c provider.Condition) string {
	at, suffix := c.Started, ""
	if c.State == provider.StateExited || c.State == provider.StateDead {
		at, suffix = c.Ended, " ago"
	}
	moment, err := time.Parse(time.RFC3339Nano, at)
	if err != nil {
		return ""
	}
	return Age(l.Now.Sub(moment)) + suffix
}

// Age is a duration in its largest unit.
func Age(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Second:
		return "0s"
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 2*day:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d/day))
}

// ports are where an object's ports can be reached: at the engine's host, where
// every daemon on the way publishes them, else at the daemon that it is inside.
func (l Listing) ports(object provider.Object, daemon string) string {
	var out []string
	for _, inner := range slices.Sorted(maps.Keys(object.Values.Ports)) {
		out = append(out, l.reached(object.Values.Ports[inner], protocolOf(inner), daemon)+"->"+inner)
	}
	return strings.Join(out, ", ")
}

func protocolOf(port string) string {
	_, protocol, _ := strings.Cut(port, "/")
	return protocol
}

// reached follows a published port outwards.
func (l Listing) reached(binding, protocol, daemon string) string {
	for seen := map[string]bool{}; daemon != "" && !seen[daemon]; {
		seen[daemon] = true
		port := binding[strings.LastIndexByte(binding, ':')+1:]
		host, parent, found := l.daemon(daemon)
		outer := host.Values.Ports[port+"/"+protocol]
		if !found || outer == "" {
			return daemon + ":" + port
		}
		binding, daemon = outer, parent
	}
	return clean(binding)
}

// daemon finds a daemon and what it is inside.
func (l Listing) daemon(address string) (object provider.Object, inside string, found bool) {
	for _, shown := range ProjectObjects(l.Observed, l.Project) {
		if shown.Object.Owner.Address == address {
			return shown.Object, shown.Inside, true
		}
	}
	return provider.Object{}, "", false
}

// verdicts are the entries of each address.
func (l Listing) verdicts() map[string][]mount.Entry {
	out := map[string][]mount.Entry{}
	for _, e := range l.Entries {
		out[e.Address] = append(out[e.Address], e)
	}
	return out
}

// verdictText is the worst verdict of an object's mounts, and how many there are.
func verdictText(entries []mount.Entry) (text, colour string) {
	if len(entries) == 0 {
		return "", ""
	}
	rank := map[mount.Severity]int{mount.OK: 0, mount.Warning: 1, mount.Failure: 2}
	worst, same := entries[0], 0
	for _, e := range entries {
		if rank[e.Severity] > rank[worst.Severity] {
			worst = e
		}
	}
	for _, e := range entries {
		if e.Verdict == worst.Verdict {
			same++
		}
	}
	text = verdict(worst)
	if len(entries) > 1 {
		text = fmt.Sprintf("%s %d/%d", text, same, len(entries))
	}
	if worst.Severity == mount.OK {
		return text, green
	}
	return text, colorOf(worst.Severity)
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
