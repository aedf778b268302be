package hcl

import (
	"slices"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
)

// What an expression writes between brackets is a tuple, and the conversion of a
// tuple to a list of any type compares the types of all elements with each other:
// ten thousand take seconds. A tuple whose elements have one type is a list of it,
// without comparing.

// ofAny tells whether a type is a collection of anything.
func ofAny(t cty.Type) bool { return t.IsCollectionType() && t.ElementType() == cty.DynamicPseudoType }

// looser are parameters that take tuples and objects as they are, where they would
// be converted to collections of anything.
func looser(params []function.Parameter) []function.Parameter {
	out := slices.Clone(params)
	for i := range out {
		if ofAny(out[i].Type) {
			out[i].Type = cty.DynamicPseudoType
		}
	}
	return out
}

// asLists are arguments, with lists in place of tuples and maps in place of objects
// where a function would convert them.
func asLists(name string, f function.Function, args []cty.Value) ([]cty.Value, error) {
	params := f.Params()
	out := slices.Clone(args)
	for i := range out {
		switch {
		case name == "tolist", name == "toset", name == "tomap", name == "setproduct":
			out[i] = asCollection(out[i])
		case i < len(params) && ofAny(params[i].Type):
			converted, err := convert.Convert(asCollection(out[i]), params[i].Type)
			if err != nil {
				return nil, function.NewArgError(i, err)
			}
			out[i] = converted
		}
	}
	return out, nil
}

// asCollection is a tuple or an object as a list or a map, where all its elements
// are of one type; else the value itself.
func asCollection(v cty.Value) cty.Value {
	plain, marks := v.Unmark()
	if plain.IsNull() || !plain.IsKnown() || !plain.Type().IsTupleType() && !plain.Type().IsObjectType() || plain.LengthInt() == 0 {
		return v
	}
	var first cty.Type
	for it := plain.ElementIterator(); it.Next(); {
		_, element := it.Element()
		if first == cty.NilType {
			first = element.Type()
		}
		if first == cty.DynamicPseudoType || !element.Type().Equals(first) {
			return v
		}
	}
	if plain.Type().IsTupleType() {
		return cty.ListVal(plain.AsValueSlice()).WithMarks(marks)
	}
	return cty.MapVal(plain.AsValueMap()).WithMarks(marks)
}
