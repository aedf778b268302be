package plan_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/hcl"
	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/providertest"
)

// hosting is a plan about daemons of which it is known where their data lie.
type hosting struct {
	config   string
	root     []provider.Object
	rest     []provider.Other
	inside   map[string]plan.Snapshot
	declared map[string]provider.Difference
	// anew are the addresses that differ, and are to be replaced; ignored is what is said of them.
	anew []string
	part func(*plan.Input)
}

// onPath are data in a directory of the host, which is mounted as always.
func onPath(source string) (provider.Data, []provider.View) {
	return provider.Data{On: provider.DataPath, At: "/var/lib/docker", Source: source},
		[]provider.View{{Type: "bind", Source: source, Target: "/var/lib/docker"}}
}

func daemonOn(name, source string) provider.Object {
	data, views := onPath(source)
	return provider.Object{
		ID: name, Kind: provider.Daemon, Name: "story-" + name, Data: data, Views: views,
		Owner:     provider.Ownership{Project: "story", Address: "daemon." + name, Kind: provider.Daemon},
		Condition: provider.Condition{State: provider.StateRunning}, Actual: cty.EmptyObjectVal,
	}
}

func daemonText(name, source string) string {
	return "daemon \"" + name + "\" {\n  image = \"docker:28-dind\"\n  alias = \"" + name + "\"\n  mount {\n    source = \"" + source + "\"\n    target = \"/var/lib/docker\"\n  }\n}\n"
}

func declaredOn(source string) provider.Difference {
	data, _ := onPath(source)
	return provider.Difference{Data: data}
}

func foreignOn(name, source, target string) provider.Other {
	return provider.Other{Kind: provider.Container, Name: name, Running: true, Views: []provider.View{{Type: "bind", Source: source, Target: target}}}
}

// plan is the plan, and its problems.
func (h hosting) plan(t *testing.T) (*plan.Plan, diag.List) {
	t.Helper()
	memory := providertest.NewMemory(providertest.Options{})
	description, err := memory.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "story.hcl")
	if err := os.WriteFile(path, []byte(h.config), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, _, problems := hcl.Load(hcl.LoadRequest{Path: path, Cwd: filepath.Dir(path), MachineID: "machine", Project: "story"})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	in := plan.Input{
		Project: "story", DataLoss: true,
		Observed: plan.Observed{
			Root:   plan.Snapshot{Readable: true, Objects: h.root, Others: h.rest, Facts: provider.Facts{Files: provider.FilesShared, API: "1.45"}},
			Inside: h.inside,
		},
		Diff: func(items []provider.DiffItem) ([]provider.Difference, error) {
			out := make([]provider.Difference, len(items))
			for i, item := range items {
				address := item.Declaration.Address
				out[i] = h.declared[address]
				if slices.Contains(h.anew, address) && !item.Absent {
					out[i].Changes = []provider.Change{{Path: "mount", From: cty.StringVal("a"), To: cty.StringVal("b"), Effect: provider.Replace, Cause: provider.Configured}}
				}
			}
			return out, nil
		},
		Expand: func(k config.Known) (*config.Expanded, diag.List) { return config.Expand(cfg, description.Schema, k) },
	}
	if h.part != nil {
		h.part(&in)
	}
	p, problems := plan.Make(in)
	if p == nil {
		t.Fatal(problems)
	}
	return p, problems
}

// refusedForData are the details of the refusals, by address.
func refusedForData(p *plan.Plan) map[string]string {
	out := map[string]string{}
	for _, problem := range p.Stopped {
		if problem.Code == "shared-data" {
			_, rest, _ := strings.Cut(problem.Detail, ", and ")
			out[problem.Address], _, _ = strings.Cut(rest, " may write there")
		}
	}
	return out
}

