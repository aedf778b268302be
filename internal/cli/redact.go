package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/config"
)

const (
	// leastSecret is the length in bytes from which a sensitive text is taken out of
	// what is written. Shorter ones would take half of every screen with them.
	leastSecret = 4
	// leastLine is that length for one line of a text with several.
	leastLine = 8
	// mostBlanks is how many bytes of white space may stand where a sensitive text has
	// some: more than any screen puts there. It bounds what is held back of an output
	// that goes on with blanks behind the first word of a secret, and never ends.
	mostBlanks = 4 << 10
	masked     = "(sensitive)"
)

// redactor takes sensitive texts out of whatever is written through it: also out
// of what came back from outside, such as a job's output. A text is found where
// it is broken between words, where its end is cut off ("…"), and where it comes
// in pieces: what may be the beginning of one is held back until the next write,
// or Flush.
type redactor struct {
	mu      sync.Mutex
	to      io.Writer
	secrets map[byte][]secret // by their first byte, the longest first
	held    []byte
}

// secret is a text to be found: white space in it stands for any white space.
type secret []byte

func newRedactor(to io.Writer, texts []string) *redactor {
	r := &redactor{to: to, secrets: map[byte][]secret{}}
	for _, text := range texts {
		if text = strings.TrimSpace(text); len(text) >= leastSecret {
			r.secrets[text[0]] = append(r.secrets[text[0]], secret(text))
		}
	}
	return r
}

func (r *redactor) Write(text []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	out, held := r.pass(append(r.held, text...), false)
	r.held = held
	if len(out) == 0 {
		return len(text), nil
	}
	if _, err := r.to.Write(out); err != nil {
		return 0, err
	}
	return len(text), nil
}

// Flush writes what was held back: nothing more comes, or somebody has to see it.
func (r *redactor) Flush() {
	r.mu.Lock()
	defer r.mu.Unlock()
	out, _ := r.pass(r.held, true)
	r.held = nil
	if len(out) > 0 {
		_, _ = r.to.Write(out)
	}
	if next, is := r.to.(*redactor); is {
		next.Flush()
	}
}

// pass replaces what is secret; rest is what may be the beginning of a secret.
func (r *redactor) pass(text []byte, end bool) (out, rest []byte) {
	for i := 0; i < len(text); {
		candidates := r.secrets[text[i]]
		if len(candidates) == 0 {
			out = append(out, text[i])
			i++
			continue
		}
		length, more := longest(candidates, text[i:], end)
		switch {
		case more:
			return out, slices.Clone(text[i:])
		case length > 0:
			out = append(out, masked...)
			i += length
		default:
			out = append(out, text[i])
			i++
		}
	}
	return out, nil
}

// longest is the length of the longest secret that text begins with, 0 for none;
// more says that it takes more text to decide.
func longest(candidates []secret, text []byte, end bool) (length int, more bool) {
	for _, s := range candidates {
		n, partial := s.match(text)
		if partial && !end {
			return 0, true
		}
		length = max(length, n)
	}
	return length, false
}

// match is the length of the secret at the beginning of text, 0 for none. Partial
// says that text ended before it was decided.
func (s secret) match(text []byte) (length int, partial bool) {
	at, i := 0, 0
	for i < len(s) {
		if isSpace(s[i]) {
			n := spaces(text[at:])
			if n == 0 || n > mostBlanks {
				break
			}
			at, i = at+n, i+spaces(s[i:])
			continue
		}
		if at >= len(text) || text[at] != s[i] {
			break
		}
		at, i = at+1, i+1
	}
	if i == len(s) {
		return at, false
	}
	rest := text[at:]
	if len(rest) == 0 {
		return 0, true
	}
	if at < leastSecret {
		return 0, false
	}
	for _, cut := range []string{"…", "..."} { // its end is cut off
		if bytes.HasPrefix(rest, []byte(cut)) {
			return at, false
		}
		if strings.HasPrefix(cut, string(rest)) {
			return 0, true
		}
	}
	return 0, false
}

func isSpace(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }

func spaces(text []byte) int {
	n := 0
	for n < len(text) && isSpace(text[n]) {
		n++
	}
	return n
}

// hideSecrets makes everything that is written from now on free of the values of
// the configuration's sensitive variables.
func (s *session) hideSecrets() {
	found := secrets(s.cfg)
	var all []string
	for _, text := range found {
		all = append(all, spellings(text)...)
		if strings.Contains(text, "\n") { // what shows it line by line puts something between
			for _, line := range strings.Split(text, "\n") {
				if line = strings.TrimSpace(line); len(line) >= leastLine {
					all = append(all, spellings(line)...)
				}
			}
		}
	}
	if len(all) == 0 {
		return
	}
	longestFirst(all)
	all = slices.Compact(all)
	s.app.env.Stdout = s.app.redacted(s.app.env.Stdout, all)
	s.app.env.Stderr = s.app.redacted(s.app.env.Stderr, all)
}

func (a *app) redacted(to io.Writer, texts []string) io.Writer {
	r := newRedactor(to, texts)
	a.flush = append(a.flush, r.Flush)
	return r
}

// flushed writes what was held back in front of a possible secret.
func (a *app) flushed() {
	for _, flush := range slices.Backward(a.flush) {
		flush()
	}
}

// spellings are the forms in which a text may be written: as it is, as JSON, as a
// quoted value, and with control characters made visible.
func spellings(text string) []string {
	quoted := strconv.Quote(text)
	out := []string{text, quoted[1 : len(quoted)-1], strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) {
			return utf8.RuneError
		}
		return r
	}, text)}
	if escaped, err := json.Marshal(text); err == nil {
		out = append(out, string(escaped[1:len(escaped)-1]))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// secrets are the texts in the values of sensitive variables, the longest first.
func secrets(cfg *config.Config) []string {
	var out []string
	for _, v := range cfg.Variables {
		if !v.Sensitive {
			continue
		}
		value, given := cfg.Inputs[v.Name]
		if !given {
			value = v.Default
		}
		out = append(out, texts(value)...)
	}
	longestFirst(out)
	return slices.Compact(out)
}

func longestFirst(texts []string) {
	slices.SortFunc(texts, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
}

func texts(v cty.Value) []string {
	if v == cty.NilVal {
		return nil
	}
	var out []string
	v, _ = v.UnmarkDeep()
	_ = cty.Walk(v, func(_ cty.Path, part cty.Value) (bool, error) {
		if part.Type() == cty.String && part.IsKnown() && !part.IsNull() && len(part.AsString()) >= leastSecret {
			out = append(out, part.AsString())
		}
		return true, nil
	})
	return out
}
