package hcl

import (
	"errors"
	"fmt"
	"sync/atomic"

	hcl2 "github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// What expressions may make: so much in one evaluation of the configuration, so
// much in one value, and numbers of so many bits.
const (
	maxMade   = 32 << 20
	maxWeight = 8 << 20
	maxBits   = 64 << 10
	// perPart is about what a value takes beside its text.
	perPart = 64
)

// budget is what is left for an evaluation to make. Small texts can make large
// ones, and loops in loops run very long; both end when nothing is left.
type budget struct {
	made atomic.Int64
	told atomic.Bool
}

// reset begins a new evaluation.
func (b *budget) reset() {
	b.made.Store(0)
	b.told.Store(false)
}

// spend takes n from what is left and tells whether there was as much.
func (b *budget) spend(n int) bool { return b.made.Add(int64(n)) <= maxMade }

// size is about how many bytes it takes to write a value, at most a little more
// than limit. Values share their parts, so that a small one may be long to write.
func size(v cty.Value, limit int) int {
	v, _ = v.Unmark()
	switch t := v.Type(); {
	case v == cty.NilVal || !v.IsKnown() || v.IsNull():
		return perPart
	case t == cty.String:
		return perPart + len(v.AsString())
	case t == cty.Number:
		bits := v.AsBigFloat().MantExp(nil)
		return perPart + max(bits, -bits)/3
	case t.IsCapsuleType() || !v.CanIterateElements():
		return perPart
	}
	sum := perPart
	if v.Type().IsObjectType() || v.Type().IsMapType() {
		for key, element := range v.AsValueMap() {
			if sum += len(key) + size(element, limit-sum); sum > limit {
				break
			}
		}
		return sum
	}
	for _, element := range v.AsValueSlice() {
		if sum += size(element, limit-sum); sum > limit {
			break
		}
	}
	return sum
}

// tooMuch is the problem of an expression that makes more than is allowed.
func tooMuch(at hcl2.Range) *hcl2.Diagnostic {
	return &hcl2.Diagnostic{
		Severity: hcl2.DiagError, Summary: "Expression that makes too much", Subject: &at,
		Detail: fmt.Sprintf("All expressions together may make %d MiB, and one value %d MiB. Something here grows beyond that.", maxMade>>20, maxWeight>>20),
	}
}

// counted is an expression that spends. It is a pair of parentheses around the
// original, so that whoever walks the tree finds that.
type counted struct {
	*hclsyntax.ParenthesesExpr
	budget *budget
}

// Value evaluates the expression, if there is something left to spend.
func (c *counted) Value(context *hcl2.EvalContext) (cty.Value, hcl2.Diagnostics) {
	if c.budget.spend(perPart) {
		value, diags := c.Expression.Value(context)
		if diags.HasErrors() || c.budget.spend(size(value, maxWeight)) {
			return value, diags
		}
	}
	if c.budget.told.Swap(true) {
		return cty.DynamicVal, nil
	}
	return cty.DynamicVal, hcl2.Diagnostics{tooMuch(c.Range())}
}

// count makes the loops and templates of a body spend, and refuses numbers that
// are long to write.
func (b *budget) count(node hclsyntax.Node) hcl2.Diagnostics {
	return hclsyntax.VisitAll(node, func(node hclsyntax.Node) hcl2.Diagnostics {
		switch e := node.(type) {
		case *hclsyntax.ForExpr:
			e.CollExpr, e.KeyExpr, e.ValExpr = b.wrap(e.CollExpr), b.wrap(e.KeyExpr), b.wrap(e.ValExpr)
		case *hclsyntax.TemplateExpr:
			if len(e.Parts) > 1 {
				for i := range e.Parts {
					e.Parts[i] = b.wrap(e.Parts[i])
				}
			}
		case *hclsyntax.BinaryOpExpr:
			if e.Op == hclsyntax.OpDivide || e.Op == hclsyntax.OpModulo {
				e.Op = notByZero(e.Op)
			}
		case *hclsyntax.LiteralValueExpr:
			if e.Val.Type() == cty.Number && size(e.Val, maxBits) > maxBits {
				e.Val = cty.UnknownVal(cty.Number)
				return hcl2.Diagnostics{tooMuch(e.Range())}
			}
		}
		return nil
	})
}

func (b *budget) wrap(e hclsyntax.Expression) hclsyntax.Expression {
	switch e.(type) {
	case nil, *hclsyntax.LiteralValueExpr, *counted:
		return e
	}
	return &counted{&hclsyntax.ParenthesesExpr{Expression: e, SrcRange: e.Range()}, b}
}

// notByZero refuses a division by zero, whose result would be an infinite number
// that nothing takes and nobody would find the place of.
func notByZero(op *hclsyntax.Operation) *hclsyntax.Operation {
	return &hclsyntax.Operation{Type: op.Type, Impl: function.New(&function.Spec{
		Params: op.Impl.Params(), Type: function.StaticReturnType(op.Type),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if args[1].RawEquals(cty.Zero) {
				return cty.UnknownVal(op.Type), errors.New("a number cannot be divided by zero")
			}
			return op.Impl.Call(args)
		},
	})}
}

// cheap is how many bytes a function reads at the price of one that it makes.
const cheap = 8

var errNothingLeft = fmt.Errorf("all expressions together may make %d MiB, and nothing is left", maxMade>>20)

// limit makes a function refuse what is too much, and spend what it makes.
func (b *budget) limit(name string, f function.Function) function.Function {
	spec := &function.Spec{
		Description: f.Description(), Params: looser(f.Params()), VarParam: f.VarParam(),
		Type: func(args []cty.Value) (cty.Type, error) {
			args, err := asLists(name, f, args)
			if err != nil {
				return cty.DynamicPseudoType, err
			}
			return f.ReturnTypeForValues(args)
		},
		Impl: func(args []cty.Value, t cty.Type) (cty.Value, error) {
			if b.told.Load() && !b.spend(0) { // said once, and what follows from it is not known
				return cty.UnknownVal(t), nil
			}
			args, err := asLists(name, f, args)
			if err != nil {
				return cty.DynamicVal, err
			}
			sum := 0
			for _, arg := range args {
				if sum += size(arg, maxWeight-sum); sum > maxWeight {
					return cty.DynamicVal, fmt.Errorf("it is given more than %d MiB", maxWeight>>20)
				}
			}
			if !b.spend(sum / cheap) {
				b.told.Store(true)
				return cty.DynamicVal, errNothingLeft
			}
			if made := estimate(name, args); made > maxWeight {
				return cty.DynamicVal, fmt.Errorf("it would make more than %d MiB", maxWeight>>20)
			}
			value, err := f.Call(args)
			if err == nil && !b.spend(size(value, maxWeight)) {
				b.told.Store(true)
				return cty.DynamicVal, errNothingLeft
			}
			return value, err
		},
	}
	return function.New(spec)
}
