package mask

import (
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"sync"
)

// mostBlanks is how many bytes of white space may stand where a secret has some: more
// than any screen puts there. It bounds what is held back of an output that goes on with
// blanks behind the first word of a secret, and never ends.
const mostBlanks = 4 << 10

// Writer takes secrets out of whatever is written through it, and changes nothing else.
// A secret is found in whichever pieces it comes: what may be the beginning of one, and
// nothing else, is held back until the next write, or Flush.
type Writer struct {
	mu sync.Mutex
	to io.Writer
	of *Secrets
	scan
}

// Write writes what is no secret, and may not become one.
func (w *Writer) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.pass(text, false); err != nil {
		return 0, err
	}
	return len(text), nil
}

// Flush writes what was held back: nothing more comes, or somebody has to see it.
func (w *Writer) Flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = w.pass(nil, true)
}

func (w *Writer) pass(text []byte, end bool) error {
	if m := w.of.matcher(); m != w.matcher {
		w.matcher, w.walk = m, walk{} // what is held back is looked at again
	}
	out := text
	if w.matcher != nil || len(w.held) > 0 {
		out = w.scan.pass(text, end)
	}
	if len(out) == 0 {
		return nil
	}
	_, err := w.to.Write(out)
	return err
}

// scan looks through a text that comes in pieces.
type scan struct {
	matcher *matcher
	cuts    bool // whether what is left of a secret that was cut off is looked for
	// held is what was not decided, and hidden how many bytes at its beginning are in a
	// secret that was written as such. Walk is what was found out of its beginning.
	held   []byte
	hidden int
	walk   walk
}

// walk is one attempt to read a secret from some place on.
type walk struct {
	at     place
	length int // of what was read
	blanks int // of these, the white space at its end
	found  int // the length of the longest secret that was read; 0 for none
	secret int // how much of a secret was read
}

// pass returns what is decided of the text so far, without secrets; all, at its end. Where
// secrets overlap, all that belongs to one of them is hidden.
func (s *scan) pass(text []byte, end bool) []byte {
	all, own := text, len(s.held) > 0
	if own {
		all = append(s.held, text...)
	}
	if s.matcher == nil {
		s.held, s.hidden = nil, 0
		return all
	}
	out := make([]byte, 0, len(all)+len(Hidden))
	start := 0
	for start < len(all) {
		if s.walk.length == 0 && s.hidden == 0 {
			next := start + s.matcher.skip(all[start:])
			out = append(out, all[start:next]...)
			if start = next; start == len(all) {
				break
			}
		}
		if undecided := s.read(all[start:]); undecided && !end {
			break
		}
		out = s.decide(out, all[start:])
		start++
		s.walk = walk{}
	}
	if own && start == 0 {
		s.held = all // which grows by what comes, also where that is byte by byte
		return out
	}
	s.held = append(s.held[:0:0], all[start:]...)
	return out
}

// decide appends the first byte of a text, or hides what begins with it.
func (s *scan) decide(out, text []byte) []byte {
	length := s.walk.found
	if s.cuts && length == 0 {
		length = s.cut(text)
	}
	if length > s.hidden {
		if s.hidden == 0 {
			out = append(out, Hidden...)
		}
		s.hidden = length
	}
	if s.hidden > 0 {
		s.hidden--
		return out
	}
	return append(out, text[0])
}

// read goes on with the walk over a text that begins where the walk did. It says whether
// it takes more text to decide.
func (s *scan) read(text []byte) (undecided bool) {
	w := &s.walk
	for w.length < len(text) {
		b := text[w.length]
		if isSpace(b) {
			if w.blanks++; w.blanks > mostBlanks {
				return false
			}
			if w.blanks > 1 {
				w.length++
				continue
			}
			b = ' '
		} else {
			w.blanks = 0
		}
		next, fits := s.matcher.step(w.at, b)
		if !fits {
			return false
		}
		w.at, w.length = next, w.length+1
		w.secret++
		if s.matcher.ends(next) {
			w.found = w.length
		}
	}
	return s.matcher.goesOn(w.at)
}

// cut is the length of the beginning of a secret whose end was cut off; 0 for none.
func (s *scan) cut(text []byte) int {
	rest := text[s.walk.length:]
	if s.walk.secret >= Least && (bytes.HasPrefix(rest, []byte("…")) || bytes.HasPrefix(rest, []byte("..."))) {
		return s.walk.length
	}
	return 0
}

