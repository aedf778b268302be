package hcl

import (
	"bytes"
	"unicode/utf8"
)

// Plain text is taken as it is up to this depth, and up to so many operators in
// one expression. What has more is looked at token by token.
const (
	maxPlain          = 50
	maxPlainOperators = 200
)

// chunkBytes is how long a part of a file should be at least. Parts keep the
// parser's lists short.
const chunkBytes = 32 << 10

// scan divides a file in the native syntax between blocks that stand at its top.
// It reads plain text only: braces, brackets, quoted text, comments. Where it
// meets anything else that could make it lose its place, or much nesting, it
// returns false, and the file has to be taken apart properly.
func scan(src []byte) (parts [][]byte, ok bool) {
	if !utf8.Valid(src) {
		return nil, false
	}
	s := scanner{src: src}
	begin := 0
	for s.at < len(src) {
		if !s.step() {
			return nil, false
		}
		if s.ended && s.at-begin >= chunkBytes && s.at < len(src) && src[s.at] == '\n' {
			parts, begin = append(parts, src[begin:s.at+1]), s.at+1
		}
	}
	if s.n != 0 {
		return nil, false
	}
	return append(parts, src[begin:]), true
}

// scanner is a place in a file, with the brackets that are open there.
type scanner struct {
	src  []byte
	at   int
	open [maxPlain]byte
	n    int
	// operators counts, at each depth, what could make the expression deeper since
	// the last separator.
	operators [maxPlain + 1]int
	// ended says that a block at the top was closed by the byte before.
	ended bool
}

// step reads one byte, or one comment or quoted text. It returns false where it gives up.
func (s *scanner) step() bool {
	c := s.src[s.at]
	s.at++
	s.ended = false
	switch {
	case c == '\n':
		if s.n == 0 || s.open[s.n-1] == '{' {
			s.operators[s.n] = 0
		}
		return true
	case c == '#', c == '/' && s.next() == '/':
		return s.skip("\n", 0)
	case c == '/' && s.next() == '*':
		return s.skip("*/", 2)
	case c == '"':
		return s.quoted()
	case c == '{', c == '[', c == '(':
		return s.push(c)
	case c == '}', c == ']', c == ')':
		return s.pop(c)
	case c == '<' && s.next() == '<', c < ' ' && c != '\t' && c != '\r', c >= 0x80:
		return false // a heredoc, or something strange
	case c == ',':
		s.operators[s.n] = 0
		return true
	case c == ' ', c == '\t', c == '\r', c == '_', c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		return true
	}
	return s.operator()
}

// operator counts one, and returns false where there are too many.
func (s *scanner) operator() bool {
	s.operators[s.n]++
	return s.operators[s.n] < maxPlainOperators
}

func (s *scanner) next() byte {
	if s.at < len(s.src) {
		return s.src[s.at]
	}
	return 0
}

// skip goes to the end of a comment. A comment without end is not plain.
func (s *scanner) skip(end string, keep int) bool {
	i := bytes.Index(s.src[s.at:], []byte(end))
	if i < 0 {
		return false
	}
	s.at += i + keep
	return true
}

func (s *scanner) push(c byte) bool {
	if s.n == maxPlain {
		return false
	}
	ok := c == '{' || s.operator()
	s.open[s.n] = c
	s.n++
	s.operators[s.n] = 0
	return ok
}

func (s *scanner) pop(c byte) bool {
	if s.n == 0 || s.open[s.n-1] != opens(c) {
		return false
	}
	s.n--
	s.ended = s.n == 0 && c == '}'
	return true
}

func opens(closing byte) byte {
	switch closing {
	case '}':
		return '{'
	case ']':
		return '['
	}
	return '('
}

// quoted reads to the end of a text. What is evaluated in it is read as
// everything else; anything unusual is not plain.
func (s *scanner) quoted() bool {
	for s.at < len(s.src) {
		c := s.src[s.at]
		s.at++
		switch {
		case c == '"':
			return true
		case c == '\\' && s.next() != '\n' && s.next() != '\r':
			s.at++
		case c == '\\', c == '\n', c == '\r', c == '%' && s.next() == '{', c == '$' && s.next() == '$':
			return false
		case c == '$' && s.next() == '{':
			s.at++
			if !s.inner() {
				return false
			}
		}
	}
	return false
}

// inner reads an expression in a text up to its end. What is written in it has to
// be a name, a key or a call.
func (s *scanner) inner() bool {
	depth := 0
	for s.at < len(s.src) {
		c := s.src[s.at]
		s.at++
		switch {
		case c == '}':
			return depth == 0 && s.operator()
		case c == '"':
			if !s.simple() {
				return false
			}
		case c == '(', c == '[':
			depth++
		case c == ')', c == ']':
			depth--
		case c == '.', c == ',', c == '-', c == '+', c == '*':
			if !s.operator() {
				return false
			}
		case c == ' ', c == '_', c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		default:
			return false
		}
		if depth > maxPlain/2 || depth < 0 {
			return false
		}
	}
	return false
}

// simple reads a text with nothing in it that is evaluated.
func (s *scanner) simple() bool {
	for s.at < len(s.src) {
		c := s.src[s.at]
		s.at++
		switch c {
		case '"':
			return true
		case '\\', '\n', '\r', '$', '%':
			return false
		}
	}
	return false
}
