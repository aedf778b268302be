package plan_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/hcl"
	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/providertest"
)

// impostorProject is the project of the tests about impostors.
const impostorProject = "real"

const impostorFile = `
network "net" {}
volume "keep" {}
daemon "outer" {
  image    = "docker:28-dind"
  networks = [network.net]
}
controller "control" {
  image    = "docker:28-cli"
  daemon   = daemon.outer
  networks = [network.net]
}
container "web" {
  image   = "bash"
  command = ["sleep", "1d"]
  mount {
    source = volume.keep
    target = "/keep"
  }
}

network "midnet" {
  inside = daemon.outer
}
volume "mid" {
  inside = daemon.outer
}
daemon "inner" {
  inside   = daemon.outer
  image    = "docker:28-dind"
  networks = [network.midnet]
}
container "box" {
  inside  = daemon.outer
  image   = "bash"
  command = ["sleep", "1d"]
  mount {
    source = volume.mid
    target = "/keep"
  }
}

volume "deepvol" {
  inside = daemon.inner
}
daemon "third" {
  inside = daemon.inner
  image  = "docker:28-dind"
}
container "last" {
  inside  = daemon.third
  image   = "bash"
  command = ["sleep", "1d"]
}
container "deep" {
  inside  = daemon.inner
  image   = "bash"
  command = ["sleep", "1d"]
  mount {
    source = volume.deepvol
    target = "/keep"
  }
}
`

// scene is a world in memory with the project applied, and those who look like it.
type scene struct {
	t      *testing.T
	memory *providertest.Memory
	facts  provider.Facts
	schema provider.Schema
	cfg    *config.Config
	// genuine are the ids of the project's objects, by address; impostors are the ids of
	// the others, by place and name.
	genuine   map[string]string
	impostors map[string]map[string]string

	mu     sync.Mutex
	opened []string // the ids of daemons that were looked into
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{t: t, memory: providertest.NewMemory(providertest.Options{}), genuine: map[string]string{}, impostors: map[string]map[string]string{}}
	description, err := s.memory.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.memory.Configure(t.Context(), provider.ConfigureRequest{})
	if err != nil {
		t.Fatal(err)
	}
	s.facts, s.schema = resp.Facts, description.Schema
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(impostorFile), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, _, problems := hcl.Load(hcl.LoadRequest{Path: "main.hcl", Cwd: dir, MachineID: "machine", Project: impostorProject})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	s.cfg = cfg
	s.apply(s.plan(nil))
	for id, thing := range s.memory.Things() {
		s.genuine[thing.Owner.Address] = id
	}
	return s
}

// clone is a scene of its own that is as this one is now.
func (s *scene) clone(t *testing.T) *scene {
	t.Helper()
	return &scene{t: t, memory: s.memory.Clone(), facts: s.facts, schema: s.schema, cfg: s.cfg, genuine: s.genuine, impostors: s.impostors}
}

// planned is a plan with what it was made from.
type planned struct {
	in     plan.Input
	wanted runner.ObserveRequest
	plan   *plan.Plan
	with   *config.Expanded
	p      *providertest.Memory
}

// plan observes and plans; change, which may be nil, says what is asked for. Bare is a
// removal without a configuration.
func (s *scene) plan(change func(*plan.Input, *runner.ObserveRequest)) planned {
	s.t.Helper()
	ctx := s.t.Context()
	expanded, problems := config.Expand(s.cfg, s.schema, config.Known{})
	if problems.HasErrors() {
		s.t.Fatal(problems)
	}
	out := planned{wanted: runner.Wanted(impostorProject, expanded), with: expanded}
	out.p = s.memory.Through(func(_ context.Context, e providertest.Effect) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if e.Op == "open" {
			s.opened = append(s.opened, e.Address)
		}
		return nil
	})
	out.in = plan.Input{
		Project: impostorProject, Origin: s.cfg.Origin, Diff: runner.Differ(ctx, out.p), Volumes: true, Images: true, DataLoss: true,
		Expand: func(k config.Known) (*config.Expanded, diag.List) { return config.Expand(s.cfg, s.schema, k) },
	}
	if change != nil {
		change(&out.in, &out.wanted)
	}
	observed, problems := runner.Observe(ctx, out.p, s.facts, out.wanted)
	if problems.HasErrors() {
		s.t.Fatal(problems)
	}
	out.in.Observed = observed
	if out.plan, problems = plan.Make(out.in); problems.HasErrors() {
		s.t.Fatal(problems)
	}
	return out
}

