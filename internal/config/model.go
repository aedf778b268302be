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
	"github.com/dindctl/dindctl/internal/mask"
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
	// Context pins the engine's context, Host its endpoint; both may be empty, and
	// one of them is.
	Context, Host string
	// Origin is "machine:path": the machine's id and Path.
	Origin string
	// HashContext returns the hash of what an image's build context holds (absolute
	// directory, Dockerfile relative to it; empty for the default). It may be nil:
	// then build.inputs stays null.
	HashContext func(dir, dockerfile string) (string, error)
	// ReadFile reads a file of the machine that the configuration is on, by its
	// absolute path. It may be nil: then files of variables are taken as empty.
	ReadFile func(path string) (content []byte, exists bool, err error)

	// Partial says that something could not be read at all, so that what seems to be
	// missing may stand there: nothing is to be concluded from what is missing.
	Partial bool

	// Secrets is told what is sensitive, whenever something is evaluated. It may be nil.
	Secrets *mask.Secrets
	// Begin is called when everything is evaluated anew; it may be nil.
	Begin func()
	// Interrupted tells whether the run was asked to end, by an error, as the method
	// Err of a context does. [Expand] asks between its steps; it may be nil.
	Interrupted func() error

	Variables []Variable
	Locals    []Local
	Outputs   []Output
	Blocks    []*Block
	Calls     []*ModuleCall
	Checks    []Check
	Moved     []Moved
	// Refused is that of the outermost module.
	Refused []string
	// Names are names that objects keep until they are made anew, by address: of
	// moved ones, which an engine cannot rename. They hold where the block says
	// none, and are set once it was observed.
	Names map[string]string
	// Commands stand in place of the command argument of the jobs with these
	// addresses, for one run by request.
	Commands map[string][]string
	// Self is the container that this process runs in, where it is one of the root
	// engine's; nil where it is in none, or nobody knows.
	Self *Self
	// Inputs are the values given to variables, by name, already converted from
	// flags, files and the environment, in rising order of precedence applied.
	Inputs map[string]cty.Value
}

// Known is what is known of existing objects, by address.
type Known map[string]Knowledge

// Knowledge is what references to one object can be evaluated to.
type Knowledge struct {
	provider.Values
	// Details are those of the root engine's facts; nil for everything else.
	Details map[string]string
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
	// root engine. It is a daemon that runs in a container, or has an endpoint.
	Inside string
	// Declared is the whole object value, implied parts included.
	Declared cty.Value
	// Deps are the addresses that must be there before, sorted. They include
	// Inside. A reference to a block with several instances means all of them here.
	Deps []string
	// Uses are those of Deps that the declared value refers to, sorted; nil where
	// that is not known.
	Uses []string
	// Lifecycle is what the block says of changes.
	Lifecycle Lifecycle
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
	// Moves say which addresses are meant by records under others, in the order of the files.
	Moves []Move
	// WantsOutput are the addresses of jobs whose stdout or stderr is referenced, sorted.
	WantsOutput []string
	// Withheld are errors about words of objects that are there and cannot be given, each
	// with the address of what asks for it: an object, or an output.
	Withheld diag.List

	schema provider.Schema
	// sensitive are the values of variables and locals that are sensitive.
	sensitive []cty.Value
	// state is what Declaration evaluates again; nil in a value built by hand.
	state *state
}

// OutputValue is an evaluated output.
type OutputValue struct {
	Name      string
	Value     cty.Value // unmarked; unknown where not known yet
	Sensitive bool
}
