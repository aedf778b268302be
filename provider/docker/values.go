package docker

import (
	"sort"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// values reads attributes of a declared object. What is absent, null or not
// known (yet) reads as the zero value; marks are removed.
type values struct{ v cty.Value }

func valuesOf(v cty.Value) values {
	if provider.HasMarks(v) {
		v, _ = v.UnmarkDeep()
	}
	return values{v}
}

// get returns an attribute, or null.
func (d values) get(name string) cty.Value {
	if d.v == cty.NilVal || d.v.IsNull() || !d.v.IsKnown() {
		return cty.NullVal(cty.DynamicPseudoType)
	}
	t := d.v.Type()
	switch {
	case t.IsObjectType() && t.HasAttribute(name):
		return d.v.GetAttr(name)
	case t.IsMapType():
		if key := cty.StringVal(name); d.v.HasIndex(key).True() {
			return d.v.Index(key)
		}
	}
	return cty.NullVal(cty.DynamicPseudoType)
}

// has tells whether an attribute is declared and known.
func (d values) has(name string) bool {
	v := d.get(name)
	return !v.IsNull() && v.IsKnown()
}

func (d values) text(name string) string { return textOf(d.get(name)) }

func textOf(v cty.Value) string {
	if v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
		return ""
	}
	return v.AsString()
}

// flag returns a bool, or what holds where it is not declared.
func (d values) flag(name string, otherwise bool) bool {
	v := d.get(name)
	if v.IsNull() || !v.IsKnown() || v.Type() != cty.Bool {
		return otherwise
	}
	return v.True()
}

// maybe returns a bool, or nil where it is not declared.
func (d values) maybe(name string) *bool {
	if !d.has(name) {
		return nil
	}
	flag := d.flag(name, false)
	return &flag
}

func (d values) number(name string) (float64, bool) {
	v := d.get(name)
	if v.IsNull() || !v.IsKnown() || v.Type() != cty.Number {
		return 0, false
	}
	f, _ := v.AsBigFloat().Float64()
	return f, true
}

// list returns strings; nil where it is not declared, else not nil. Elements that are not known are left out.
func (d values) list(name string) []string {
	elements := d.elements(name)
	if elements == nil {
		return nil
	}
	out := []string{}
	for _, e := range elements {
		if !e.IsNull() && e.IsKnown() && e.Type() == cty.String {
			out = append(out, e.AsString())
		}
	}
	return out
}

func (d values) elements(name string) []cty.Value {
	v := d.get(name)
	if v.IsNull() || !v.IsKnown() || !v.CanIterateElements() || v.Type().IsMapType() || v.Type().IsObjectType() {
		return nil
	}
	out := []cty.Value{}
	for it := v.ElementIterator(); it.Next(); {
		_, e := it.Element()
		out = append(out, e)
	}
	return out
}

// mapping returns a map of strings without what is null or not known; nil where it is not declared.
func (d values) mapping(name string) map[string]string {
	v := d.get(name)
	if v.IsNull() || !v.IsKnown() || !v.CanIterateElements() {
		return nil
	}
	out := map[string]string{}
	for it := v.ElementIterator(); it.Next(); {
		k, e := it.Element()
		if k.Type() == cty.String && !e.IsNull() && e.IsKnown() && e.Type() == cty.String {
			out[k.AsString()] = e.AsString()
		}
	}
	return out
}

// blocks returns nested blocks, in their order.
func (d values) blocks(name string) []values {
	var out []values
	for _, e := range d.elements(name) {
		if !e.IsNull() && e.IsKnown() {
			out = append(out, values{e})
		}
	}
	return out
}

// block returns a single nested block; a list of one counts.
func (d values) block(name string) (values, bool) {
	v := d.get(name)
	if v.IsNull() || !v.IsKnown() {
		return values{}, false
	}
	if v.Type().IsObjectType() {
		return values{v}, true
	}
	if list := d.blocks(name); len(list) > 0 {
		return list[0], true
	}
	return values{}, false
}

// target is what is known of a referenced object.
type target struct {
	Address, Kind, Name, ID, Ref string
}

// engineName is what other objects of the engine name it by.
func (r target) engineName() string {
	if r.Ref != "" {
		return r.Ref
	}
	return r.Name
}

// ref returns a reference, or false where there is none.
func (d values) ref(name string) (target, bool) { return refOf(d.get(name)) }

func refOf(v cty.Value) (target, bool) {
	if v.IsNull() || !v.IsKnown() || !provider.IsRef(v.Type()) {
		return target{}, false
	}
	r := values{v}
	return target{
		Address: r.text("address"), Kind: r.text("kind"), Name: r.text("name"), ID: r.text("id"), Ref: r.text("ref"),
	}, true
}

// The other way: plain values as cty.

func stringList(list []string) cty.Value {
	if len(list) == 0 {
		return cty.ListValEmpty(cty.String)
	}
	out := make([]cty.Value, len(list))
	for i, s := range list {
		out[i] = cty.StringVal(s)
	}
	return cty.ListVal(out)
}

func stringMap(m map[string]string) cty.Value {
	if len(m) == 0 {
		return cty.MapValEmpty(cty.String)
	}
	out := map[string]cty.Value{}
	for k, s := range m {
		out[k] = cty.StringVal(s)
	}
	return cty.MapVal(out)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
