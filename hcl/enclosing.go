package hcl

import (
	"bytes"
	"slices"
	"strings"

	hcl2 "github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// outline is where an outermost block stands, and its header.
type outline struct {
	from, to int // bytes; to is the first one behind it
	header   string
}

// Enclosing is the header of the outermost block around a byte of a file, such as
// `job "list"`; empty where there is none.
func (s *Sources) Enclosing(file string, offset int) string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	blocks, known := s.outlines[file]
	if !known {
		blocks = outlinesOf(file, s.files[file])
		if s.outlines == nil {
			s.outlines = map[string][]outline{}
		}
		s.outlines[file] = blocks
	}
	i, _ := slices.BinarySearchFunc(blocks, offset, func(o outline, offset int) int {
		if o.to <= offset {
			return -1
		}
		return 1
	})
	if i == len(blocks) || offset < blocks[i].from {
		return ""
	}
	return blocks[i].header
}

// outlinesOf are the outermost blocks of a file, by their places; none of a file
// that is no text to be read.
func outlinesOf(file string, src []byte) []outline {
	if strings.HasSuffix(file, ".json") {
		return nil
	}
	parts, problems := divide(file, src)
	if problems.HasErrors() {
		return nil
	}
	var out []outline
	start := hcl2.InitialPos
	for _, part := range parts {
		parsed, _ := hclsyntax.ParseConfig(part, file, start)
		if parsed != nil {
			if body, is := parsed.Body.(*hclsyntax.Body); is {
				out = append(out, outlineOf(body)...)
			}
		}
		start.Byte += len(part)
		start.Line += bytes.Count(part, []byte("\n"))
	}
	slices.SortStableFunc(out, func(a, b outline) int { return a.to - b.to })
	return out
}

func outlineOf(body *hclsyntax.Body) []outline {
	var out []outline
	for _, block := range body.Blocks {
		r := block.Range()
		header := block.Type
		for _, label := range block.Labels {
			header += ` "` + label + `"`
		}
		out = append(out, outline{r.Start.Byte, max(r.End.Byte, block.CloseBraceRange.End.Byte), header})
	}
	return out
}
