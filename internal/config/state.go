package config

import (
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
	cfg       *Config
	known     Known // what Expand knew
	bodies    map[provider.Kind]provider.Body
	nouns     map[string]*noun
	byKind    map[provider.Kind][]string // labels of each kind, sorted
	variables map[string]Variable
	locals    map[string]*local
	// reported are references that are wrong and said to be.
	reported []diag.Range
	// sent are the mounts as they are sent where a source is translated, by
	// address and target.
	sent map[string]map[string]mount.Mount
	// index finds the instance of an address.
	index map[string]int
}

type local struct {
	Local
	refs []Reference
}

// noun is a block, or what is there without one.
type noun struct {
	block   *Block // nil: implied
	address string
	kind    provider.Kind
	label   string
	owner   *noun // whose implied object it is; may be nil
	body    provider.Body
	refs    []Reference
	// needs are the blocks that it refers to, through locals too, and where.
	needs map[string]diag.Range
	value cty.Value // the block, evaluated with what was known to Expand

	name     string
	external bool
	// logical says that no object stands for it: a daemon that exists already.
	logical bool
	// placed is the daemon that it was put inside, logical or not; inside is the
	// daemon in a container whose place it lives in, empty for the root engine.
	placed, inside string
	daemon         string // of a controller, and of a job under one
	controller     string // of a job
	joinsDefault   bool
	data, certs    string // volumes of a daemon
	reach          reach  // of a controller
	mounts         []effective
	deps           []string
}

// reach is how a controller gets to its daemon.
type reach struct {
	certs  string // volume of client certificates
	socket string // path of a socket on the controller's engine
}

// blockRange is the block's first line; for an implied object that of the block behind it.
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

func (n *noun) rangeOf(path string) diag.Range {
	if n.block != nil {
		return n.block.Body.RangeOf(path)
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
		cfg: cfg, bodies: map[provider.Kind]provider.Body{}, nouns: map[string]*noun{}, byKind: map[provider.Kind][]string{},
		variables: map[string]Variable{}, locals: map[string]*local{}, sent: map[string]map[string]mount.Mount{},
	}
	for _, kind := range provider.Kinds() {
		s.bodies[kind] = NounBody(kind, schema)
	}
	for _, v := range cfg.Variables {
		s.variables[v.Name] = v
	}
	for _, l := range cfg.Locals {
		if _, twice := s.locals[l.Name]; !twice {
			s.locals[l.Name] = &local{Local: l, refs: l.Value.References()}
		}
	}
	for _, b := range cfg.Blocks {
		if _, twice := s.nouns[b.Address()]; twice {
			continue
		}
		body := s.bodies[b.Kind]
		s.add(&noun{block: b, address: b.Address(), kind: b.Kind, label: b.Label, body: body, refs: b.Body.References(body)})
	}
	if s.nouns[rootDaemon] == nil {
		s.add(&noun{address: rootDaemon, kind: provider.Daemon, label: "root", name: "root", logical: true, body: s.bodies[provider.Daemon]})
	}
	for _, labels := range s.byKind {
		slices.Sort(labels)
	}
	return s
}

// add takes in what can be referred to.
func (s *state) add(n *noun) {
	s.nouns[n.address] = n
	s.byKind[n.kind] = append(s.byKind[n.kind], n.label)
}

// sorted are all nouns by address.
func (s *state) sorted() []*noun {
	out := make([]*noun, 0, len(s.nouns))
	for _, n := range s.nouns {
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b *noun) int { return strings.Compare(a.address, b.address) })
	return out
}

// said tells whether a problem only repeats what was said of a reference.
func (s *state) said(p diag.Problem) bool {
	return slices.ContainsFunc(s.reported, func(r diag.Range) bool {
		return p.Subject.File == r.File && p.Subject.Start.Byte >= r.Start.Byte && p.Subject.End.Byte <= r.End.Byte
	})
}
