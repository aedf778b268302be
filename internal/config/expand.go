package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/mount"
	"github.com/dindctl/dindctl/provider"
)

// Expand evaluates a configuration with what is known of existing objects. It is
// pure: equal arguments give equal results, whatever the order of the blocks.
// The result is never nil; beside errors it holds what could be made out, so that
// mounts can be listed whatever else is wrong. A run that is asked to end meanwhile
// gets that as the only problem, and nothing beside it.
func Expand(cfg *Config, schema provider.Schema, known Known) (*Expanded, diag.List) {
	s := newState(cfg, schema)
	s.known = known
	s.findNeeds()
	problems := append(s.checkReferences(), s.checkInputs()...)
	order, list := s.evaluationOrder()
	problems = append(problems, list...)

	e := s.evaluation(known)
	for _, n := range order {
		if s.over() {
			return s.interrupted()
		}
		switch n.kind {
		case callNode:
			problems = append(problems, s.expandCall(e, n)...)
		case nounNode:
			problems = append(problems, s.expandNoun(e, n)...)
		case localNode:
			for _, f := range n.module.frames {
				e.local(f, n)
			}
		case variableNode, outputNode:
		}
	}
	if s.crowded {
		return &Expanded{Config: cfg, schema: schema, state: s}, s.distinct(problems)
	}
	problems = append(problems, s.imply()...)
	problems = append(problems, s.reachDaemons(known)...)
	problems = append(problems, s.checkNames()...)
	problems = append(problems, s.checkNetworks()...)
	problems = append(problems, s.checkShared()...)
	for _, n := range s.nouns {
		if s.over() {
			return s.interrupted()
		}
		n.mounts, n.mountProblems = s.mountsOf(n, n.value) // declare says what is wrong
		s.inherited[n] = n.mounts
	}
	x := &Expanded{Config: cfg, schema: schema, state: s, Withheld: s.withheld}
	problems = append(problems, x.build(e)...)
	problems = append(problems, x.checkRelated(problems)...)
	x.translate()

	outputs, list := x.outputs(e)
	x.Outputs = outputs
	problems = append(problems, list...)
	problems = append(problems, e.validate()...)
	x.Moves, list = s.moves()
	problems = append(problems, list...)
	problems = append(problems, e.checks()...)
	problems = append(problems, e.problems...)
	x.Withheld = eachOnce(x.Withheld)
	x.WantsOutput, x.sensitive = s.wantsOutput(), e.sensitive()
	if s.over() { // what was left out on the way is no problem of the configuration
		return s.interrupted()
	}
	return x, s.distinct(problems)
}

// over tells whether the run was asked to end.
func (s *state) over() bool { return s.cfg.over() }

func (c *Config) over() bool { return c.Interrupted != nil && c.Interrupted() != nil }

// interrupted is the result of an expansion that was asked to end.
func (s *state) interrupted() (*Expanded, diag.List) {
	return &Expanded{Config: s.cfg, state: s}, diag.Interrupted("The configuration was not evaluated to its end, and nothing was changed.")
}

// translate asks the rule how translated sources are sent, as far as that can be
// said without any file.
func (x *Expanded) translate() {
	t := x.Topology(TopologyOptions{Socket: rootSocket(x.state.known)})
	t.Nested = slices.DeleteFunc(t.Nested, func(n mount.Nested) bool { return n.Resolve != mount.ResolveTranslate })
	if len(t.Nested) > 0 {
		x.Rewrite(mount.Check(t, nil))
	}
}

// distinct leaves out what only repeats.
func (s *state) distinct(problems diag.List) diag.List {
	var out diag.List
	var why map[string][]diag.Problem
	seen := map[string]bool{}
	for _, p := range problems {
		key := p.Subject.String() + "\x00" + p.Summary + "\x00" + p.Detail
		if p.Subject.Empty() || strings.Contains(p.Address, "[") || strings.HasPrefix(p.Address, "module.") {
			key += "\x00" + p.Address // those of instances are gathered
		}
		if p.Code == "unknown-value" && why == nil {
			why = reasons(problems)
		}
		if seen[key] || !isReport(p.Code) && s.said(p) || p.Code == "unknown-value" && explained(p, why) {
			continue
		}
		seen[key] = true
		out = append(out, p)
	}
	return Gather(out.Sorted())
}

// isReport tells whether problems of a code are about the references themselves.
func isReport(code string) bool {
	switch code {
	case "undeclared-name", "unknown-name", "no-such-attribute", "cycle", "no-repetition", "missing-key":
		return true
	}
	return false
}

