package ui

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// maxValue is how many characters of a value are shown in one line.
const maxValue = 120

// short is a value in one line. What is sensitive or not known is said to be so.
func short(v cty.Value, sensitive bool) string {
	if sensitive {
		return "(sensitive value)"
	}
	text := clean(strings.ReplaceAll(render(v, false), "\n", "\\n"))
	if r := []rune(text); len(r) > maxValue {
		return string(r[:maxValue-1]) + "…"
	}
	return text
}

// render is a value in one line. Nulls says that attributes without a value are
// shown, which a block with all its arguments has many of.
func render(v cty.Value, nulls bool) string {
	if v == cty.NilVal {
		return "null"
	}
	v, marks := v.Unmark()
	if _, secret := marks[provider.Sensitive]; secret {
		return "(sensitive value)"
	}
	switch {
	case provider.IsRef(v.Type()) && v.IsKnown() && !v.IsNull():
		return address(v)
	case !v.IsKnown():
		return "(known after apply)"
	case v.IsNull():
		return "null"
	case recorded(v) != "":
		return recorded(v)
	case v.Type() == cty.String:
		return strconv.Quote(v.AsString())
	case v.Type() == cty.Bool:
		return strconv.FormatBool(v.True())
	case v.Type() == cty.Number:
		return v.AsBigFloat().Text('f', -1)
	}
	return renderMany(v, nulls)
}

func renderMany(v cty.Value, nulls bool) string {
	named := v.Type().IsObjectType() || v.Type().IsMapType()
	var parts []string
	for it := v.ElementIterator(); it.Next(); {
		key, element := it.Element()
		plain, _ := element.Unmark()
		switch {
		case named && plain.IsNull() && !nulls:
		case named:
			parts = append(parts, word(key.AsString())+" = "+render(element, nulls))
		default:
			parts = append(parts, render(element, nulls))
		}
	}
	if named {
		return "{ " + strings.Join(parts, ", ") + " }"
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// word is a key as it is written: in quotes, unless it is a name.
func word(key string) string {
	for i, r := range key {
		if !unicode.IsLetter(r) && r != '_' && (i == 0 || !unicode.IsDigit(r) && r != '-') {
			return strconv.Quote(key)
		}
	}
	if key == "" {
		return `""`
	}
	return key
}

// address is a reference, as it is written in a configuration.
func address(v cty.Value) string {
	at := v.GetAttr("address")
	if !at.IsKnown() || at.IsNull() {
		return "(known after apply)"
	}
	return at.AsString()
}

// recorded is what a record has in place of a reference or a secret:
// {"ref":"network.ci"} and {"sensitive":true}; empty for every other value.
func recorded(v cty.Value) string {
	if !v.Type().IsObjectType() || len(v.Type().AttributeTypes()) != 1 {
		return ""
	}
	switch ref, secret := attr(v, "ref"), v.Type().HasAttribute("sensitive"); {
	case secret:
		return "(sensitive value)"
	case ref.Type() == cty.String && ref.IsKnown() && !ref.IsNull():
		return ref.AsString()
	}
	return ""
}