func isSpace(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }

// matcher is a tree of the texts that are looked for: what several begin with stands in it
// once. It is not changed any longer once it is made.
type matcher struct {
	nodes []node
	first [256]int32 // the node that a text with this first byte is in; 0 for none
	// pairs are the two bytes that texts begin with, and fours hashes of the first four of
	// those that have no white space in them.
	pairs, fours [1 << 10]uint64
}

// node is a piece of text that leads to more of them.
type node struct {
	text string
	next []int32
	end  bool // whether one of the texts ends here
}

// place is how far a text was read: in a node, so many bytes. The zero value is the beginning.
type place struct{ node, read int32 }

// newMatcher finds texts that are sorted, each of [Least] bytes or more, and have no white space
// but for single blanks within. It is nil for none.
func newMatcher(texts []string) *matcher {
	if len(texts) == 0 {
		return nil
	}
	m := &matcher{nodes: make([]node, 1, 2*len(texts))}
	for begin := 0; begin < len(texts); {
		b, end := texts[begin][0], begin
		for end < len(texts) && texts[end][0] == b {
			end++
		}
		m.first[b] = m.add(texts[begin:end], 0)
		begin = end
	}
	for _, text := range texts {
		for _, second := range unfolded(text[1]) {
			pair := uint16(text[0])<<8 | uint16(second)
			m.pairs[pair>>6] |= 1 << (pair & 63)
		}
		if four := text[:Least]; !strings.Contains(four, " ") {
			h := hash([]byte(four))
			m.fours[h>>6] |= 1 << (h & 63)
		}
	}
	return m
}

// unfolded are the bytes that a byte of a text stands for.
func unfolded(b byte) []byte {
	if b == ' ' {
		return []byte(" \t\n\r")
	}
	return []byte{b}
}

// add adds sorted texts that are the same up to from, and have the next byte in common.
func (m *matcher) add(texts []string, from int) int32 {
	first, last := texts[0], texts[len(texts)-1]
	to := from
	for to < len(first) && to < len(last) && first[to] == last[to] {
		to++
	}
	at := int32(len(m.nodes)) //nolint:gosec // far fewer than 2^31 texts
	m.nodes = append(m.nodes, node{text: strings.Clone(first[from:to]), end: len(first) == to})
	if len(first) == to {
		texts = texts[1:]
	}
	for len(texts) > 0 {
		same := 0
		for same < len(texts) && texts[same][to] == texts[0][to] {
			same++
		}
		next := m.add(texts[:same], to)
		m.nodes[at].next = append(m.nodes[at].next, next)
		texts = texts[same:]
	}
	return at
}

// skip is how many bytes at the beginning of a text begin no secret.
func (m *matcher) skip(text []byte) int {
	last := len(text) - 1
	for i := range last {
		pair := uint16(text[i])<<8 | uint16(text[i+1])
		if m.pairs[pair>>6]&(1<<(pair&63)) == 0 {
			continue
		}
		if i+Least > len(text) {
			return i
		}
		four := text[i : i+Least]
		if h := hash(four); m.fours[h>>6]&(1<<(h&63)) != 0 || isSpace(four[1]) || isSpace(four[2]) || isSpace(four[3]) {
			return i
		}
	}
	if last >= 0 && m.first[text[last]] != 0 {
		return last
	}
	return len(text)
}

// hash spreads the first four bytes of a text over 16 bits.
func hash(four []byte) uint16 {
	return uint16(binary.LittleEndian.Uint32(four) * 0x9e3779b1 >> 16) //nolint:gosec // it has no more
}

// step reads one more byte.
func (m *matcher) step(at place, b byte) (place, bool) {
	if at.node == 0 {
		return place{m.first[b], 1}, m.first[b] != 0
	}
	n := &m.nodes[at.node]
	if int(at.read) < len(n.text) {
		return place{at.node, at.read + 1}, n.text[at.read] == b
	}
	for _, next := range n.next {
		if m.nodes[next].text[0] == b {
			return place{next, 1}, true
		}
	}
	return at, false
}

// ends tells whether what was read is one of the texts.
func (m *matcher) ends(at place) bool {
	n := &m.nodes[at.node]
	return n.end && int(at.read) == len(n.text)
}

// goesOn tells whether one of the texts has more than what was read.
func (m *matcher) goesOn(at place) bool {
	n := &m.nodes[at.node]
	return int(at.read) < len(n.text) || len(n.next) > 0
}