func (s *scene) apply(p planned) {
	s.t.Helper()
	request := runner.ApplyRequest{
		Plan: p.plan, Provider: p.p, Observed: p.in.Observed, Observe: p.wanted, Differ: p.in.Diff, Refine: runner.Refiner(p.in, p.plan),
	}
	if p.in.Expand != nil {
		request.Expanded = p.with
	}
	if _, problems := runner.Apply(s.t.Context(), request); problems.HasErrors() {
		s.t.Fatal(problems)
	}
}

// bare removes everything without a configuration.
func bare(in *plan.Input, wanted *runner.ObserveRequest) {
	in.Destroy, in.Expand = true, nil
	*wanted = runner.Wanted(impostorProject, nil)
}

// likenesses are all records that resemble one without being it, by what is done to
// it, with the record of what the object was made from.
func likenesses(o provider.Ownership, elsewhere string) map[string][2]provider.Ownership {
	out := map[string][2]provider.Ownership{}
	add := func(what string, change func(o *provider.Ownership)) {
		forged := o
		change(&forged)
		out[what] = [2]provider.Ownership{forged}
	}
	add("twin", func(*provider.Ownership) {})
	add("place", func(o *provider.Ownership) { o.Place = elsewhere })
	add("project", func(o *provider.Ownership) { o.Project = "other" })
	add("no-address", func(o *provider.Ownership) { o.Address = "" })
	add("no-kind", func(o *provider.Ownership) { o.Kind = "" })
	add("no-origin", func(o *provider.Ownership) { o.Origin = "" })
	add("no-run", func(o *provider.Ownership) { o.Run = "" })
	add("no-spec", func(o *provider.Ownership) { o.Spec = nil })
	add("no-schema", func(o *provider.Ownership) { o.Schema = 0 })
	add("no-name", func(o *provider.Ownership) { o.Name = "" })
	add("first-no-run", func(o *provider.Ownership) { o.Schema, o.Name, o.Place, o.Run = 1, "", "", "" })
	add("first-no-spec", func(o *provider.Ownership) { o.Schema, o.Name, o.Place, o.Spec = 1, "", "", nil })
	if o.Kind.Runs() {
		out["copy"] = [2]provider.Ownership{o, o}
		add("volume", func(o *provider.Ownership) { o.Kind = provider.Volume })
	} else {
		add("container", func(o *provider.Ownership) { o.Kind = provider.Container })
	}
	return out
}

// surround adds to every object, in its place, all that resembles it, and in every
// other place its whole record under its own name.
func (s *scene) surround(observed plan.Observed) {
	s.t.Helper()
	things := s.memory.Things()
	places := map[string]provider.Place{"": provider.Root}
	for daemon, inside := range observed.Inside {
		places[daemon] = inside.Place
	}
	forge := func(place string, kind provider.Kind, name string, owner, from provider.Ownership) {
		if s.impostors[place] == nil {
			s.impostors[place] = map[string]string{}
		}
		s.impostors[place][name+" "+string(kind)] = s.memory.Outside(places[place]).Forge(kind, name, owner, from)
	}
	for _, address := range slices.Sorted(maps.Keys(s.genuine)) {
		o := things[s.genuine[address]]
		if o.Kind == provider.Image {
			continue
		}
		for place := range places {
			if place != o.Owner.Place {
				forge(place, o.Kind, o.Name, o.Owner, provider.Ownership{})
				continue
			}
			elsewhere := "daemon.outer"
			if place == elsewhere {
				elsewhere = ""
			}
			for what, records := range likenesses(o.Owner, elsewhere) {
				forge(place, o.Kind, "a-"+what+"-"+o.Name, records[0], records[1]) // before the genuine one, by name
			}
		}
	}
}

