package hcl

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	hcl2 "github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/dynblock"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// body is a [config.Body]: the inside of a block, dynamic blocks included.
type body struct {
	of        hcl2.Body
	functions map[string]function.Function
	schemas   *schemas
}

func (b *body) References(schema provider.Body) []config.Reference {
	return references(b.schemas.walk(dynblock.WalkVariables(b.of), schema))
}

func (s *schemas) walk(node dynblock.WalkVariablesNode, schema provider.Body) []hcl2.Traversal {
	traversals, children := node.Visit(s.of(schema))
	for _, child := range children {
		for _, block := range schema.Blocks {
			if block.Name == child.BlockTypeName {
				traversals = append(traversals, s.walk(child.Node, block.Body)...)
			}
		}
	}
	return traversals
}

func (b *body) Decode(schema provider.Body, scope map[string]cty.Value) (cty.Value, config.Places, diag.List) {
	d := decoder{
		schemas: b.schemas,
		context: &hcl2.EvalContext{Variables: scope, Functions: b.functions},
		ranges:  config.Places{},
	}
	value := d.body(dynblock.Expand(b.of, d.context), schema, "")
	return value, d.ranges, d.problems
}

// schemas remembers what the parser has to know of bodies, by their first argument:
// the bodies of one kind of block share their arguments.
type schemas struct{ known sync.Map }

func (s *schemas) of(body provider.Body) *hcl2.BodySchema {
	if len(body.Attributes) == 0 {
		return bodySchema(body)
	}
	type key struct {
		first            *provider.Attribute
		arguments, inner int
	}
	k := key{&body.Attributes[0], len(body.Attributes), len(body.Blocks)}
	if known, found := s.known.Load(k); found {
		if schema, is := known.(*hcl2.BodySchema); is {
			return schema
		}
	}
	schema := bodySchema(body)
	s.known.Store(k, schema)
	return schema
}

// bodySchema is what the parser has to know of a body.
func bodySchema(schema provider.Body) *hcl2.BodySchema {
	out := &hcl2.BodySchema{}
	for _, a := range schema.Attributes {
		out.Attributes = append(out.Attributes, hcl2.AttributeSchema{Name: a.Name, Required: a.Required})
	}
	for _, b := range schema.Blocks {
		out.Blocks = append(out.Blocks, hcl2.BlockHeaderSchema{Type: b.Name})
	}
	return out
}

// decoder evaluates one block with everything in it.
type decoder struct {
	schemas  *schemas
	context  *hcl2.EvalContext
	ranges   config.Places
	problems diag.List
}

func (d *decoder) body(of hcl2.Body, schema provider.Body, prefix string) cty.Value {
	content, diags := of.Content(d.schemas.of(schema))
	d.problems = append(d.problems, convertAll(firstOf(diags))...)
	// Of its many arguments a block has few: those that are not there are left out.
	// What is in a list has them all, because a list is of one type.
	whole := prefix != ""
	values := map[string]cty.Value{}
	for _, a := range schema.Attributes {
		if whole {
			values[a.Name] = cty.NullVal(a.Type)
		}
		if attribute, found := content.Attributes[a.Name]; found {
			values[a.Name] = d.attribute(attribute, a, prefix+a.Name)
		}
	}
	blocks := content.Blocks.ByType()
	for _, b := range schema.Blocks {
		if !whole && len(blocks[b.Name]) == 0 {
			continue
		}
		values[b.Name] = d.blocks(blocks[b.Name], b, prefix+b.Name)
	}
	return cty.ObjectVal(values)
}

// maxOfBody is how many problems of one body are told.
const maxOfBody = 1000

// firstOf are the first of many problems, by their places.
func firstOf(diags hcl2.Diagnostics) hcl2.Diagnostics {
	if len(diags) <= maxOfBody {
		return diags
	}
	out := slices.DeleteFunc(slices.Clone(diags), func(d *hcl2.Diagnostic) bool { return d.Subject == nil })
	slices.SortStableFunc(out, func(a, b *hcl2.Diagnostic) int { return a.Subject.Start.Byte - b.Subject.Start.Byte })
	return out[:min(len(out), maxOfBody)]
}

