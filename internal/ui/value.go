package ui

import (
	"strconv"
	"strings"

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
	text := clean(strings.ReplaceAll(render(v), "\n", "\\n"))
	if r := []rune(text); len(r) > maxValue {
		return string(r[:maxValue-1]) + "…"
	}
	return text
}

func render(v cty.Value) string {
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
	return renderMany(v)
}

func renderMany(v cty.Value) string {
	named := v.Type().IsObjectType() || v.Type().IsMapType()
	var parts []string
	for it := v.ElementIterator(); it.Next(); {
		key, element := it.Element()
		plain, _ := element.Unmark()
		switch {
		case named && plain.IsNull():
		case named:
			parts = append(parts, key.AsString()+" = "+render(element))
		default:
			parts = append(parts, render(element))
		}
	}
	if named {
		return "{ " + strings.Join(parts, ", ") + " }"
	}
	return "[" + strings.Join(parts, ", ") + "]"
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
