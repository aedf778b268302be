package config

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// attribute is one attribute of an object, unmarked; null where the object or
// the attribute is not there.
func attribute(object cty.Value, name string) cty.Value {
	object, _ = object.Unmark()
	if object == cty.NilVal || object.IsNull() || !object.IsKnown() || !object.Type().IsObjectType() || !object.Type().HasAttribute(name) {
		return cty.NullVal(cty.DynamicPseudoType)
	}
	value, _ := object.GetAttr(name).Unmark()
	return value
}

// textOf is a string that is known and there.
func textOf(v cty.Value) (string, bool) {
	v, _ = v.Unmark()
	if v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
		return "", false
	}
	return v.AsString(), true
}

func text(object cty.Value, name string) string {
	s, _ := textOf(attribute(object, name))
	return s
}

// flag is a boolean that is known, there and true.
func flag(object cty.Value, name string) bool {
	v := attribute(object, name)
	return !v.IsNull() && v.IsKnown() && v.Type() == cty.Bool && v.True()
}

// given tells whether an attribute was declared, known or not.
func given(object cty.Value, name string) bool {
	return !attribute(object, name).IsNull()
}

// elements are the elements of a list that is known and there, unmarked.
func elements(list cty.Value) []cty.Value {
	list, _ = list.Unmark()
	if list.IsNull() || !list.IsKnown() || !list.CanIterateElements() || list.Type().IsObjectType() || list.Type().IsMapType() {
		return nil
	}
	var out []cty.Value
	for it := list.ElementIterator(); it.Next(); {
		_, element := it.Element()
		out = append(out, element)
	}
	return out
}

// texts are the strings of a list, as far as they are known.
func texts(list cty.Value) []string {
	var out []string
	for _, element := range elements(list) {
		if s, ok := textOf(element); ok {
			out = append(out, s)
		}
	}
	return out
}

// addressOf is the address of a reference, or empty.
func addressOf(v cty.Value) string {
	v, _ = v.Unmark()
	if v.IsNull() || !v.IsKnown() || !provider.IsRef(v.Type()) {
		return ""
	}
	return text(v, "address")
}

// addresses are those of a list of references.
func addresses(list cty.Value) []string {
	var out []string
	for _, element := range elements(list) {
		if a := addressOf(element); a != "" {
			out = append(out, a)
		}
	}
	return out
}

func textOrNull(s string) cty.Value {
	if s == "" {
		return cty.NullVal(cty.String)
	}
	return cty.StringVal(s)
}
