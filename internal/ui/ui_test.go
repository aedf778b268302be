package ui_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/mount"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/ui"
	"github.com/dindctl/dindctl/provider"
)

var update = flag.Bool("update", false, "write the screens anew")

type lines map[int]string

func (l lines) Line(_ string, n int) (string, bool) {
	text, found := l[n]
	return text, found
}

func changes() *plan.Plan {
	container := func(attributes map[string]cty.Value) *config.Instance {
		return &config.Instance{Declared: cty.ObjectVal(attributes)}
	}
	return &plan.Plan{
		Project: "shop",
		Engine:  provider.Facts{Name: "build-1", Version: "28.5.2", Endpoint: "unix:///var/run/docker.sock", Chosen: "default socket"},
		Resources: []plan.Resource{
			{
				Address: "container.web", Kind: provider.Container, Name: "shop-web", Action: plan.Create, Cause: "not there yet",
				After: container(map[string]cty.Value{
					"command": cty.ListVal([]cty.Value{cty.StringVal("sleep"), cty.StringVal("1\x1b[31m")}),
					"secret":  cty.StringVal("hunter2").Mark(provider.Sensitive),
					"unset":   cty.NullVal(cty.String),
					"later":   cty.UnknownVal(cty.String),
				}),
			},
			{
				Address: "daemon.dind", Kind: provider.Daemon, Name: "shop-dind", Action: plan.Create, Cause: "not there yet",
				After: container(map[string]cty.Value{"privileged": cty.NullVal(cty.Bool)}),
			},
			{
				Address: "container.old", Kind: provider.Container, Name: "shop-old", Action: plan.Replace, Cause: "command, mem_limit: both",
				Changes: []provider.Change{
					{Path: "command", From: cty.StringVal("a"), To: cty.StringVal("b"), Created: cty.StringVal("c"), Effect: provider.Replace, Cause: provider.Both},
					{Path: "mem_limit", From: cty.StringVal("64m"), To: cty.NullVal(cty.String), Created: cty.NullVal(cty.String), Effect: provider.Live, Cause: provider.Outside, Default: "engine"},
					{Path: "environment.TOKEN", From: cty.StringVal("x"), To: cty.StringVal("y"), Created: cty.StringVal("x"), Sensitive: true, Effect: provider.Replace, Cause: provider.Configured},
				},
			},
			{Address: "job.list", Kind: provider.Job, Name: "shop-list", Inside: "daemon.dind", Action: plan.Run, Cause: "no record of a run", Tentative: true},
			{
				Address: "network.left", Kind: provider.Network, Name: "shop-left", Action: plan.Delete, Cause: "no longer in the configuration",
				Before: &provider.Object{ID: "2", Users: []string{"container theirs", "container other-web (container.web of project other)"}},
			},
			{Address: "network.same", Kind: provider.Network, Name: "shop-same", Action: plan.None},
			{Address: "volume.gone", Kind: provider.Volume, Name: "shop-gone", Action: plan.Delete, Cause: "no longer in the configuration", DataLoss: "everything in the volume shop-gone"},
		},
		Kept:   []plan.Kept{{Address: "volume.data", Name: "shop-data", Kind: provider.Volume, Why: "volumes are kept without -volumes"}},
		Unread: []plan.Unread{{Address: "daemon.dind", Why: "its container is stopped"}},
	}
}

// secrets is a plan of which something is not compared, and something holds what is
// sensitive by now; of a list one element is secret, before and after.
func secrets() *plan.Plan {
	p := changes()
	secret := func(s string) cty.Value { return cty.StringVal(s).Mark(provider.Sensitive) }
	list := func(elements ...cty.Value) cty.Value { return cty.TupleVal(elements) }
	p.Unread, p.Kept = nil, nil
	p.Resources = []plan.Resource{
		{
			Address: "container.web", Kind: provider.Container, Name: "shop-web", Action: plan.Replace, Cause: "command, entrypoint: configuration",
			Changes: []provider.Change{
				{Path: "command", From: list(cty.StringVal("run"), secret("old")), To: list(cty.StringVal("run"), secret("new")), Created: cty.NullVal(cty.String), Effect: provider.Replace, Cause: provider.Configured},
				{Path: "entrypoint", From: list(cty.StringVal("a"), secret("old")), To: list(cty.StringVal("b"), secret("new")), Created: cty.NullVal(cty.String), Effect: provider.Replace, Cause: provider.Configured},
			},
		},
		{
			Address: "image.tool", Kind: provider.Image, Name: "shop-tool", Action: plan.None,
			NotCompared: []provider.NotCompared{{Path: "build.secrets", Why: "an image does not show it, and a record holds no secret"}},
		},
		{Address: "job.list", Kind: provider.Job, Name: "shop-list", Action: plan.None, Exposed: []string{"environment.TOKEN"}},
		{Address: "volume.db", Kind: provider.Volume, Name: "shop-db", Action: plan.None, Exposed: []string{"options.o"}, NotCompared: []provider.NotCompared{{Path: "options.p", Why: "nothing shows it"}}, Loses: "everything in the volume shop-db"},
	}
	return p
}

