package config

import (
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// module is a [Module] at its place in the tree, before any for_each.
type module struct {
	content *Module
	path    string // "" for the root, "module.x.module.y"
	parent  *module
	call    *ModuleCall // nil for the root
	// frames are its instances, once they are known.
	frames    []*frame
	children  map[string]*module
	variables map[string]*node
	locals    map[string]*node
	outputs   map[string]*node
	blocks    map[string]*node           // by kind and label
	byKind    map[provider.Kind][]string // labels, sorted
}

// address is that of something in the module.
func (m *module) address(local string) string { return join(m.path, local) }

func join(path, local string) string {
	if path == "" {
		return local
	}
	return path + "." + local
}

// frame is one instance of a module: the place where its names have values.
type frame struct {
	module   *module
	path     string // "", `module.x["a"]`
	prefix   string // of names: "", "x-a-"
	parent   *frame
	each     each
	children map[string][]*frame // instances of each call, in the order of their keys
}

// each is what tells an instance from the others of its block.
type each struct {
	repeat repeat
	// key is the string or the number between the brackets; cty.NilVal where the
	// block stands for one object.
	key, value cty.Value
}

// repeat says how a block becomes objects.
type repeat int

const (
	single repeat = iota
	forEach
	counted
	failed // nobody knows: its for_each is wrong
)

// nodeKind says what a node stands for.
type nodeKind int

const (
	nounNode nodeKind = iota
	callNode
	localNode
	variableNode
	outputNode
)

// node is something that is named and refers to names, before any for_each.
// Edges run between nodes.
type node struct {
	// circular says that it needs itself over others, which was reported.
	circular bool
	kind     nodeKind
	address  string
	module   *module
	// names is the module in which its references are looked up: for a variable
	// the one that gives it its value.
	names *module
	refs  []Reference
	needs map[string]diag.Range // what it refers to, and where
	at    diag.Range

	block    *Block // of a noun; nil for what is there without one
	body     provider.Body
	call     *ModuleCall
	local    Local
	variable Variable
	output   Output

	repeat repeat
	// instances are all objects of a noun, in all frames, in order.
	instances []*noun
	inFrame   map[*frame][]*noun
	// off are the frames in which enabled is false.
	off map[*frame]bool
	// ready says that all instances are settled.
	ready bool
	// behind are the nouns that it needs, through other nodes too; nil until asked for.
	behind []*node
	asked  bool
	deps   []string
}

// newModule indexes a module and those within it. Of two with one name the first counts.
func (s *state) newModule(content *Module, path string, parent *module, call *ModuleCall) *module {
	m := &module{
		content: content, path: path, parent: parent, call: call, children: map[string]*module{},
		variables: map[string]*node{}, locals: map[string]*node{}, outputs: map[string]*node{},
		blocks: map[string]*node{}, byKind: map[provider.Kind][]string{},
	}
	s.modules = append(s.modules, m)
	for _, v := range content.Variables {
		n := &node{kind: variableNode, variable: v, at: v.Range, names: parent}
		if call != nil && call.Inputs[v.Name] != nil {
			n.refs, n.at = call.Inputs[v.Name].References(), call.Inputs[v.Name].Range()
		}
		s.addNode(m, m.variables, v.Name, "var."+v.Name, n)
	}
	for _, l := range content.Locals {
		s.addNode(m, m.locals, l.Name, "local."+l.Name, &node{kind: localNode, local: l, at: l.Range, refs: l.Value.References()})
	}
	for _, o := range content.Outputs {
		n := &node{kind: outputNode, output: o, at: o.Range, refs: slices.Clone(o.DependsOn)}
		if o.Value != nil {
			n.refs = append(n.refs, o.Value.References()...)
		}
		s.addNode(m, m.outputs, o.Name, "output."+o.Name, n)
	}
	for _, b := range content.Blocks {
		body := s.bodies[b.Kind]
		n := &node{kind: nounNode, block: b, body: body, at: b.Header, refs: append(b.Body.References(body), b.Meta.references()...)}
		if s.addNode(m, m.blocks, b.Address(), b.Address(), n) {
			m.byKind[b.Kind] = append(m.byKind[b.Kind], b.Label)
		}
	}
	for _, c := range content.Calls {
		n := &node{kind: callNode, call: c, at: c.Header, refs: c.Meta.references()}
		if s.addNode(m, map[string]*node{}, c.Name, "module."+c.Name, n) {
			m.children[c.Name] = s.newModule(c.Content, m.address("module."+c.Name), m, c)
		}
	}
	for _, labels := range m.byKind {
		slices.Sort(labels)
	}
	return m
}

// addNode takes in a node under a name that is new.
func (s *state) addNode(m *module, into map[string]*node, name, address string, n *node) bool {
	address = m.address(address)
	if s.nodes[address] != nil {
		return false
	}
	n.address, n.module = address, m
	if n.names == nil {
		n.names = m
	}
	into[name], s.nodes[address] = n, n
	return true
}

// references are those of the arguments of the language.
func (m Meta) references() []Reference {
	out := slices.Clone(m.DependsOn)
	for _, e := range []Expr{m.ForEach, m.Count, m.Enabled} {
		if e != nil {
			out = append(out, e.References()...)
		}
	}
	for _, t := range m.Triggers {
		ref := t.Reference
		if t.Index != nil {
			ref.Key = cty.StringVal("") // which one is said by an expression
		}
		ref.Attr = "" // checked with the arguments
		out = append(out, ref)
		if t.Index != nil {
			out = append(out, t.Index.References()...)
		}
	}
	return out
}

// node is the call's own node.
func (m *module) node(s *state) *node {
	if m.call == nil {
		return nil
	}
	return s.nodes[m.path]
}

// within are the module and all modules in it.
func (m *module) within() []*module {
	out := []*module{m}
	for _, name := range keys(m.children) {
		out = append(out, m.children[name].within()...)
	}
	return out
}
