package plugin_test

import (
	"testing"

	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/plugin"
)

// types draws types, at most depth levels deep.
func types(depth int) *rapid.Generator[cty.Type] {
	return rapid.Custom(func(t *rapid.T) cty.Type {
		leaves := []cty.Type{cty.String, cty.Number, cty.Bool, cty.DynamicPseudoType, provider.RefType()}
		kind := rapid.IntRange(0, 9).Draw(t, "kind")
		if depth == 0 || kind < len(leaves) {
			return leaves[kind%len(leaves)]
		}
		inner := func(name string) cty.Type { return types(depth-1).Draw(t, name) }
		switch kind {
		case 5:
			return cty.List(concrete(inner("element")))
		case 6:
			return cty.Map(concrete(inner("element")))
		case 7:
			return cty.Set(concrete(inner("element")))
		case 8:
			return cty.Tuple([]cty.Type{inner("first"), inner("second")})
		}
		return cty.Object(map[string]cty.Type{"a": inner("a"), "b": inner("b")})
	})
}

// concrete keeps elements of one type in one collection.
func concrete(t cty.Type) cty.Type {
	if t.HasDynamicTypes() {
		return cty.String
	}
	return t
}

func values(t *rapid.T, of cty.Type, depth int) cty.Value {
	v := plain(t, of, depth)
	if rapid.IntRange(0, 7).Draw(t, "mark") == 0 {
		return v.Mark(provider.Sensitive)
	}
	return v
}

func plain(t *rapid.T, of cty.Type, depth int) cty.Value {
	switch rapid.IntRange(0, 9).Draw(t, "state") {
	case 0:
		return cty.NullVal(of)
	case 1:
		return cty.UnknownVal(of)
	case 2:
		if of == cty.String {
			return cty.UnknownVal(of).RefineNotNull()
		}
	}
	length := rapid.IntRange(0, 3).Draw(t, "length")
	switch {
	case of == cty.String:
		return cty.StringVal(rapid.String().Draw(t, "string"))
	case of == cty.Number:
		return cty.MustParseNumberVal(rapid.SampledFrom([]string{"0", "-1", "0.1", "12345678901234567890123", "1e-20"}).Draw(t, "number"))
	case of == cty.Bool:
		return cty.BoolVal(rapid.Bool().Draw(t, "bool"))
	case of == cty.DynamicPseudoType:
		return plain(t, concrete(types(max(depth-1, 0)).Draw(t, "dynamic")), depth-1)
	case of.IsTupleType():
		var all []cty.Value
		for _, e := range of.TupleElementTypes() {
			all = append(all, values(t, e, depth-1))
		}
		return cty.TupleVal(all)
	case of.IsObjectType():
		all := map[string]cty.Value{}
		for name, a := range of.AttributeTypes() {
			all[name] = values(t, a, depth-1)
		}
		return cty.ObjectVal(all)
	}
	var all []cty.Value
	byKey := map[string]cty.Value{}
	for range length {
		v := values(t, of.ElementType(), depth-1)
		all = append(all, v)
		byKey[rapid.StringN(0, 5, -1).Draw(t, "key")] = v
	}
	switch {
	case of.IsMapType() && length > 0:
		return cty.MapVal(byKey)
	case of.IsMapType():
		return cty.MapValEmpty(of.ElementType())
	case of.IsSetType() && length > 0:
		return cty.SetVal(all)
	case of.IsSetType():
		return cty.SetValEmpty(of.ElementType())
	case length > 0:
		return cty.ListVal(all)
	}
	return cty.ListValEmpty(of.ElementType())
}

// Every value arrives as it was sent: its type, what is null, what is not known
// yet, and what is sensitive.
func TestValuesCross(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := values(t, types(3).Draw(t, "type"), 3)
		got, err := plugin.RoundTrip(v)
		if err != nil {
			t.Fatalf("%#v: %v", v, err)
		}
		if !got.RawEquals(v) {
			t.Fatalf("sent %#v\n got %#v", v, got)
		}
	})
}

// A value that is not there is something else than null.
func TestAbsentValueCrosses(t *testing.T) {
	t.Parallel()
	got, err := plugin.RoundTrip(cty.NilVal)
	if err != nil || got != cty.NilVal {
		t.Errorf("got %#v, %v", got, err)
	}
}

// A mark that the other side does not know is refused, not lost.
func TestForeignMarkIsRefused(t *testing.T) {
	t.Parallel()
	if got, err := plugin.RoundTrip(cty.StringVal("x").Mark("odd")); err == nil {
		t.Errorf("got %#v", got)
	}
}
