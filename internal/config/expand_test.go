package config_test

import (
	"fmt"
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
	"github.com/dindctl/dindctl/internal/mount"
	"github.com/dindctl/dindctl/provider"
)

func schema() provider.Schema {
	running := provider.Body{Attributes: []provider.Attribute{
		{Name: "command", Type: cty.List(cty.String)}, {Name: "environment", Type: cty.Map(cty.String)},
	}}
	volume := provider.Body{Attributes: []provider.Attribute{{Name: "driver", Type: cty.String}, {Name: "options", Type: cty.Map(cty.String)}}}
	return provider.Schema{Nouns: map[provider.Kind]provider.Body{
		provider.Volume: volume, provider.Container: running, provider.Daemon: running, provider.Controller: running, provider.Job: running,
	}}
}

// expand loads text as main.hcl of a directory and demands that nothing is wrong with it.
func expand(tb testing.TB, text string, known config.Known) (*config.Expanded, string) {
	tb.Helper()
	dir := tb.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	cfg, _, problems := hcl.Load(hcl.LoadRequest{Cwd: dir, Path: "main.hcl", Project: "p"})
	x, more := config.Expand(cfg, schema(), known)
	for _, p := range append(problems, more...) {
		tb.Errorf("%s %s: %s", p.Subject, p.Summary, p.Detail)
	}
	return x, dir
}

const case2 = `
network "ci" {}
daemon "dind" {
  image    = "docker:28-dind"
  networks = [network.ci]
  mount {
    source = "."
    target = "/repo"
  }
}
controller "control" {
  image    = "cli"
  daemon   = daemon.dind
  networks = [network.ci]
  environment = { ENGINE = daemon.dind.version }
  mount {
    source = "."
    target = "/repo"
  }
}
job "list" {
  controller = controller.control
  image      = "bash"
  mount {
    source = "/repo"
    target = "/repo"
  }
}
job "after" {
  controller = controller.control
  image      = "bash"
  command    = ["echo", job.list.stdout]
}
output "listing" { value = "got ${job.list.stdout}" }
`

func pointer[T any](v T) *T { return &v }

// What is known by now is in declarations and outputs; what will be made anew is not.
func TestDeclarationKnowsWhatIsKnownByNow(t *testing.T) {
	t.Parallel()
	x, _ := expand(t, case2, nil)
	known := config.Known{
		"daemon.dind": {Values: provider.Values{ID: "d1", Version: "28.0"}},
		"network.ci":  {Values: provider.Values{ID: "n1"}},
		"job.list":    {Values: provider.Values{ID: "j1", Stdout: pointer("a file")}},
	}
	d, problems := x.Declaration("controller.control", known)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if got := d.Declared.GetAttr("environment"); !got.RawEquals(cty.MapVal(map[string]cty.Value{"ENGINE": cty.StringVal("28.0")})) {
		t.Errorf("environment is %#v", got)
	}
	if _, err := provider.Spec(d.Declared); err != nil {
		t.Errorf("the declaration cannot be recorded: %v", err)
	}
	var related []string
	for _, r := range d.Related {
		related = append(related, fmt.Sprintf("%s %s id=%s inside=%s", r.Address, r.Name, r.ID, r.Inside))
	}
	slices.Sort(related)
	want := []string{
		"daemon.dind p-dind id=d1 inside=", "daemon.dind.certs p-dind-certs id= inside=",
		"daemon.dind.data p-dind-data id= inside=", "network.ci p-ci id=n1 inside=",
	}
	if diff := cmp.Diff(want, related); diff != "" {
		t.Errorf("related (-want +got):\n%s", diff)
	}
	outputs, _ := x.EvalOutputs(known)
	if !outputs[0].Value.RawEquals(cty.StringVal("got a file")) {
		t.Errorf("the output is %#v", outputs[0].Value)
	}
	known["job.list"] = config.Knowledge{Values: known["job.list"].Values, Pending: true}
	outputs, _ = x.EvalOutputs(known)
	if outputs[0].Value.IsKnown() {
		t.Errorf("the output is known before the job runs anew: %#v", outputs[0].Value)
	}
	d, _ = x.Declaration("job.after", known)
	if command := d.Declared.GetAttr("command"); command.IsWhollyKnown() {
		t.Errorf("the command is known before the job runs anew: %#v", command)
	}
	if diff := cmp.Diff([]string{"job.list"}, x.WantsOutput); diff != "" {
		t.Error(diff)
	}
}