// state is what there is of the impostors in some places.
func (s *scene) state(places ...string) map[string]providertest.Thing {
	out, things := map[string]providertest.Thing{}, s.memory.Things()
	for _, place := range places {
		for name, id := range s.impostors[place] {
			out[place+": "+name] = things[id]
		}
	}
	return out
}

// unchanged demands of some places that the impostors are as they were, and that none was looked into.
func (s *scene) unchanged(when string, before map[string]providertest.Thing, places ...string) {
	s.t.Helper()
	if diff := cmp.Diff(before, s.state(places...)); diff != "" {
		s.t.Errorf("%s: impostors are not what they were (-before +now):\n%s", when, diff)
	}
	for _, place := range places {
		for name, id := range s.impostors[place] {
			if slices.Contains(s.opened, id) {
				s.t.Errorf("%s: the impostor %s in %q was looked into", when, name, place)
			}
		}
	}
}

// Whatever resembles an object without being it, in its place or another, at any depth,
// is named by the plan and is nobody's: it serves for nothing, is not looked into, and
// stays what it is, with the configuration and without.
func TestImpostorsStayWhatTheyAre(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	everywhere := []string{"", "daemon.outer", "daemon.inner", "daemon.third"}
	s.surround(s.plan(nil).in.Observed)
	before := s.state(everywhere...)
	if len(before) < 200 {
		t.Fatalf("there are %d impostors", len(before))
	}

	p := s.plan(nil)
	if !p.plan.Clean || len(p.plan.Stopped) > 0 {
		t.Errorf("with impostors, the plan is\n%s%v", p.plan, p.plan.Stopped)
	}
	told := map[string]bool{}
	for _, f := range p.plan.Foreign {
		told[f.Inside+": "+f.Name+" "+string(f.Kind)] = f.Why != ""
	}
	for name, thing := range before {
		// An impostor is named by the kind that it is, whatever its record says.
		running := strings.NewReplacer("daemon", "container", "controller", "container")
		at := name[:strings.LastIndex(name, " ")] + " "
		if thing.Owner.Project == impostorProject && !told[name] && !told[at+running.Replace(string(thing.Kind))] {
			t.Errorf("the plan does not name %s with its reason", name)
		}
	}
	s.apply(p)
	for address, id := range s.genuine {
		if found, problems := runner.Find(p.in.Observed, impostorProject, address); problems.HasErrors() || found.ID != id {
			t.Errorf("%s is found as %s, and is %s: %v", address, found.ID, id, problems)
		}
	}
	s.unchanged("with the configuration", before, everywhere...)

	// What looks into the daemons of all projects looks into no impostor of this one.
	if _, problems := runner.Gather(t.Context(), runner.GatherRequest{
		Provider: p.p, Dead: func(string, provider.Holder) string { return "" },
	}); problems.HasErrors() {
		t.Error(problems)
	}
	s.opened = slices.DeleteFunc(s.opened, func(id string) bool { return s.memory.Things()[id].Owner.Project != impostorProject }) // what passes for another project's
	s.unchanged("gathered", before, everywhere...)

	t.Run("stopped and started", func(t *testing.T) {
		t.Parallel()
		s := s.clone(t)
		for name, change := range map[string]func(*plan.Input, *runner.ObserveRequest){"with the configuration": nil, "without": bare} {
			p := s.plan(change)
			request := runner.HaltRequest{
				Provider: p.p, Observed: p.in.Observed, Project: impostorProject, Addresses: []string{"container.web", "container.box", "container.deep"},
				Sink: func(runner.Event) {},
				Look: func(ctx context.Context) (plan.Observed, diag.List) {
					return runner.Observe(ctx, p.p, s.facts, p.wanted)
				},
			}
			if result, problems := runner.Restart(t.Context(), request); problems.HasErrors() || len(result.Started) != 3 {
				t.Errorf("%s: %v, %v", name, result, problems)
			}
			s.unchanged("restarted "+name, before, everywhere...)
		}
	})
	t.Run("replaced", func(t *testing.T) {
		t.Parallel()
		s := s.clone(t)
		s.apply(s.plan(func(in *plan.Input, _ *runner.ObserveRequest) {
			in.Replace = []string{"container.web", "container.box", "container.deep", "controller.control", "volume.keep", "volume.mid", "volume.deepvol"}
		}))
		s.unchanged("after a replacement", before, everywhere...)
		if p := s.plan(nil); !p.plan.Clean {
			t.Errorf("after a replacement, the plan is\n%s", p.plan)
		}
	})
	for name, change := range map[string]func(*plan.Input, *runner.ObserveRequest){
		"destroyed":                         func(in *plan.Input, _ *runner.ObserveRequest) { in.Destroy, in.Expand = true, nil },
		"destroyed without a configuration": bare,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, root := s.clone(t), s.state("")
			s.apply(s.plan(change))
			s.unchanged(name, root, "") // what is inside a daemon goes with it
			things := s.memory.Things()
			for address, id := range s.genuine {
				if _, there := things[id]; there {
					t.Errorf("%s is left", address)
				}
			}
		})
	}
}

