package hcl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	hcl2 "github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/dindctl/dindctl/internal/diag"
)

// The parser and the evaluation recurse along the input, so that what they get to
// see is bounded before.
const (
	maxBytes = 4 << 20
	maxDepth = 500
	// maxOperators bounds the operators and steps of one expression between two separators.
	maxOperators = 2000
)

// tooLarge is the error of a file above the bound.
type tooLarge struct{ name string }

func (e tooLarge) Error() string { return fmt.Sprintf("%s has more than %d bytes", e.name, maxBytes) }

// checkBounds refuses input on which the parser would exhaust its stack.
func checkBounds(file string, src []byte) diag.List {
	if problems := checkWords(file, src, maxWordsWhole); problems.HasErrors() {
		return problems
	}
	whole := hcl2.Range{Filename: file, Start: hcl2.InitialPos, End: hcl2.InitialPos}
	if strings.HasSuffix(file, ".json") {
		return checkJSON(whole, src)
	}
	tokens, _ := hclsyntax.LexConfig(src, file, hcl2.InitialPos)
	return checkTokens(tokens)
}

// checkWords refuses what has more than so many words and signs, and rows of
// digits that are no number anybody means.
func checkWords(file string, src []byte, most int) diag.List {
	n, digits := countWords(src)
	if digits >= 0 {
		at := hcl2.Pos{Line: 1 + bytes.Count(src[:digits], []byte("\n")), Byte: digits}
		at.Column = 1 + utf8.RuneCount(src[bytes.LastIndexByte(src[:digits], '\n')+1:digits])
		return diag.List{problem("too-large", "Number too long", hcl2.Range{Filename: file, Start: at, End: at},
			"A number can have %d digits. If these are no number, put them into a file of their own, and read it with file().", maxDigits)}
	}
	if n > most {
		return diag.List{problem("too-large", "File too large", hcl2.Range{Filename: file, Start: hcl2.InitialPos, End: hcl2.InitialPos},
			"%s has more than %d words and signs. Split it, or put long texts into files of their own, and read them with file().", file, most)}
	}
	return nil
}

// checkParts refuses parts that are too much to be parsed at once.
func checkParts(file string, parts [][]byte) diag.List {
	line := 0
	for _, part := range parts {
		if n, _ := countWords(part); n > maxWordsWhole {
			at := hcl2.Pos{Line: line + 1, Column: 1}
			return diag.List{problem("too-large", "File too large", hcl2.Range{Filename: file, Start: at, End: at},
				"One block of %s has more than %d words and signs. Divide it.", file, maxWordsWhole)}
		}
		line += bytes.Count(part, []byte("\n"))
	}
	return nil
}

// level is one open bracket.
type level struct {
	closes    hclsyntax.TokenType
	operators int
	block     bool // a new line ends an expression
}

// checkTokens bounds depth, and the length of one expression.
func checkTokens(tokens hclsyntax.Tokens) diag.List {
	stack := []level{{block: true}}
	for _, token := range tokens {
		top := &stack[len(stack)-1]
		switch closes := closing(token.Type); {
		case closes != 0:
			top.operators += weight(token.Type)
			stack = append(stack, level{closes: closes, block: token.Type == hclsyntax.TokenOBrace})
		case token.Type == top.closes && len(stack) > 1:
			stack = stack[:len(stack)-1]
		case token.Type == hclsyntax.TokenComma, token.Type == hclsyntax.TokenNewline && top.block:
			top.operators = 0
		default:
			top.operators += weight(token.Type)
		}
		if len(stack) > maxDepth {
			return diag.List{problem("too-deep", "Nesting too deep", token.Range, "Brackets and templates can be nested %d deep.", maxDepth)}
		}
		if stack[len(stack)-1].operators > maxOperators {
			return diag.List{problem("too-deep", "Expression too long", token.Range, "One expression can have %d operators. Use local values for its parts.", maxOperators)}
		}
	}
	return nil
}

// weight is 1 for what makes an expression deeper.
func weight(t hclsyntax.TokenType) int {
	switch t {
	case hclsyntax.TokenStringLit, hclsyntax.TokenQuotedLit, hclsyntax.TokenComment, hclsyntax.TokenNewline,
		hclsyntax.TokenOBrace, hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc, hclsyntax.TokenTemplateInterp:
		return 0
	default:
		return 1
	}
}

// closing is the token that closes what this one opens; 0 where it opens nothing.
func closing(t hclsyntax.TokenType) hclsyntax.TokenType {
	switch t {
	case hclsyntax.TokenOBrace:
		return hclsyntax.TokenCBrace
	case hclsyntax.TokenOBrack:
		return hclsyntax.TokenCBrack
	case hclsyntax.TokenOParen:
		return hclsyntax.TokenCParen
	case hclsyntax.TokenOQuote:
		return hclsyntax.TokenCQuote
	case hclsyntax.TokenOHeredoc:
		return hclsyntax.TokenCHeredoc
	case hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
		return hclsyntax.TokenTemplateSeqEnd
	default:
		return 0
	}
}

// checkJSON bounds the depth of JSON and of the templates in its texts.
func checkJSON(at hcl2.Range, src []byte) diag.List {
	decoder := json.NewDecoder(bytes.NewReader(src))
	decoder.UseNumber()
	depth := 0
	for {
		token, err := decoder.Token()
		if err != nil {
			return nil // the parser says what is wrong
		}
		switch t := token.(type) {
		case json.Delim:
			if t == '{' || t == '[' {
				depth++
			} else {
				depth--
			}
		case string:
			if problems := checkTemplate(t, at); problems != nil {
				return problems
			}
		}
		if depth > maxDepth {
			return diag.List{problem("too-deep", "Nesting too deep", at, "Brackets can be nested %d deep.", maxDepth)}
		}
	}
}

func checkTemplate(text string, at hcl2.Range) diag.List {
	if !strings.Contains(text, "${") && !strings.Contains(text, "%{") {
		return nil
	}
	tokens, _ := hclsyntax.LexTemplate([]byte(text), at.Filename, hcl2.InitialPos)
	problems := checkTokens(tokens)
	for i := range problems {
		problems[i].Subject = rangeOf(at) // positions in the text are none of the file
	}
	return problems
}

// checkExpression bounds an expression from the command line.
func checkExpression(name, text string) error {
	if len(text) > maxBytes {
		return fmt.Errorf("the value of %s has %d bytes; at most %d are read", name, len(text), maxBytes)
	}
	tokens, _ := hclsyntax.LexExpression([]byte(text), name, hcl2.InitialPos)
	if problems := checkTokens(tokens); problems.HasErrors() {
		return fmt.Errorf("the value of %s is nested too deeply", name)
	}
	return nil
}
