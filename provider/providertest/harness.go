package providertest

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// harness is one test's view of the provider.
type harness struct {
	*testing.T
	ctx     context.Context //nolint:containedctx // it is one test
	factory Factory
	p       provider.Provider
	project string
	schema  provider.Schema
	powers  []provider.Power
	nonce   atomic.Int64
}

// testTimeout is when an obligation that waits is given up. It proves nothing and only
// ends a test that would never end: an engine in an engine takes a busy machine minutes.
const testTimeout = 10 * time.Minute

func newHarness(t *testing.T, f Factory, number int) *harness {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
	t.Cleanup(cancel)
	h := &harness{T: t, ctx: ctx, factory: f, p: f.New(t), project: fmt.Sprintf("%s-%d", f.Project, number)}
	t.Cleanup(func() { _ = h.p.Close() })
	d, err := h.p.Describe(ctx)
	if err != nil {
		t.Fatalf("describing: %v", err)
	}
	h.schema, h.powers = d.Schema, d.Powers
	return h
}

func (h *harness) configure() {
	h.Helper()
	if _, err := h.p.Configure(h.ctx, h.factory.Configure); err != nil {
		h.Fatalf("configuring: %v", err)
	}
	h.Cleanup(h.sweep)
}

// sweep removes whatever the test's project owns: what runs first, images last.
func (h *harness) sweep() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(h.ctx), testTimeout)
	defer cancel()
	order := [][]provider.Kind{
		{provider.Job},
		{provider.Controller, provider.Container, provider.Guard},
		{provider.Daemon},
		{provider.Network, provider.Volume, provider.Image},
	}
	for _, kinds := range order {
		var objects []provider.Object
		if _, err := h.p.Observe(ctx, provider.ObserveRequest{Project: h.project}, func(o provider.Object) error {
			objects = append(objects, o)
			return nil
		}); err != nil {
			h.Logf("looking for leftovers: %v", err)
		}
		for _, o := range objects {
			for _, kind := range kinds {
				if o.Kind != kind {
					continue
				}
				if _, err := h.p.Delete(ctx, provider.DeleteRequest{Kind: o.Kind, ID: o.ID, Project: h.project}, ignore); err != nil {
					h.Errorf("removing %s: %v", o.Name, err)
				}
			}
		}
	}
}

func ignore(provider.Event) {}

func (h *harness) has(power provider.Power) bool {
	for _, p := range h.powers {
		if p == power {
			return true
		}
	}
	return false
}

// declare makes a declaration of the test's project. What runs gets the factory's image.
func (h *harness) declare(kind provider.Kind, label string, given map[string]cty.Value) provider.Declaration {
	all := map[string]cty.Value{}
	if kind.Runs() {
		all["image"] = cty.StringVal(h.factory.Image)
	}
	for name, v := range given {
		all[name] = v
	}
	return provider.Declaration{
		Address: string(kind) + "." + label, Kind: kind, Name: h.project + "-" + label,
		Declared: Declare(h.schema, kind, all), Related: map[string]provider.Related{},
	}
}

// job declares a job that runs a script.
func (h *harness) job(label, script string) provider.Declaration {
	return h.declare(provider.Job, label, map[string]cty.Value{"command": stringList("sh", "-c", script)})
}

// sleeper declares a container that stays.
func (h *harness) sleeper(label string, given map[string]cty.Value) provider.Declaration {
	all := map[string]cty.Value{"command": stringList("sh", "-c", "sleep 600"), "init": cty.True}
	for name, v := range given {
		all[name] = v
	}
	return h.declare(provider.Container, label, all)
}

func stringList(words ...string) cty.Value {
	var out []cty.Value
	for _, w := range words {
		out = append(out, cty.StringVal(w))
	}
	return cty.ListVal(out)
}

