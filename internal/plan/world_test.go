package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/providertest"
)

// world is a model of engines that is as strict as they are: nothing is created
// twice or without what it needs, nothing goes while it is used, and nothing
// happens inside a daemon that does not run.
type world struct {
	next    int
	objects map[string]*thing // by id
}

// thing is one object. Home is the id of the volume that it lives on, empty on
// the root engine.
type thing struct {
	provider.Object
	home string
	// uses are the ids of its networks and volumes; data is the id of a daemon's data.
	networks, volumes []string
	data              string
}

func newWorld() *world { return &world{objects: map[string]*thing{}} }

func (w *world) sorted() []*thing {
	var ids []string
	for id := range w.objects {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	out := make([]*thing, len(ids))
	for i, id := range ids {
		out[i] = w.objects[id]
	}
	return out
}

// in lists what lives in a home.
func (w *world) in(home string) []*thing {
	return slices.DeleteFunc(w.sorted(), func(o *thing) bool { return o.home != home })
}

// homeOf is where things inside a daemon live; an error says that it does not run.
func (w *world) homeOf(inside string) (string, error) {
	if inside == "" {
		return "", nil
	}
	for _, o := range slices.Backward(w.sorted()) { // the latest, where one is about to go
		if o.Owner.Address == inside && o.Condition.State == provider.StateRunning && w.runs(o.home) {
			return o.data, nil
		}
	}
	return "", fmt.Errorf("%s does not run", inside)
}

// runs tells whether the daemon of a home runs, and those around it.
func (w *world) runs(home string) bool {
	if home == "" {
		return true
	}
	for _, o := range w.objects {
		if o.data == home && o.Condition.State == provider.StateRunning {
			return w.runs(o.home)
		}
	}
	return false
}

// observe looks at everything, as package runner does.
func (w *world) observe(x *config.Expanded) plan.Observed {
	b := plan.Belongings{Project: project}
	if x != nil {
		b.Sites = map[string]plan.Site{}
		for _, in := range x.Instances {
			b.Sites[in.Address] = plan.Site{Inside: in.Inside, Name: in.Name, Kind: in.Kind}
		}
	}
	o := plan.Observed{Root: w.snapshot("", "", b), Inside: map[string]plan.Snapshot{}, Sites: b.Sites}
	for level := []string{""}; len(level) > 0; {
		place := level[0]
		level = level[1:]
		snapshot := o.Root
		if place != "" {
			snapshot = o.Inside[place]
		}
		for _, d := range snapshot.Counting(project) {
			if d.Kind != provider.Daemon {
				continue
			}
			o.Inside[d.Owner.Address] = plan.Snapshot{Why: "its container is stopped"}
			if d.Condition.State == provider.StateRunning {
				o.Inside[d.Owner.Address] = w.snapshot(d.Owner.Address, w.objects[d.ID].data, b)
				level = append(level, d.Owner.Address)
			}
		}
	}
	if x == nil {
		return o
	}
	for _, in := range x.Instances {
		if _, found := o.Inside[in.Address]; in.Kind != provider.Daemon || found {
			continue
		}
		parent := o.Root
		if in.Inside != "" {
			parent = o.Inside[in.Inside]
		}
		data := in.Declared.GetAttr("data").GetAttr("address").AsString()
		there := slices.ContainsFunc(parent.Objects, func(v provider.Object) bool { return v.Owner.Address == data })
		switch {
		case parent.Absent || parent.Readable && !there:
			o.Inside[in.Address] = plan.Snapshot{Absent: true}
		default:
			o.Inside[in.Address] = plan.Snapshot{Why: "its container is not there, and its data may be"}
		}
	}
	return o
}

func (w *world) snapshot(place, home string, b plan.Belongings) plan.Snapshot {
	s := plan.Snapshot{Readable: true}
	for _, o := range w.in(home) {
		seen := o.Object
		seen.Values.Addresses = map[string]string{}
		for _, id := range o.networks {
			if used := w.objects[id]; used != nil { // else it went after the object had ended
				seen.Values.Addresses[used.Name] = "10.0.0.1"
			}
		}
		for _, id := range o.volumes {
			seen.Views = append(seen.Views, provider.View{Type: "volume", Source: w.objects[id].Name, Target: "/" + w.objects[id].Owner.Address})
		}
		if site, configured := b.Sites[seen.Owner.Address]; configured && site.Inside != place && seen.Kind != provider.Image && seen.Owner.Project == project {
			seen.Stray = true
		}
		s.Objects = append(s.Objects, seen)
	}
	s.Settle(b)
	return s
}

// take carries out one step.
func (w *world) take(s plan.Step, x *config.Expanded) error {
	home, err := w.homeOf(s.Inside)
	if err != nil {
		return err
	}
	switch s.Action {
	case plan.Create:
		return w.create(s, x, home)
	case plan.Run:
		if s.Object != "" {
			if err := w.remove(s.Object, home); err != nil {
				return err
			}
		}
		return w.create(s, x, home)
	case plan.Delete:
		return w.remove(s.Object, home)
	case plan.Start, plan.Update:
		return w.change(s, x, home)
	case plan.Wait:
		if o := w.objects[s.Object]; o == nil || o.home != home || o.Condition.State != provider.StateRunning {
			return fmt.Errorf("%s does not run, and is waited for", s.Address)
		}
		return nil
	default:
		return fmt.Errorf("unknown action")
	}
}

func (w *world) create(s plan.Step, x *config.Expanded, home string) error {
	in, _ := x.Instance(s.Address)
	for _, o := range w.in(home) {
		if o.Name == in.Name && o.Kind.Runs() == in.Kind.Runs() && (in.Kind.Runs() || o.Kind == in.Kind) {
			return fmt.Errorf("%s bears the name %s", o.Owner.Address, o.Name)
		}
	}
	spec, err := provider.Spec(in.Declared)
	if err != nil {
		return err
	}
	w.next++
	o := &thing{home: home, Object: provider.Object{
		ID: fmt.Sprintf("o%04d", w.next), Kind: in.Kind, Name: in.Name,
		Owner:  provider.Ownership{Project: project, Address: s.Address, Kind: in.Kind, Spec: spec, Deps: in.Deps, Schema: 2, Name: in.Name, Place: in.Inside},
		Actual: in.Declared,
	}}
	for _, dep := range in.Deps {
		if dep != in.Inside && !slices.ContainsFunc(w.sorted(), func(d *thing) bool { return d.Owner.Address == dep }) {
			return fmt.Errorf("%s is not there", dep)
		}
	}
	if err := w.connect(o, in.Declared); err != nil {
		return err
	}
	w.objects[o.ID] = o
	w.start(o)
	return nil
}

// connect finds what an object uses.
func (w *world) connect(o *thing, declared cty.Value) error {
	o.networks, o.volumes, o.data = nil, nil, ""
	if !o.Kind.Runs() {
		return nil
	}
	for _, address := range refs(declared, "networks") {
		used := w.find(o.home, address)
		if used == nil {
			return fmt.Errorf("the network %s is not there", address)
		}
		o.networks = append(o.networks, used.ID)
	}
	for _, address := range refs(declared, "mount") {
		used := w.find(o.home, address)
		if used == nil {
			return fmt.Errorf("the volume %s is not there", address)
		}
		o.volumes = append(o.volumes, used.ID)
	}
	if o.Kind != provider.Daemon {
		return nil
	}
	data := w.find(o.home, declared.GetAttr("data").GetAttr("address").AsString())
	if data == nil {
		return fmt.Errorf("the data is not there")
	}
	for _, other := range w.objects {
		if other.data == data.ID && other != o {
			return fmt.Errorf("%s has the data already", other.Owner.Address)
		}
	}
	o.data = data.ID
	return nil
}

func (w *world) find(home, address string) *thing {
	for _, o := range w.in(home) {
		if o.Owner.Address == address {
			return o
		}
	}
	return nil
}

func (w *world) start(o *thing) {
	switch {
	case !o.Kind.Runs():
	case o.Kind == provider.Job:
		o.Condition = provider.Condition{State: provider.StateExited}
	default:
		o.Condition = provider.Condition{State: provider.StateRunning}
	}
}

// halt stops an object and what is inside it.
func (w *world) halt(o *thing) {
	if o.Kind == provider.Job || !o.Kind.Runs() || o.Condition.State != provider.StateRunning {
		return
	}
	o.Condition = provider.Condition{State: provider.StateExited, ExitCode: 137}
	if o.data != "" {
		for _, inner := range w.in(o.data) {
			w.halt(inner)
		}
	}
}

func (w *world) remove(id, home string) error {
	o := w.objects[id]
	switch {
	case o == nil:
		return fmt.Errorf("there is no object %s", id)
	case o.Owner.Project != project:
		return fmt.Errorf("%s is not ours", id)
	case o.home != home:
		return fmt.Errorf("%s is elsewhere", id)
	}
	for _, user := range w.objects {
		// A network is used by what runs, a volume also by what has ended; measured on 20.10.
		joined := user.Condition.State == provider.StateRunning && slices.Contains(user.networks, id)
		if joined || slices.Contains(user.volumes, id) {
			return fmt.Errorf("%s is used by %s", o.Owner.Address, user.Owner.Address)
		}
	}
	w.halt(o)
	w.erase(o)
	return nil
}

// erase removes an object and, with a volume, everything that lives on it.
func (w *world) erase(o *thing) {
	delete(w.objects, o.ID)
	for _, inner := range w.sorted() {
		if inner.home == o.ID {
			w.erase(inner)
		}
	}
}

func (w *world) change(s plan.Step, x *config.Expanded, home string) error {
	o, in := w.objects[s.Object], config.Instance{}
	if o == nil || o.home != home || o.Owner.Address != s.Address {
		return fmt.Errorf("%s is not there", s.Object)
	}
	if in, _ = x.Instance(s.Address); s.Action == plan.Start {
		w.start(o)
		return nil
	}
	for _, other := range w.objects {
		if in.Name != o.Name && other != o && other.home == home && other.Name == in.Name && other.Kind.Runs() {
			return fmt.Errorf("%s is to be called %s, which %s is", s.Address, in.Name, other.Owner.Address)
		}
	}
	return w.become(o, in)
}

// become is a live change: what is ignored stays as it is.
func (w *world) become(o *thing, in config.Instance) error {
	actual, joins := in.Declared.AsValueMap(), in.Declared.AsValueMap()
	networks, volumes := o.networks, o.volumes
	for _, name := range in.Lifecycle.IgnoreChanges {
		actual[name] = o.Actual.GetAttr(name)
		joins[name] = cty.NullVal(in.Declared.GetAttr(name).Type())
	}
	o.Name, o.Actual = in.Name, cty.ObjectVal(actual)
	if err := w.connect(o, cty.ObjectVal(joins)); err != nil {
		return err
	}
	if slices.Contains(in.Lifecycle.IgnoreChanges, "networks") {
		o.networks = networks
	}
	if slices.Contains(in.Lifecycle.IgnoreChanges, "mount") {
		o.volumes = volumes
	}
	var err error
	o.Owner.Spec, err = provider.Spec(o.Actual)
	return err
}

// refs are the addresses in a list of references or of mounts.
func refs(declared cty.Value, name string) []string {
	list := declared.GetAttr(name)
	if list.IsNull() {
		return nil
	}
	var out []string
	for it := list.ElementIterator(); it.Next(); {
		_, v := it.Element()
		if name == "mount" {
			v = v.GetAttr("volume")
		}
		out = append(out, v.GetAttr("address").AsString())
	}
	return out
}

// diff compares what was declared with what is there: networks and cpus change
// live, everything else by replacement.
func diff(items []provider.DiffItem) ([]provider.Difference, error) {
	out := make([]provider.Difference, len(items))
	for i, item := range items {
		if item.Absent {
			continue
		}
		for _, name := range []string{"command", "cpus", "data", "labels", "mount", "networks"} {
			if !item.Declaration.Declared.Type().HasAttribute(name) {
				continue
			}
			to, from := item.Declaration.Declared.GetAttr(name), item.Actual.GetAttr(name)
			if specText(to) == specText(from) {
				continue
			}
			change := provider.Change{Path: name, From: from, To: to, Effect: provider.Replace, Cause: provider.Configured}
			if name == "networks" || name == "cpus" {
				change.Effect = provider.Live
			}
			out[i].Changes = append(out[i].Changes, change)
		}
	}
	return out, nil
}

func specText(v cty.Value) string {
	spec, err := provider.Spec(cty.ObjectVal(map[string]cty.Value{"v": v}))
	if err != nil {
		return err.Error()
	}
	return string(spec)
}

// fill puts everything that a configuration wants there, without any plan.
func (w *world) fill(tb testing.TB, x *config.Expanded) {
	tb.Helper()
	byAddress := map[string]*thing{}
	for _, in := range x.Instances {
		spec, err := provider.Spec(in.Declared)
		if err != nil {
			tb.Fatal(err)
		}
		w.next++
		o := &thing{Object: provider.Object{
			ID: fmt.Sprintf("o%05d", w.next), Kind: in.Kind, Name: in.Name, Actual: in.Declared,
			Owner: provider.Ownership{Project: project, Address: in.Address, Kind: in.Kind, Spec: spec, Deps: in.Deps, Schema: 2, Name: in.Name, Place: in.Inside},
		}}
		if in.Kind.Runs() {
			for _, address := range refs(in.Declared, "networks") {
				o.networks = append(o.networks, byAddress[address].ID)
			}
		}
		w.start(o)
		w.objects[o.ID], byAddress[in.Address] = o, o
	}
}

const project = "p"

// noun is one object of a configuration, for tests.
type noun struct {
	address, name, inside   string
	networks, volumes, deps []string
	data, image             string
	rev, cpus               int
	ignores                 []string // of ignore_changes
	run                     string   // of a job: when it runs
	follows                 []string // of replace_triggered_by
}

func (n noun) kind() provider.Kind {
	kind, _, _ := strings.Cut(n.address, ".")
	return provider.Kind(kind)
}

// mounted are the volumes that a noun mounts, its data among them.
func mounted(n noun) []string {
	if n.data == "" {
		return n.volumes
	}
	return append(slices.Clone(n.volumes), n.data)
}

// configuration evaluates nouns, which come in topological order.
func configuration(nouns ...noun) *config.Expanded {
	schema := providertest.MemorySchema()
	x := &config.Expanded{Config: &config.Config{Project: project}}
	names := map[string]string{}
	for _, n := range nouns {
		names[n.address] = n.name
	}
	ref := func(address string) cty.Value {
		kind, _, _ := strings.Cut(address, ".")
		return providertest.Ref(address, provider.Kind(kind), names[address])
	}
	for _, n := range nouns {
		given := map[string]cty.Value{"name": cty.StringVal(n.name)}
		deps := append(slices.Concat(n.networks, n.volumes), n.deps...)
		if n.inside != "" {
			given["inside"] = ref(n.inside)
			deps = append(deps, n.inside)
		}
		if n.kind().Runs() {
			given["command"] = cty.ListVal([]cty.Value{cty.StringVal(fmt.Sprint(n.rev))})
			given["cpus"] = cty.NumberIntVal(int64(n.cpus))
			var networks, mounts []cty.Value
			for _, address := range n.networks {
				networks = append(networks, ref(address))
			}
			for _, address := range mounted(n) {
				mounts = append(mounts, providertest.Mount(map[string]cty.Value{
					"type": cty.StringVal("volume"), "source": cty.StringVal(names[address]), "volume": ref(address),
					"target": cty.StringVal("/" + address),
				}))
			}
			if len(networks) > 0 {
				given["networks"] = cty.ListVal(networks)
			}
			if len(mounts) > 0 {
				given["mount"] = cty.ListVal(mounts)
			}
		} else {
			given["labels"] = cty.MapVal(map[string]cty.Value{"rev": cty.StringVal(fmt.Sprint(n.rev))})
		}
		if n.data != "" {
			given["data"] = ref(n.data)
			deps = append(deps, n.data)
		}
		if n.image != "" {
			given["image"] = ref(n.image)
			deps = append(deps, n.image)
		}
		if n.run != "" {
			given["run"] = cty.StringVal(n.run)
		}
		var follows []config.Watched
		for _, address := range n.follows {
			follows = append(follows, config.Watched{Address: address})
		}
		slices.Sort(deps)
		_, label, _ := strings.Cut(n.address, ".")
		x.Instances = append(x.Instances, config.Instance{
			Address: n.address, Kind: n.kind(), Label: label, Name: n.name, Inside: n.inside, Deps: slices.Compact(deps), ImageAddress: n.image,
			Declared: providertest.Declare(schema, n.kind(), given), RangeOf: func(string) diag.Range { return diag.Range{} },
			Lifecycle: config.Lifecycle{IgnoreChanges: n.ignores, ReplacedBy: follows},
		})
	}
	return x
}

// input is what a plan of x in w is made from.
func (w *world) input(x *config.Expanded) plan.Input {
	return plan.Input{
		Project: project, Observed: w.observe(x), Diff: diff,
		Expand: func(config.Known) (*config.Expanded, diag.List) { return x, nil },
	}
}
