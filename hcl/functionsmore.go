package hcl

import (
	"errors"
	"net/url"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"github.com/dindctl/dindctl/provider"
)

// terraformFunctions are those that cty's standard library lacks, or has otherwise,
// and that people know from Terraform. Their names and meanings are its.
func terraformFunctions() map[string]function.Function {
	return map[string]function.Function{
		"alltrue": truthFunction(true), "anytrue": truthFunction(false),
		"startswith":  testFunction("prefix", strings.HasPrefix),
		"endswith":    testFunction("suffix", strings.HasSuffix),
		"strcontains": testFunction("substr", strings.Contains),
		"urlencode":   textFunction(func(s string) (string, error) { return url.QueryEscape(s), nil }),
		"index":       indexFunction(), "length": lengthFunction(), "one": oneFunction(), "sum": sumFunction(),
		"issensitive": function.New(&function.Spec{
			Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowMarked: true, AllowUnknown: true, AllowNull: true, AllowDynamicType: true}},
			Type:   function.StaticReturnType(cty.Bool),
			Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
				return cty.BoolVal(args[0].HasMark(provider.Sensitive)), nil
			},
		}),
	}
}

func testFunction(second string, test func(text, part string) bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "text", Type: cty.String}, {Name: second, Type: cty.String}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.BoolVal(test(args[0].AsString(), args[1].AsString())), nil
		},
	})
}

// truthFunction tells of a list whether all are true, or any is. Null is not true.
func truthFunction(all bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.List(cty.Bool)}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			known := true
			for _, element := range args[0].AsValueSlice() {
				switch {
				case !element.IsKnown():
					known = false
				case (!element.IsNull() && element.True()) != all:
					return cty.BoolVal(!all), nil
				}
			}
			if !known {
				return cty.UnknownVal(cty.Bool), nil
			}
			return cty.BoolVal(all), nil
		},
	})
}

// lengthFunction counts elements, or the characters of a text.
func lengthFunction() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType, AllowUnknown: true, AllowDynamicType: true}},
		Type: func(args []cty.Value) (cty.Type, error) {
			t := args[0].Type()
			if t == cty.String || t == cty.DynamicPseudoType || t.IsTupleType() || t.IsObjectType() || t.IsCollectionType() {
				return cty.Number, nil
			}
			return cty.Number, function.NewArgErrorf(0, "it counts the elements of a list, a set, a map, or the characters of a text, and this is a %s", t.FriendlyName())
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			v := args[0]
			switch t := v.Type(); {
			case t.IsTupleType():
				return cty.NumberIntVal(int64(t.Length())), nil
			case t.IsObjectType():
				return cty.NumberIntVal(int64(len(t.AttributeTypes()))), nil
			case !v.IsKnown():
				return cty.UnknownVal(cty.Number), nil
			case t == cty.String:
				return stdlib.Strlen(v)
			}
			return v.Length(), nil
		},
	})
}

// indexFunction finds a value in a list.
func indexFunction() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}, {Name: "value", Type: cty.DynamicPseudoType}},
		Type: func(args []cty.Value) (cty.Type, error) {
			if t := args[0].Type(); !t.IsListType() && !t.IsTupleType() {
				return cty.Number, function.NewArgErrorf(0, "it has to be a list, and is a %s", t.FriendlyName())
			}
			return cty.Number, nil
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			for i, element := range args[0].AsValueSlice() {
				same, err := stdlib.Equal(element, args[1])
				switch {
				case err == nil && !same.IsKnown():
					return cty.UnknownVal(cty.Number), nil
				case err == nil && same.True():
					return cty.NumberIntVal(int64(i)), nil
				}
			}
			return cty.UnknownVal(cty.Number), errors.New("the list has no such element")
		},
	})
}

// oneFunction is the one element of a collection, null where there is none.
func oneFunction() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}},
		Type: func(args []cty.Value) (cty.Type, error) {
			switch t := args[0].Type(); {
			case t.IsListType(), t.IsSetType():
				return t.ElementType(), nil
			case t.IsTupleType() && t.Length() == 0:
				return cty.DynamicPseudoType, nil
			case t.IsTupleType() && t.Length() == 1:
				return t.TupleElementType(0), nil
			case t.IsTupleType():
				return cty.DynamicPseudoType, function.NewArgErrorf(0, "it has %d elements, and may have one or none", t.Length())
			default:
				return cty.DynamicPseudoType, function.NewArgErrorf(0, "it has to be a list, a set or a tuple, and is a %s", t.FriendlyName())
			}
		},
		Impl: func(args []cty.Value, t cty.Type) (cty.Value, error) {
			list := args[0].AsValueSlice()
			switch len(list) {
			case 0:
				return cty.NullVal(t), nil
			case 1:
				return list[0], nil
			}
			return cty.UnknownVal(t), function.NewArgErrorf(0, "it has %d elements, and may have one or none", len(list))
		},
	})
}

// sumFunction adds numbers.
func sumFunction() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}},
		Type:   function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if !args[0].CanIterateElements() || args[0].LengthInt() == 0 {
				return cty.UnknownVal(cty.Number), function.NewArgErrorf(0, "it has to be a list of numbers, with one at least")
			}
			sum := cty.Zero
			for it := args[0].ElementIterator(); it.Next(); {
				_, element := it.Element()
				number, err := convert.Convert(element, cty.Number)
				if err != nil || number.IsNull() {
					return cty.UnknownVal(cty.Number), function.NewArgErrorf(0, "it has to be a list of numbers")
				}
				sum = sum.Add(number)
			}
			return sum, nil
		},
	})
}