// Every instance comes behind its deps, and its deps are instances that objects stand for.
func TestInstancesAreInOrder(t *testing.T) {
	t.Parallel()
	x, _ := expand(t, case2+`
daemon "host" { socket = "/var/run/docker.sock" }
container "c" {
  inside     = daemon.host
  image      = "bash"
  depends_on = [job.after]
}`, nil)
	done := map[string]bool{}
	for _, in := range x.Instances {
		for _, dep := range in.Deps {
			if before, ok := x.Instance(dep); !done[dep] || !ok || before.Logical {
				t.Errorf("%s comes before its dependency %s, or that is no object", in.Address, dep)
			}
		}
		done[in.Address] = true
	}
}

const case3 = `
daemon "host" { socket = "/var/run/docker.sock" }
controller "control" {
  image  = "cli"
  daemon = daemon.host
  mount {
    source    = "./work"
    target    = "/repo"
    read_only = true
  }
}
job "list" {
  controller = controller.control
  image      = "bash"
  mount {
    source  = "/repo/x"
    resolve = "translate"
    target  = "/data"
  }
}
`

// A translated source is sent as the rule says, in plans and in declarations,
// and keeps what was written.
func TestTranslatedSourceIsSent(t *testing.T) {
	t.Parallel()
	x, dir := expand(t, case3, nil)
	in, _ := x.Instance("job.list")
	d, _ := x.Declaration("job.list", nil)
	for name, declared := range map[string]cty.Value{"plan": in.Declared, "declaration": d.Declared} {
		m := declared.GetAttr("mount").Index(cty.NumberIntVal(0))
		got := []string{m.GetAttr("type").AsString(), m.GetAttr("source").AsString(), m.GetAttr("written").AsString(), fmt.Sprint(m.GetAttr("read_only").True())}
		if diff := cmp.Diff([]string{"bind", dir + "/work/x", "/repo/x", "true"}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if n := x.Topology(config.TopologyOptions{}).Nested[0]; n.Source != "/repo/x" || n.Controller != "controller.control" || n.Daemon != "daemon.host" {
		t.Errorf("the rule is asked about %+v", n)
	}
	x.Rewrite([]mount.Entry{{Address: "job.list", Target: "/data", Resolve: mount.ResolveTranslate, Send: mount.Mount{Type: mount.Bind, Source: "/elsewhere"}}})
	d, _ = x.Declaration("job.list", nil)
	if got := d.Declared.GetAttr("mount").Index(cty.NumberIntVal(0)).GetAttr("source").AsString(); got != "/elsewhere" {
		t.Errorf("after Rewrite %s is sent", got)
	}
}

// The topology has every engine with whose files it sees, and every container
// with its effective mounts and the lines at which fixes can be pasted.
func TestTopology(t *testing.T) {
	t.Parallel()
	x, dir := expand(t, `
volume "bound" {
  driver  = "local"
  options = { type = "none", o = "bind", device = "/srv/x" }
}
daemon "dind" {
  image = "docker.io/library/docker:28-dind"
  data  = volume.bound
  mount {
    source = "."
    target = "/repo"
  }
}
daemon "host" { socket = "/run/docker.sock" }
daemon "other" { socket = "/run/other.sock" }
daemon "far" { endpoint = "tcp://far:2376" }
job "j" {
  inside = daemon.dind
  image  = "bash"
  mount {
    source = "/repo"
    target = "/repo"
  }
}`, nil)
	topology := x.Topology(config.TopologyOptions{API: map[string]string{"daemon.root": "1.41"}})
	var engines []string
	for address, e := range topology.Engines {
		engines = append(engines, fmt.Sprintf("%s container=%s host=%s api=%s socket=%s unknown=%v volumes=%d", address, e.Container, e.Host, e.API, e.Socket, e.Unknown != "", len(e.Volumes)))
	}
	slices.Sort(engines)
	want := []string{
		"daemon.dind container=daemon.dind host= api= socket=/var/run/docker.sock unknown=false volumes=0",
		"daemon.far container= host=daemon.far api= socket= unknown=true volumes=0",
		"daemon.host container= host=root api=1.41 socket=/run/docker.sock unknown=false volumes=0",
		"daemon.other container= host=daemon.other api= socket=/run/other.sock unknown=true volumes=0",
		"daemon.root container= host=root api=1.41 socket=/var/run/docker.sock unknown=false volumes=2",
	}
	if diff := cmp.Diff(want, engines); diff != "" {
		t.Errorf("engines (-want +got):\n%s", diff)
	}
	if v := topology.Engines["daemon.root"].Volumes["p-bound"]; v != (mount.NamedVolume{Address: "volume.bound", Device: "/srv/x", Options: true}) {
		t.Errorf("the volume is %+v", v)
	}
	dind := mount.Container{
		Address: "daemon.dind", Engine: "daemon.root", ImageVolumes: []string{"/var/lib/docker"}, ImageLinks: map[string]string{"/var/run": "/run"},
		ImageKnown: true, EntryMounts: []string{"/tmp"}, EntryYields: true, Site: mount.Site{File: "main.hcl", Line: 13, Indent: "  "},
		Mounts: []mount.Mount{
			{Type: mount.Bind, Source: dir, Target: "/repo", Site: mount.Site{File: "main.hcl", Line: 10, Indent: "    "}},
			{Type: mount.Volume, Volume: "p-bound", Target: "/var/lib/docker", Implied: true},
			{Type: mount.Volume, Volume: "p-dind-certs", Target: "/certs/client", Implied: true},
		},
	}
	if diff := cmp.Diff(dind, topology.Containers["daemon.dind"]); diff != "" {
		t.Errorf("daemon.dind (-want +got):\n%s", diff)
	}
	nested := []mount.Nested{{
		Address: "job.j", Kind: "mount", Type: mount.Bind, Source: "/repo", Target: "/repo", Resolve: mount.ResolveSame,
		Daemon: "daemon.dind", Site: mount.Site{File: "main.hcl", Line: 21, Indent: "    "}, Earlier: []string{dir},
	}}
	if diff := cmp.Diff(nested, topology.Nested); diff != "" {
		t.Errorf("nested (-want +got):\n%s", diff)
	}
}

// A fix that the rule offers can be pasted, and then the source is visible.
func TestFixesWork(t *testing.T) {
	t.Parallel()
	broken := strings.Replace(case2, `    source = "/repo"`, `    source = "/elsewhere"`, 1)
	x, _ := expand(t, broken, nil)
	problems := config.MountProblems(mount.Check(x.Topology(config.TopologyOptions{}), everythingThere), x)
	if len(problems) != 1 || len(problems[0].Fixes) == 0 || problems[0].Code != "mount-hidden" || problems[0].Subject.Start.Line != 25 {
		t.Fatalf("%+v", problems)
	}
	for _, fix := range problems[0].Fixes {
		fixed, _ := expand(t, paste(broken, fix), nil)
		for _, e := range mount.Check(fixed.Topology(config.TopologyOptions{}), everythingThere) {
			if e.Verdict != mount.Visible {
				t.Errorf("after %q: %s\n%s", fix.Title, e.Verdict, fix.HCL)
			}
		}
	}
}

func paste(text string, fix diag.Fix) string {
	lines := strings.Split(text, "\n")
	end := fix.Line - 1
	if fix.Replace {
		end++
	}
	return strings.Join(slices.Concat(lines[:fix.Line-1], []string{fix.HCL}, lines[end:]), "\n")
}

func everythingThere(mount.Object, string) (string, bool, error) { return "", true, nil }

// With a root engine that is spoken to through another socket, a controller gets that one.
func TestRootSocketIsTheOneSpokenTo(t *testing.T) {
	t.Parallel()
	known := config.Known{"daemon.root": {Values: provider.Values{Endpoint: "unix:///run/mine.sock"}}}
	x, _ := expand(t, "controller \"c\" {\n image = \"cli\"\n daemon = daemon.root\n}", known)
	in, _ := x.Instance("controller.c")
	m := in.Declared.GetAttr("mount").Index(cty.NumberIntVal(0))
	if got := m.GetAttr("source").AsString(); got != "/run/mine.sock" {
		t.Errorf("the socket is %s", got)
	}
}

// The pure core stays fast: ten thousand objects load and expand, close to linearly.
func BenchmarkExpand(b *testing.B) {
	for _, n := range []int{100, 1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var text strings.Builder
			text.WriteString("network \"ci\" {}\n")
			for i := range n {
				fmt.Fprintf(&text, "container \"c%05d\" {\n  image = \"bash\"\n  networks = [network.ci]\n  environment = { A = \"${var.a}\" }\n  mount {\n    source = \"./x\"\n    target = \"/x\"\n  }\n", i)
				if i > 0 {
					fmt.Fprintf(&text, "  depends_on = [container.c%05d]\n", i/2)
				}
				text.WriteString("}\n")
			}
			text.WriteString("variable \"a\" { default = \"x\" }\n")
			for b.Loop() {
				expand(b, text.String(), nil)
			}
		})
	}
}

