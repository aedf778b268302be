package hcl

import (
	"strings"

	hcl2 "github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Enclosing is the header of the outermost block around a byte of a file, such as
// `job "list"`; empty where there is none.
func (s *Sources) Enclosing(file string, offset int) string {
	if strings.HasSuffix(file, ".json") || checkBounds(file, s.Bytes(file)).HasErrors() {
		return ""
	}
	parsed, _ := hclsyntax.ParseConfig(s.Bytes(file), file, hcl2.InitialPos)
	if parsed == nil {
		return ""
	}
	body, is := parsed.Body.(*hclsyntax.Body)
	if !is {
		return ""
	}
	for _, block := range body.Blocks {
		if r := block.Range(); offset < r.Start.Byte || offset >= max(r.End.Byte, block.CloseBraceRange.End.Byte) {
			continue
		}
		header := block.Type
		for _, label := range block.Labels {
			header += ` "` + label + `"`
		}
		return header
	}
	return ""
}
