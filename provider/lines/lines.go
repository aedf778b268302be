// Package lines cuts what arrives in pieces of any size into lines. It takes time
// in proportion to what arrives, and keeps no more than one [Limit] of it, whatever
// the pieces are, so that neither a line without an end nor one that comes byte by
// byte costs more than any other.
package lines

import (
	"bytes"
	"unicode/utf8"
)

// Limit is how many bytes a line may have to be handed on as one. A longer line is
// handed on in parts: nothing of it is lost.
const Limit = 64 << 10

// Splitter is a writer that hands on lines. It is used by one goroutine.
type Splitter struct {
	each func(text string, more bool) error
	held []byte // of a line whose end has not come; at most Limit
	more bool   // the line's beginning was handed on already
}

// New returns a splitter. Each gets every line without its end ("\n" or "\r\n"),
// or a part of one that is longer than Limit: more says that the text goes on with
// the line whose beginning came before. No part ends within a character in UTF-8.
func New(each func(text string, more bool) error) *Splitter { return &Splitter{each: each} }

// Write takes in what has arrived. An error is the first one of each; then b was
// not taken whole, and nothing more is to be written.
func (s *Splitter) Write(b []byte) (int, error) {
	done := 0
	for done < len(b) {
		part := b[done:min(len(b), done+Limit-len(s.held)+1)]
		end := bytes.IndexByte(part, '\n')
		switch {
		case end >= 0:
			s.held = append(s.held, part[:end]...)
			done += end + 1
			if err := s.line(); err != nil {
				return done, err
			}
		case len(s.held)+len(part) <= Limit:
			s.held = append(s.held, part...)
			return len(b), nil
		default:
			part = part[:len(part)-1]
			s.held = append(s.held, part...)
			done += len(part)
			if err := s.part(); err != nil {
				return done, err
			}
		}
	}
	return done, nil
}

// Flush hands on what stands without the end of a line. Nothing more is to come.
func (s *Splitter) Flush() error {
	if len(s.held) == 0 {
		return nil
	}
	return s.line()
}

// Held is how many bytes are kept of a line whose end has not come.
func (s *Splitter) Held() int { return len(s.held) }

// line hands on the end of a line.
func (s *Splitter) line() error {
	text, more := string(bytes.TrimSuffix(s.held, []byte("\r"))), s.more
	s.held, s.more = s.held[:0], false
	if more && text == "" {
		return nil // its parts were all of it
	}
	return s.each(text, more)
}

// part hands on what is held of a line that goes on, but for a character that has
// only begun, and a "\r" that may belong to the line's end.
func (s *Splitter) part() error {
	n := complete(s.held)
	if n > 1 && s.held[n-1] == '\r' {
		n--
	}
	text, more := string(s.held[:n]), s.more
	s.held, s.more = append(s.held[:0], s.held[n:]...), true
	return s.each(text, more)
}

// complete is the length of b without a character in UTF-8 that has only begun.
func complete(b []byte) int {
	for i := len(b) - 1; i >= max(0, len(b)-utf8.UTFMax+1); i-- {
		if utf8.RuneStart(b[i]) {
			if !utf8.FullRune(b[i:]) {
				return i
			}
			break
		}
	}
	return len(b)
}
