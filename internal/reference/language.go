package reference

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/provider"
)

// Language renders the page. Example returns the text of a section's example,
// empty where it has none.
func Language(schema provider.Schema, functions []string, example func(section string) string) string {
	p := &page{example: example}
	p.line(opening)
	p.heading(2, "Around the objects")
	for _, s := range around() {
		p.section(3, s)
	}
	p.heading(2, "In every block")
	p.line(everyBlock)
	for _, s := range metaArguments() {
		p.section(3, s)
	}
	p.references()
	p.heading(2, "Functions")
	p.line("Those of Terraform's that depend on nothing but their arguments and files beside the configuration; `env()` is not among them, so that a plan depends on files and variables alone.")
	p.line("`" + strings.Join(functions, "`, `") + "`.")
	p.heading(2, "Objects")
	p.line(objects)
	running := config.NounBody(provider.Container, schema)
	for _, kind := range provider.Kinds() {
		body := config.NounBody(kind, schema)
		if kind.Runs() && kind != provider.Container {
			body = beyond(body, running)
		}
		p.section(3, section{name: string(kind), text: nouns()[kind], body: body})
	}
	p.heading(2, "What Compose has and this language says otherwise")
	p.line(composeOpening)
	p.line("| Compose | here |\n| --- | --- |")
	for _, row := range composeNames() {
		p.row("`"+row[0]+"`", row[1])
	}
	return strings.TrimSpace(p.String()) + "\n"
}

// section is one block of the language.
type section struct {
	name string
	text string
	body provider.Body
}

// page is a page in the making.
type page struct {
	strings.Builder
	example func(section string) string
}

func (p *page) line(text string) { p.WriteString(strings.TrimSpace(text) + "\n\n") }

func (p *page) heading(level int, text string) {
	p.line(strings.Repeat("#", level) + " " + text)
}

func (p *page) row(cells ...string) {
	s := strings.TrimSuffix(p.String(), "\n\n")
	p.Reset()
	p.WriteString(s + "\n| " + strings.Join(cells, " | ") + " |\n\n")
}

func (p *page) section(level int, s section) {
	p.heading(level, s.name)
	p.line(s.text)
	if text := p.example(s.name); text != "" {
		p.line("```hcl\n" + strings.TrimSpace(text) + "\n```")
	}
	p.table(s.body.Attributes)
	for _, b := range s.body.Blocks {
		p.block(s.name+" . ", b)
	}
}

// block is a nested block with those in it.
func (p *page) block(prefix string, b provider.Block) {
	p.heading(4, prefix+b.Name)
	times := "It may stand several times."
	if b.Single {
		times = "It stands once."
	}
	p.line(b.Doc + " " + times)
	p.table(b.Body.Attributes)
	for _, inner := range b.Body.Blocks {
		p.block(prefix+b.Name+" . ", inner)
	}
}

