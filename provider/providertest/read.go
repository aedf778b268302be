package providertest

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// attribute returns an attribute without marks; null where there is none.
func attribute(v cty.Value, name string) cty.Value {
	if v == cty.NilVal {
		return cty.NullVal(cty.DynamicPseudoType)
	}
	v, _ = v.Unmark()
	if v.IsNull() || !v.IsKnown() || !v.Type().IsObjectType() || !v.Type().HasAttribute(name) {
		return cty.NullVal(cty.DynamicPseudoType)
	}
	out, _ := v.GetAttr(name).UnmarkDeep()
	return out
}

func text(v cty.Value, name string) string {
	a := attribute(v, name)
	if a.IsNull() || !a.IsKnown() || a.Type() != cty.String {
		return ""
	}
	return a.AsString()
}

// elements returns the elements of a list, set or tuple, none where it is not there.
func elements(v cty.Value) []cty.Value {
	if v.IsNull() || !v.IsKnown() || !v.CanIterateElements() {
		return nil
	}
	var out []cty.Value
	for it := v.ElementIterator(); it.Next(); {
		_, e := it.Element()
		out = append(out, e)
	}
	return out
}

func texts(v cty.Value, name string) []string {
	var out []string
	for _, e := range elements(attribute(v, name)) {
		if e.Type() == cty.String && e.IsKnown() && !e.IsNull() {
			out = append(out, e.AsString())
		}
	}
	return out
}

// refNames are the names of what an attribute refers to: one reference, or a list of them.
func refNames(v cty.Value, name string) []string {
	a := attribute(v, name)
	if a.IsNull() {
		return nil
	}
	if provider.IsRef(a.Type()) {
		return []string{text(a, "name")}
	}
	var out []string
	for _, e := range elements(a) {
		if provider.IsRef(e.Type()) && !e.IsNull() {
			out = append(out, text(e, "name"))
		}
	}
	return out
}

// imageOf is the name of the image of a declaration: a string or a reference.
func imageOf(v cty.Value) string {
	a := attribute(v, "image")
	switch {
	case a.IsNull() || !a.IsKnown():
		return ""
	case a.Type() == cty.String:
		return tagged(a.AsString())
	case provider.IsRef(a.Type()):
		return tagged(text(a, "name"))
	}
	return ""
}

// builtAs is the id of the image block that a declaration refers to; empty where
// that is not known, or no block is meant.
func builtAs(v cty.Value) string {
	return text(attribute(v, "image"), "id")
}

func viewsOf(v cty.Value) []provider.View {
	var out []provider.View
	for _, m := range elements(attribute(v, "mount")) {
		readOnly := attribute(m, "read_only")
		out = append(out, provider.View{
			Type: text(m, "type"), Source: text(m, "source"), Target: text(m, "target"), Subpath: text(m, "subpath"),
			ReadOnly: !readOnly.IsNull() && readOnly.True(),
		})
	}
	return out
}

func imageID(name string) string {
	sum := sha256.Sum256([]byte(tagged(name)))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// settled is a declared value as it is kept: without marks, references cut down to
// what they name.
func settled(v cty.Value) (cty.Value, error) {
	v, _ = v.Unmark()
	if v.IsNull() || !v.Type().IsObjectType() || provider.IsRef(v.Type()) {
		return withoutRefs(v)
	}
	all := v.AsValueMap()
	for name, part := range all {
		if part, _ = part.Unmark(); part.IsNull() || part.Type().IsPrimitiveType() {
			all[name] = part // most are not declared
			continue
		}
		var err error
		if all[name], err = withoutRefs(part); err != nil {
			return v, err
		}
	}
	return cty.ObjectVal(all), nil
}

func withoutRefs(v cty.Value) (cty.Value, error) {
	v, _ = v.UnmarkDeep()
	return cty.Transform(v, func(_ cty.Path, v cty.Value) (cty.Value, error) {
		if !provider.IsRef(v.Type()) || v.IsNull() {
			return v, nil
		}
		cut := map[string]cty.Value{}
		for name, t := range provider.RefType().AttributeTypes() {
			cut[name] = cty.NullVal(t)
		}
		for _, name := range []string{"address", "kind", "name"} {
			cut[name] = v.GetAttr(name)
		}
		return cty.ObjectVal(cut), nil
	})
}

// with returns an object value with one attribute changed or added.
func with(v cty.Value, name string, value cty.Value) cty.Value {
	all := map[string]cty.Value{}
	for key := range v.Type().AttributeTypes() {
		all[key] = v.GetAttr(key)
	}
	all[name] = value
	return cty.ObjectVal(all)
}
