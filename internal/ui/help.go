package ui

import (
	"strings"
)

// Help is the help of one command.
type Help struct {
	Name    string // "dindctl plan"
	Summary string // what it does, in a fragment of a sentence
	Usage   string // the arguments: "[options] [PATH]"
	// Description is paragraphs. A line that begins with white space or "Example:" is
	// kept as it is; the others are broken anew.
	Description string
	Commands    []HelpRow
	Options     []HelpRow
	// More is the last paragraph.
	More string
}

// HelpRow is a command or a flag, with what it does.
type HelpRow struct {
	Name, Text string
}

const (
	helpIndent = "   "
	// helpWidest is how wide help gets in a wider window: longer lines are hard to read.
	helpWidest = 100
	// helpColumn is how wide the column of names may get; longer ones have a line of their own.
	helpColumn = 24
)

// HelpText is the help as it is shown.
func HelpText(h Help, o Options) string {
	width := min(o.width(), helpWidest) - len(helpIndent)
	var out strings.Builder
	section := func(title string, lines []string) {
		if len(lines) == 0 {
			return
		}
		if out.Len() > 0 {
			out.WriteString("\n")
		}
		out.WriteString(title + "\n")
		for _, line := range lines {
			out.WriteString(strings.TrimRight(helpIndent+line, " ") + "\n")
		}
	}
	section("NAME:", wrap(h.Name+" - "+h.Summary, width))
	section("USAGE:", wrap(strings.TrimSpace(h.Name+" "+h.Usage), width))
	section("DESCRIPTION:", reflow(h.Description, width))
	section("COMMANDS:", helpRows(h.Commands, width))
	section("OPTIONS:", helpRows(h.Options, width))
	if h.More != "" {
		out.WriteString("\n" + strings.Join(wrap(h.More, width), "\n") + "\n")
	}
	return out.String()
}

// helpRows are two columns. A name that is too long for its column stands on a line
// of its own.
func helpRows(rows []HelpRow, width int) []string {
	column := 0
	for _, row := range rows {
		if n := len([]rune(row.Name)); n <= helpColumn {
			column = max(column, n)
		}
	}
	var out []string
	pad := strings.Repeat(" ", column+2)
	for _, row := range rows {
		head := row.Name
		for _, line := range wrap(row.Text, width-len(pad)) {
			if n := len([]rune(head)); n > column {
				out = append(out, head)
				head = ""
			}
			out = append(out, head+pad[len([]rune(head)):]+line)
			head = ""
		}
	}
	return out
}

// reflow breaks paragraphs anew, each of which may be several lines of the text.
func reflow(text string, width int) []string {
	var out []string
	open := "" // the paragraph so far
	end := func() {
		if open != "" {
			out = append(out, wrap(open, width)...)
		}
		open = ""
	}
	for _, line := range strings.Split(text, "\n") {
		switch {
		case line == "", strings.HasPrefix(line, " "), strings.HasPrefix(line, "Example:"):
			end()
			out = append(out, line)
		case open == "":
			open = line
		default:
			open += " " + line
		}
	}
	end()
	if len(out) == 1 && out[0] == "" {
		return nil
	}
	return out
}
