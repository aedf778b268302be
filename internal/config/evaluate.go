package config

import (
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// evaluation evaluates expressions with one state of knowledge. Local values are
// evaluated when they are first needed. It is for one goroutine.
type evaluation struct {
	s      *state
	known  Known
	vars   cty.Value
	locals map[string]cty.Value
	refs   map[string]cty.Value
	// problems are those of local values, each once.
	problems diag.List
}

func (s *state) evaluation(known Known) *evaluation {
	return &evaluation{s: s, known: known, locals: map[string]cty.Value{}, refs: map[string]cty.Value{}}
}

// scope is what an expression with these references is evaluated in.
func (e *evaluation) scope(refs []Reference) map[string]cty.Value {
	words := map[string]map[string]cty.Value{}
	scope := map[string]cty.Value{}
	for _, ref := range refs {
		if ref.Root == "var" {
			scope["var"] = e.variables()
			continue
		}
		kind := provider.Kind(ref.Root)
		if ref.Root != "local" && !slices.Contains(provider.Kinds(), kind) {
			continue
		}
		if words[ref.Root] == nil {
			words[ref.Root] = map[string]cty.Value{}
		}
		e.fill(words[ref.Root], ref)
	}
	for root, names := range words {
		scope[root] = cty.ObjectVal(names)
	}
	return scope
}

// fill adds what a reference names, where it is declared.
func (e *evaluation) fill(names map[string]cty.Value, ref Reference) {
	if ref.Root != "local" {
		for _, address := range e.s.named(ref) {
			names[e.s.nouns[address].label] = e.reference(address)
		}
		return
	}
	for _, name := range e.s.localNames(ref) {
		if e.s.locals[name] != nil {
			names[name] = e.local(name)
		}
	}
}

func (e *evaluation) variables() cty.Value {
	if e.vars != cty.NilVal {
		return e.vars
	}
	values := map[string]cty.Value{}
	for name, v := range e.s.variables {
		value, found := e.s.cfg.Inputs[name]
		switch {
		case found:
		case v.HasDefault:
			value = v.Default
		default:
			value = cty.UnknownVal(v.Type)
		}
		if v.Sensitive {
			value = value.Mark(provider.Sensitive)
		}
		values[name] = value
	}
	e.vars = cty.ObjectVal(values)
	return e.vars
}

// local evaluates a local value once. In a cycle, which was reported, it is unknown.
func (e *evaluation) local(name string) cty.Value {
	if value, done := e.locals[name]; done {
		return value
	}
	e.locals[name] = cty.DynamicVal
	l := e.s.locals[name]
	value, problems := l.Value.Value(e.scope(l.refs))
	e.problems = append(e.problems, problems...)
	e.locals[name] = value
	return value
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
func (e *evaluation) decode(n *noun) (cty.Value, diag.List) {
	if n.block == nil {
		return nullObject(n.body), nil
	}
	value, problems := n.block.Body.Decode(n.body, e.scope(n.refs))
	for i := range problems {
		if problems[i].Address == "" {
			problems[i].Address = n.address
		}
	}
	return value, problems
}

// nullObject is a body in which nothing stands.
func nullObject(body provider.Body) cty.Value {
	attributes := map[string]cty.Value{}
	for _, a := range body.Attributes {
		attributes[a.Name] = cty.NullVal(a.Type)
	}
	for _, b := range body.Blocks {
		if b.Single {
			attributes[b.Name] = cty.NullVal(bodyType(b.Body))
		} else {
			attributes[b.Name] = cty.NullVal(cty.List(bodyType(b.Body)))
		}
	}
	return cty.ObjectVal(attributes)
}

// bodyType is the type of what a body decodes to.
func bodyType(body provider.Body) cty.Type {
	types := map[string]cty.Type{}
	for _, a := range body.Attributes {
		types[a.Name] = a.Type
	}
	for _, b := range body.Blocks {
		if b.Single {
			types[b.Name] = bodyType(b.Body)
		} else {
			types[b.Name] = cty.List(bodyType(b.Body))
		}
	}
	return cty.Object(types)
}