// A word that cannot be given stops what asks for it, through local values too, at the
// place where it is asked for; what will be made anew may have it then.
func TestWhatCannotBeGivenIsAnErrorWhereItIsAskedFor(t *testing.T) {
	t.Parallel()
	const text = `
job "list" {
  image   = "bash"
  command = ["ls"]
}
job "other" {
  image   = "bash"
  command = ["echo", job.list.stderr, job.list.id]
}
locals { said = job.list.stdout }
container "a" {
  image   = "bash"
  command = [local.said]
}
container "b" {
  image   = "bash"
  command = [local.said]
}
output "listing" { value = "got ${job.list.stdout}" }
check "said" {
  assert {
    condition     = job.list.stdout != ""
    error_message = "nothing"
  }
}
`
	said := func(problems diag.List) []string {
		var out []string
		for _, p := range problems {
			if p.Code == "output-withheld" {
				out = append(out, fmt.Sprintf("%s %s line %d: %.40s", p.Severity, p.Address, p.Subject.Start.Line, p.Detail))
			}
		}
		return out
	}
	known := config.Known{"job.list": {Values: provider.Values{ID: "j1", Stderr: pointer(""), Withheld: map[string]string{"stdout": "it is too long"}}}}
	x, _ := expand(t, text, nil)
	x, problems := config.Expand(x.Config, schema(), known)
	if diff := cmp.Diff([]string{
		"error container.a line 10: job.list.stdout: it is too long. A part ", "error container.b line 10: job.list.stdout: it is too long. A part ",
		"error output.listing line 19: job.list.stdout: it is too long. A part ",
	}, said(x.Withheld)); diff != "" {
		t.Errorf("what is stopped (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"warning check.said line 22: job.list.stdout: it is too long. A part "}, said(problems)); diff != "" {
		t.Errorf("what is said beside (-want +got):\n%s", diff)
	}
	_, problems = x.Declaration("container.a", known)
	if diff := cmp.Diff([]string{"error container.a line 10: job.list.stdout: it is too long. A part "}, said(problems)); diff != "" {
		t.Errorf("of a declaration (-want +got):\n%s", diff)
	}
	_, problems = x.EvalOutputs(known)
	if diff := cmp.Diff([]string{
		"error output.listing line 19: job.list.stdout: it is too long. A part ", "warning check.said line 22: job.list.stdout: it is too long. A part ",
	}, said(problems)); diff != "" {
		t.Errorf("of the outputs (-want +got):\n%s", diff)
	}
	known["job.list"] = config.Knowledge{Values: known["job.list"].Values, Pending: true}
	x, problems = config.Expand(x.Config, schema(), known)
	if got := append(said(x.Withheld), said(problems)...); got != nil {
		t.Errorf("before the job runs anew: %q", got)
	}
}

// How often a block stands cannot be made from an output that cannot be had, and it is said
// why not: it is not known later either.
func TestWhatCannotBeHadDecidesHowOftenNothing(t *testing.T) {
	t.Parallel()
	known := config.Known{"job.list": {Values: provider.Values{ID: "j1", Stderr: pointer(""), Withheld: map[string]string{"stdout": "it is too long"}}}}
	for _, meta := range []string{
		"for_each = toset(split(\",\", job.list.stdout))", "for_each = jsondecode(job.list.stdout)", "count = length(job.list.stdout)", "count = local.n", "enabled = job.list.stdout != \"\"",
	} {
		dir := t.TempDir()
		text := `
locals {
  n = length(job.list.stdout)
}
job "list" {
  image   = "bash"
  command = ["ls"]
}
container "first" {
  image = job.list.stdout
}
container "a" {
  image = "bash"
  ` + meta + `
}
container "b" {
  image   = "bash"
  enabled = job.list.stderr != ""
}
`
		if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, _, problems := hcl.Load(hcl.LoadRequest{Cwd: dir, Path: "main.hcl", Project: "p"})
		if problems.HasErrors() {
			t.Fatal(problems)
		}
		_, problems = config.Expand(cfg, schema(), known)
		var got []string
		for _, p := range problems {
			got = append(got, fmt.Sprintf("%s %s: %.40s", p.Address, p.Code, p.Detail))
		}
		want := []string{"container.a output-withheld: job.list.stdout: it is too long. A part "}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", meta, diff)
		}
	}
}
