package mask

import (
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

const (
	// Least is the length in bytes from which a text, or a line of one, is looked for.
	// Shorter ones would take half of every screen with them.
	Least = provider.LeastSecret
	// Hidden stands where a secret was.
	Hidden = "(sensitive)"
)

// Secrets are the values that must not be shown. They may become more while something is
// written: what is written from then on is free of them. The zero value knows of none, and
// neither does nil. It may be used by several goroutines.
type Secrets struct {
	mu sync.Mutex
	// known are the texts of what is sensitive, made those that functions made of it,
	// and shown those that the configuration shows on purpose.
	known, made, shown map[string]bool
	search             *matcher // nil where nothing is known, or something was added since
	fresh              bool     // whether search is that of what is known
}

// Add adds whatever stands below a mark in a value.
func (s *Secrets) Add(v cty.Value) {
	if s != nil && provider.HasMarks(v) {
		s.learn(&s.known, marked(v))
	}
}

// AddAll adds all texts and numbers in a value, marked or not.
func (s *Secrets) AddAll(v cty.Value) {
	if s != nil {
		s.learn(&s.known, leaves(nil, v))
	}
}

// Made adds what a function made of something sensitive. Unlike what is sensitive by
// itself, it may be shown where the configuration says so.
func (s *Secrets) Made(v cty.Value) {
	if s != nil && provider.HasMarks(v) {
		s.learn(&s.made, marked(v))
	}
}

// Shown says that a value is shown on purpose, though it was made of something sensitive.
func (s *Secrets) Shown(v cty.Value) {
	if s != nil {
		s.learn(&s.shown, leaves(nil, v))
	}
}

func (s *Secrets) learn(to *map[string]bool, texts []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, text := range texts {
		if (*to)[text] {
			continue
		}
		if *to == nil {
			*to = map[string]bool{}
		}
		(*to)[text], s.fresh = true, false
	}
}

// matcher finds what is known by now; nil where that is nothing.
func (s *Secrets) matcher() *matcher {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fresh {
		return s.search
	}
	texts := make([]string, 0, len(s.known)+len(s.made))
	for text := range s.known {
		texts = append(texts, text)
	}
	for text := range s.made {
		if !s.shown[text] {
			texts = append(texts, text)
		}
	}
	slices.Sort(texts)
	s.search, s.fresh = newMatcher(patterns(texts)), true
	return s.search
}

// Text is a text for people without secrets. What is left of one that was cut off ("…")
// is taken out, too.
func (s *Secrets) Text(text string) string { return s.without(text, true) }

func (s *Secrets) without(text string, cuts bool) string {
	m := s.matcher()
	if m == nil || text == "" {
		return text
	}
	w := scan{matcher: m, cuts: cuts}
	return string(w.pass([]byte(text), true))
}

// Writer is a writer that takes secrets out of what is written to it.
func (s *Secrets) Writer(to io.Writer) *Writer { return &Writer{to: to, of: s} }

// marked are the texts of all that stands below marks.
func marked(v cty.Value) []string {
	if v == cty.NilVal {
		return nil
	}
	plain, marks := v.Unmark()
	if _, secret := marks[provider.Sensitive]; secret {
		return leaves(nil, plain)
	}
	if !has(plain) || !plain.CanIterateElements() {
		return nil
	}
	var out []string
	for it := plain.ElementIterator(); it.Next(); {
		_, element := it.Element()
		out = append(out, marked(element)...)
	}
	return out
}

// leaves are the texts in a value, at every depth. A user's name beside a password is
// none, unless it is marked by itself; and neither is a reference, which is an address.
func leaves(out []string, v cty.Value) []string {
	if v == cty.NilVal {
		return out
	}
	v, _ = v.Unmark()
	switch {
	case !has(v) || provider.IsRef(v.Type()):
		return out
	case v.Type().IsPrimitiveType():
		if text := textOf(v); searchable(text) {
			out = append(out, text)
		}
		return out
	case !v.CanIterateElements():
		return out
	}
	named := v.Type().IsObjectType() || v.Type().IsMapType()
	for it := v.ElementIterator(); it.Next(); {
		key, element := it.Element()
		if named {
			if key, _ = key.Unmark(); key.AsString() == "username" && !element.IsMarked() && beside(v, "password") {
				continue
			}
		}
		out = leaves(out, element)
	}
	return out
}

func has(v cty.Value) bool { return !v.IsNull() && v.IsKnown() }

// beside tells whether an object or a map has a value of a name.
func beside(v cty.Value, name string) bool {
	if v.Type().IsObjectType() {
		return v.Type().HasAttribute(name)
	}
	found, _ := v.HasIndex(cty.StringVal(name)).Unmark()
	return found.IsKnown() && found.True()
}

// textOf is the text of a text or a number; empty for everything else: true and false are
// no secrets that could be looked for.
func textOf(v cty.Value) string {
	switch v.Type() {
	case cty.String:
		return v.AsString()
	case cty.Number:
		return v.AsBigFloat().Text('f', -1)
	}
	return ""
}

// searchable tells whether a text is looked for within others.
func searchable(text string) bool {
	text = strings.TrimSpace(text)
	_, err := strconv.ParseBool(text)
	return len(text) >= Least && err != nil
}
