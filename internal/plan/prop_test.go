package plan_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// nouns makes a random configuration: daemons with their data, networks, volumes,
// containers and jobs, inside daemons too. Names come from a small pool, so that
// one configuration takes over the names of another.
func nouns(random *rand.Rand) []noun {
	var out []noun
	taken := map[string]bool{}
	add := func(n noun) noun {
		space := string(n.kind())
		if n.kind().Runs() {
			space = "container"
		}
		for {
			n.name = fmt.Sprintf("x%d", random.IntN(12))
			if key := n.inside + " " + space + " " + n.name; !taken[key] {
				taken[key] = true
				break
			}
		}
		n.rev, n.cpus = random.IntN(5)/4, random.IntN(3)/2
		out = append(out, n)
		return n
	}
	places := []string{""}
	some := func(kind provider.Kind, inside string) []string {
		var list []string
		for _, n := range out {
			if n.kind() == kind && n.inside == inside && random.IntN(3) == 0 {
				list = append(list, n.address)
			}
		}
		return list
	}
	for range 3 + random.IntN(8) {
		inside := places[random.IntN(len(places))]
		kind := []provider.Kind{provider.Network, provider.Volume, provider.Container, provider.Daemon, provider.Job}[random.IntN(5)]
		n := noun{address: fmt.Sprintf("%s.n%d", kind, random.IntN(6)), inside: inside}
		if slices.ContainsFunc(out, func(o noun) bool { return o.address == n.address }) {
			continue
		}
		if kind.Runs() {
			n.networks, n.volumes = some(provider.Network, inside), some(provider.Volume, inside)
			if random.IntN(3) == 0 && len(out) > 0 {
				n.deps = []string{out[random.IntN(len(out))].address}
			}
		}
		if kind == provider.Container && random.IntN(4) == 0 {
			n.ignores = [][]string{{"networks"}, {"mount"}, {"mount", "networks"}}[random.IntN(3)]
		}
		if kind == provider.Daemon {
			n.data = freeData(out, inside, random)
			if n.data == "" {
				n.data = add(noun{address: n.address + ".data", inside: inside}.asVolume()).address
			}
			places = append(places, n.address)
		}
		add(n)
	}
	return out
}

// asVolume names an implied volume so that its address tells its kind.
func (n noun) asVolume() noun {
	n.address = "volume." + strings.ReplaceAll(n.address, ".", "-")
	return n
}

// freeData is a volume that no daemon has, sometimes.
func freeData(all []noun, inside string, random *rand.Rand) string {
	for _, v := range all {
		used := slices.ContainsFunc(all, func(n noun) bool { return n.data == v.address || slices.Contains(n.volumes, v.address) })
		if v.kind() == provider.Volume && v.inside == inside && !used && random.IntN(2) == 0 {
			return v.address
		}
	}
	return ""
}

// disturb does what others do between two runs.
func (w *world) disturb(random *rand.Rand) {
	all := w.sorted()
	for range random.IntN(3) {
		if len(all) == 0 {
			return
		}
		o := all[random.IntN(len(all))]
		if w.objects[o.ID] == nil || !o.Kind.Runs() {
			continue
		}
		switch {
		case o.Kind == provider.Job:
			o.Condition.ExitCode = random.IntN(3)
		case random.IntN(2) == 0:
			w.halt(o)
		default:
			w.halt(o)
			w.erase(o)
		}
	}
}

// refused tells of errors that ask for a decision about data.
func refused(problems diag.List) bool {
	return slices.ContainsFunc(problems, func(p diag.Problem) bool { return p.Code == "data-loss" })
}

// From whatever one configuration and the hands of others have left, the plan of
// another one can be carried out in every order that its edges allow, on engines
// that refuse whatever real ones refuse; and then there is nothing left to do. The
// order in which objects are observed does not matter, steps come after what
// they need, no step touches what is not ours, and destroy leaves nothing but volumes.
// A name that is taken stops its address and what needs it, and nothing else; what is
// ignored stays as it is, and what is used that way is kept.
func TestPlansCanBeCarriedOut(t *testing.T) {
	t.Parallel()
	planned := 0
	for seed := range 2000 {
		random := rand.New(rand.NewPCG(uint64(seed), 7))
		w := newWorld()
		w.foreign(random)
		for round := range 3 {
			x := configuration(nouns(random)...)
			planned += w.converge(t, fmt.Sprintf("seed %d, round %d", seed, round), x, random)
			w.disturb(random)
		}
		checkDestroy(t, fmt.Sprintf("seed %d", seed), w, random)
	}
	if planned < 5000 {
		t.Errorf("only %d plans were made: the configurations are refused too often", planned)
	}
}

