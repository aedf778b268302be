package config

import (
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// evaluation evaluates expressions with one state of knowledge. Local values,
// variables and outputs of modules are evaluated when they are first needed. It
// is for one goroutine.
type evaluation struct {
	s     *state
	known Known
	// values are those of locals, variables and outputs.
	values map[slot]cty.Value
	vars   map[*frame]cty.Value
	refs   map[string]cty.Value
	// blocks are the maps and lists of blocks with instances.
	blocks map[slot]cty.Value
	// problems are those of local values, each once.
	problems diag.List
	// withheld are what the expressions that were evaluated since it was emptied ask for
	// and nobody can give; behind are those of values.
	withheld diag.List
	behind   map[slot]diag.List
}

// slot is a name in an instance of a module.
type slot struct {
	f *frame
	n *node
}

func (s *state) evaluation(known Known) *evaluation {
	if s.cfg.Begin != nil {
		s.cfg.Begin()
	}
	return &evaluation{
		s: s, known: known, values: map[slot]cty.Value{}, vars: map[*frame]cty.Value{},
		refs: map[string]cty.Value{}, blocks: map[slot]cty.Value{}, behind: map[slot]diag.List{},
	}
}

// scope is what an expression with these references is evaluated in.
func (e *evaluation) scope(f *frame, refs []Reference, k each) map[string]cty.Value {
	words := map[string]map[string]cty.Value{}
	scope := map[string]cty.Value{}
	for _, ref := range refs {
		switch {
		case ref.Root == "var" && f.parent == nil:
			scope["var"] = e.variables(f)
			continue
		case ref.Root == "each" && k.repeat == forEach:
			scope["each"] = cty.ObjectVal(map[string]cty.Value{"key": k.key, "value": k.value})
			continue
		case ref.Root == "count" && k.repeat == counted:
			scope["count"] = cty.ObjectVal(map[string]cty.Value{"index": k.key})
			continue
		case ref.Root == "path":
			scope["path"] = cty.ObjectVal(map[string]cty.Value{
				"root": cty.StringVal(e.s.cfg.Dir), "module": cty.StringVal(f.module.content.Dir),
			})
			continue
		case ref.Root == "module":
			if _, done := scope["module"]; !done {
				scope["module"] = e.modules(f, refs)
			}
			continue
		case ref.Root != "local" && ref.Root != "var" && !slices.Contains(provider.Kinds(), provider.Kind(ref.Root)):
			continue
		}
		if words[ref.Root] == nil {
			words[ref.Root] = map[string]cty.Value{}
		}
		e.fill(words[ref.Root], f, ref)
		e.noteWithheld(f, ref)
	}
	for root, names := range words {
		scope[root] = cty.ObjectVal(names)
	}
	return scope
}

// fill adds what a reference names, where it is declared.
func (e *evaluation) fill(names map[string]cty.Value, f *frame, ref Reference) {
	for _, n := range e.s.named(f.module, ref) {
		switch n.kind {
		case localNode:
			names[n.local.Name] = e.local(f, n)
		case variableNode:
			names[n.variable.Name] = e.variable(f, n)
		case nounNode:
			if _, begun := n.inFrame[f]; begun || ref.Name != "" || n.block == nil || !n.repeats() {
				names[n.word()] = e.block(f, n)
			}
		case callNode, outputNode:
		}
	}
}

// word is the label of a noun.
func (n *node) word() string {
	if n.block == nil {
		return "root"
	}
	return n.block.Label
}

// repeats tells whether the block may stand for another number of objects than one.
func (n *node) repeats() bool {
	return n.block.Meta.ForEach != nil || n.block.Meta.Count != nil || n.block.Meta.Enabled != nil
}

// block is what the name of a block evaluates to: a reference, a map or a list of
// them, null where it is not enabled.
func (e *evaluation) block(f *frame, n *node) cty.Value {
	if n.block == nil {
		return e.reference(rootDaemon)
	}
	objects, begun := n.inFrame[f]
	switch {
	case !begun && n.repeats(): // in a cycle
		return cty.DynamicVal
	case !begun:
		address := join(f.path, n.block.Address())
		return reference(n.block.Kind, address, e.s.cfg.Project+"-"+f.prefix+n.block.Label, e.known)
	case n.repeat == failed:
		return cty.DynamicVal
	case n.repeat == single && len(objects) == 0:
		return cty.NullVal(provider.RefType())
	case n.repeat == single:
		return e.reference(objects[0].address)
	}
	at := slot{f, n}
	if value, found := e.blocks[at]; found {
		return value
	}
	value := e.collection(n.repeat, objects)
	if n.ready {
		e.blocks[at] = value
	}
	return value
}

func (e *evaluation) collection(how repeat, objects []*noun) cty.Value {
	if how == counted {
		if len(objects) == 0 {
			return cty.ListValEmpty(provider.RefType())
		}
		list := make([]cty.Value, len(objects))
		for i, o := range objects {
			list[i] = e.reference(o.address)
		}
		return cty.ListVal(list)
	}
	if len(objects) == 0 {
		return cty.MapValEmpty(provider.RefType())
	}
	byKey := make(map[string]cty.Value, len(objects))
	for _, o := range objects {
		byKey[o.each.key.AsString()] = e.reference(o.address)
	}
	return cty.MapVal(byKey)
}

// local evaluates a local value once. In a cycle, which was reported, it is unknown.
func (e *evaluation) local(f *frame, n *node) cty.Value {
	at := slot{f, n}
	if value, done := e.again(at); done {
		return value
	}
	defer e.first(at)()
	e.values[at] = cty.DynamicVal
	value, problems := n.local.Value.Value(e.scope(f, n.refs, each{}))
	e.problems = append(e.problems, within(problems, join(f.path, "local."+n.local.Name))...)
	e.s.cfg.Secrets.Add(value)
	e.values[at] = value
	return value
}

// within puts an address on problems that have none.
func within(problems diag.List, address string) diag.List {
	for i := range problems {
		if problems[i].Address == "" {
			problems[i].Address = address
		}
	}
	return problems
}

func (e *evaluation) reference(address string) cty.Value {
	if value, done := e.refs[address]; done {
		return value
	}
	n := e.s.nouns[address]
	name := n.name
	if name == "" { // in a cycle
		name = e.s.cfg.Project + "-" + n.label
	}
	value := reference(n.kind, address, name, e.known)
	if n.logical && address != rootDaemon && !given(n.value, "endpoint") {
		value = e.asRoot(value)
	}
	e.refs[address] = value
	return value
}

// asRoot gives a daemon with a socket what is known of the root engine.
func (e *evaluation) asRoot(ref cty.Value) cty.Value {
	attributes := ref.AsValueMap()
	root := reference(provider.Daemon, rootDaemon, "root", e.known).AsValueMap()
	for _, word := range []string{"id", "ref", "endpoint", "version", "storage_driver", "addresses", "ports"} {
		attributes[word] = root[word]
	}
	return cty.ObjectVal(attributes)
}

// decode evaluates the body of a block.
func (e *evaluation) decode(n *noun) (cty.Value, Places, diag.List) {
	if n.block == nil {
		return cty.EmptyObjectVal, nil, nil
	}
	e.withheld = nil
	value, places, problems := n.block.Body.Decode(n.body, e.scope(n.frame, n.node.refs, n.each))
	e.s.cfg.Secrets.Add(value)
	if command, asked := e.s.cfg.Commands[n.address]; asked && !problems.HasErrors() {
		value = withCommand(value, command)
	}
	return value, places, within(e.s.explain(n.node, problems), n.address)
}

// withCommand puts other words in the place of a job's command.
func withCommand(value cty.Value, command []string) cty.Value {
	value, marks := value.Unmark()
	attributes := value.AsValueMap()
	if attributes == nil {
		attributes = map[string]cty.Value{}
	}
	words := make([]cty.Value, len(command))
	for i, word := range command {
		words[i] = cty.StringVal(word)
	}
	attributes["command"] = cty.ListVal(words)
	return cty.ObjectVal(attributes).WithMarks(marks)
}