// everything is a plan with each action, and a change of each form.
func everything() *plan.Plan {
	ref := func(address string, kind provider.Kind) cty.Value {
		v := map[string]cty.Value{}
		for name, t := range provider.RefType().AttributeTypes() {
			v[name] = cty.NullVal(t)
		}
		v["address"], v["kind"] = cty.StringVal(address), cty.StringVal(string(kind))
		return cty.ObjectVal(v)
	}
	declared := func(attributes map[string]cty.Value) *config.Instance {
		return &config.Instance{Declared: cty.ObjectVal(attributes)}
	}
	list := func(words ...string) cty.Value {
		var out []cty.Value
		for _, w := range words {
			out = append(out, cty.StringVal(w))
		}
		return cty.ListVal(out)
	}
	there := &provider.Object{ID: "1"}
	change := func(path string, from, to cty.Value, effect provider.Effect, cause provider.Cause) provider.Change {
		return provider.Change{Path: path, From: from, To: to, Created: cty.NullVal(cty.DynamicPseudoType), Effect: effect, Cause: cause}
	}
	var before, after strings.Builder
	for n := range 20 {
		fmt.Fprintf(&before, "RUN step %d\n", n)
		if n == 10 {
			after.WriteString("RUN another step\nRUN and one more\n")
			continue
		}
		fmt.Fprintf(&after, "RUN step %d\n", n)
	}
	return &plan.Plan{
		Project: "shop", Partial: true,
		Engine: provider.Facts{Name: "build-1", Version: "28.5.2", Endpoint: "unix:///var/run/docker.sock", Chosen: "default socket"},
		Resources: []plan.Resource{
			{
				Address: "container.app", Kind: provider.Container, Name: "shop-app", Inside: "daemon.dind", Action: plan.Start, Cause: "daemon.dind is replaced",
				Before: there, Tentative: true,
			},
			{Address: "container.beside", Kind: provider.Container, Name: "shop-beside", Action: plan.Restart, Cause: "container.web, whose namespaces it shares, was started again since", Before: there},
			{
				Address: "container.web", Kind: provider.Container, Name: "shop-web", Action: plan.Update, Cause: "mem_limit, name: changed outside and configuration", Before: there, MovedFrom: "container.www",
				Changes: []provider.Change{
					change("mem_limit", cty.StringVal("64m"), cty.StringVal("128m"), provider.Live, provider.Outside),
					change("name", cty.StringVal("shop-www"), cty.StringVal("shop-web"), provider.Live, provider.Configured),
					change("networks", list("a-network", "another-network", "a-third-network", "the-last-network"), list("a-network", "another-network", "the-last-network"), provider.Live, provider.Configured),
				},
			},
			{Address: "controller.control", Kind: provider.Controller, Name: "shop-control", Action: plan.None, Before: there, After: declared(map[string]cty.Value{"daemon": ref("daemon.dind", provider.Daemon)})},
			{
				Address: "daemon.dind", Kind: provider.Daemon, Name: "shop-dind", Action: plan.Replace, Cause: "image: changed outside", Before: there, After: declared(map[string]cty.Value{"image": cty.StringVal("docker:28-dind")}),
				Changes: []provider.Change{change("image", cty.StringVal("docker:28-dind (7867cba6d8d0)"), cty.StringVal("docker:28-dind (c7a5ee9575a8)"), provider.Replace, provider.Outside)},
			},
			{Address: "daemon.dind.data", Kind: provider.Volume, Name: "shop-dind-data", Action: plan.None, Before: there},
			{
				Address: "image.tool", Kind: provider.Image, Name: "shop-tool", Action: plan.Replace, Cause: "build.dockerfile_inline: configuration", Before: there,
				Changes: []provider.Change{change("build.dockerfile_inline", cty.StringVal(before.String()), cty.StringVal(after.String()), provider.Replace, provider.Configured)},
			},
			{Address: "job.list", Kind: provider.Job, Name: "shop-list", Inside: "daemon.dind", Action: plan.None, Before: there},
			{Address: "job.test", Kind: provider.Job, Name: "shop-test", Inside: "daemon.dind", Action: plan.Run, Cause: "its last run ended with exit code 2 at 2026-01-02T03:04:05Z", Before: there, Tentative: true},
		},
	}
}

// copies is a plan beside objects that bear the project's labels and are not its.
func copies() *plan.Plan {
	return &plan.Plan{
		Project: "shop", Clean: true,
		Engine: provider.Facts{Name: "build-1", Version: "28.5.2", Endpoint: "unix:///var/run/docker.sock", Chosen: "default socket"},
		Foreign: []plan.Foreign{
			{Address: "container.web", Name: "shop-web-copy", Kind: provider.Container, Why: "it was made from a copy of container.web, and inherited its labels"},
			{Address: "volume.data", Name: "a-data", Kind: provider.Volume, Why: `its record is that of "shop-data": the labels were copied`},
			{Address: "controller.control", Name: "evil\x1b[2J", Kind: provider.Container, Inside: "daemon.dind", Why: "controller.control is on the root engine"},
		},
		Stopped: diag.List{{Severity: diag.Error, Address: "volume.cache", Summary: "Several objects pass for one address"}},
		Left:    []string{"container.builder", "volume.cache"},
	}
}

