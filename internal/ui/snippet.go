package ui

import (
	"bytes"
	"unicode/utf8"

	"github.com/dindctl/dindctl/internal/diag"
)

// texts is what [Sources] may offer beside single lines.
type texts interface {
	// Bytes is the text of a file, nil where it was not read.
	Bytes(file string) []byte
	// Enclosing is the header of the outermost block around a byte, or empty.
	Enclosing(file string, offset int) string
}

// snippet is the part of a file that a problem is about.
type snippet struct {
	context string // the block around it, or empty
	code    string // whole lines, without the last line's end
	line    int    // of the first one, from 1
	// from and to are the bytes of code that are meant.
	from, to int
}

// snippetOf cuts the lines of a problem out of its file; false where there are none.
func snippetOf(p diag.Problem, sources Sources) (snippet, bool) {
	if p.Subject.Empty() || sources == nil {
		return snippet{}, false
	}
	in, able := sources.(texts)
	if !able {
		return oneLine(p.Subject, sources)
	}
	text := in.Bytes(p.Subject.File)
	start, end := p.Subject.Start.Byte, max(p.Subject.Start.Byte, p.Subject.End.Byte)
	if text == nil || start < 0 || end > len(text) {
		return snippet{}, false
	}
	first := bytes.LastIndexByte(text[:start], '\n') + 1
	last := len(text)
	if i := bytes.IndexByte(text[end:], '\n'); i >= 0 {
		last = end + i
	}
	if end > start && text[end-1] == '\n' { // a range of whole lines ends where the next begins
		last = end - 1
	}
	code := text[first:last]
	code = bytes.TrimSuffix(code, []byte("\r"))
	out := snippet{context: in.Enclosing(p.Subject.File, start), line: p.Subject.Start.Line}
	out.cut(code, min(start-first, len(code)), min(max(end-first, 0), len(code)))
	return out, true
}

// What is shown of a line, and of several; longer ones are cut around the place.
const (
	maxLine   = 600
	maxLines  = 16 << 10
	maxBefore = 100
	dots      = "..."
)

// cut takes over the code, or the part of it around what is meant where it is long.
func (s *snippet) cut(code []byte, from, to int) {
	limit := maxLines
	if line, _, _ := bytes.Cut(code, []byte("\n")); len(line) > maxLine {
		limit = maxLine
	}
	if len(code) <= limit {
		s.code, s.from, s.to = string(code), from, to
		return
	}
	low := max(0, from-maxBefore)
	high := min(len(code), low+limit)
	for low > 0 && !utf8.RuneStart(code[low]) {
		low--
	}
	for high < len(code) && !utf8.RuneStart(code[high]) {
		high--
	}
	s.code, s.from, s.to = string(code[low:high]), from-low, max(from, min(to, high))-low
	if low > 0 {
		s.code, s.from, s.to = dots+s.code, s.from+len(dots), s.to+len(dots)
	}
	if high < len(code) {
		s.code += dots
	}
}

// oneLine is the first line of a range, for sources that give lines alone.
func oneLine(r diag.Range, sources Sources) (snippet, bool) {
	code, found := sources.Line(r.File, r.Start.Line)
	characters := []rune(code)
	at := func(column int) int {
		return len(string(characters[:min(len(characters), max(0, column-1))]))
	}
	part := snippet{code: code, line: r.Start.Line, from: at(r.Start.Column), to: len(code)}
	if r.End.Line == r.Start.Line {
		part.to = at(r.End.Column)
	}
	return part, found
}