// owner makes the ownership for a creation, with a nonce of its own.
func (h *harness) owner(d provider.Declaration) provider.Ownership {
	h.Helper()
	spec, err := provider.Spec(d.Declared)
	if err != nil {
		h.Fatalf("%s: %v", d.Address, err)
	}
	return provider.Ownership{
		Project: h.project, Address: d.Address, Kind: d.Kind, Origin: "conformance:/suite", Spec: spec,
		Deps: []string{"network.a", "volume.b"}, Run: fmt.Sprintf("%s-%d", h.project, h.nonce.Add(1)),
		Schema: provider.OwnershipSchema, Name: d.Name,
	}
}

func (h *harness) create(d provider.Declaration) provider.CreateResponse {
	h.Helper()
	return h.createIn(provider.Root, d)
}

func (h *harness) createIn(place provider.Place, d provider.Declaration) provider.CreateResponse {
	h.Helper()
	resp, err := h.p.Create(h.ctx, provider.CreateRequest{
		Place: place, Declaration: d, Owner: h.owner(d), ImageFrom: []provider.Place{provider.Root},
	}, h.sink())
	if err != nil {
		h.Fatalf("creating %s: %v%s", d.Address, err, logOf(err))
	}
	if resp.ID == "" || resp.Object.ID != resp.ID {
		h.Errorf("creating %s: the id is %q and the object's %q", d.Address, resp.ID, resp.Object.ID)
	}
	return resp
}

// sink checks what every sink may rely on: one event at a time.
func (h *harness) sink() provider.Sink {
	var busy atomic.Int32
	return func(e provider.Event) {
		if busy.Add(1) != 1 {
			h.Errorf("two events at a time: %+v", e)
		}
		busy.Add(-1)
	}
}

func (h *harness) delete(place provider.Place, kind provider.Kind, id string) {
	h.Helper()
	if _, err := h.p.Delete(h.ctx, provider.DeleteRequest{Place: place, Kind: kind, ID: id, Project: h.project}, ignore); err != nil {
		h.Fatalf("deleting %s: %v", id, err)
	}
}

// observe returns the project's objects of a place by address.
func (h *harness) observe(place provider.Place, output ...string) map[string]provider.Object {
	h.Helper()
	out := map[string]provider.Object{}
	if _, err := h.p.Observe(h.ctx, provider.ObserveRequest{Place: place, Project: h.project, Output: output}, func(o provider.Object) error {
		if _, twice := out[o.Owner.Address]; twice {
			h.Errorf("%s was reported twice", o.Owner.Address)
		}
		out[o.Owner.Address] = o
		return nil
	}); err != nil {
		h.Fatalf("observing: %v", err)
	}
	return out
}

// diff compares a declaration with an observed object.
func (h *harness) diff(d provider.Declaration, o provider.Object) []provider.Change {
	h.Helper()
	resp, err := h.p.Diff(h.ctx, provider.DiffRequest{Items: []provider.DiffItem{{
		Declaration: d, Created: o.Owner.Spec, Actual: o.Actual, Condition: o.Condition,
	}}})
	if err != nil {
		h.Fatalf("comparing %s: %v", d.Address, err)
	}
	if len(resp.Differences) != 1 {
		h.Fatalf("comparing one object gave %d answers", len(resp.Differences))
	}
	return resp.Differences[0].Changes
}

func (h *harness) wantCode(err error, code provider.Code, what string) {
	h.Helper()
	if provider.CodeOf(err) != code {
		h.Errorf("%s: the error is %v (code %q), want one with code %q", what, err, provider.CodeOf(err), code)
	}
}

// changesText shows changes, one a line.
func changesText(changes []provider.Change) string {
	var out strings.Builder
	for _, c := range changes {
		fmt.Fprintf(&out, "%s %s (%s): %#v -> %#v\n", c.Effect, c.Path, c.Cause, c.From, c.To)
	}
	return out.String()
}

// logOf shows the last lines that a problem brings along.
func logOf(err error) string {
	var out strings.Builder
	for _, line := range problemLog(err) {
		out.WriteString("\n\t" + line)
	}
	return out.String()
}
