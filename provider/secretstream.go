package provider

import (
	"bytes"
	"io"
	"slices"
)

// Mask returns a writer that hands on what is written to it without the texts of secrets,
// as [Secrets.Text] takes them out, whatever pieces it comes in: what may be the
// beginning of one is held back until more has come, or [Masked.Flush].
func (s Secrets) Mask(to io.Writer) *Masked {
	m := &Masked{to: to}
	if s.lines == nil {
		return m
	}
	m.begins = map[byte][][]byte{}
	for _, text := range slices.Concat(append(linesOf(s.texts), s.forms()...)...) {
		if text != "" {
			m.begins[text[0]] = append(m.begins[text[0]], []byte(text))
		}
	}
	for first, texts := range m.begins {
		slices.SortFunc(texts, func(a, b []byte) int { return longestFirst(string(a), string(b)) })
		m.begins[first] = slices.CompactFunc(texts, bytes.Equal)
	}
	return m
}

// Masked is a writer without secrets, see [Secrets.Mask]. It is used by one goroutine.
type Masked struct {
	to     io.Writer
	begins map[byte][][]byte // the texts by their first byte, the longest first; nil for none
	held   []byte
}

// Write takes in what has arrived.
func (m *Masked) Write(b []byte) (int, error) {
	if m.begins == nil {
		return m.to.Write(b)
	}
	out, rest := m.pass(append(m.held, b...), false)
	m.held = rest
	if len(out) > 0 {
		if _, err := m.to.Write(out); err != nil {
			return 0, err
		}
	}
	return len(b), nil
}

// Flush hands on what was held back: nothing more is to come.
func (m *Masked) Flush() error {
	out, _ := m.pass(m.held, true)
	m.held = nil
	if len(out) == 0 {
		return nil
	}
	_, err := m.to.Write(out)
	return err
}

// pass replaces what is secret; rest is what may be the beginning of a secret.
func (m *Masked) pass(text []byte, end bool) (out, rest []byte) {
	for len(text) > 0 {
		length, more := m.at(text, end)
		switch {
		case more:
			return out, slices.Clone(text)
		case length > 0:
			out, text = append(out, hiddenText...), text[length:]
		default:
			out, text = append(out, text[0]), text[1:]
		}
	}
	return out, nil
}

// at is the length of the longest secret that text begins with, 0 for none; more says
// that it takes more text to decide.
func (m *Masked) at(text []byte, end bool) (length int, more bool) {
	for _, secret := range m.begins[text[0]] {
		switch {
		case bytes.HasPrefix(text, secret):
			return len(secret), false
		case !end && bytes.HasPrefix(secret, text):
			return 0, true
		}
	}
	return 0, false
}
