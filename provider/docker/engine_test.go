package docker_test

import (
	"context"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// The images of the test engine.
const (
	bashImage       = "dindctl.local/bash"
	dindImage       = "dindctl.local/dind"
	controllerImage = "dindctl.local/controller"
)

// hung is when a test that waits gives up. It proves nothing and only ends a test
// that would never end: what a test waits for may take a busy machine minutes.
const hung = 10 * time.Minute

// rig is a configured provider on a real engine, for one project that is
// removed, whatever happens, when the test ends.
type rig struct {
	t       *testing.T
	p       provider.Provider
	facts   provider.Facts
	project string
	mu      sync.Mutex
	events  []provider.Event
}

func newRig(t *testing.T) *rig {
	t.Helper()
	if os.Getenv("DINDCTL_TEST_ENGINE") == "" {
		if os.Getenv("DINDCTL_E2E") == "require" {
			t.Fatal("DINDCTL_TEST_ENGINE is not set; run under docker/test-engine")
		}
		t.Skip("needs an engine of its own: run under docker/test-engine")
	}
	r := &rig{t: t, project: "t" + nonce()[:8]}
	r.configure()
	t.Cleanup(r.clean)
	return r
}

func (r *rig) configure() {
	r.t.Helper()
	r.p = docker.New(nil)
	resp, err := r.p.Configure(r.t.Context(), provider.ConfigureRequest{Environment: map[string]string{"DOCKER_HOST": os.Getenv("DOCKER_HOST")}})
	if err != nil {
		r.t.Fatal(err)
	}
	r.facts = resp.Facts
}

func nonce() string {
	b := make([]byte, 8)
	for i := range b {
		b[i] = byte(rand.UintN(256))
	}
	return hex.EncodeToString(b)
}

// clean removes everything of the project, users before what they use.
func (r *rig) clean() {
	ctx, cancel := context.WithTimeout(context.Background(), hung)
	defer cancel()
	objects := r.observe(ctx, provider.Root)
	for _, wave := range []func(provider.Kind) bool{
		provider.Kind.Runs,
		func(k provider.Kind) bool { return !k.Runs() },
	} {
		for _, o := range objects {
			if wave(o.Kind) {
				if _, err := r.p.Delete(ctx, provider.DeleteRequest{Kind: o.Kind, ID: o.ID, Project: r.project}, nil); err != nil {
					r.t.Errorf("cleaning up %s: %v", o.Name, err)
				}
			}
		}
	}
	for _, o := range r.observe(ctx, provider.Root) {
		r.t.Errorf("%s %s is left", o.Kind, o.Name)
	}
	if err := r.p.Close(); err != nil {
		r.t.Error(err)
	}
}

func (r *rig) observe(ctx context.Context, place provider.Place, output ...string) map[string]provider.Object {
	r.t.Helper()
	objects := map[string]provider.Object{}
	_, err := r.p.Observe(ctx, provider.ObserveRequest{Place: place, Project: r.project, Output: output}, func(o provider.Object) error {
		if _, twice := objects[o.Owner.Address]; twice {
			r.t.Errorf("%s is observed twice", o.Owner.Address)
		}
		objects[o.Owner.Address] = o
		return nil
	})
	if err != nil {
		r.t.Fatalf("observing: %v", err)
	}
	return objects
}

type attributes map[string]cty.Value

// declaration is an object as the configuration hands it over.
func (r *rig) declaration(address string, declared attributes, related ...provider.Related) provider.Declaration {
	kind, label, _ := strings.Cut(address, ".")
	decl := provider.Declaration{
		Address: address, Kind: provider.Kind(kind), Name: r.project + "-" + strings.ReplaceAll(label, ".", "-"),
		Declared: cty.ObjectVal(declared), Related: map[string]provider.Related{},
	}
	for _, other := range related {
		decl.Related[other.Address] = other
	}
	return decl
}

func (r *rig) request(place provider.Place, decl provider.Declaration) provider.CreateRequest {
	r.t.Helper()
	spec, err := provider.Spec(decl.Declared)
	if err != nil {
		r.t.Fatal(err)
	}
	return provider.CreateRequest{
		Place: place, Declaration: decl, ImageFrom: []provider.Place{provider.Root},
		Owner: provider.Ownership{
			Project: r.project, Address: decl.Address, Kind: decl.Kind, Origin: "here:/x.hcl", Spec: spec, Run: nonce(), Schema: provider.OwnershipSchema,
		},
	}
}

func (r *rig) sink(e provider.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// lines are a job's output lines among the events.
func (r *rig) lines() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out strings.Builder
	for _, e := range r.events {
		if e.Phase == provider.PhaseOutput {
			out.Write(e.Data)
		}
	}
	return strings.FieldsFunc(out.String(), func(c rune) bool { return c == '\n' })
}

// create makes an object and expects that nothing separates it from its declaration.
func (r *rig) create(place provider.Place, decl provider.Declaration) provider.Object {
	r.t.Helper()
	resp, err := r.p.Create(r.t.Context(), r.request(place, decl), r.sink)
	if err != nil {
		var problem *provider.Problem
		if errors.As(err, &problem) {
			r.t.Fatalf("creating %s: %v\n%s", decl.Address, err, strings.Join(problem.Log, "\n"))
		}
		r.t.Fatalf("creating %s: %v", decl.Address, err)
	}
	if resp.ID == "" || resp.Object.ID != resp.ID {
		r.t.Fatalf("creating %s: id %q, object %q", decl.Address, resp.ID, resp.Object.ID)
	}
	object, there := r.observe(r.t.Context(), place)[decl.Address]
	if !there {
		r.t.Fatalf("%s was created and is not observed", decl.Address)
	}
	r.same(decl, object)
	return object
}

func (r *rig) same(decl provider.Declaration, object provider.Object) {
	r.t.Helper()
	if got := r.diff(decl, object); len(got) != 0 {
		r.t.Errorf("%s differs from its declaration: %+v", decl.Address, got)
	}
}

func (r *rig) diff(decl provider.Declaration, object provider.Object) []provider.Change {
	r.t.Helper()
	resp, err := r.p.Diff(r.t.Context(), provider.DiffRequest{Items: []provider.DiffItem{{
		Declaration: decl, Created: object.Owner.Spec, Actual: object.Actual, Condition: object.Condition, Facts: r.facts,
	}}})
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.Differences[0].Changes
}

func text(s string) cty.Value { return cty.StringVal(s) }

func list(s ...string) cty.Value {
	out := make([]cty.Value, len(s))
	for i := range s {
		out[i] = cty.StringVal(s[i])
	}
	return cty.ListVal(out)
}

func reference(address, kind, name string) cty.Value {
	values := map[string]cty.Value{}
	for attribute, t := range provider.RefType().AttributeTypes() {
		values[attribute] = cty.NullVal(t)
	}
	values["address"], values["kind"], values["name"] = text(address), text(kind), text(name)
	return cty.ObjectVal(values)
}

func mountValue(kind, source, target string, readOnly bool) cty.Value {
	return cty.ObjectVal(attributes{
		"type": text(kind), "source": text(source), "target": text(target), "read_only": cty.BoolVal(readOnly),
		"volume": cty.NullVal(provider.RefType()), "written": text(source), "subpath": cty.NullVal(cty.String),
		"propagation": cty.NullVal(cty.String), "create_source": cty.False, "resolve": text("same"), "implied": cty.False,
	})
}

func (r *rig) docker(args ...string) string {
	r.t.Helper()
	out, err := exec.Command("docker", args...).CombinedOutput()
	if err != nil {
		r.t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// sleeper is a container that stays.
func (r *rig) sleeper(more attributes) provider.Declaration {
	declared := attributes{"image": text(bashImage), "command": list("sleep", "1000"), "init": cty.True, "restart": text("no")}
	for name, v := range more {
		declared[name] = v
	}
	return r.declaration("container.web", declared)
}

func wantCode(t *testing.T, err error, code provider.Code, says ...string) {
	t.Helper()
	if provider.CodeOf(err) != code {
		t.Fatalf("error %v has code %q, want %q", err, provider.CodeOf(err), code)
	}
	for _, s := range says {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("the error does not say %q: %v", s, err)
		}
	}
}