// What may write to the data of a daemon is in its way; what is inside it lies on its data
// and is not, at any depth, nor is a daemon in the way of what it hosts.
func TestWhatIsInTheWayOfTheDataOfADaemon(t *testing.T) {
	t.Parallel()
	readable := func(others ...provider.Other) plan.Snapshot { return plan.Snapshot{Readable: true, Others: others} }
	dind := daemonOn("dind", "/srv/dind")
	stopped := dind
	stopped.Condition = provider.Condition{State: provider.StateExited}
	stopped.Data, stopped.Views = onPath("/srv/stays")
	inner := daemonText("inner", "/var/lib/docker/x")
	inner = strings.Replace(inner, "  alias", "  inside = daemon.dind\n  alias", 1)
	innerThere := daemonOn("inner", "/var/lib/docker/x")
	one := map[string]provider.Difference{"daemon.dind": declaredOn("/srv/dind"), "daemon.inner": declaredOn("/var/lib/docker/x")}
	promtail := foreignOn("promtail", "/var/lib/docker", "/var/lib/docker")
	off := foreignOn("off", "/srv/dind", "/x")
	off.Running = false
	for name, c := range map[string]struct {
		hosting
		want map[string]string
	}{
		"somebody else's": {
			hosting{config: daemonText("dind", "/srv/dind"), rest: []provider.Other{foreignOn("theirs", "/srv/dind/x", "/x")}, declared: one},
			map[string]string{"daemon.dind": "container theirs"},
		},
		"stopped": {hosting{config: daemonText("dind", "/srv/dind"), rest: []provider.Other{off}, declared: one}, map[string]string{}},
		"inside it": {hosting{
			config: daemonText("dind", "/srv/dind"), root: []provider.Object{dind}, anew: []string{"daemon.dind"}, declared: one,
			inside: map[string]plan.Snapshot{"daemon.dind": readable(promtail)},
		}, map[string]string{}},
		"two below it": {hosting{
			config: daemonText("dind", "/srv/dind") + inner, root: []provider.Object{dind}, anew: []string{"daemon.dind"}, declared: one,
			inside: map[string]plan.Snapshot{
				"daemon.dind":  {Readable: true, Objects: []provider.Object{innerThere}},
				"daemon.inner": readable(promtail),
			},
		}, map[string]string{}},
		"beside what is inside": {
			hosting{
				config: daemonText("dind", "/srv/dind") + inner, root: []provider.Object{dind}, declared: one,
				inside: map[string]plan.Snapshot{"daemon.dind": readable(foreignOn("logs", "/var/lib/docker", "/logs"), foreignOn("x", "/var/lib/docker/x/y", "/x"))},
			},
			map[string]string{"daemon.inner": "container x inside daemon.dind"},
		},
		"started where it is": {
			hosting{
				config: daemonText("dind", "/srv/dind"), root: []provider.Object{stopped}, declared: one,
				rest: []provider.Other{foreignOn("declared", "/srv/dind", "/x"), foreignOn("real", "/srv/stays", "/x")},
			},
			map[string]string{"daemon.dind": "container real"},
		},
		"one that is let run": {
			hosting{
				config: daemonText("dind", "/srv/new") + daemonText("second", "/srv/dind"), root: []provider.Object{dind},
				declared: map[string]provider.Difference{"daemon.dind": declaredOn("/srv/new"), "daemon.second": declaredOn("/srv/dind")},
			},
			map[string]string{"daemon.second": "daemon.dind (of this project, as it runs now)"},
		},
		"one that moves": {
			hosting{
				config: daemonText("dind", "/srv/new") + daemonText("second", "/srv/dind"), root: []provider.Object{dind}, anew: []string{"daemon.dind"},
				declared: map[string]provider.Difference{"daemon.dind": declaredOn("/srv/new"), "daemon.second": declaredOn("/srv/dind")},
			},
			map[string]string{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _ := c.plan(t)
			if diff := cmp.Diff(c.want, refusedForData(p)); diff != "" {
				t.Errorf("(-want +got):\n%s\n%s", diff, p)
			}
		})
	}
}

// A daemon comes onto data only when the one that had them is gone, whatever both are
// called, and with it where only a part is asked for.
func TestADaemonWaitsForTheOneThatHasItsData(t *testing.T) {
	t.Parallel()
	declared := func(on map[string]string) map[string]provider.Difference {
		out := map[string]provider.Difference{}
		for name, source := range on {
			out["daemon."+name] = declaredOn(source)
		}
		return out
	}
	for name, c := range map[string]struct {
		hosting
		want []string // a step that waits, and for which
	}{
		"another name": {
			hosting{config: daemonText("new", "/srv/dind"), root: []provider.Object{daemonOn("old", "/srv/dind")}, declared: declared(map[string]string{"new": "/srv/dind"})},
			[]string{"create daemon.new after delete daemon.old"},
		},
		"another name, alone": {
			hosting{
				config: daemonText("new", "/srv/dind"), root: []provider.Object{daemonOn("old", "/srv/dind/x")}, declared: declared(map[string]string{"new": "/srv/dind"}),
				part: func(in *plan.Input) { in.Target = []string{"daemon.new"} },
			},
			[]string{"create daemon.new after delete daemon.old"},
		},
		"both move": {
			hosting{
				config: daemonText("a", "/srv/b") + daemonText("b", "/srv/c"), root: []provider.Object{daemonOn("a", "/srv/a"), daemonOn("b", "/srv/b")},
				declared: declared(map[string]string{"a": "/srv/b", "b": "/srv/c"}), anew: []string{"daemon.a", "daemon.b"},
			},
			[]string{"create daemon.a after delete daemon.a", "create daemon.a after delete daemon.b", "create daemon.b after delete daemon.b"},
		},
		"they swap": {
			hosting{
				config: daemonText("a", "/srv/b") + daemonText("b", "/srv/a"), root: []provider.Object{daemonOn("a", "/srv/a"), daemonOn("b", "/srv/b")},
				declared: declared(map[string]string{"a": "/srv/b", "b": "/srv/a"}), anew: []string{"daemon.a", "daemon.b"},
			},
			[]string{"create daemon.a after delete daemon.a", "create daemon.a after delete daemon.b", "create daemon.b after delete daemon.a", "create daemon.b after delete daemon.b"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _ := c.plan(t)
			var got []string
			for _, s := range p.Steps {
				for _, need := range s.Needs {
					if n := p.Steps[need-1]; n.Kind == provider.Daemon && s.Kind == provider.Daemon {
						got = append(got, string(s.Action)+" "+s.Address+" after "+string(n.Action)+" "+n.Address)
					}
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(c.want, got); diff != "" || len(refusedForData(p)) > 0 {
				t.Errorf("(-want +got):\n%s\n%s%v", diff, p, refusedForData(p))
			}
		})
	}
}
