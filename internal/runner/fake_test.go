package runner_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
)

// project is the name of the project of all tests.
const project = "ci"

// engine is a small provider that keeps its objects in memory: what is inside a
// daemon is kept with the volume of the daemon's "data" attribute.
type engine struct {
	provider.Provider // nothing else is called

	mu      sync.Mutex
	serial  int
	objects map[string]provider.Object // by id
	calls   []string                   // of changing calls, as they begin
	stops   int
	// before is asked before each changing call; it may block, or fail the call.
	before func(ctx context.Context, op, address string) error
	// after is asked when a changing call has had its effect.
	after  func(op, address string) error
	powers []provider.Power
	probes []string
	probe  error
	froms  map[string][]provider.Place // ImageFrom of creates, by address
	owners map[string]provider.Ownership
	locks  map[string]provider.Holder
	same   map[string]bool // addresses of which a replacement comes out under the old id
}

func newEngine() *engine {
	return &engine{
		objects: map[string]provider.Object{}, froms: map[string][]provider.Place{},
		owners: map[string]provider.Ownership{}, locks: map[string]provider.Holder{},
		powers: []provider.Power{provider.PowerProbe, provider.PowerExec, provider.PowerLock},
	}
}

func (e *engine) Describe(context.Context) (provider.Description, error) {
	return provider.Description{Name: "fake", Powers: e.powers}, nil
}

func (e *engine) call(ctx context.Context, op, address string) error {
	e.mu.Lock()
	e.calls = append(e.calls, op+" "+address)
	before := e.before
	e.mu.Unlock()
	if before == nil {
		return ctx.Err()
	}
	return before(ctx, op, address)
}

func (e *engine) called() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.calls)
}

func (e *engine) Open(_ context.Context, req provider.OpenRequest) (provider.OpenResponse, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	object, found := e.objects[req.ID]
	switch {
	case !found || object.Place != req.Parent:
		return provider.OpenResponse{Why: "it is not there"}, nil
	case object.Condition.State != provider.StateRunning:
		return provider.OpenResponse{Why: "its container is " + string(object.Condition.State)}, nil
	}
	return provider.OpenResponse{Readable: true, Place: req.Parent + "/" + provider.Place(object.Owner.Address), Facts: provider.Facts{ID: object.Owner.Address}}, nil
}

func (e *engine) Observe(_ context.Context, req provider.ObserveRequest, each func(provider.Object) error) (provider.ObserveResponse, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(e.objects)) {
		if object := e.objects[id]; object.Place == req.Place && (req.Project == "" || object.Owner.Project == req.Project) {
			if err := each(object); err != nil {
				return provider.ObserveResponse{}, err
			}
		}
	}
	return provider.ObserveResponse{Images: map[string]string{}, Projects: map[string]int{}}, nil
}

func (e *engine) Create(ctx context.Context, req provider.CreateRequest, sink provider.Sink) (provider.CreateResponse, error) {
	address := req.Declaration.Address
	if err := e.call(ctx, "create", address); err != nil {
		return provider.CreateResponse{}, err
	}
	e.mu.Lock()
	for _, object := range e.objects {
		if object.ID == req.Replaces && e.same[address] {
			e.mu.Unlock()
			return provider.CreateResponse{ID: object.ID, Object: object}, nil
		}
		if object.ID == req.Replaces {
			continue
		}
		if object.Place == req.Place && object.Name == req.Declaration.Name && object.Kind == req.Declaration.Kind {
			e.mu.Unlock()
			return provider.CreateResponse{}, &provider.Problem{Code: provider.Conflict, Summary: "The name is taken", Detail: "By " + object.ID + "."}
		}
	}
	e.serial++
	object := provider.Object{
		ID: fmt.Sprintf("id%03d", e.serial), Kind: req.Declaration.Kind, Name: req.Declaration.Name, Place: req.Place, Owner: req.Owner,
	}
	object.Values.ID = object.ID
	if object.Kind.Runs() {
		object.Condition.State = provider.StateCreated
	}
	delete(e.objects, req.Replaces)
	e.objects[object.ID] = object
	e.froms[address], e.owners[address] = req.ImageFrom, req.Owner
	e.mu.Unlock()
	sink(provider.Event{Address: address, Phase: provider.PhaseCreate, Text: "created"})
	if err := e.done("create", address); err != nil {
		return provider.CreateResponse{ID: object.ID}, err
	}
	object = e.start(object)
	sink(provider.Event{Address: address, Phase: provider.PhaseStart, Text: "started"})
	return provider.CreateResponse{ID: object.ID, Object: object}, nil
}