// Whoever owns a daemon can make whole records in it: of what is inside it already,
// which they replace, and of anything else. Nothing outside follows from that.
func TestWhoOwnsADaemonMovesNothingOutside(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	observed := s.plan(nil).in.Observed
	things := s.memory.Things()
	inside := s.memory.Outside(observed.Inside["daemon.outer"].Place)
	outer := things[s.genuine["daemon.outer"]].Data
	outside := func() map[string]providertest.Thing {
		out := map[string]providertest.Thing{}
		for id, thing := range s.memory.Things() {
			if thing.Engine == things[s.genuine["container.web"]].Engine {
				out[id] = thing
			}
		}
		return out
	}
	// What is inside is taken away, and made anew by somebody else, who says that it needs
	// everything outside; with records of all that is outside beside it.
	for id, thing := range things {
		switch {
		case thing.Engine == outer && thing.Kind == provider.Container:
			inside.Remove(id)
			forged := thing.Owner
			forged.Deps = []string{"container.web", "volume.keep", "network.net", "daemon.outer", "controller.control"}
			inside.Forge(thing.Kind, thing.Name, forged, provider.Ownership{})
		case thing.Engine == outer || thing.Owner.Place != "" || thing.Kind == provider.Image:
		default:
			for i, place := range []string{"", "daemon.outer"} {
				forged := thing.Owner
				forged.Place, forged.Name = place, fmt.Sprintf("%s-%d", thing.Name, i)
				inside.Forge(thing.Kind, forged.Name, forged, provider.Ownership{})
			}
		}
	}
	before := outside()
	for name, do := range map[string]func(*scene){
		"apply": func(s *scene) { s.apply(s.plan(nil)) },
		"destroy of what is inside": func(s *scene) {
			s.apply(s.plan(func(in *plan.Input, w *runner.ObserveRequest) {
				in.Destroy, in.Expand, in.Target = true, nil, []string{"container.box"}
			}))
		},
		"destroy of what is inside, without a configuration": func(s *scene) {
			s.apply(s.plan(func(in *plan.Input, w *runner.ObserveRequest) {
				bare(in, w)
				in.Target = []string{"container.box"}
			}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			own := s.clone(t)
			do(own)
			saved := s.memory
			s.memory = own.memory
			if diff := cmp.Diff(before, outside()); diff != "" {
				t.Errorf("outside is not what it was (-before +now):\n%s", diff)
			}
			s.memory = saved
		})
	}
}
