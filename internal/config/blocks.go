package config

import (
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// Module is what the files of one directory declare.
type Module struct {
	// Dir is the absolute path of the directory.
	Dir       string
	Variables []Variable
	Locals    []Local
	Outputs   []Output
	Blocks    []*Block
	Calls     []*ModuleCall
	Checks    []Check
	Moved     []Moved
	// Refused are addresses of blocks that stand there and could not be read, such
	// as "module.x": of references to them nothing is said.
	Refused []string
}

// root is the configuration as the outermost module.
func (c *Config) root() *Module {
	return &Module{
		Dir: c.Dir, Variables: c.Variables, Locals: c.Locals, Outputs: c.Outputs, Blocks: c.Blocks,
		Calls: c.Calls, Checks: c.Checks, Moved: c.Moved, Refused: c.Refused,
	}
}

// ModuleCall is a module block: the content of a directory with values for its
// variables.
type ModuleCall struct {
	Name    string
	Content *Module
	Meta    Meta
	// Inputs are the arguments, by the variable's name.
	Inputs        map[string]Expr
	Header, Close diag.Range
}

// Variable is an input of a module.
type Variable struct {
	Name        string
	Description string
	Type        cty.Type // cty.DynamicPseudoType when not declared
	Default     cty.Value
	HasDefault  bool
	Sensitive   bool
	Nullable    bool
	Range       diag.Range
	// Fit converts a value to the type, with the defaults of its optional
	// attributes; nil where the type has none.
	Fit func(cty.Value) (cty.Value, error)
	// Rules are what a value has to fulfil.
	Rules []Rule
}

// Rule is a condition with what is said where it does not hold.
type Rule struct {
	Condition, Message Expr
}

// Local is a named expression.
type Local struct {
	Name  string
	Value Expr
	Range diag.Range
}

// Output is a named result.
type Output struct {
	Name        string
	Description string
	Sensitive   bool
	Value       Expr
	DependsOn   []Reference
	Range       diag.Range
}

// Check is a check block: assertions whose failure is a warning.
type Check struct {
	Name    string
	Asserts []Rule
	Range   diag.Range
}

// Moved says that what was recorded under one address is now meant by another.
type Moved struct {
	From, To Target
	Range    diag.Range
}

// Target is the address of a block, an instance or a module, within one module:
// "container.a", `module.x["k"].container.a[0]`.
type Target struct {
	// Address is the address as it is written.
	Address string
	// Kind is the noun's kind; empty for a module.
	Kind  provider.Kind
	Range diag.Range
}

// Meta are the arguments that belong to the language and not to the noun. Those
// that do not stand are nil.
type Meta struct {
	ForEach, Count, Enabled Expr
	DependsOn               []Reference
	Lifecycle               Lifecycle
	Ignored                 []Ignored
	Triggers                []Trigger
}

// Ignored is an element of ignore_changes: the path of an argument or of a part of
// one, such as cpus, environment.LANG or mount["/data"].read_only.
type Ignored struct {
	Steps []Step
	Range diag.Range
}

// Step is one word of such a path: a name after a dot, or a key in brackets, which may
// be a number.
type Step struct {
	Name        string
	Key, Number bool
}

// Paths are the spellings that a change may have there: keys of maps stand after a dot.
func (i Ignored) Paths() []string {
	spell := func(key func(Step) string) string {
		var b strings.Builder
		for n, step := range i.Steps {
			switch {
			case n == 0:
				b.WriteString(step.Name)
			case step.Key:
				b.WriteString(key(step))
			default:
				b.WriteString("." + step.Name)
			}
		}
		return b.String()
	}
	bracketed := spell(func(s Step) string {
		if s.Number {
			return "[" + s.Name + "]"
		}
		return "[" + strconv.Quote(s.Name) + "]"
	})
	dotted := spell(func(s Step) string { return "." + s.Name })
	if dotted == bracketed {
		return []string{dotted}
	}
	return []string{bracketed, dotted}
}

// Lifecycle is what a block says of changes.
type Lifecycle struct {
	// PreventDestroy refuses every plan that removes or replaces the object.
	// PreventRange is where that stands.
	PreventDestroy bool
	PreventRange   diag.Range
	// IgnoreAll, or the paths of IgnoreChanges ("environment.LANG", "cpus", in each of
	// their spellings), are not heeded.
	IgnoreAll     bool
	IgnoreChanges []string
	// ReplacedBy is what the object is made anew with. It is empty in a block that
	// is not expanded yet.
	ReplacedBy []Watched
}

// Watched is an object, or one attribute of it, whose change replaces another object.
type Watched struct {
	Address string
	// Attribute is empty where every change counts.
	Attribute string
}

// Trigger is an element of replace_triggered_by.
type Trigger struct {
	Reference
	// Index is the expression between the brackets, where it is no constant; else nil.
	Index Expr
}

// Block is one noun block.
type Block struct {
	Kind  provider.Kind
	Label string
	Meta  Meta
	Body  Body
	// Header is the range of the block's first line, Close that of its closing brace.
	Header, Close diag.Range
}

// Address is kind and label: "daemon.dind".
func (b *Block) Address() string { return string(b.Kind) + "." + b.Label }

// Reference is one use of a name: "daemon.dind.endpoint" is root "daemon",
// name "dind", attribute "endpoint".
type Reference struct {
	// Root is the first word. Name is empty where the whole of it is meant, as in
	// "[for d in daemon : d.name]".
	Root, Name string
	// Key is the constant between brackets behind the name; cty.NilVal without one.
	Key cty.Value
	// Attr is the word after the name or the key, empty where the whole object is meant.
	Attr  string
	Range diag.Range
	// Whole says that all that is in a module is meant, as in depends_on.
	Whole bool
}

// Expr is an expression.
type Expr interface {
	References() []Reference
	// Value evaluates it. Scope maps root names ("var", "daemon") to objects. What
	// is wrong is returned as problems beside an unknown value.
	Value(scope map[string]cty.Value) (cty.Value, diag.List)
	Range() diag.Range
}

// Body is the inside of a block, without the arguments of [Meta].
type Body interface {
	// References are all names used in what the schema declares.
	References(schema provider.Body) []Reference
	// Decode evaluates the body to an object value with one attribute for each
	// attribute and block of the schema: null where it does not stand, a list of
	// objects for a block (an object or null for a single one). It reports
	// everything that is wrong at once.
	Decode(schema provider.Body, scope map[string]cty.Value) (cty.Value, Places, diag.List)
}

// Places are where the arguments of a body stand, by path: "image", "mount[1].source".
type Places map[string]diag.Range