func (e *engine) start(object provider.Object) provider.Object {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case object.Kind == provider.Job:
		out := "output of " + object.Owner.Address
		object.Condition = provider.Condition{State: provider.StateExited}
		object.Values.Stdout = &out
	case object.Kind.Runs():
		object.Condition.State = provider.StateRunning
	}
	e.objects[object.ID] = object
	return object
}

func (e *engine) done(op, address string) error {
	e.mu.Lock()
	after := e.after
	e.mu.Unlock()
	if after == nil {
		return nil
	}
	return after(op, address)
}

func (e *engine) Update(ctx context.Context, req provider.UpdateRequest, _ provider.Sink) (provider.UpdateResponse, error) {
	err := e.call(ctx, "update", req.Declaration.Address)
	return provider.UpdateResponse{Object: e.object(req.ID)}, err
}

func (e *engine) Resume(ctx context.Context, req provider.ResumeRequest, _ provider.Sink) (provider.ResumeResponse, error) {
	if err := e.call(ctx, "resume", req.Declaration.Address); err != nil {
		return provider.ResumeResponse{}, err
	}
	return provider.ResumeResponse{Object: e.start(e.object(req.ID))}, nil
}

func (e *engine) Delete(ctx context.Context, req provider.DeleteRequest, _ provider.Sink) (provider.DeleteResponse, error) {
	address := e.object(req.ID).Owner.Address
	if err := e.call(ctx, "delete", address); err != nil {
		return provider.DeleteResponse{}, err
	}
	e.mu.Lock()
	delete(e.objects, req.ID)
	e.mu.Unlock()
	return provider.DeleteResponse{}, e.done("delete", address)
}

func (e *engine) Stop(context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stops++
	return nil
}

func (e *engine) Diff(_ context.Context, req provider.DiffRequest) (provider.DiffResponse, error) {
	return provider.DiffResponse{Differences: make([]provider.Difference, len(req.Items))}, nil
}

func (e *engine) Probe(_ context.Context, req provider.ProbeRequest, _ provider.Sink) (provider.ProbeResponse, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.probes = append(e.probes, req.Declaration.Address)
	return provider.ProbeResponse{How: "docker version, run in it", Answer: "20.10"}, e.probe
}

func (e *engine) Exec(_ context.Context, req provider.ExecRequest) (provider.ExecResponse, error) {
	_, err := fmt.Fprintf(req.Stdout, "%s ran %s in %q", req.ID, strings.Join(req.Command, " "), req.Place)
	return provider.ExecResponse{ExitCode: 7}, err
}

func (e *engine) Lock(_ context.Context, name string, holder provider.Holder) (provider.Holder, bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	present, taken := e.locks[name]
	if !taken {
		e.locks[name], present = holder, holder
	}
	return present, present.Nonce == holder.Nonce, nil
}

func (e *engine) Unlock(_ context.Context, name, nonce string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.locks[name].Nonce == nonce {
		delete(e.locks, name)
	}
	return nil
}

func (e *engine) object(id string) provider.Object {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.objects[id]
}

// put adds an object that is there already, and returns its id.
func (e *engine) put(kind provider.Kind, address string, place provider.Place, state provider.State) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.serial++
	id := fmt.Sprintf("id%03d", e.serial)
	e.objects[id] = provider.Object{
		ID: id, Kind: kind, Name: name(address), Place: place, Condition: provider.Condition{State: state}, Values: provider.Values{ID: id},
		Owner: provider.Ownership{Project: project, Address: address, Kind: kind, Schema: provider.OwnershipSchema, Name: name(address)},
	}
	return id
}