// checkStopped checks that what is stopped has no steps, and that a plan without steps
// lacks nothing else.
func checkStopped(t *testing.T, at string, w *world, x *config.Expanded, p *plan.Plan) {
	t.Helper()
	for _, problem := range p.Stopped {
		if problem.Code != "name-taken" && problem.Code != "in_use" || !slices.Contains(p.Left, problem.Address) {
			t.Fatalf("%s: %s is stopped (%s), left are %v", at, problem.Address, problem.Detail, p.Left)
		}
	}
	for _, s := range p.Steps {
		if slices.Contains(p.Left, s.Address) {
			t.Fatalf("%s: %s is left, and planned:\n%s", at, s.Address, p)
		}
	}
	there := map[string]bool{}
	for _, o := range w.sorted() {
		there[o.Owner.Address] = there[o.Owner.Address] || o.Owner.Project == project
	}
	for _, in := range x.Instances {
		if p.Clean && !p.Partial && !there[in.Address] && !slices.Contains(p.Left, in.Address) {
			t.Fatalf("%s: nothing is left to do, and %s is not there:\n%s", at, in.Address, p)
		}
	}
}

// foreign adds objects of nobody and of another project.
func (w *world) foreign(random *rand.Rand) {
	for i := range random.IntN(3) {
		id := fmt.Sprintf("foreign%d", i)
		w.objects[id] = &thing{Object: provider.Object{
			ID: id, Kind: provider.Network, Name: fmt.Sprintf("x%d", i+6),
			Owner: provider.Ownership{Project: []string{"", "other"}[i%2], Address: "network.n1"},
		}}
	}
}

// converge plans and applies until nothing is left to do, which has to be so after
// the first time, unless something could not be looked into: then each time may
// bring more to light. It counts plans.
func (w *world) converge(t *testing.T, at string, x *config.Expanded, random *rand.Rand) (planned int) {
	t.Helper()
	consent := random.IntN(2) == 0
	var before *plan.Plan
	for range 24 { // parts count, too
		in := w.input(x)
		in.DataLoss, in.Volumes = consent, consent
		p, problems := plan.Make(in)
		switch {
		case refused(problems):
			return planned
		case problems.HasErrors():
			t.Fatalf("%s: %v", at, problems)
		case p.Clean:
			checkStopped(t, at, w, x, p)
			return planned + 1
		case before != nil && len(before.Unread) == 0:
			t.Fatalf("%s: the plan afterwards is not empty:\n%s\nafter:\n%s\nthere:\n%s", at, p, before, w)
		}
		planned++
		checkOrder(t, at, w, p)
		checkStopped(t, at, w, x, p)
		checkPermuted(t, at, in, p, random)
		if random.IntN(3) == 0 {
			in, p = part(t, at, in, p, random)
		}
		if err := w.apply(x, in, p, random.IntN); err != nil && (len(p.Unread) == 0 || !errors.Is(err, errNotShown)) {
			t.Fatalf("%s: %v\nplan:\n%s\nthere:\n%s", at, err, p, w)
		}
		if !p.Partial {
			before = p
		}
	}
	t.Fatalf("%s: the plans do not come to an end:\n%s", at, before)
	return planned
}

func checkOrder(t *testing.T, at string, w *world, p *plan.Plan) {
	t.Helper()
	checkReasons(t, at, p)
	checkKept(t, at, p)
	for i, s := range p.Steps {
		if s.ID != i+1 {
			t.Fatalf("%s: step %d has the id %d", at, i+1, s.ID)
		}
		for _, need := range s.Needs {
			if need >= s.ID {
				t.Fatalf("%s: step %d comes before step %d, which it needs\n%s", at, s.ID, need, p)
			}
		}
		if w != nil && s.Object != "" && w.objects[s.Object].Owner.Project != project {
			t.Fatalf("%s: %s %s touches %s, which is not ours", at, s.Action, s.Address, s.Object)
		}
	}
}

// checkKept checks that what is made anew is removed only when all is done that its
// successor waits for, but for what waits for the removal itself.
func checkKept(t *testing.T, at string, p *plan.Plan) {
	t.Helper()
	earlier := make([]map[int]bool, len(p.Steps)+1) // by id: what a step waits for
	makes := map[string]int{}
	for _, s := range p.Steps {
		earlier[s.ID] = map[int]bool{}
		for _, need := range s.Needs {
			earlier[s.ID][need] = true
			for id := range earlier[need] {
				earlier[s.ID][id] = true
			}
		}
		if s.Action != plan.Delete {
			makes[s.Address] = s.ID
		}
	}
	for _, s := range p.Steps {
		if s.Action != plan.Delete || makes[s.Address] == 0 {
			continue
		}
		for id := range earlier[makes[s.Address]] {
			if p.Steps[id-1].Action != plan.Delete && !earlier[s.ID][id] && !earlier[id][s.ID] {
				t.Fatalf("%s: %s is removed by step %d, and its successor waits for step %d, which may fail then:\n%s", at, s.Address, s.ID, id, p)
			}
		}
	}
}

