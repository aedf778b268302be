package hcl

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	hcl2 "github.com/hashicorp/hcl/v2"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// Modules are followed to a depth, and so many in all: a module that is used
// twice by one that is used twice would soon be a million.
const (
	maxModuleDepth = 20
	maxModules     = 1000
)

// inModule refuses what only the configuration itself can have.
func (l *loader) inModule(block *hcl2.Block) bool {
	if l.unit.outer == nil {
		return false
	}
	l.report(problem("not-in-module", "Block that a module cannot have", block.DefRange,
		"A %s block speaks of the whole configuration, and this file is part of a module. Move it to the configuration that uses the module.", block.Type))
	return true
}

// addModule takes in a module block and the directory that it names.
func (l *loader) addModule(block *hcl2.Block) {
	name := block.Labels[0]
	if !validLabel.MatchString(name) {
		l.report(problem("invalid-name", "Invalid label", block.LabelRanges[0],
			labelRule, name))
		return
	}
	if l.declared("module", name, block.DefRange) {
		return
	}
	meta, rest := l.meta(block.Body, false)
	content, rest, diags := rest.PartialContent(&hcl2.BodySchema{Attributes: []hcl2.AttributeSchema{{Name: "source", Required: true}}})
	l.report(convertAll(diags)...)
	attributes, diags := rest.JustAttributes()
	l.report(convertAll(diags)...)
	call := &config.ModuleCall{
		Name: name, Meta: meta, Inputs: map[string]config.Expr{},
		Header: rangeOf(block.DefRange), Close: rangeOf(closeOf(block)),
	}
	for _, a := range sortedAttributes(attributes) {
		call.Inputs[a.Name] = expr{a.Expr, l.functions}
	}
	a := content.Attributes["source"]
	if call.Content = l.source(block, a); call.Content == nil {
		l.unit.module.Refused = append(l.unit.module.Refused, "module."+name)
		return
	}
	l.unit.module.Calls = append(l.unit.module.Calls, call)
}

// source reads what a module block is made of; nil where that is not possible.
func (l *loader) source(block *hcl2.Block, a *hcl2.Attribute) *config.Module {
	source := l.constantText(a)
	if source == "" {
		if a != nil {
			l.sourceNeeded(a)
		}
		return nil
	}
	if strings.HasPrefix(source, "./") || strings.HasPrefix(source, "../") || source == "." || source == ".." || filepath.IsAbs(source) {
		return l.loadModule(block, a, source)
	}
	example := "./" + source
	if strings.Contains(source, ":") {
		example = "./" + block.Labels[0] // an address of the network
	}
	l.report(problem("invalid-path", "Source of a module that is no local directory", a.Expr.Range(),
		"A module's source is a directory beside this file, such as %q. dindctl downloads no modules.", example))
	return nil
}

// sourceNeeded says so where the source is null or empty and nothing was said yet.
func (l *loader) sourceNeeded(a *hcl2.Attribute) {
	at := rangeOf(a.Expr.Range())
	if slices.ContainsFunc(l.problems, func(p diag.Problem) bool {
		return p.Subject.File == at.File && p.Subject.Start.Byte >= at.Start.Byte && p.Subject.End.Byte <= at.End.Byte
	}) {
		return
	}
	l.report(problem("invalid-value", "Invalid value", a.Expr.Range(), "The source is empty. It is a directory beside this file, such as \"./modules/web\"."))
}

// loadModule reads the directory of a module; nil where that is not possible.
func (l *loader) loadModule(block *hcl2.Block, a *hcl2.Attribute, source string) *config.Module {
	dir, shown := inside(l.unit.module.Dir, source), filepath.Join(l.unit.shown, source)
	if filepath.IsAbs(source) {
		shown = filepath.Clean(source)
	}
	depth := 1
	actual := realDir(dir)
	for u := l.unit; u != nil; u = u.outer {
		if realDir(u.module.Dir) == actual {
			return l.refuse(a, "cycle", "Module that contains itself", "The module %q is made of %s, which this file is part of, so that there would be no end. Use another directory.", block.Labels[0], dir)
		}
		depth++
	}
	if l.modules++; depth > maxModuleDepth || l.modules > maxModules {
		if l.modules > maxModules+1 && depth <= maxModuleDepth {
			return nil // said once
		}
		return l.refuse(a, "too-many", "Too many modules", "Modules can be nested %d deep, and there can be %d in all.", maxModuleDepth, maxModules)
	}
	info, err := os.Stat(dir)
	switch {
	case err != nil && os.IsNotExist(err):
		return l.refuse(a, "unreadable-file", "Module that cannot be read", "There is no directory %s.", dir)
	case err != nil:
		return l.refuse(a, "unreadable-file", "Module that cannot be read", "Reading %s: %v.", dir, err)
	case !info.IsDir():
		return l.refuse(a, "unreadable-file", "Module that cannot be read", "%s is a file, and a module is a directory.", dir)
	}
	files := l.list(dir, shown, isConfiguration)
	if len(files) == 0 {
		return l.refuse(a, "unreadable-file", "Module that cannot be read", "The directory %s has no *.hcl or *.hcl.json file.", dir)
	}
	outer := l.unit
	l.unit = newUnit(dir, shown)
	l.unit.outer = outer
	l.take(files)
	module := l.unit.module
	l.unit = outer
	return module
}

