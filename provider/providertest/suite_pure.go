package providertest

import (
	"errors"
	"slices"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

func problemLog(err error) []string {
	var p *provider.Problem
	if errors.As(err, &p) {
		return p.Log
	}
	return nil
}

func pureObligations() []obligation {
	return []obligation{
		{name: "it describes itself without an engine, always in the same way", test: describesItself},
		{name: "its schema leaves the core's attributes alone", test: leavesTheCoreAlone},
		{name: "it compares without an engine, unknown values included", test: comparesUnknowns},
		{name: "it answers a batch in its order", test: answersInOrder},
		{name: "an engine that does not answer is a problem that says how it was chosen", test: unreachable},
	}
}

// sameType compares cty types, which go-cmp cannot look into.
func sameType() cmp.Option {
	return cmp.Comparer(func(a, b cty.Type) bool {
		if a == cty.NilType || b == cty.NilType {
			return a == b
		}
		return a.Equals(b)
	})
}

func describesItself(h *harness) {
	first, err := h.p.Describe(h.ctx)
	if err != nil {
		h.Fatal(err)
	}
	second, err := h.p.Describe(h.ctx)
	if err != nil {
		h.Fatal(err)
	}
	if diff := cmp.Diff(first, second, sameType()); diff != "" {
		h.Errorf("two descriptions differ:\n%s", diff)
	}
	if first.Name == "" || first.Version == "" {
		h.Errorf("it calls itself %q, version %q", first.Name, first.Version)
	}
	for _, power := range first.Powers {
		if !implements(h.p, power) {
			h.Errorf("it names the power %q and does not implement its interface", power)
		}
	}
}

func implements(p provider.Provider, power provider.Power) (ok bool) {
	switch power {
	case provider.PowerDial:
		_, ok = p.(provider.Dialer)
	case provider.PowerExec:
		_, ok = p.(provider.Execer)
	case provider.PowerLogs:
		_, ok = p.(provider.Logger)
	case provider.PowerStat:
		_, ok = p.(provider.Stater)
	case provider.PowerCarry:
		_, ok = p.(provider.Carrier)
	case provider.PowerSurvey:
		_, ok = p.(provider.Surveyor)
	case provider.PowerProbe:
		_, ok = p.(provider.Prober)
	case provider.PowerLock:
		_, ok = p.(provider.Locker)
	case provider.PowerPrepare:
		_, ok = p.(provider.Preparer)
	case provider.PowerHalt:
		_, ok = p.(provider.Halter)
	case provider.PowerCopy:
		_, ok = p.(provider.Copier)
	case provider.PowerStock:
		_, ok = p.(provider.Stocker)
	}
	return ok
}

func leavesTheCoreAlone(h *harness) {
	for kind, body := range h.schema.Nouns {
		if !slices.Contains(provider.Kinds(), kind) {
			h.Errorf("the schema has a noun %q", kind)
		}
		core := coreTypes(kind)
		seen := map[string]bool{}
		for _, a := range body.Attributes {
			if _, clash := core[a.Name]; clash || seen[a.Name] {
				h.Errorf("%s: the argument %q is there already", kind, a.Name)
			}
			seen[a.Name] = true
			if a.Type == cty.NilType || a.Doc == "" || (a.Effect != provider.Live && a.Effect != provider.Replace) {
				h.Errorf("%s: the argument %q lacks its type, its effect or its documentation", kind, a.Name)
			}
		}
		for _, b := range body.Blocks {
			if _, clash := core[b.Name]; clash || seen[b.Name] {
				h.Errorf("%s: the block %q is there already", kind, b.Name)
			}
			seen[b.Name] = true
		}
	}
}

// wished is an item to compare in which nothing differs.
func (h *harness) wished(label string) provider.DiffItem {
	d := h.sleeper(label, map[string]cty.Value{
		"environment": cty.MapVal(map[string]cty.Value{"A": cty.StringVal("1")}),
	})
	return provider.DiffItem{Declaration: d, Created: h.owner(d).Spec, Actual: d.Declared}
}

func comparesUnknowns(h *harness) {
	item := h.wished("unknown")
	item.Declaration = h.sleeper("unknown", map[string]cty.Value{
		"environment": cty.MapVal(map[string]cty.Value{"A": cty.UnknownVal(cty.String)}),
	})
	resp, err := h.p.Diff(h.ctx, provider.DiffRequest{Items: []provider.DiffItem{item}})
	if err != nil {
		h.Fatal(err)
	}
	for _, change := range resp.Differences[0].Changes {
		if !change.To.IsWhollyKnown() {
			return
		}
	}
	h.Errorf("no change leads to an unknown value:\n%s", changesText(resp.Differences[0].Changes))
}

func answersInOrder(h *harness) {
	const many = 50
	var req provider.DiffRequest
	for i := range many {
		item := h.wished("one")
		if i%7 == 3 {
			item.Declaration = h.sleeper("one", map[string]cty.Value{
				"environment": cty.MapVal(map[string]cty.Value{"A": cty.StringVal("2")}),
			})
		}
		req.Items = append(req.Items, item)
	}
	resp, err := h.p.Diff(h.ctx, req)
	if err != nil || len(resp.Differences) != many {
		h.Fatalf("%d answers for %d items, %v", len(resp.Differences), many, err)
	}
	for i, d := range resp.Differences {
		changed := slices.ContainsFunc(d.Changes, func(c provider.Change) bool {
			return len(c.Path) >= len("environment") && c.Path[:len("environment")] == "environment"
		})
		if changed != (i%7 == 3) {
			h.Errorf("item %d: changed is %t", i, changed)
		}
	}
}

func unreachable(h *harness) {
	req := h.factory.Configure
	req.Endpoint = "unix:///nowhere/dindctl-conformance.sock"
	if h.memory() {
		req.Endpoint = "memory://unreachable"
	}
	_, err := h.p.Configure(h.ctx, req)
	h.wantCode(err, provider.Unreachable, "an endpoint where nobody listens")
}

// memory tells whether the provider has no endpoints of its own.
func (h *harness) memory() bool {
	d, err := h.p.Describe(h.ctx)
	return err == nil && d.Name == "memory"
}
