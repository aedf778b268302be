package hcl

import (
	"fmt"
	"regexp"

	hcl2 "github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/provider"
)

// rootSchema is what stands at the top of a file.
func rootSchema() *hcl2.BodySchema {
	out := &hcl2.BodySchema{Blocks: []hcl2.BlockHeaderSchema{
		{Type: "project"},
		{Type: "variable", LabelNames: []string{"name"}},
		{Type: "locals"},
		{Type: "output", LabelNames: []string{"name"}},
		{Type: "module", LabelNames: []string{"name"}},
		{Type: "provider", LabelNames: []string{"name"}},
		{Type: "check", LabelNames: []string{"name"}},
		{Type: "moved"},
	}}
	for _, kind := range provider.Kinds() {
		out.Blocks = append(out.Blocks, hcl2.BlockHeaderSchema{Type: string(kind), LabelNames: []string{"label"}})
	}
	return out
}

// maxBlocks bounds the outermost blocks of all files, those of modules each time
// that they are used.
const maxBlocks = 12_000

// content takes in one file.
func (l *loader) content(of hcl2.Body) {
	content, diags := of.Content(rootSchema())
	l.report(convertAll(diags)...)
	for _, block := range content.Blocks {
		if l.over() {
			return
		}
		if l.blocks++; l.blocks > maxBlocks {
			if l.blocks == maxBlocks+1 {
				l.report(problem("too-many", "Too many blocks", block.DefRange, "A configuration can have %d blocks in all, and this is one more. Divide it over several projects.", maxBlocks))
			}
			l.cfg.Partial = true
			break
		}
		switch block.Type {
		case "project":
			l.addProject(block)
		case "variable":
			l.addVariable(block)
		case "locals":
			l.addLocals(block)
		case "output":
			l.addOutput(block)
		case "module":
			l.addModule(block)
		case "provider":
			l.addProvider(block)
		case "check":
			l.addCheck(block)
		case "moved":
			l.addMoved(block)
		default:
			l.addNoun(block)
		}
	}
}

func (l *loader) addProject(block *hcl2.Block) {
	if l.inModule(block) {
		return
	}
	if l.projectBlock != nil {
		l.report(problem("duplicate-block", "Duplicate block", block.DefRange, "A configuration has one project block, and one stands at %s.", at(l.projectBlock.DefRange)))
		return
	}
	l.projectBlock = block
}

func at(r hcl2.Range) string { return fmt.Sprintf("%s:%d", r.Filename, r.Start.Line) }

// declared tells whether a name was declared before, and says so.
func (l *loader) declared(what string, name string, where hcl2.Range) bool {
	key := what + " " + name
	if first, twice := l.unit.names[key]; twice {
		l.report(problem("duplicate-block", "Duplicate declaration", where, "The %s %q is declared already, at %s. Give one of them another name.", what, name, at(first)))
		return true
	}
	l.unit.names[key] = where
	return false
}

// addNoun takes in an image, a network, and so on.
func (l *loader) addNoun(block *hcl2.Block) {
	label := block.Labels[0]
	if !validLabel.MatchString(label) {
		l.report(problem("invalid-name", "Invalid label", block.LabelRanges[0],
			labelRule, label))
		return
	}
	if l.declared(block.Type, label, block.DefRange) {
		return
	}
	meta, rest := l.meta(block.Body, true)
	l.unit.module.Blocks = append(l.unit.module.Blocks, &config.Block{
		Kind: provider.Kind(block.Type), Label: label, Meta: meta,
		Body:   &body{of: rest, functions: l.functions, schemas: l.schemas},
		Header: rangeOf(block.DefRange), Close: rangeOf(closeOf(block)),
	})
}

const labelRule = "The label %q becomes part of names. It begins with a letter, has letters, digits, dashes and underscores alone, and 100 of them at most."

var validLabel = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,99}$`)

// closeOf is the block's closing brace; its header in JSON.
func closeOf(block *hcl2.Block) hcl2.Range {
	native, ok := block.Body.(*hclsyntax.Body)
	if !ok {
		return block.DefRange
	}
	end := native.EndRange
	if end.Empty() && end.End.Column > 1 { // it is the place behind the brace
		end.Start.Column--
		end.Start.Byte--
	}
	return end
}

func (l *loader) addLocals(block *hcl2.Block) {
	attributes, diags := block.Body.JustAttributes()
	l.report(convertAll(diags)...)
	for _, a := range sortedAttributes(attributes) {
		if !l.declared("local value", a.Name, a.NameRange) {
			l.unit.module.Locals = append(l.unit.module.Locals, config.Local{Name: a.Name, Value: expr{a.Expr, l.functions}, Range: rangeOf(a.Range)})
		}
	}
}

func (l *loader) addOutput(block *hcl2.Block) {
	content, diags := block.Body.Content(&hcl2.BodySchema{Attributes: []hcl2.AttributeSchema{
		{Name: "value", Required: true}, {Name: "description"}, {Name: "sensitive"}, {Name: "depends_on"},
	}})
	l.report(convertAll(diags)...)
	name := block.Labels[0]
	if !l.checkIdentifier(block) || l.declared("output", name, block.DefRange) {
		return
	}
	out := config.Output{Name: name, Range: rangeOf(block.DefRange)}
	out.Description = l.constantText(content.Attributes["description"])
	out.Sensitive = l.constantFlag(content.Attributes["sensitive"], false)
	if value := content.Attributes["value"]; value != nil {
		out.Value = expr{value.Expr, l.functions}
	}
	if a := content.Attributes["depends_on"]; a != nil {
		out.DependsOn = l.dependsOn(a)
	}
	l.unit.module.Outputs = append(l.unit.module.Outputs, out)
}

func (l *loader) checkIdentifier(block *hcl2.Block) bool {
	if hclsyntax.ValidIdentifier(block.Labels[0]) {
		return true
	}
	l.report(problem("invalid-name", "Invalid name", block.LabelRanges[0],
		"The name %q cannot be used in expressions. It begins with a letter and has letters, digits, dashes and underscores alone.", block.Labels[0]))
	return false
}

// constant evaluates what may refer to nothing; null where it does not stand or is wrong.
func (l *loader) constant(a *hcl2.Attribute, want cty.Type) cty.Value {
	if a == nil {
		return cty.NullVal(want)
	}
	value, diags := a.Expr.Value(nil)
	l.report(convertAll(diags)...)
	if diags.HasErrors() || !value.IsWhollyKnown() { // unknown: the parser said what is wrong
		return cty.NullVal(want)
	}
	converted, err := convert.Convert(value, want)
	if err != nil {
		l.report(wrongType(a, provider.Attribute{Name: a.Name, Type: want}, value, err))
		return cty.NullVal(want)
	}
	return converted
}

func (l *loader) constantText(a *hcl2.Attribute) string {
	if value := l.constant(a, cty.String); !value.IsNull() {
		return value.AsString()
	}
	return ""
}

func (l *loader) constantFlag(a *hcl2.Attribute, otherwise bool) bool {
	if value := l.constant(a, cty.Bool); !value.IsNull() {
		return value.True()
	}
	return otherwise
}
