package hcl

import (
	"fmt"

	hcl2 "github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// CheckParts scans a text and compares what the scan takes for brackets with the
// parser's tokens: where the text is plain, both have to see the same depth.
func CheckParts(src []byte) error {
	s := scanner{src: src}
	for s.at < len(src) {
		if !s.step() {
			return nil // not plain: the parser's tokens are used
		}
	}
	if s.n != 0 {
		return nil
	}
	tokens, _ := hclsyntax.LexConfig(src, "x", hcl2.InitialPos)
	depth, deepest := 0, 0
	for _, token := range tokens {
		switch token.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen:
			depth++
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen:
			depth--
		case hclsyntax.TokenOHeredoc:
			return fmt.Errorf("a heredoc was not seen")
		default:
		}
		deepest = max(deepest, depth)
	}
	if depth != 0 {
		return fmt.Errorf("the scan sees every bracket closed, the parser sees %d open", depth)
	}
	if deepest > 2*maxPlain {
		return fmt.Errorf("the parser sees a depth of %d", deepest)
	}
	return nil
}