// reasons are the errors with a place, by file.
func reasons(problems diag.List) map[string][]diag.Problem {
	out := map[string][]diag.Problem{}
	for _, p := range problems {
		if p.Severity == diag.Error && !p.Subject.Empty() && p.Code != "unknown-value" {
			out[p.Subject.File] = append(out[p.Subject.File], p)
		}
	}
	return out
}

// explained tells whether another error says why a value is not known.
func explained(p diag.Problem, why map[string][]diag.Problem) bool {
	return slices.ContainsFunc(why[p.Subject.File], func(o diag.Problem) bool {
		return o.Subject.Start.Byte >= p.Subject.Start.Byte && o.Subject.End.Byte <= p.Subject.End.Byte
	})
}

// build makes the instances, in topological order.
func (x *Expanded) build(e *evaluation) diag.List {
	s := x.state
	all := s.sorted()
	var problems diag.List
	if p, many := s.tooManyEdges(); many {
		problems, all = append(problems, p), nil // no plan can be made, and nothing else needs them
	}
	for _, n := range all {
		n.deps, n.uses = s.depsOf(n)
	}
	addresses := make([]string, len(all))
	for i, n := range all {
		addresses[i] = n.address
	}
	order, left := topological(addresses, func(a string) []string { return s.nouns[a].deps })
	s.index = make(map[string]int, len(all))
	for i, address := range append(order, left...) {
		if s.over() {
			break
		}
		in, list := s.instance(e, s.nouns[address])
		problems = append(problems, list...)
		x.Instances = append(x.Instances, in)
		s.index[address] = i
	}
	return problems
}

// maxEdges bounds what objects need of each other: every instance of a block needs
// every one of the blocks that it refers to.
const maxEdges = 1_000_000

func (s *state) tooManyEdges() (diag.Problem, bool) {
	sum := 0
	for _, address := range keys(s.nodes) {
		n := s.nodes[address]
		if n.kind != nounNode || len(n.instances) == 0 {
			continue
		}
		needed := 0
		for _, next := range n.nounsBehind(s) {
			needed += len(next.instances)
		}
		if sum += needed * len(n.instances); sum > maxEdges {
			return n.instances[0].problem("too-many", "", "Too many dependencies",
				fmt.Sprintf("Every object of a block needs every object of the blocks that it refers to. That makes more than %d, up to %s with %d objects that each need %d. Divide the configuration over several projects.",
					maxEdges, address, len(n.instances), needed)), true
		}
	}
	return diag.Problem{}, false
}

func (s *state) instance(e *evaluation, n *noun) (Instance, diag.List) {
	declared, problems := s.declare(e, n, n.value, n.mounts)
	problems = append(problems, n.mountProblems...)
	in := Instance{
		Address: n.address, Kind: n.kind, Label: n.label, Name: n.name, Inside: n.inside, Declared: declared,
		Deps: n.deps, Uses: n.uses, Lifecycle: n.lifecycle, Implied: n.block == nil, Logical: n.logical,
		Header: n.header(), Close: n.end(), RangeOf: n.rangeOf,
	}
	if n.kind.Runs() && !n.logical {
		in.ImageRef, _ = textOf(attribute(n.value, "image"))
		if image := s.target(n.value, "image", provider.Image); image != nil {
			in.ImageAddress = image.address
		}
	}
	for _, volume := range []string{n.certs, n.data} {
		if v := s.nouns[volume]; v != nil && v.owner == n {
			in.Provides = append(in.Provides, volume)
		}
	}
	return in, problems
}

// depsOf are the objects that must be there before, and of them those that the
// value refers to, sorted. In the place of what is no object stands what that needs.
func (s *state) depsOf(n *noun) (deps, uses []string) {
	uses = []string{}
	for _, address := range s.structure(n) {
		if used := s.nouns[address]; used.logical {
			deps = append(deps, s.depsOfNode(used.node)...)
			continue
		}
		uses = append(uses, address)
	}
	base := s.depsOfNode(n.node)
	if more := slices.DeleteFunc(append(deps, uses...), func(a string) bool {
		_, found := slices.BinarySearch(base, a)
		return found
	}); len(more) > 0 {
		base = slices.Concat(base, more)
		slices.Sort(base)
		base = slices.Compact(base)
	}
	if slices.Contains(base, n.address) {
		base = slices.DeleteFunc(slices.Clone(base), func(a string) bool { return a == n.address })
	}
	return base, uses
}