func (d *decoder) blocks(given hcl2.Blocks, schema provider.Block, path string) cty.Value {
	if !schema.Single {
		return d.repeated(given, schema, path)
	}
	if len(given) == 0 {
		return cty.NullVal(bodyType(schema.Body))
	}
	if len(given) > 1 {
		d.problems = append(d.problems, problem("duplicate-block", "Duplicate block", given[1].DefRange,
			"There can be one %s block here, and one stands at %s:%d.", schema.Name, given[0].DefRange.Filename, given[0].DefRange.Start.Line))
	}
	d.checkDynamic(given[0], schema.Name)
	d.ranges[path] = rangeOf(given[0].DefRange)
	return d.body(given[0].Body, schema.Body, path+".")
}

// checkDynamic refuses a dynamic block of which nobody knows how often it stands.
func (d *decoder) checkDynamic(block *hcl2.Block, name string) {
	if of, is := block.Body.(interface{ Unknown() bool }); is && of.Unknown() {
		d.problems = append(d.problems, problem("unknown-value", "Value that is not known in time", block.DefRange,
			"How many %s blocks there are is known only after something was applied, and the plan shows them. Use values in for_each that are known before.", name))
	}
}

func (d *decoder) repeated(given hcl2.Blocks, schema provider.Block, path string) cty.Value {
	if len(given) == 0 {
		return cty.NullVal(cty.List(bodyType(schema.Body)))
	}
	values := make([]cty.Value, len(given))
	same := true
	for i, block := range given {
		d.checkDynamic(block, schema.Name)
		at := fmt.Sprintf("%s[%d]", path, i)
		d.ranges[at] = rangeOf(block.DefRange)
		values[i] = d.body(block.Body, schema.Body, at+".")
		same = same && values[i].Type().Equals(values[0].Type())
	}
	if same {
		return cty.ListVal(values)
	}
	return cty.TupleVal(values) // arguments of any type have several
}

// bodyType is the type of what a body decodes to.
func bodyType(schema provider.Body) cty.Type {
	types := map[string]cty.Type{}
	for _, a := range schema.Attributes {
		types[a.Name] = a.Type
	}
	for _, b := range schema.Blocks {
		types[b.Name] = bodyType(b.Body)
		if !b.Single {
			types[b.Name] = cty.List(types[b.Name])
		}
	}
	return cty.Object(types)
}

func (d *decoder) attribute(given *hcl2.Attribute, schema provider.Attribute, path string) cty.Value {
	d.ranges[path] = rangeOf(given.Range)
	value, diags := given.Expr.Value(d.context)
	d.problems = append(d.problems, convertAll(diags)...)
	if diags.HasErrors() {
		return cty.UnknownVal(schema.Type)
	}
	if len(schema.Refs) > 0 && schema.Type.IsListType() {
		value = flatReferences(value)
	}
	if provider.IsRef(schema.Type) && !schema.Required && value.IsNull() {
		d.checkEnabled(given)
	}
	converted, err := convert.Convert(value, schema.Type)
	if err != nil {
		d.problems = append(d.problems, wrongType(given, schema, value, err))
		return cty.UnknownVal(schema.Type)
	}
	if at, key, known := unknownKey(value.Type(), schema.Type); key != "" {
		p := problem("unknown-argument", "Unsupported argument", given.Expr.Range(), "%s%s has no %q. It takes %s.", schema.Name, at, key, strings.Join(known, " and "))
		p.Context = rangeOf(given.Range)
		d.problems = append(d.problems, p)
	}
	if schema.Sensitive {
		converted = converted.Mark(provider.Sensitive)
	}
	return converted
}

// unknownKey finds a key of an object that the type it becomes does not have, and that
// the conversion would leave out without a word: where it is, and what there may be.
func unknownKey(got, want cty.Type) (at, key string, known []string) {
	switch {
	case provider.IsRef(want):
		return "", "", nil
	case want.IsCollectionType():
		for _, e := range elementTypes(got) {
			if at, key, known := unknownKey(e.typ, want.ElementType()); key != "" {
				return e.at + at, key, known
			}
		}
	case want.IsObjectType() && got.IsObjectType():
		for _, name := range slices.Sorted(maps.Keys(got.AttributeTypes())) {
			if !want.HasAttribute(name) {
				return "", name, slices.Sorted(maps.Keys(want.AttributeTypes()))
			}
		}
	}
	return "", "", nil
}

// elementType is the type of an element, and where that is.
type elementType struct {
	at  string
	typ cty.Type
}

