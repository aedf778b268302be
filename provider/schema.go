package provider

import (
	"github.com/zclconf/go-cty/cty"
)

// Schema is what a provider adds to the nouns. The core's own attributes (see
// package config) are never in it.
type Schema struct {
	Nouns map[Kind]Body
}

// Body is the content of a block: arguments and nested blocks, each in the order of the documentation.
type Body struct {
	Attributes []Attribute
	Blocks     []Block
}

// Attribute is one argument. One table declares each; from it come the syntax,
// the documentation, the comparison and the plan.
type Attribute struct {
	Name string
	// Type is what expressions are converted to. [RefType] and collections of it
	// take references; cty.DynamicPseudoType takes anything.
	Type      cty.Type
	Required  bool
	Sensitive bool
	// Refs are the kinds that a reference may have; empty where the type takes none.
	Refs []Kind
	// Effect is how a change is made.
	Effect Effect
	// MinAPI is the lowest revision of the engine's interface that knows it, or empty.
	MinAPI string
	// Form says which values it takes, beyond its type.
	Form Form
	// Default says in words what holds where it is not declared.
	Default string
	// Doc is one or two sentences for the reference.
	Doc string
}

// Block is a nested block. All blocks may stand several times unless Single.
type Block struct {
	Name   string
	Single bool
	// Key is the argument by whose value changes tell several of them apart, as in
	// mount["/data"].read_only; where it is empty, a change shows them as one.
	Key  string
	Doc  string
	Body Body
}

// Attribute returns the argument called name, or false.
func (b Body) Attribute(name string) (Attribute, bool) {
	for _, a := range b.Attributes {
		if a.Name == name {
			return a, true
		}
	}
	return Attribute{}, false
}

// RefType is the type of every reference, for all nouns: what a noun does not
// have is null, what is not known yet is unknown.
func RefType() cty.Type { return refType }

//nolint:gochecknoglobals // a type, made once because references are compared with it everywhere; it never changes
var refType = cty.Object(map[string]cty.Type{
	"address":        cty.String,
	"kind":           cty.String,
	"name":           cty.String,
	"id":             cty.String,
	"ref":            cty.String,
	"endpoint":       cty.String,
	"version":        cty.String,
	"storage_driver": cty.String,
	"addresses":      cty.Map(cty.String),
	"ports":          cty.Map(cty.String),
	"stdout":         cty.String,
	"stderr":         cty.String,
	"exit_code":      cty.Number,
})

// Mark is the type of the marks that dindctl puts on values.
type Mark string

// Sensitive marks values that never reach a screen, a log, a plan file or a record.
const Sensitive Mark = "sensitive"

// HasMarks tells whether v or anything in it bears a mark. It copies nothing, so
// that the many values without marks need not be rebuilt to learn it.
func HasMarks(v cty.Value) bool {
	if v == cty.NilVal {
		return false
	}
	if v.IsMarked() {
		return true
	}
	t := v.Type()
	if t.IsPrimitiveType() || v.IsNull() || !v.IsKnown() {
		return false
	}
	if t.IsObjectType() {
		for name := range t.AttributeTypes() {
			if HasMarks(v.GetAttr(name)) {
				return true
			}
		}
		return false
	}
	if !v.CanIterateElements() {
		return false
	}
	for _, element := range v.Elements() {
		if HasMarks(element) {
			return true
		}
	}
	return false
}
