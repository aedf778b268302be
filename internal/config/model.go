// Package config is the typed model of a configuration: blocks with bodies and
// expressions that somebody else parsed, and what becomes of them once they are
// evaluated. It knows no syntax: package hcl implements [Body] and [Expr].
//
// [Expand] turns a [Config] into [Expanded]: every instance of every block,
// evaluated as far as possible with what is [Known] of the objects that exist,
// in topological order, together with the objects that the configuration
// implies without a block (a project's default network, a daemon's data volume).
package config

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// Config is a loaded configuration, not yet evaluated.
type Config struct {
	// Project is the project's name; Derived says that it was made from the name
	// of the file or directory, so that it holds for objects of Origin alone.
	Project string
	Derived bool
	// Path is the absolute path of the file or directory; Dir the directory that
	// relative paths are relative to.
	Path, Dir string
	// Context pins the engine's context; may be empty.
	Context string
	// Origin is "machine:path": the machine's id and Path.
	Origin string
	// HashContext returns the hash of what an image's build context holds (absolute
	// directory, Dockerfile relative to it; empty for the default). It may be nil:
	// then build.inputs stays null.
	HashContext func(dir, dockerfile string) (string, error)

	Variables []Variable
	Locals    []Local
	Outputs   []Output
	Blocks    []*Block
	// Inputs are the values given to variables, by name, already converted from
	// flags, files and the environment, in rising order of precedence applied.
	Inputs map[string]cty.Value
}

// Variable is an input of the configuration.
type Variable struct {
	Name        string
	Description string
	Type        cty.Type // cty.DynamicPseudoType when not declared
	Default     cty.Value
	HasDefault  bool
	Sensitive   bool
	Nullable    bool
	Range       diag.Range
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
	Range       diag.Range
}

// Block is one noun block.
type Block struct {
	Kind  provider.Kind
	Label string
	Body  Body
	// Header is the range of the block's first line, Close that of its closing brace.
	Header, Close diag.Range
}

// Address is kind and label: "daemon.dind".
func (b *Block) Address() string { return string(b.Kind) + "." + b.Label }

// Reference is one use of a name: "daemon.dind.endpoint" is root "daemon",
// name "dind".
type Reference struct {
	// Root is the first word. Name is empty where the whole of it is meant, as in
	// "[for d in daemon : d.name]".
	Root, Name string
	// Attr is the word after the name, empty where the whole object is meant.
	Attr  string
	Range diag.Range
}

// Expr is an expression.
type Expr interface {
	References() []Reference
	// Value evaluates it. Scope maps root names ("var", "daemon") to objects. What
	// is wrong is returned as problems beside an unknown value.
	Value(scope map[string]cty.Value) (cty.Value, diag.List)
	Range() diag.Range
}

// Body is the inside of a block.
type Body interface {
	// References are all names used in what the schema declares.
	References(schema provider.Body) []Reference
	// Decode evaluates the body to an object value with one attribute for each
	// attribute and block of the schema: null where it does not stand, a list of
	// objects for a block (an object or null for a single one). It reports
	// everything that is wrong at once.
	Decode(schema provider.Body, scope map[string]cty.Value) (cty.Value, diag.List)
	// RangeOf returns where an attribute stands: "image", "mount[1].source"; the
	// block's header where it does not stand.
	RangeOf(path string) diag.Range
}

// Known is what is known of existing objects, by address.
type Known map[string]Knowledge

// Knowledge is what references to one object can be evaluated to.
type Knowledge struct {
	provider.Values
	// Pending says that the object will be made anew: everything but address,
	// kind and name is unknown.
	Pending bool
}

// Instance is one object that the configuration wants.
type Instance struct {
	Address string
	Kind    provider.Kind
	Label   string
	// Name is the object's name on its engine.
	Name string
	// Inside is the address of the daemon that it is placed in; empty for the
	// root engine. It is always a daemon that runs in a container.
	Inside string
	// Declared is the whole object value, implied parts included.
	Declared cty.Value
	// Deps are the addresses that must be there before, sorted. They include Inside.
	Deps []string
	// Implied says that no block of its own stands for it.
	Implied bool
	// Logical says that no object stands for it: a daemon with socket or endpoint.
	Logical bool
	// ImageRef is the image string wanted, "" where a reference stands (then
	// ImageAddress is set) or the noun has no image.
	ImageRef, ImageAddress string
	// Header and Close are the block's first line and closing brace; of the
	// block that implies it, for an implied one.
	Header, Close diag.Range
	// RangeOf finds an attribute's place; never nil.
	RangeOf func(path string) diag.Range
	// Provides are the addresses of implied objects that belong to it.
	Provides []string
}

// Expanded is an evaluated configuration.
type Expanded struct {
	Config *Config
	// Instances are in topological order; among equals, by address.
	Instances []Instance
	// Outputs are evaluated as far as known, in the order of their names.
	Outputs []OutputValue
	// WantsOutput are the addresses of jobs whose stdout or stderr is referenced, sorted.
	WantsOutput []string

	schema provider.Schema
	// state is what Declaration evaluates again; nil in a value built by hand.
	state *state
}

// OutputValue is an evaluated output.
type OutputValue struct {
	Name      string
	Value     cty.Value // unmarked; unknown where not known yet
	Sensitive bool
}
