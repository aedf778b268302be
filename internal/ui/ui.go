// Package ui turns values into text for people: plans, problems, mounts, and what
// happens during an apply. Its screens are pure functions; [Progress] alone
// writes, as things happen, one whole line at a time.
package ui

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Options say what the text is written for.
type Options struct {
	// Width is that of the window in columns; 0 means 80.
	Width int
	// Color turns escape codes for colours on.
	Color bool
}

func (o Options) width() int {
	if o.Width <= 0 {
		return 80
	}
	return max(o.Width, 40)
}

// The colours, as escape codes.
const (
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
	bold   = "1"
	faint  = "2"
)

// paint puts text into a colour.
func (o Options) paint(code, text string) string {
	if !o.Color || text == "" || code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// clean makes text from outside harmless for a terminal: control characters
// become visible, tabs become spaces.
func clean(text string) string {
	text = strings.ReplaceAll(text, "\t", "    ")
	return strings.Map(func(r rune) rune {
		if r != '\n' && unicode.IsControl(r) {
			return '�'
		}
		return r
	}, text)
}

// columnMost is how wide a column of names gets: a longer name sticks out of it, and
// moves no other. An engine says of any length what its objects are called.
const columnMost = 80

// columnOf is the width of a column that holds the names, in characters.
func columnOf(names []string) int {
	width := 0
	for _, name := range names {
		if n := utf8.RuneCountInString(name); n <= columnMost {
			width = max(width, n)
		}
	}
	return width
}

// inColumn is a name, filled with spaces to the width of its column.
func inColumn(name string, width int) string {
	return name + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(name)))
}

// wrap breaks paragraphs into lines of at most width columns; lines that begin
// with white space are kept as they are.
func wrap(text string, width int) []string {
	var out []string
	for _, paragraph := range strings.Split(clean(text), "\n") {
		if strings.HasPrefix(paragraph, " ") {
			out = append(out, paragraph)
			continue
		}
		line := ""
		for _, word := range strings.Fields(paragraph) {
			if line != "" && len([]rune(line))+1+len([]rune(word)) > width {
				out = append(out, line)
				line = ""
			}
			if line != "" {
				line += " "
			}
			line += word
		}
		out = append(out, line)
	}
	return out
}