// refuse says what is wrong with the source of a module.
func (l *loader) refuse(a *hcl2.Attribute, code, summary, format string, args ...any) *config.Module {
	l.report(problem(code, summary, a.Expr.Range(), format, args...))
	return nil
}

// realDir is a directory without links, so that a loop is seen.
func realDir(dir string) string {
	if actual, err := filepath.EvalSymlinks(dir); err == nil {
		return actual
	}
	return dir
}

// addCheck takes in a check block.
func (l *loader) addCheck(block *hcl2.Block) {
	content, diags := block.Body.Content(&hcl2.BodySchema{Blocks: []hcl2.BlockHeaderSchema{{Type: "assert"}}})
	l.report(convertAll(diags)...)
	if !l.checkIdentifier(block) || l.declared("check", block.Labels[0], block.DefRange) {
		return
	}
	if len(content.Blocks) == 0 && !diags.HasErrors() {
		l.report(problem("missing-argument", "Missing argument", block.DefRange, "A check needs an assert block, with condition and error_message."))
	}
	c := config.Check{Name: block.Labels[0], Range: rangeOf(block.DefRange)}
	for _, b := range content.Blocks {
		if r, ok := l.rule(b); ok {
			c.Asserts = append(c.Asserts, config.Rule{Condition: expr{r.condition, l.functions}, Message: expr{r.message, l.functions}})
		}
	}
	l.unit.module.Checks = append(l.unit.module.Checks, c)
}

// maxMoved bounds the moved blocks of all files: each is compared with each.
const maxMoved = 1000

// addMoved takes in a moved block.
func (l *loader) addMoved(block *hcl2.Block) {
	content, diags := block.Body.Content(&hcl2.BodySchema{Attributes: []hcl2.AttributeSchema{
		{Name: "from", Required: true}, {Name: "to", Required: true},
	}})
	l.report(convertAll(diags)...)
	from, to := l.target(content.Attributes["from"]), l.target(content.Attributes["to"])
	if l.moved++; l.moved > maxMoved {
		if l.moved == maxMoved+1 {
			l.report(problem("too-many", "Too many blocks", block.DefRange, "A configuration can have %d moved blocks in all. Those that were applied everywhere can go.", maxMoved))
		}
		return
	}
	if from.Address != "" && to.Address != "" {
		l.unit.module.Moved = append(l.unit.module.Moved, config.Moved{From: from, To: to, Range: rangeOf(block.DefRange)})
	}
}

const targetRule = "It is the address of a block, an instance or a module, such as container.web, container.web[\"a\"] or module.x, without quotes."

func (l *loader) target(a *hcl2.Attribute) config.Target {
	if a == nil {
		return config.Target{}
	}
	t, ok := l.traversal(a.Expr, a.Name+" takes an address. "+targetRule)
	if !ok {
		return config.Target{}
	}
	out := config.Target{Address: addressOf(t), Range: rangeOf(a.Expr.Range())}
	kind, ok := targetKind(t)
	if !ok {
		l.report(problem("invalid-value", "Invalid address", a.Expr.Range(), "%q is no address. %s", out.Address, targetRule))
		return config.Target{}
	}
	out.Kind = kind
	return out
}

func (l *loader) addProvider(block *hcl2.Block) {
	if l.inModule(block) {
		return
	}
	name := block.Labels[0]
	if l.declared("provider", name, block.DefRange) {
		return
	}
	if l.providers == nil {
		l.providers = map[string]*hcl2.Block{}
	}
	l.providers[name] = block
}

// targetKind tells whether a traversal is an address, and of what kind of noun;
// of none for a module.
func targetKind(t hcl2.Traversal) (provider.Kind, bool) {
	names, ok := words(t)
	for ok && len(names) > 1 && names[0] == "module" {
		names = names[2:]
	}
	if ok && len(names) == 0 {
		return "", true
	}
	if !ok || len(names) != 2 || !slices.Contains(provider.Kinds(), provider.Kind(names[0])) {
		return "", false
	}
	return provider.Kind(names[0]), true
}

// words are the names of a traversal. A key may stand behind each second one alone.
func words(t hcl2.Traversal) (out []string, ok bool) {
	keyed := false
	for _, step := range t {
		switch step := step.(type) {
		case hcl2.TraverseRoot:
			out, keyed = append(out, step.Name), false
		case hcl2.TraverseAttr:
			out, keyed = append(out, step.Name), false
		default:
			if len(out)%2 != 0 || keyed {
				return nil, false
			}
			keyed = true
		}
	}
	return out, true
}