// table lists arguments by name, what is required first.
func (p *page) table(attributes []provider.Attribute) {
	if len(attributes) == 0 {
		return
	}
	attributes = slices.Clone(attributes)
	slices.SortStableFunc(attributes, func(a, b provider.Attribute) int {
		if a.Required != b.Required {
			if a.Required {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	rows := [][]string{{"argument", "takes", "default", "a change", "what it is"}}
	for _, a := range attributes {
		fallback := a.Default
		if a.Required {
			fallback = "(required)"
		}
		doc := a.Doc
		if a.MinAPI != "" {
			doc += " Since API " + a.MinAPI + "."
		}
		rows = append(rows, []string{"`" + a.Name + "`", takes(a), fallback, change(a), doc})
	}
	p.cells(rows)
}

// cells writes a table without the columns in which nothing stands.
func (p *page) cells(rows [][]string) {
	var out strings.Builder
	for i, row := range rows {
		var cells []string
		for column, cell := range row {
			if slices.ContainsFunc(rows[1:], func(r []string) bool { return r[column] != "" }) {
				cells = append(cells, strings.ReplaceAll(cell, "|", `\|`))
			}
		}
		fmt.Fprintf(&out, "| %s |\n", strings.Join(cells, " | "))
		if i == 0 {
			out.WriteString(strings.Repeat("| --- ", len(cells)) + "|\n")
		}
	}
	p.line(out.String())
}

func change(a provider.Attribute) string {
	switch a.Effect {
	case provider.Live:
		return "live"
	case provider.Replace:
		return "replaces"
	}
	return ""
}

// takes says what values an argument has.
func takes(a provider.Attribute) string {
	form := config.FormWords(a.Form)
	kind := kindsOf(a)
	switch t := a.Type; {
	case t == cty.DynamicPseudoType && kind != "" && form != "":
		return form + ", or " + kind
	case t == cty.DynamicPseudoType && kind != "":
		return "text, or " + kind
	case kind != "" && t.IsListType():
		return "list: " + kind
	case kind != "":
		return kind
	case a.Form.Kind == provider.FormLimits:
		return "map of limits"
	case form != "" && t.IsListType():
		return "list; each " + form
	case form != "" && t.IsMapType():
		return "map; each value " + form
	case form != "":
		return form
	}
	return typeWords(a.Type)
}

func typeWords(t cty.Type) string {
	switch {
	case t == cty.String:
		return "text"
	case t == cty.Number:
		return "number"
	case t == cty.Bool:
		return "true or false"
	case t == cty.List(cty.String):
		return "list of texts"
	case t == cty.Map(cty.String):
		return "map of texts"
	case t == cty.DynamicPseudoType:
		return "any value"
	}
	return t.FriendlyName()
}

// kindsOf are the nouns that an argument refers to.
func kindsOf(a provider.Attribute) string {
	if len(a.Refs) == 0 {
		return ""
	}
	if len(a.Refs) == len(provider.Kinds()) {
		return "any block"
	}
	var words []string
	for _, kind := range a.Refs {
		words = append(words, string(kind))
	}
	if len(words) == 1 {
		return words[0] + " block"
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1] + " block"
}

// beyond is what a body has that another has not.
func beyond(body, other provider.Body) provider.Body {
	var out provider.Body
	for _, a := range body.Attributes {
		if _, known := other.Attribute(a.Name); !known {
			out.Attributes = append(out.Attributes, a)
		}
	}
	for _, b := range body.Blocks {
		if !slices.ContainsFunc(other.Blocks, func(o provider.Block) bool { return o.Name == b.Name }) {
			out.Blocks = append(out.Blocks, b)
		}
	}
	return out
}

// references says what the name of a block evaluates to.
func (p *page) references() {
	p.heading(2, "References")
	p.line(referenceText)
	if text := p.example("references"); text != "" {
		p.line("```hcl\n" + strings.TrimSpace(text) + "\n```")
	}
	p.line("| word | known before apply | which blocks have it |\n| --- | --- | --- |")
	words := provider.RefType().AttributeTypes()
	names := make([]string, 0, len(words))
	for name := range words {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		known := "no"
		if slices.Contains([]string{"address", "kind", "name"}, name) {
			known = "yes"
		}
		var kinds []string
		for _, kind := range provider.Kinds() {
			if config.Exports(kind, name) {
				kinds = append(kinds, string(kind))
			}
		}
		which := strings.Join(kinds, ", ")
		if len(kinds) == len(provider.Kinds()) {
			which = "all"
		}
		p.row("`"+name+"`", known, which)
	}
}

// Section is what an example is demanded for.
type Section struct {
	Name string
	// Arguments are those that the example has to use: of what no table of the
	// program declares, since only an example that is accepted proves the page right.
	Arguments []string
}

// Sections lists the sections of the page.
func Sections() []Section {
	var out []Section
	for _, s := range append(around(), metaArguments()...) {
		out = append(out, Section{Name: s.name, Arguments: namesIn(s.body)})
	}
	out = append(out, Section{Name: "references"})
	for _, kind := range provider.Kinds() {
		out = append(out, Section{Name: string(kind)})
	}
	return out
}

// namesIn are the names of arguments and blocks, however deep.
func namesIn(body provider.Body) []string {
	var out []string
	for _, a := range body.Attributes {
		out = append(out, a.Name)
	}
	for _, b := range body.Blocks {
		out = append(append(out, b.Name), namesIn(b.Body)...)
	}
	return out
}
