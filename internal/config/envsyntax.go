package config

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
)

// envParser reads a file of variables as Compose does: NAME=value lines, export
// before them allowed, comments, single quotes (as it stands), double quotes
// (with escapes), both over several lines; ${NAME} and ${NAME:-default} of
// variables that were set before, but in single quotes.
type envParser struct {
	lines []string
	at    int // the line that is read, from 0
	known map[string]string
	out   map[string]string
}

var envLine = regexp.MustCompile(`^(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*(=?)(.*)$`)

// parseEnvFile returns the variables; known are those of earlier files. What is
// wrong is said with its line, counted from 1.
func parseEnvFile(text string, known map[string]string) (pairs map[string]string, line int, wrong string) {
	p := &envParser{
		lines: strings.Split(strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n"), "\n"),
		known: maps.Clone(known), out: map[string]string{},
	}
	if p.known == nil {
		p.known = map[string]string{}
	}
	for ; p.at < len(p.lines); p.at++ {
		first := p.at
		if wrong := p.line(strings.TrimSpace(p.lines[p.at])); wrong != "" {
			return nil, first + 1, wrong
		}
	}
	return p.out, 0, ""
}

func (p *envParser) line(text string) (wrong string) {
	if text == "" || text[0] == '#' {
		return ""
	}
	m := envLine.FindStringSubmatch(text)
	switch {
	case m == nil:
		return "a line is NAME=value, a comment, or empty."
	case m[2] == "":
		return fmt.Sprintf("%s has no value. Compose would take it from your shell; a plan depends on files alone. Write %s=value.", m[1], m[1])
	}
	value, wrong := p.value(strings.TrimLeft(m[3], " \t"))
	if wrong != "" {
		return m[1] + ": " + wrong
	}
	p.out[m[1]], p.known[m[1]] = value, value
	return ""
}

func (p *envParser) value(text string) (value, wrong string) {
	if text != "" && (text[0] == '\'' || text[0] == '"') {
		raw, wrong := p.quoted(text[1:], text[0])
		if wrong != "" || text[0] == '\'' {
			return raw, wrong
		}
		return p.expand(raw, true)
	}
	if i := strings.Index(" "+text, " #"); i >= 0 {
		text = strings.TrimRight((" " + text)[:i], " \t")
		text = strings.TrimPrefix(text, " ")
	}
	return p.expand(strings.TrimRight(text, " \t"), false)
}

// quoted reads up to the closing quote, over several lines if need be.
func (p *envParser) quoted(rest string, quote byte) (raw, wrong string) {
	var b strings.Builder
	for {
		for i := 0; i < len(rest); i++ {
			switch {
			case rest[i] == '\\' && quote == '"' && i+1 < len(rest):
				b.WriteString(rest[i : i+2])
				i++
			case rest[i] == quote:
				after := strings.TrimSpace(rest[i+1:])
				if after != "" && after[0] != '#' {
					return "", fmt.Sprintf("after the closing quote stands %q.", after)
				}
				return b.String(), ""
			default:
				b.WriteByte(rest[i])
			}
		}
		if p.at++; p.at >= len(p.lines) {
			return "", "the quote is not closed."
		}
		b.WriteByte('\n')
		rest = p.lines[p.at]
	}
}

var envReference = regexp.MustCompile(`\\.|\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?-)([^}]*))?\}|\$([A-Za-z_][A-Za-z0-9_]*)`)

// expand replaces references, and escapes where the value stood in double quotes.
func (p *envParser) expand(text string, escapes bool) (value, wrong string) {
	out := envReference.ReplaceAllStringFunc(text, func(match string) string {
		if match[0] == '\\' {
			return unescape(match, escapes)
		}
		if match == "$$" {
			return "$"
		}
		m := envReference.FindStringSubmatch(match)
		name := m[1] + m[4]
		set, is := p.known[name]
		switch {
		case is && (m[2] != ":-" || set != ""):
			return set
		case m[2] != "":
			return m[3]
		}
		wrong = fmt.Sprintf("$%s is not set above. Put the value into single quotes if the dollar sign is meant.", name)
		return ""
	})
	return out, wrong
}

func unescape(match string, escapes bool) string {
	if !escapes {
		return match
	}
	switch match[1] {
	case 'n':
		return "\n"
	case 'r':
		return "\r"
	case 't':
		return "\t"
	case '"', '\\', '$':
		return match[1:]
	}
	return match
}
