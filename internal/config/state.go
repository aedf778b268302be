package config

import (
	"regexp"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/mount"
	"github.com/dindctl/dindctl/provider"
)

// state is what Expand found out about the configuration: every noun with its
// place, and what the references between them are. It is not changed after
// Expand, but for sent, so that declarations can be evaluated at any time.
type state struct {
	cfg   *Config
	known Known // what Expand knew
	// withheld are what nouns ask for and nobody can give.
	withheld diag.List
	bodies   map[provider.Kind]provider.Body
	// modules are all of them, the root first; nodes are by address, of all modules.
	modules []*module
	nodes   map[string]*node
	top     *frame
	// nouns are the objects, by address.
	nouns map[string]*noun
	// inOrder are the nouns as they were when they were last sorted.
	inOrder []*noun
	// reported are references that are wrong and said to be.
	reported reports
	// sent are the mounts as they are sent where a source is translated, by
	// address and target.
	sent map[string]map[string]mount.Mount
	// inherited are the mounts that each noun has for those that take them over
	// (volumes_from), once they are known: what is taken over twice at every step would
	// else be looked through a million times after twenty.
	inherited map[*noun][]effective
	// index finds the instance of an address.
	index map[string]int
	// count is how many objects and modules there are, up to maxInstances.
	count int
	// parts are how many elements the arguments have that were evaluated; see maxParts.
	parts int
	// crowded says that there are too many, and that this was said.
	crowded bool
	// compared are how many names wrong ones were compared with; see maxCompared.
	compared int
	// patterns are those of the schema's forms, compiled once.
	patterns map[string]*regexp.Regexp
}

// noun is one object: an instance of a block, or what is there without one.
type noun struct {
	block   *Block // nil: implied
	node    *node  // nil: implied
	frame   *frame
	each    each
	address string
	kind    provider.Kind
	label   string // with what comes before and behind it in names
	owner   *noun  // whose implied object it is; may be nil
	body    provider.Body
	value   cty.Value // the block, evaluated with what was known to Expand
	places  Places

	name     string
	external bool
	// logical says that no object stands for it: a daemon that exists already.
	logical bool
	// placed is the daemon that it was put inside, logical or not; inside is the
	// daemon in a container or elsewhere whose place it lives in, empty for the root engine.
	placed, inside string
	daemon         string // of a controller, and of a job under one
	controller     string // of a job
	joinsDefault   bool
	data, certs    string // volumes of a daemon
	reach          reach  // of a controller
	mounts         []effective
	mountProblems  diag.List // found on the way to mounts
	deps, uses     []string
	lifecycle      Lifecycle
}

// reach is how a controller gets to its daemon.
type reach struct {
	certs  string // volume of client certificates
	socket string // path of a socket on the controller's engine
	group  string // of that socket, by number; empty: none is needed
	cli    string // path of the host's docker CLI, where it is bound
	etc    string // the host's docker configuration, where it is bound
	// certificates is a directory of the controller's host, for an engine elsewhere.
	certificates string
}

// header is the block's first line; for an implied object that of the block behind it.
func (n *noun) header() diag.Range {
	switch {
	case n.block != nil:
		return n.block.Header
	case n.owner != nil:
		return n.owner.header()
	}
	return diag.Range{}
}

func (n *noun) end() diag.Range {
	switch {
	case n.block != nil:
		return n.block.Close
	case n.owner != nil:
		return n.owner.end()
	}
	return diag.Range{}
}

// rangeOf is where an argument stands, or what holds it; else the header.
func (n *noun) rangeOf(path string) diag.Range {
	for path != "" {
		if r, found := n.places[path]; found {
			return r
		}
		path = path[:max(strings.LastIndex(path, "."), 0)]
	}
	return n.header()
}

// problem makes an error about one argument.
func (n *noun) problem(code, path, summary, detail string) diag.Problem {
	return diag.Problem{
		Severity: diag.Error, Code: code, Summary: summary, Detail: detail, Address: n.address,
		Subject: n.rangeOf(path), Context: n.header(),
	}
}

// newState indexes a configuration. Of blocks with one address the first counts.
func newState(cfg *Config, schema provider.Schema) *state {
	s := &state{
		cfg: cfg, bodies: map[provider.Kind]provider.Body{}, nodes: map[string]*node{}, nouns: map[string]*noun{},
		sent: map[string]map[string]mount.Mount{}, reported: reports{}, inherited: map[*noun][]effective{},
	}
	for _, kind := range provider.Kinds() {
		s.bodies[kind] = NounBody(kind, schema)
	}
	root := s.newModule(cfg.root(), "", nil, nil)
	s.top = &frame{module: root, children: map[string][]*frame{}}
	root.frames = []*frame{s.top}
	if s.nodes[rootDaemon] == nil {
		n := &node{kind: nounNode, address: rootDaemon, module: root, names: root, body: s.bodies[provider.Daemon]}
		s.nodes[rootDaemon], root.blocks[rootDaemon] = n, n
		root.byKind[provider.Daemon] = append(root.byKind[provider.Daemon], "root")
		slices.Sort(root.byKind[provider.Daemon])
	}
	return s
}

// moduleOf is the module that an object is declared in.
func (s *state) moduleOf(n *noun) *module {
	for ; n != nil; n = n.owner {
		if n.node != nil {
			return n.node.module
		}
	}
	return s.top.module
}

// labels are those of a kind in the module of a noun, sorted.
func (s *state) labels(n *noun, kind provider.Kind) []string { return s.moduleOf(n).byKind[kind] }

// sorted are all nouns by address. The list is not to be changed.
func (s *state) sorted() []*noun {
	if len(s.inOrder) == len(s.nouns) { // nouns are only added
		return s.inOrder
	}
	out := make([]*noun, 0, len(s.nouns))
	for _, n := range s.nouns {
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b *noun) int { return strings.Compare(a.address, b.address) })
	s.inOrder = out
	return out
}

// reports are places about which something was said, by file and line.
type reports map[string]map[int][]diag.Range

// add takes in a place and tells whether it is new.
func (r reports) add(at diag.Range) bool {
	lines := r[at.File]
	if lines == nil {
		lines = map[int][]diag.Range{}
		r[at.File] = lines
	}
	if slices.Contains(lines[at.Start.Line], at) {
		return false
	}
	for line := at.Start.Line; line <= at.End.Line; line++ {
		lines[line] = append(lines[line], at)
	}
	return true
}

// said tells whether a problem only repeats what was said of a reference.
func (s *state) said(p diag.Problem) bool {
	return slices.ContainsFunc(s.reported[p.Subject.File][p.Subject.Start.Line], func(r diag.Range) bool {
		return p.Subject.Start.Byte >= r.Start.Byte && p.Subject.End.Byte <= r.End.Byte
	})
}