// elementTypes are those of a value of a type that may become a collection.
func elementTypes(of cty.Type) []elementType {
	var out []elementType
	switch {
	case of.IsTupleType():
		for i, typ := range of.TupleElementTypes() {
			out = append(out, elementType{fmt.Sprintf("[%d]", i), typ})
		}
	case of.IsObjectType():
		for _, name := range slices.Sorted(maps.Keys(of.AttributeTypes())) {
			out = append(out, elementType{fmt.Sprintf("[%q]", name), of.AttributeType(name)})
		}
	case of.IsCollectionType():
		out = append(out, elementType{"", of.ElementType()})
	}
	return out
}

// checkEnabled refuses to take a block that is not enabled for no block: what is
// meant for a daemon would be made on the root engine.
func (d *decoder) checkEnabled(given *hcl2.Attribute) {
	t, diags := hcl2.AbsTraversalForExpr(given.Expr)
	if diags.HasErrors() || !slices.Contains(provider.Kinds(), provider.Kind(t.RootName())) {
		return
	}
	d.problems = append(d.problems, problem("not-enabled", "Reference to something that is not enabled", given.Expr.Range(),
		"%s is not enabled. Give this block the same enabled, or write a condition, such as VALUE ? %s : null, if it can do without.",
		traversalText(t), traversalText(t)))
}

// flatReferences makes one list of references in lists, maps and objects, as
// blocks with instances stand for; what is not enabled, and null therefore, is
// left out. Everything else is left as it is.
func flatReferences(value cty.Value) cty.Value {
	plain, marks := value.Unmark()
	if plain.IsNull() || !plain.IsKnown() || !plain.CanIterateElements() || provider.IsRef(plain.Type()) {
		return value
	}
	var out []cty.Value
	var gather func(v cty.Value) bool
	gather = func(v cty.Value) bool {
		v, _ = v.Unmark()
		switch {
		case provider.IsRef(v.Type()):
			if v.IsKnown() && !v.IsNull() {
				out = append(out, v)
			}
			return v.IsKnown()
		case v.IsNull():
			return v.Type() == cty.DynamicPseudoType
		case !v.IsKnown() || !v.CanIterateElements():
			return false
		}
		for it := v.ElementIterator(); it.Next(); {
			if _, element := it.Element(); !gather(element) {
				return false
			}
		}
		return true
	}
	switch all := gather(plain); {
	case !all:
		return value
	case len(out) == 0:
		return cty.ListValEmpty(provider.RefType()).WithMarks(marks)
	}
	return cty.ListVal(out).WithMarks(marks)
}

func wrongType(given *hcl2.Attribute, schema provider.Attribute, value cty.Value, err error) diag.Problem {
	at := ""
	if path := (cty.PathError{}); errors.As(err, &path) {
		at = pathText(path.Path)
	}
	p := problem("wrong-type", "Wrong type of value", given.Expr.Range(), "%s%s takes %s; %s.", schema.Name, at, typeWords(schema), err.Error())
	p.Context = rangeOf(given.Range)
	if len(schema.Refs) == 0 {
		return p
	}
	example := string(schema.Refs[0]) + ".NAME"
	plain, _ := value.Unmark()
	switch {
	case schema.Type.IsListType() && provider.IsRef(plain.Type()):
		p.Detail = fmt.Sprintf("%s takes a list of references. Put brackets around it: [%s].", schema.Name, example)
	case schema.Type.IsListType():
		p.Detail = fmt.Sprintf("%s takes a list of references, such as [%s], without quotes.", schema.Name, example)
	default:
		p.Detail = fmt.Sprintf("%s takes a reference, such as %s, without quotes.", schema.Name, example)
	}
	return p
}

func typeWords(schema provider.Attribute) string {
	switch t := schema.Type; {
	case t == cty.List(cty.String):
		return "a list of texts"
	case t == cty.Map(cty.String):
		return "a map of texts"
	case t == cty.String:
		return "text"
	case t == cty.Bool:
		return "true or false"
	default:
		if t.IsObjectType() {
			return "an object"
		}
		return "a " + t.FriendlyNameForConstraint()
	}
}

func pathText(path cty.Path) string {
	var b strings.Builder
	for _, step := range path {
		switch step := step.(type) {
		case cty.GetAttrStep:
			b.WriteString("." + step.Name)
		case cty.IndexStep:
			b.WriteString("[" + show(step.Key) + "]")
		}
	}
	return b.String()
}