// depsOfNode are the objects behind everything that a block refers to, sorted.
// All instances share them.
func (s *state) depsOfNode(n *node) []string {
	if n == nil {
		return nil
	}
	if n.deps != nil {
		return n.deps
	}
	n.deps = []string{} // in a cycle, which was reported, the rest is left out
	var out []string
	for _, next := range n.nounsBehind(s) {
		for _, o := range next.instances {
			if o.logical {
				out = append(out, s.depsOfNode(next)...)
				continue
			}
			out = append(out, o.address)
		}
	}
	slices.Sort(out)
	n.deps = slices.Compact(out)
	return n.deps
}

// Around are a daemon and the daemons that it is inside, by the configuration,
// nearest first, each once; none for the root, "". What the configuration does not
// have ends it.
func (x *Expanded) Around(daemon string) []string {
	var out []string
	for daemon != "" && !slices.Contains(out, daemon) {
		in, found := x.Instance(daemon)
		out = append(out, daemon)
		if !found {
			break
		}
		daemon = in.Inside
	}
	return out
}

// Instance finds an object by its address.
func (x *Expanded) Instance(address string) (Instance, bool) {
	if x.state != nil {
		i, found := x.state.index[address]
		if !found {
			return Instance{}, false
		}
		return x.Instances[i], true
	}
	for _, in := range x.Instances {
		if in.Address == address {
			return in, true
		}
	}
	return Instance{}, false
}

// Declaration evaluates one object with what is known now; with what Expand knew
// where known is nil. Related holds what the
// declared value refers to, directly and by one more step, with the ids that are known.
func (x *Expanded) Declaration(address string, known Known) (provider.Declaration, diag.List) {
	in, found := x.Instance(address)
	if !found {
		return provider.Declaration{}, diag.Errorf("Unknown address", "The configuration has no %s.", address)
	}
	d := provider.Declaration{Address: address, Kind: in.Kind, Name: in.Name, Declared: in.Declared, Related: map[string]provider.Related{}}
	if x.state == nil {
		return d, nil
	}
	s := x.state
	n := s.nouns[address]
	if known == nil {
		x.relateAll(d.Related, n, s.known)
		return d, nil
	}
	e := s.evaluation(known)
	var problems, list diag.List
	if !in.Declared.IsWhollyKnown() { // else nothing more can be learnt
		value, _, more := e.decode(n)
		more = append(more, of(e.withheld, address)...)
		mounts, wrong := s.mountsOf(n, value)
		problems = append(more, wrong...)
		d.Declared, list = s.declare(e, n, value, mounts)
	}
	x.relateAll(d.Related, n, known)
	problems = append(append(problems, e.problems...), list...)
	return d, s.distinct(problems)
}

// relateAll adds what a declared value refers to, directly and by one more step.
func (x *Expanded) relateAll(related map[string]provider.Related, n *noun, known Known) {
	s := x.state
	if n.kind == provider.Image { // whatever an image waits for may be in it
		for _, a := range n.deps {
			if s.nouns[a] != nil && s.nouns[a].kind == provider.Image {
				s.relate(x, related, a, known)
			}
		}
	}
	for _, a := range s.structure(n) {
		s.relate(x, related, a, known)
		for _, further := range s.structure(s.nouns[a]) {
			if further != n.address {
				s.relate(x, related, further, known)
			}
		}
	}
}

func (s *state) relate(x *Expanded, related map[string]provider.Related, address string, known Known) {
	in, found := x.Instance(address)
	if _, done := related[address]; done || !found {
		return
	}
	r := provider.Related{Address: address, Kind: in.Kind, Name: in.Name, Inside: in.Inside, Declared: in.Declared}
	if k := known[address]; !k.Pending {
		r.ID = k.ID
	}
	related[address] = r
}

// Rewrite takes over how translated sources are sent, from the entries of the
// rule. Expand does so with the rule's answer without any file; whoever can look
// at files calls it again. It is for one goroutine, before Declaration is used.
func (x *Expanded) Rewrite(entries []mount.Entry) {
	if x.state == nil {
		return
	}
	changed := map[string]bool{}
	for _, entry := range entries {
		if entry.Resolve != mount.ResolveTranslate || entry.Send.Type == "" {
			continue
		}
		if x.state.sent[entry.Address] == nil {
			x.state.sent[entry.Address] = map[string]mount.Mount{}
		}
		x.state.sent[entry.Address][entry.Target] = entry.Send
		changed[entry.Address] = true
	}
	e := x.state.evaluation(x.state.known)
	for address := range changed {
		i, found := x.state.index[address]
		if !found {
			continue
		}
		n := x.state.nouns[address]
		attributes := x.Instances[i].Declared.AsValueMap()
		attributes["mount"] = x.state.mountValues(e, n, n.mounts)
		x.Instances[i].Declared = cty.ObjectVal(attributes)
	}
}
