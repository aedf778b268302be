package docker

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// bounds are what a text of JSON may be before it is decoded: what comes from an
// engine, or from a label, is written by whoever can write there. Decoding costs
// many times the text (three bytes of it can become a value of 400), and whoever
// walks through what was decoded needs stack for each level.
type bounds struct {
	bytes  int // of the text
	depth  int // of lists and objects in each other
	values int // elements of lists and members of objects, all together
	number int // digits of one number; 0: any, and exponents, too
}

// shape measures JSON byte by byte, and builds nothing. Whether it is JSON, the
// decoder tells.
type shape struct {
	bounds
	level, count, length int
	quoted, escaped      bool
	digits               int // of the number that it is in; 0 outside of one
}

// errOutOfBounds is what no record, and no answer of an engine, is.
type errOutOfBounds struct{ what string }

func (e errOutOfBounds) Error() string { return e.what }

// next takes in one byte, and tells whether a value that began with a bracket or
// with a quote ends with it.
func (s *shape) next(b byte) (ends bool, err error) {
	if s.length++; s.length > s.bytes {
		return s.plain(b), errOutOfBounds{fmt.Sprintf("it is longer than %d KiB", s.bytes>>10)}
	}
	if s.quoted {
		return s.plain(b), nil
	}
	ends = s.plain(b)
	switch b {
	case '{', '[', ',':
		s.count++
	}
	if err := s.inNumber(b); err != nil {
		return ends, err
	}
	switch {
	case s.level > s.depth:
		return ends, errOutOfBounds{fmt.Sprintf("it is nested more than %d deep", s.depth)}
	case s.count > s.values:
		return ends, errOutOfBounds{fmt.Sprintf("it has more than %d values", s.values)}
	}
	return ends, nil
}

// plain follows quotes and brackets alone.
func (s *shape) plain(b byte) (ends bool) {
	switch {
	case s.escaped:
		s.escaped = false
	case s.quoted && b == '\\':
		s.escaped = true
	case b == '"':
		s.quoted = !s.quoted
		return !s.quoted && s.level == 0
	case s.quoted:
	case b == '{' || b == '[':
		s.level++
	case b == '}' || b == ']':
		s.level--
		return s.level <= 0
	}
	return false
}

// inNumber bounds the digits of a number. One with an exponent is short, and
// becomes a text of any length where it is written out.
func (s *shape) inNumber(b byte) error {
	switch {
	case s.number == 0:
	case b >= '0' && b <= '9' || b == '-' || b == '+' || b == '.':
		s.digits++
	case (b == 'e' || b == 'E') && s.digits > 0:
		return errOutOfBounds{"it has a number with an exponent"}
	default:
		s.digits = 0
	}
	if s.number > 0 && s.digits > s.number {
		return errOutOfBounds{fmt.Sprintf("it has a number of more than %d digits", s.number)}
	}
	return nil
}

// within tells whether a text of JSON keeps within bounds, or why not.
func (b bounds) within(text string) error {
	s := shape{bounds: b}
	for i := range len(text) {
		if _, over := s.next(text[i]); over != nil {
			return over
		}
	}
	return nil
}

// readBounded reads a text of JSON that keeps within bounds. No more of it is read
// than that, nor kept in memory.
func readBounded(r io.Reader, b bounds) ([]byte, error) {
	var out bytes.Buffer
	s := shape{bounds: b}
	buffer := make([]byte, 4<<10)
	for {
		n, err := r.Read(buffer)
		for _, one := range buffer[:n] {
			if _, over := s.next(one); over != nil {
				return nil, over
			}
		}
		out.Write(buffer[:n])
		switch {
		case errors.Is(err, io.EOF):
			return out.Bytes(), nil
		case err != nil:
			return nil, err
		}
	}
}

// jsonStream reads the values of a text of JSON one after the other, of which only
// one is in memory at a time.
type jsonStream struct{ r *bufio.Reader }

// errCut is JSON that ends early, or is none.
var errCut = errors.New("it is no JSON, or not whole")

// peek is the next byte that is no space.
func (j jsonStream) peek() (byte, error) {
	for {
		b, err := j.r.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return 0, errCut
		case err != nil:
			return 0, err
		case b == ' ' || b == '\t' || b == '\n' || b == '\r':
			continue
		}
		return b, j.r.UnreadByte()
	}
}

// skip reads one byte, which has to be b.
func (j jsonStream) skip(b byte) error {
	found, err := j.peek()
	if err != nil {
		return err
	}
	if found != b {
		return errCut
	}
	_, err = j.r.Discard(1)
	return err
}