// listing shows what there is, one line an object.
func (e *engine) listing() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var lines []string
	for _, o := range e.objects {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s%s %s", o.Place, "/"+o.Owner.Address, o.Condition.State)))
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

func name(address string) string { return project + "-" + strings.ReplaceAll(address, ".", "-") }

// conf is a configuration of which every object has the attributes that a test gives.
type conf map[string]config.Instance

// configured is a configuration with one instance for each "address [inside=X] [controller=Y]".
func configured(lines ...string) conf {
	c := conf{}
	for _, line := range lines {
		fields := strings.Fields(line)
		kind, label, _ := strings.Cut(fields[0], ".")
		in := config.Instance{
			Address: fields[0], Kind: provider.Kind(kind), Label: label, Name: name(fields[0]),
			Header:  diag.Range{File: "ci.hcl", Start: diag.Pos{Line: len(c) + 1}},
			RangeOf: func(path string) diag.Range { return diag.Range{File: "ci.hcl#" + path} },
		}
		attributes := map[string]cty.Value{"name": cty.StringVal(in.Name)}
		for _, field := range fields[1:] {
			key, value, _ := strings.Cut(field, "=")
			switch key {
			case "inside":
				in.Inside = value
				in.Deps = append(in.Deps, value)
			case "ready":
				attributes[key] = cty.ListVal([]cty.Value{cty.StringVal(value)})
			case "controller", "data":
				attributes[key] = reference(value)
			case "later":
				attributes[key] = cty.UnknownVal(cty.String) // known once the named object is
				attributes[key] = attributes[key].Mark(value)
			}
		}
		in.Declared = cty.ObjectVal(attributes)
		c[in.Address] = in
	}
	return c
}

func reference(address string) cty.Value {
	values := map[string]cty.Value{}
	for name, t := range provider.RefType().AttributeTypes() {
		values[name] = cty.UnknownVal(t)
	}
	values["address"] = cty.StringVal(address)
	return cty.ObjectVal(values)
}

func (c conf) Instance(address string) (config.Instance, bool) {
	in, found := c[address]
	return in, found
}

// Declaration fills in "later", the id of another object, when that is known.
func (c conf) Declaration(address string, known config.Known) (provider.Declaration, diag.List) {
	in := c[address]
	attributes := in.Declared.AsValueMap()
	related := map[string]provider.Related{}
	if later, found := attributes["later"]; found {
		bare, marks := later.Unmark()
		for of := range marks {
			if of, ok := of.(string); ok {
				related[of] = provider.Related{Address: of, Kind: c[of].Kind}
			}
			if of, ok := of.(string); ok && known[of].ID != "" && !known[of].Pending {
				bare = cty.StringVal(known[of].ID)
			}
		}
		attributes["later"] = bare
	}
	return provider.Declaration{Address: address, Kind: in.Kind, Name: in.Name, Declared: cty.ObjectVal(attributes), Related: related}, nil
}

func (c conf) EvalOutputs(known config.Known) ([]config.OutputValue, diag.List) {
	var out []config.OutputValue
	for _, address := range slices.Sorted(maps.Keys(c)) {
		if c[address].Kind != provider.Job {
			continue
		}
		value := cty.UnknownVal(cty.String)
		if k := known[address]; k.Stdout != nil && !k.Pending {
			value = cty.StringVal(*k.Stdout)
		}
		out = append(out, config.OutputValue{Name: address, Value: value})
	}
	return out, nil
}

func (c conf) Sensitive() []cty.Value { return nil }

// steps makes a plan of lines "create network.ci", "create? job.x inside=daemon.d
// needs=1,2 object=id001"; a question mark is a tentative step.
func steps(t *testing.T, lines ...string) *plan.Plan {
	t.Helper()
	p := &plan.Plan{Project: project, Origin: "machine:/ci.hcl"}
	for i, line := range lines {
		fields := strings.Fields(line)
		kind, _, _ := strings.Cut(fields[1], ".")
		step := plan.Step{
			ID: i + 1, Action: plan.Action(strings.TrimSuffix(fields[0], "?")), Tentative: strings.HasSuffix(fields[0], "?"),
			Address: fields[1], Kind: provider.Kind(kind), Name: name(fields[1]),
		}
		for _, field := range fields[2:] {
			key, value, _ := strings.Cut(field, "=")
			switch key {
			case "inside":
				step.Inside = value
			case "object":
				step.Object = value
			case "replaces":
				step.Replaces = value
			case "hinges":
				step.Hinges = strings.Split(value, ",")
			case "needs":
				if err := json.Unmarshal([]byte("["+value+"]"), &step.Needs); err != nil {
					t.Fatal(err)
				}
			}
		}
		p.Steps = append(p.Steps, step)
	}
	return p
}

// observed looks at the engine for a test.
func observed(t *testing.T, e *engine, daemons ...runner.WantedDaemon) plan.Observed {
	t.Helper()
	o, problems := runner.Observe(t.Context(), e, provider.Facts{ID: "root"}, runner.ObserveRequest{Project: project, Daemons: daemons})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return o
}

// account is a result in lines: what was done, failed, skipped and why.
func account(r runner.Result) string {
	var out strings.Builder
	for _, s := range r.Done {
		fmt.Fprintf(&out, "done %s %s\n", s.Action, s.Address)
	}
	for _, f := range r.Failed {
		fmt.Fprintf(&out, "failed %s %s\n", f.Step.Action, f.Step.Address)
	}
	for _, s := range r.Skipped {
		fmt.Fprintf(&out, "skipped %s %s: %s\n", s.Step.Action, s.Step.Address, s.Because)
	}
	for _, s := range r.Dropped {
		fmt.Fprintf(&out, "dropped %s %s\n", s.Action, s.Address)
	}
	return strings.TrimSpace(out.String())
}
