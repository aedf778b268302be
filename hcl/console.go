package hcl

import (
	"fmt"

	hcl2 "github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
)

// Console parses expressions that stand in no file.
type Console struct {
	sources   *Sources
	functions map[string]function.Function
	count     int
}

// NewConsole makes a console beside a configuration: paths are relative to dir,
// the directory of the configuration. What is parsed becomes part of sources.
func NewConsole(dir string, sources *Sources) *Console {
	return &Console{sources: sources, functions: functions(dir, nil)}
}

// Parse reads one expression; nil beside errors.
func (c *Console) Parse(text string) (config.Expr, diag.List) {
	c.count++
	name := fmt.Sprintf("<console:%d>", c.count)
	c.sources.files[name] = []byte(text)
	if err := checkExpression("the expression", text); err != nil {
		at := hcl2.Range{Filename: name, Start: hcl2.InitialPos, End: hcl2.InitialPos}
		return nil, diag.List{problem("too-deep", "Expression too long", at, "It cannot be read: %v.", err)}
	}
	parsed, diags := hclsyntax.ParseExpression([]byte(text), name, hcl2.InitialPos)
	if diags.HasErrors() {
		return nil, convertAll(diags)
	}
	return expr{parsed, c.functions}, nil
}

// Incomplete tells whether a text is the beginning of an expression: a bracket, a
// template or a here document is open.
func (c *Console) Incomplete(text string) bool {
	tokens, _ := hclsyntax.LexExpression([]byte(text), "", hcl2.InitialPos)
	var open []hclsyntax.TokenType
	for _, token := range tokens {
		switch closes := closing(token.Type); {
		case closes == hclsyntax.TokenCQuote: // texts in quotes end with their line
		case closes != 0:
			open = append(open, closes)
		case len(open) > 0 && token.Type == open[len(open)-1]:
			open = open[:len(open)-1]
		}
	}
	return len(open) > 0
}