// value reads one value into text, which it empties first. One that does not keep
// within bounds is read to its end all the same, and no more of it is kept: over
// says why.
func (j jsonStream) value(text *bytes.Buffer, b bounds) (over, err error) {
	text.Reset()
	first, err := j.peek()
	if err != nil {
		return nil, err
	}
	v := oneValue{text: text, shape: shape{bounds: b}, bare: first != '{' && first != '[' && first != '"'}
	for {
		chunk, err := j.chunk()
		if v.bare && errors.Is(err, errCut) {
			return v.over, nil // such a value may end with the text
		}
		if err != nil {
			return nil, err
		}
		used, ended := v.take(chunk)
		if _, err := j.r.Discard(used); err != nil || ended {
			return v.over, err
		}
	}
}

// oneValue is a value while it is read.
type oneValue struct {
	text  *bytes.Buffer
	shape shape
	bare  bool // a number, or a word: it ends where something else begins
	over  error
}

// take takes in as much of a chunk as belongs to the value.
func (v *oneValue) take(chunk []byte) (used int, ended bool) {
	for i, b := range chunk {
		switch {
		case v.bare && (b == ',' || b == ']' || b == '}'):
			v.keep(chunk[:i])
			return i, true
		case v.over != nil:
			ended = v.shape.plain(b)
		default:
			if ended, v.over = v.shape.next(b); v.over != nil {
				v.text.Write(chunk[:i])
			}
		}
		if ended && !v.bare {
			v.keep(chunk[:i+1])
			return i + 1, true
		}
	}
	v.keep(chunk)
	return len(chunk), false
}

func (v *oneValue) keep(chunk []byte) {
	if v.over == nil {
		v.text.Write(chunk)
	}
}

// chunk is what has come already, at least one byte.
func (j jsonStream) chunk() ([]byte, error) {
	if j.r.Buffered() == 0 {
		if _, err := j.r.Peek(1); err != nil {
			if errors.Is(err, io.EOF) {
				err = errCut
			}
			return nil, err
		}
	}
	return j.r.Peek(j.r.Buffered())
}

// list calls each for every element of a list; null is an empty one. Each's error
// ends it, and is returned.
func (j jsonStream) list(b bounds, each func(text []byte, over error) error) error {
	first, err := j.peek()
	if err != nil {
		return err
	}
	if first != '[' {
		return j.null()
	}
	if err := j.skip('['); err != nil {
		return err
	}
	if next, err := j.peek(); err != nil || next == ']' {
		return errors.Join(err, j.skip(']'))
	}
	var text bytes.Buffer
	for {
		over, err := j.value(&text, b)
		if err != nil {
			return err
		}
		if err := each(text.Bytes(), over); err != nil {
			return err
		}
		next, err := j.peek()
		switch {
		case err != nil:
			return err
		case next == ']':
			return j.skip(']')
		}
		if err := j.skip(','); err != nil {
			return err
		}
	}
}

// null reads a value that has to be null.
func (j jsonStream) null() error {
	word := make([]byte, len("null"))
	if _, err := io.ReadFull(j.r, word); err != nil || string(word) != "null" {
		return errCut
	}
	return nil
}

// members reads an object; those members that wanted wants are read by what it
// returns, and all others are passed over.
func (j jsonStream) members(wanted func(name string) (read func(jsonStream) error, wants bool)) error {
	first, err := j.peek()
	if err != nil {
		return err
	}
	if first != '{' {
		return j.null()
	}
	if err := j.skip('{'); err != nil {
		return err
	}
	if next, err := j.peek(); err != nil || next == '}' {
		return errors.Join(err, j.skip('}'))
	}
	for {
		if err := j.member(wanted); err != nil {
			return err
		}
		next, err := j.peek()
		switch {
		case err != nil:
			return err
		case next == '}':
			return j.skip('}')
		}
		if err := j.skip(','); err != nil {
			return err
		}
	}
}

// keyBytes bounds the name of a member.
const keyBytes = 1 << 10

func (j jsonStream) member(wanted func(name string) (func(jsonStream) error, bool)) error {
	var text bytes.Buffer
	over, err := j.value(&text, bounds{bytes: keyBytes, depth: 1, values: 1})
	if err != nil {
		return err
	}
	var name string
	if over != nil || json.Unmarshal(text.Bytes(), &name) != nil {
		return errCut
	}
	if err := j.skip(':'); err != nil {
		return err
	}
	if read, wants := wanted(name); wants {
		return read(j)
	}
	_, err = j.value(&text, bounds{bytes: keyBytes}) // over or not: it is passed over
	return err
}
