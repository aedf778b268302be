package hcl

import (
	"bytes"

	hcl2 "github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/dindctl/dindctl/internal/diag"
)

// formatRounds bounds how often a text is formatted until it stays as it is. One
// round is enough for nearly everything; what moves a comment needs two.
const formatRounds = 5

// Format is a configuration in the usual style: arguments aligned, two spaces for
// each level, comments kept. Only white space within lines changes, so that no
// value does, and what was formatted stays as it is. A text that cannot be parsed
// comes back unchanged, with the problems. Name is the file's, for their places.
func Format(name string, src []byte) ([]byte, *Sources, diag.List) {
	sources := &Sources{files: map[string][]byte{name: src}}
	if problems := formatBounds(name, src); problems.HasErrors() {
		return src, sources, problems
	}
	if _, diags := hclsyntax.ParseConfig(src, name, hcl2.InitialPos); diags.HasErrors() {
		return src, sources, convertAll(diags)
	}
	out := src
	for range formatRounds {
		next := hclwrite.Format(out)
		if bytes.Equal(next, out) {
			break
		}
		out = next
	}
	if !bytes.Equal(hclwrite.Format(out), out) || !sameTokens(name, src, out) {
		whole := hcl2.Range{Filename: name, Start: hcl2.InitialPos, End: hcl2.InitialPos}
		return src, sources, diag.List{problem("not-formatted", "File that cannot be formatted safely", whole,
			"Formatting %s would change more than white space, so it is left as it is.", name)}
	}
	return out, sources, nil
}

func formatBounds(name string, src []byte) diag.List {
	if len(src) > maxBytes {
		at := hcl2.Range{Filename: name}
		return diag.List{problem("too-large", "File too large", at, "%s has more than %d bytes. Split it.", name, maxBytes)}
	}
	return checkBounds(name, src)
}

// sameTokens tells whether two texts are the same but for white space between words.
func sameTokens(name string, a, b []byte) bool {
	before, _ := hclsyntax.LexConfig(a, name, hcl2.InitialPos)
	after, _ := hclsyntax.LexConfig(b, name, hcl2.InitialPos)
	if len(before) != len(after) {
		return false
	}
	for i := range before {
		if before[i].Type != after[i].Type || !bytes.Equal(before[i].Bytes, after[i].Bytes) {
			return false
		}
	}
	return true
}
