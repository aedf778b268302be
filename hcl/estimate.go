package hcl

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// estimate is about how much a function makes that makes more than it is given; 0
// for all others.
func estimate(name string, args []cty.Value) int {
	switch name {
	case "regex", "regexall":
		if len(str(args, 0)) > maxPattern {
			return math.MaxInt32
		}
	case "distinct":
		if plain, _ := args[0].Unmark(); !plain.IsNull() && plain.IsKnown() && plain.CanIterateElements() {
			return times(2*plain.LengthInt(), plain.LengthInt()) // each is compared with each
		}
	case "strrev", "title":
		return times(len(str(args, 0)), slow)
	}
	switch name {
	case "setproduct":
		return product(args)
	case "format", "formatlist":
		return widths(args)
	case "indent":
		if spaces, ok := number(args, 0); ok {
			return times(spaces, 1+strings.Count(str(args, 1), "\n"))
		}
	case "replace":
		return replaced(str(args, 0), str(args, 1), str(args, 2))
	case "join":
		return joined(args)
	case "regexall", "split":
		return times(len(str(args, 0))+len(str(args, 1)), perPart)
	case "jsondecode":
		return nested(str(args, 0))
	}
	return 0
}

// maxPattern bounds a regular expression, whose groups cost memory by the square of
// their number; slow is how much more than others a function takes for each byte.
const (
	maxPattern = 2000
	slow       = 32
)

func str(args []cty.Value, i int) string {
	if i >= len(args) {
		return ""
	}
	v, _ := args[i].Unmark()
	if v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
		return ""
	}
	return v.AsString()
}

func number(args []cty.Value, i int) (int, bool) {
	v, _ := args[i].Unmark()
	if v.IsNull() || !v.IsKnown() || v.Type() != cty.Number {
		return 0, false
	}
	f, _ := v.AsBigFloat().Float64()
	return int(min(math.Abs(f), math.MaxInt32)), true
}

// times multiplies without overflow.
func times(a, b int) int {
	if a > 0 && b > math.MaxInt32/a {
		return math.MaxInt32
	}
	return a * b
}

func product(args []cty.Value) int {
	made := perPart
	for _, arg := range args {
		plain, _ := arg.Unmark()
		if plain.IsNull() || !plain.IsKnown() || !plain.CanIterateElements() {
			return 0
		}
		made = times(made, plain.LengthInt())
	}
	return times(made, len(args))
}

// widths is what the widths and precisions of a format ask for.
func widths(args []cty.Value) int {
	made := 0
	for _, digits := range formatWidth.FindAllString(str(args, 0), -1) {
		n, err := strconv.Atoi(digits)
		if err != nil {
			return math.MaxInt32
		}
		made += n
	}
	for _, arg := range args[1:] { // a list is formatted element by element
		plain, _ := arg.Unmark()
		if !plain.IsNull() && plain.IsKnown() && plain.CanIterateElements() {
			return times(made+len(str(args, 0)), plain.LengthInt())
		}
	}
	return made
}

var formatWidth = regexp.MustCompile(`[0-9]{3,}`)

func replaced(text, old, with string) int {
	if len(with) <= len(old) && !strings.HasPrefix(old, "/") {
		return 0
	}
	if strings.HasPrefix(old, "/") && len(old) > maxPattern {
		return math.MaxInt32
	}
	found := len(text) + 1
	if old != "" && !strings.HasPrefix(old, "/") {
		found = strings.Count(text, old)
	}
	if strings.Contains(with, "$") { // a part of the text may stand there
		return times(found, len(with)+len(text))
	}
	return times(found, len(with))
}

func joined(args []cty.Value) int {
	made, separator := 0, len(str(args, 0))
	for _, arg := range args[1:] {
		plain, _ := arg.Unmark()
		if !plain.IsNull() && plain.IsKnown() && plain.CanIterateElements() {
			made += size(plain, maxWeight) + times(separator, plain.LengthInt())
		}
	}
	return made
}

// nested is too much for JSON that is nested too deep to be read.
func nested(text string) int {
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		}
		if depth > maxDepth {
			return math.MaxInt32
		}
	}
	return 0
}