func problems() diag.List {
	at := diag.Range{File: "shop.hcl", Start: diag.Pos{Line: 3, Column: 11, Byte: 40}, End: diag.Pos{Line: 3, Column: 18, Byte: 47}}
	return diag.List{
		{
			Severity: diag.Error, Code: "mount-hidden", Summary: "hidden: the daemon has no such object", Address: "job.list", Subject: at, Context: at,
			Detail: "No mount of daemon.dind holds /data, where it resolves the source: job.list would get an empty directory, or not start.",
			Chain:  []string{"host        /srv/work  host:/srv/work", "daemon.dind /data      its own root"},
			Fixes:  []diag.Fix{{Title: "mount it in the daemon", File: "shop.hcl", Line: 9, HCL: "  mount {\n    source = \"/srv\"\n  }"}},
		},
		{Severity: diag.Warning, Summary: "A holder was dead", Detail: "Its lock was taken over.", Log: []string{"one", "two\x07"}},
	}
}

// Every screen is what its file in testdata shows.
func TestScreens(t *testing.T) {
	t.Parallel()
	sources := lines{3: "\tsource = \"/data\""}
	entries := []mount.Entry{
		{Address: "job.a", Kind: "mount", Source: "/repo", Target: "/repo", Daemon: "daemon.dind", Verdict: mount.Visible, Severity: mount.OK},
		{
			Address: "job.b", Kind: "mount", Source: "/data", Target: "/d", Daemon: "daemon.dind", Verdict: mount.Hidden, Severity: mount.Failure,
			Message: "No mount of daemon.dind holds /data.", Chain: []mount.Link{{View: "daemon.dind", Path: "/data", Object: "its own root"}},
			Fixes: []mount.Fix{{Title: "write another source", File: "a.hcl", Line: 4, HCL: "    source = \"/repo\"", Replace: true}},
		},
	}
	for name, screen := range map[string]string{
		"plan-80":            ui.Plan(changes(), ui.Options{Width: 80}),
		"plan-secrets-80":    ui.Plan(secrets(), ui.Options{Width: 80}),
		"plan-80-color":      ui.Plan(changes(), ui.Options{Width: 80, Color: true}),
		"plan-200":           ui.Plan(changes(), ui.Options{Width: 200}),
		"plan-200-color":     ui.Plan(changes(), ui.Options{Width: 200, Color: true}),
		"plan-all-200-color": ui.Plan(everything(), ui.Options{Width: 200, Color: true}),
		"plan-all-80":        ui.Plan(everything(), ui.Options{Width: 80}),
		"plan-all-200":       ui.Plan(everything(), ui.Options{Width: 200}),
		"plan-all-80-color":  ui.Plan(everything(), ui.Options{Width: 80, Color: true}),
		"plan-destroy-80":    ui.Plan(&plan.Plan{Project: "shop", Destroy: true, Clean: true, Unread: []plan.Unread{{Address: "daemon.dind", Why: "its container is stopped"}}}, ui.Options{Width: 80}),
		"plan-copies-80":     ui.Plan(copies(), ui.Options{Width: 80}),
		"plan-copies-200":    ui.Plan(copies(), ui.Options{Width: 200}),
		"plan-clean":         ui.Plan(&plan.Plan{Project: "shop", Clean: true}, ui.Options{}),
		"problems-80":        ui.Diagnostics(problems(), sources, ui.Options{Width: 80}),
		"problems-200":       ui.Diagnostics(problems(), sources, ui.Options{Width: 200}),
		"problems-color":     ui.Diagnostics(problems(), sources, ui.Options{Width: 80, Color: true}),
		"problems-json":      ui.ValidateJSON(problems(), sources),
		"mounts":             ui.Mounts(entries, ui.Options{Width: 80}),
		"mounts-none":        ui.Mounts(nil, ui.Options{Width: 80}),
		"outputs":            ui.Outputs([]config.OutputValue{{Name: "a", Value: cty.StringVal("x\ny\n")}, {Name: "b", Value: cty.StringVal("s"), Sensitive: true}}, ui.Options{}),
		"outputs-json":       ui.OutputsJSON([]config.OutputValue{{Name: "a", Value: cty.StringVal("x")}, {Name: "b", Value: cty.StringVal("s"), Sensitive: true}}),
		"what-stands-here":   ui.Chain([]mount.Link{{View: "host", Path: "/srv", Object: "host:/srv"}, {View: "daemon.dind", Path: "/repo", Object: "host:/srv"}}),
	} {
		golden(t, name, screen)
	}
}

// golden compares a screen with the one that is committed.
func golden(t *testing.T, name, screen string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(screen), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if difference := cmp.Diff(string(want), screen); difference != "" {
		t.Errorf("%s (- want, + got):\n%s", name, difference)
	}
}
