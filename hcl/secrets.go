package hcl

import (
	"slices"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/dindctl/dindctl/internal/mask"
	"github.com/dindctl/dindctl/provider"
)

// watched is a function that tells what it makes of something sensitive: within a larger
// text, nothing else would know of it.
func watched(name string, f function.Function, secrets *mask.Secrets) function.Function {
	spec := &function.Spec{
		Description: f.Description(), Params: withMarks(f.Params()),
		Type: f.ReturnTypeForValues,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			value, err := f.Call(args)
			switch {
			case err != nil:
			case name == "sensitive":
				secrets.Add(value)
			case name != "nonsensitive":
				secrets.Made(value)
			case provider.HasMarks(args[0]):
				secrets.Shown(args[0])
			}
			return value, err
		},
	}
	if more := f.VarParam(); more != nil {
		spec.VarParam = &withMarks([]function.Parameter{*more})[0]
	}
	return function.New(spec)
}

// withMarks are parameters that take values with their marks.
func withMarks(params []function.Parameter) []function.Parameter {
	params = slices.Clone(params)
	for i := range params {
		params[i].AllowMarked = true
	}
	return params
}