// part plans for a part of the addresses, and checks that this is a part of the whole.
func part(t *testing.T, at string, in plan.Input, whole *plan.Plan, random *rand.Rand) (plan.Input, *plan.Plan) {
	t.Helper()
	some := func() []string {
		var out []string
		for _, s := range whole.Steps {
			if random.IntN(len(whole.Steps)) < 2 {
				out = append(out, s.Address)
			}
		}
		return out
	}
	in.Target, in.Exclude = some(), some()
	p, problems := plan.Make(in)
	if problems.HasErrors() {
		t.Fatalf("%s: target %v, exclude %v: %v", at, in.Target, in.Exclude, problems)
	}
	type call struct {
		action          plan.Action
		address, object string
	}
	calls := map[call]bool{}
	for _, s := range whole.Steps {
		calls[call{s.Action, s.Address, s.Object}] = true
	}
	acts := map[string]bool{}
	for _, s := range p.Steps {
		acts[s.Address] = true
		if !calls[call{s.Action, s.Address, s.Object}] {
			t.Fatalf("%s: target %v, exclude %v: step %d is not in the whole\n%s\nwhole:\n%s", at, in.Target, in.Exclude, s.ID, p, whole)
		}
	}
	for _, address := range in.Exclude {
		if acts[address] {
			t.Fatalf("%s: %s is excluded and planned:\n%s", at, address, p)
		}
	}
	for _, address := range in.Target {
		if !acts[address] && len(in.Exclude) == 0 {
			t.Fatalf("%s: %s is a target and not planned:\n%s", at, address, p)
		}
	}
	checkOrder(t, at, nil, p)
	return in, p
}

func checkPermuted(t *testing.T, at string, in plan.Input, p *plan.Plan, random *rand.Rand) {
	t.Helper()
	shuffle := func(s plan.Snapshot) plan.Snapshot {
		s.Objects = slices.Clone(s.Objects)
		random.Shuffle(len(s.Objects), func(i, j int) { s.Objects[i], s.Objects[j] = s.Objects[j], s.Objects[i] })
		return s
	}
	in.Observed.Root = shuffle(in.Observed.Root)
	inside := map[string]plan.Snapshot{}
	for address, s := range in.Observed.Inside {
		inside[address] = shuffle(s)
	}
	in.Observed.Inside = inside
	if again, _ := plan.Make(in); again.String() != p.String() {
		t.Fatalf("%s: objects in another order make another plan:\n%s\nbefore:\n%s", at, again, p)
	}
}

func checkDestroy(t *testing.T, at string, w *world, random *rand.Rand) {
	t.Helper()
	in := plan.Input{Project: project, Observed: w.observe(nil), Destroy: true}
	in.Volumes = random.IntN(2) == 0
	p, problems := plan.Make(in)
	if problems.HasErrors() {
		t.Fatalf("%s: destroy: %v", at, problems)
	}
	checkOrder(t, at, w, p)
	if err := w.apply(nil, in, p, random.IntN); err != nil {
		t.Fatalf("%s: destroy: %v\nplan:\n%s\nthere:\n%s", at, err, p, w)
	}
	for _, o := range w.in("") {
		if o.Owner.Project == project && (o.Kind != provider.Volume || in.Volumes) {
			t.Fatalf("%s: after destroy there is %s", at, o.Owner.Address)
		}
	}
}

// What is destroyed goes in the reverse order of its creation.
func TestDestroyIsTheReverseOfCreation(t *testing.T) {
	t.Parallel()
	for seed := range 300 {
		random := rand.New(rand.NewPCG(uint64(seed), 3))
		w := newWorld()
		x := configuration(nouns(random)...)
		in := w.input(x)
		p, problems := plan.Make(in)
		if problems.HasErrors() {
			t.Fatalf("seed %d: %v", seed, problems)
		}
		if err := w.apply(x, in, p, random.IntN); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		gone, problems := plan.Make(plan.Input{Project: project, Observed: w.observe(nil), Destroy: true, Volumes: true})
		if problems.HasErrors() {
			t.Fatalf("seed %d: %v", seed, problems)
		}
		at := map[string]int{}
		for _, s := range gone.Steps {
			at[s.Address] = s.ID
		}
		for _, in := range x.Instances {
			for _, dep := range in.Deps {
				if at[in.Address] == 0 || at[dep] == 0 || at[in.Address] > at[dep] {
					t.Fatalf("seed %d: %s needs %s, but goes as %d after %d", seed, in.Address, dep, at[in.Address], at[dep])
				}
			}
		}
	}
}

func (w *world) String() string {
	var out strings.Builder
	for _, o := range w.sorted() {
		fmt.Fprintf(&out, "%s %s %q home=%s %s uses %v %v data=%s deps=%v\n", o.ID, o.Owner.Address, o.Name, o.home, o.Condition.State, o.networks, o.volumes, o.data, o.Owner.Deps)
	}
	return out.String()
}
