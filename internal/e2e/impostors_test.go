package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dindctl/dindctl/internal/engineproxy"
)

// impostorFile has something of each kind on the root engine, inside a daemon, and
// inside a daemon inside that.
const impostorFile = `
network "net" {}
volume "keep" {}

image "app" {
  build {
    dockerfile_inline = "FROM dindctl.local/bash"
  }
}

daemon "outer" {
  image    = "dindctl.local/dind"
  networks = [network.net]
}

container "web" {
  image    = "dindctl.local/bash"
  command  = ["sleep", "100000"]
  init     = true
  networks = [network.net]
  mount {
    source = volume.keep
    target = "/keep"
  }
}

job "once" {
  image   = "dindctl.local/bash"
  command = ["echo", "the job ran"]
  run     = "on_request"
}

network "midnet" {
  inside = daemon.outer
}
volume "mid" {
  inside = daemon.outer
}
daemon "inner" {
  inside   = daemon.outer
  image    = "dindctl.local/dind"
  networks = [network.midnet]
}
container "box" {
  inside   = daemon.outer
  image    = "dindctl.local/bash"
  command  = ["sleep", "100000"]
  init     = true
  networks = [network.midnet]
  mount {
    source = volume.mid
    target = "/keep"
  }
}

network "deepnet" {
  inside = daemon.inner
}
volume "deepvol" {
  inside = daemon.inner
}
container "deep" {
  inside   = daemon.inner
  image    = "dindctl.local/bash"
  command  = ["sleep", "100000"]
  init     = true
  networks = [network.deepnet]
  mount {
    source = volume.deepvol
    target = "/keep"
  }
}

output "version" {
  value = daemon.outer.version
}
`

// marker is the label by which the test finds what somebody else made. dindctl does
// not know it.
const marker = "dindctl-test.impostor"

// labels of a record, but for the project, each of which may be missing.
var recordLabels = []string{"address", "kind", "origin", "run", "spec", "schema", "created-name", "place"}

// depths are the engines of a test: the root engine, outer inside it, inner inside that.
type depths struct {
	nouns
	recorder *recorder
	socket   string
	secret   string
}

// impostor is what somebody else made.
type impostor struct {
	depth    int
	kind     string // container, network, volume or image
	name, id string
	// named says that it claims to be the project's, so that a plan names it; whole
	// that its record has all parts, so that more has to be read than a list.
	named, whole bool
}

// recorder is a hook that keeps all calls.
type recorder struct {
	mu    sync.Mutex
	calls []engineproxy.Call
}

func (r *recorder) Before(c engineproxy.Call) engineproxy.Verdict {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, c)
	return engineproxy.Pass
}

// Wants and After leave what the engine answers alone.
func (r *recorder) Wants(engineproxy.Call) bool                     { return false }
func (r *recorder) After(engineproxy.Call, int) engineproxy.Verdict { return engineproxy.Pass }

// take returns the calls since it was called last.
func (r *recorder) take() []engineproxy.Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.calls
	r.calls = nil
	return out
}

func newDepths(t *testing.T) *depths {
	t.Helper()
	d := &depths{nouns: newNouns(t), recorder: &recorder{}, secret: "a secret of " + t.Name()}
	d.stand()
	d.write("secret.txt", d.secret)
	d.describe("100000")
	return d
}

// stand puts the recording proxy before the engine, on a socket with a short name, and
// clears up behind the impostors.
func (d *depths) stand() {
	d.t.Helper()
	dir, err := os.MkdirTemp("", "imp")
	if err != nil {
		d.t.Fatal(err)
	}
	d.socket = filepath.Join(dir, "docker.sock")
	proxy, err := engineproxy.Start(d.socket, strings.TrimPrefix(os.Getenv("DOCKER_HOST"), "unix://"), func(int) engineproxy.Hook { return d.recorder })
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() {
		_ = proxy.Close()
		_ = os.RemoveAll(dir)
		for _, sweep := range []string{"ps -aq | rm -fv", "network ls -q | network rm", "volume ls -q | volume rm", "image ls -q | rmi -f"} {
			list, remove, _ := strings.Cut(sweep, " | ")
			script := fmt.Sprintf("docker %s --filter label=%s | xargs -r docker %s", list, marker, remove)
			if out, err := exec.Command("bash", "-c", script).CombinedOutput(); err != nil { //nolint:gosec // of the test
				d.t.Errorf("sweeping: %v\n%s", err, out)
			}
		}
	})
}

// describe writes the configuration, with so many seconds to sleep.
func (d *depths) describe(seconds string) {
	d.as(fmt.Sprintf("project {\n  name = %q\n}\n", d.project) + strings.ReplaceAll(impostorFile, "100000", seconds))
}

// at is the command line of the docker CLI that speaks to the engine at a depth.
func (d *depths) at(depth int) []string {
	through := [][]string{{"docker"}, {"docker", "exec", d.project + "-outer", "docker"}, {"docker", "exec", d.project + "-outer", "docker", "exec", d.project + "-inner", "docker"}}
	return through[depth]
}

// cli runs the docker CLI at a depth and returns what it printed.
func (d *depths) cli(depth int, args ...string) string {
	d.t.Helper()
	line := slices.Concat(d.at(depth), args)
	cmd := exec.Command(line[0], line[1:]...) //nolint:gosec // of the test
	cmd.Env = d.env
	out, err := cmd.Output()
	if err != nil {
		text := ""
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			text = string(exit.Stderr)
		}
		d.t.Fatalf("%s: %v\n%s", strings.Join(line, " "), err, text)
	}
	return strings.TrimSpace(string(out))
}

// tool runs dindctl through the recording proxy, and returns the calls that it made.
func (d *depths) tool(stdin, dir string, args ...string) (result, []engineproxy.Call) {
	d.t.Helper()
	d.recorder.take()
	cmd := exec.CommandContext(d.t.Context(), os.Getenv("DINDCTL_BIN"), args...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
	cmd.Env = append(slices.Clone(d.env), "DOCKER_HOST=unix://"+d.socket)
	r := capture(d.t, cmd)
	return r, d.recorder.take()
}

// labelsOf are the labels of an object at a depth.
func (d *depths) labelsOf(depth int, kind, name string) map[string]string {
	d.t.Helper()
	format := "{{json .Labels}}"
	if kind == "container" || kind == "image" {
		format = "{{json .Config.Labels}}"
	}
	var all map[string]string
	if err := json.Unmarshal([]byte(d.cli(depth, kind, "inspect", "-f", format, name)), &all); err != nil {
		d.t.Fatal(err)
	}
	maps.DeleteFunc(all, func(key, _ string) bool { return !strings.HasPrefix(key, "dev.dindctl.") })
	return all
}

// with are labels with some changed; without one with an empty value.
func with(labels map[string]string, changes ...string) map[string]string {
	out := maps.Clone(labels)
	for i := 0; i < len(changes); i += 2 {
		out["dev.dindctl."+changes[i]] = changes[i+1]
		if changes[i+1] == "" {
			delete(out, "dev.dindctl."+changes[i])
		}
	}
	return out
}

// planter gathers what somebody else makes at one depth, so that one shell makes it all.
type planter struct {
	d      *depths
	depth  int
	script strings.Builder
	out    []impostor
}

func (d *depths) planter(depth int) *planter { return &planter{d: d, depth: depth} }

// plant adds an impostor with labels. A container whose record is whole runs: what
// never did is what an interrupted run leaves, and goes.
func (p *planter) plant(kind, name string, labels map[string]string, whole bool) {
	i := impostor{depth: p.depth, kind: kind, name: name, named: labels["dev.dindctl.project"] == p.d.project, whole: whole}
	command := []string{kind, "create"}
	switch {
	case kind == "container" && whole:
		command = []string{"run", "-d", "--init", "--name", name}
	case kind == "container":
		command = []string{"create", "--init", "--name", name}
	}
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		command = append(command, "--label", key+"="+labels[key])
	}
	command = append(command, "--label", marker+"=1")
	if kind == "container" {
		command = append(command, bashImage, "sleep", "100000")
	} else {
		command = append(command, name)
	}
	p.add(i, command...)
}

// add adds an impostor that a command of the docker CLI makes, which prints its id.
func (p *planter) add(i impostor, command ...string) {
	p.script.WriteString("docker")
	for _, word := range command {
		p.script.WriteString(" '" + strings.ReplaceAll(word, "'", `'\''`) + "'")
	}
	p.script.WriteString("\n")
	p.out = append(p.out, i)
}

// done makes what was added.
func (p *planter) done() []impostor {
	p.d.t.Helper()
	ids := strings.Fields(p.d.shell(p.depth, "set -e\n"+p.script.String()))
	if len(ids) != len(p.out) {
		p.d.t.Fatalf("%d impostors were made, of %d: %q", len(ids), len(p.out), ids)
	}
	for i := range p.out {
		p.out[i].id = ids[i]
	}
	return p.out
}

// shell runs a script beside the engine at a depth, with its docker CLI.
func (d *depths) shell(depth int, script string) string {
	d.t.Helper()
	line := []string{"sh"}
	for _, daemon := range []string{"outer", "inner"}[:depth] {
		line = slices.Concat(line[:len(line)-1], []string{"docker", "exec", "-i", d.project + "-" + daemon, "sh"})
	}
	cmd := exec.CommandContext(d.t.Context(), line[0], line[1:]...) //nolint:gosec // of the test
	cmd.Env, cmd.Stdin = d.env, strings.NewReader(script)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		d.t.Fatalf("at depth %d: %v\n%s%s\n%s", depth, err, stdout.String(), stderr.String(), script)
	}
	return stdout.String()
}

// surround adds to an object of each kind at a depth everything that resembles it
// without being it.
func (d *depths) surround(depth int) []impostor {
	d.t.Helper()
	genuine := []map[string]string{
		0: {"container": "web", "network": "net", "volume": "keep"},
		1: {"container": "box", "network": "midnet", "volume": "mid"},
		2: {"container": "deep", "network": "deepnet", "volume": "deepvol"},
	}[depth]
	elsewhere := []string{"daemon.outer", "daemon.inner", "daemon.root"}[depth]
	p := d.planter(depth)
	for _, kind := range []string{"container", "network", "volume"} {
		name := d.project + "-" + genuine[kind]
		record := d.labelsOf(depth, kind, name)
		add := func(what string, labels map[string]string, whole bool) {
			p.plant(kind, "imp-"+what+"-"+kind, labels, whole)
		}
		add("twin", record, true)
		add("place", with(record, "place", elsewhere), true)
		for _, part := range recordLabels {
			if depth == 0 || kind == "container" || part == "run" || part == "spec" {
				add("without-"+part, with(record, part, ""), false)
			}
		}
		add("first-in-parts", with(record, "schema", "1", "created-name", "", "place", "", "run", ""), false)
		add("other", with(record, "project", d.project+"-other"), true) // which gc, for all projects, takes for one
		if kind == "container" {
			// A copy by `docker commit`: the image inherits all labels, and what runs from it does.
			p.add(impostor{depth: depth, kind: "image", name: "imp-image"}, "commit", "--change", "LABEL "+marker+"=1", name, "imp-image")
			p.add(impostor{depth: depth, kind: kind, name: "imp-copy", named: true, whole: true}, "run", "-d", "--init", "--name", "imp-copy", "imp-image", "sleep", "100000")
		}
	}
	return p.done()
}

// strangers adds whole records in places that are not theirs, and an image that
// inherited the record of a built one.
func (d *depths) strangers() []impostor {
	d.t.Helper()
	web, box := d.labelsOf(0, "container", d.project+"-web"), d.labelsOf(1, "container", d.project+"-box")
	root, middle, inner := d.planter(0), d.planter(1), d.planter(2)
	root.plant("container", d.project+"-box", box, true)
	middle.plant("container", d.project+"-web", web, true)
	middle.plant("container", d.project+"-outer", d.labelsOf(0, "container", d.project+"-outer"), true) // the daemon that it is in
	middle.plant("volume", d.project+"-keep", d.labelsOf(0, "volume", d.project+"-keep"), true)
	inner.plant("container", d.project+"-web", web, true)
	inner.plant("container", d.project+"-inner", d.labelsOf(1, "container", d.project+"-inner"), true)
	d.run("FROM "+d.project+"-app\nLABEL "+marker+"=1\n", "docker", "build", "-q", "-t", "imp-app", "-").wants(d.t, 0)
	app := impostor{kind: "image", name: "imp-app", id: d.cli(0, "image", "inspect", "-f", "{{.Id}}", "imp-app")}
	return slices.Concat(root.done(), middle.done(), inner.done(), []impostor{app})
}

// stateScript prints all that can be seen of the impostors of one engine.
const stateScript = `set -e
ps=$(docker ps -aq --no-trunc --filter label=LABEL | sort)
[ -z "$ps" ] || docker inspect $ps
for c in $ps; do echo "changed in $c:"; docker diff $c | sort; done
ns=$(docker network ls -q --no-trunc --filter label=LABEL | sort); [ -z "$ns" ] || docker network inspect $ns
vs=$(docker volume ls -q --filter label=LABEL | sort); [ -z "$vs" ] || docker volume inspect $vs
is=$(docker image ls -q --no-trunc --filter label=LABEL | sort -u); [ -z "$is" ] || docker image inspect $is
`

// state is all that can be seen of the impostors at a depth.
func (d *depths) state(depth int) string {
	d.t.Helper()
	return d.shell(depth, strings.ReplaceAll(stateScript, "LABEL", marker))
}

// untouched fails the test where a command asked for more of an impostor than its
// list says, or changed something about it.
func (d *depths) untouched(command string, calls []engineproxy.Call, all []impostor) {
	d.t.Helper()
	for _, c := range calls {
		parts := strings.Split(strings.Trim(c.Path, "/"), "/")
		if len(parts) < 2 {
			continue
		}
		for _, i := range all {
			if i.depth != len(c.Inside) || parts[0] != i.kind+"s" || !i.is(parts[1]) {
				continue
			}
			reads := c.Method == http.MethodGet && (len(parts) == 2 || parts[2] == "json")
			if !reads || !i.whole && i.kind == "container" {
				d.t.Errorf("%s: asked for the impostor %s: %s", command, i.name, c)
			}
		}
	}
}

func (i impostor) is(word string) bool {
	return word == i.name || word == i.name+":latest" || len(word) >= 12 && (strings.HasPrefix(i.id, word) || strings.HasPrefix(strings.TrimPrefix(i.id, "sha256:"), word))
}

// onlooker runs commands among impostors, and sees what they do to these.
type onlooker struct {
	*depths
	impostors []impostor
	before    [3]string
}

// does runs a command and looks at each of its calls.
func (w *onlooker) does(dir, stdin string, args ...string) result {
	w.t.Helper()
	r, calls := w.tool(stdin, dir, args...)
	if strings.Contains(r.all(), "panic:") {
		w.t.Errorf("%s panicked", r.command)
	}
	w.untouched(r.command, calls, w.impostors)
	return r
}

// about runs a command about the project with its configuration at hand.
func (w *onlooker) about(args ...string) result {
	w.t.Helper()
	return w.does(w.dir, "", append(args, "-project", w.project)...)
}

// look sees, down to a depth, whether the impostors are what they were.
func (w *onlooker) look(when string, depths int) {
	w.t.Helper()
	for depth := range depths {
		now := w.state(depth)
		if w.before[depth] != "" && now != w.before[depth] {
			w.t.Errorf("%s: impostors at depth %d are not what they were: %s", when, depth, firstDifference(w.before[depth], now))
		}
		w.before[depth] = now
	}
}

// uses reads and writes what is genuine at every depth, from a directory with a
// configuration; or without one, where the project is named.
func (w *onlooker) uses(dir string, project ...string) {
	w.t.Helper()
	for depth, label := range []string{"web", "box", "deep"} {
		address, name := "container."+label, w.project+"-"+label
		id := w.cli(depth, "inspect", "-f", "{{.Config.Hostname}}", name)
		line := func(command string, rest ...string) []string {
			return slices.Concat([]string{command, address}, project, rest)
		}
		w.does(dir, "", line("show")...).wants(w.t, 0)
		w.does(dir, "", line("exec", "--", "hostname")...).wants(w.t, 0).says(w.t, id)
		w.does(dir, "hostname\n", line("shell")...).wants(w.t, 0).says(w.t, id)
		w.does(dir, "", line("logs")...).wants(w.t, 0)
		w.does(dir, "", slices.Concat([]string{"cp"}, project, []string{filepath.Join(w.dir, "secret.txt"), address + ":/secret.txt"})...).wants(w.t, 0)
		if got := w.cli(depth, "exec", name, "cat", "/secret.txt"); got != w.secret {
			w.t.Errorf("in %s is %q", address, got)
		}
		w.does(dir, "", line("stop")...).wants(w.t, 0)
		w.does(dir, "", line("start")...).wants(w.t, 0)
	}
}

// Somebody else adds, at every depth, whatever resembles the project's objects without
// being them. Nothing is read from, written into or removed of it, by whatever command,
// with the configuration and without; and the plan names it.
func TestImpostors(t *testing.T) {
	w := &onlooker{depths: newDepths(t)}
	w.applied()
	for depth := range 3 {
		w.impostors = append(w.impostors, w.surround(depth)...)
	}
	w.impostors = append(w.impostors, w.strangers()...)
	w.look("", 3)

	// With the configuration.
	planned := fold(w.about("plan", "nouns", "-detailed-exitcode").wants(t, 0).says(t, "No changes").stdout)
	for _, i := range w.impostors {
		if i.named && !strings.Contains(planned, fold(i.kind+" "+i.name+i.inside()+", labelled as")) {
			t.Errorf("the plan does not name the %s %s%s", i.kind, i.name, i.inside())
		}
	}
	for _, args := range [][]string{
		{"apply", "nouns", "-auto-approve"},
		{"ls", "nouns"},
		{"ls", "nouns", "-json"},
		{"mounts", "nouns"},
		{"verify", "nouns"},
		{"output", "nouns"},
		{"gc", "-auto-approve", "-volumes"},
	} {
		w.about(args...).wants(t, 0)
	}
	w.about("unlock", "nouns", "-auto-approve")
	w.about("run", "nouns", "job.once", "-auto-approve").wants(t, 0).says(t, "the job ran")
	w.uses(filepath.Join(w.dir, "nouns"))
	w.look("with the configuration", 3)

	// What is replaced is replaced in its place, and nothing that resembles it goes.
	w.describe("200000")
	w.about("apply", "nouns", "-auto-approve").wants(t, 0)
	w.about("plan", "nouns", "-detailed-exitcode").wants(t, 0)
	w.look("after a replacement", 3)

	// What cannot be told from the genuine, or bears records of a later version, stops its
	// address and what needs that; nothing else happens to it.
	p := w.planter(0)
	p.plant("container", "imp-named", with(w.labelsOf(0, "container", w.project+"-web"), "created-name", "imp-named"), true)
	p.plant("volume", "imp-later", with(w.labelsOf(0, "volume", w.project+"-keep"), "schema", "99"), true)
	before := w.impostors
	w.impostors = append(slices.Clone(before), p.done()...)
	w.before[0] = ""
	w.look("", 1)
	genuine := w.cli(0, "inspect", w.project+"-web", w.project+"-keep")
	w.describe("300000")
	w.about("plan", "nouns", "-detailed-exitcode").wants(t, 1).says(t, "imp-named", "imp-later")
	w.about("apply", "nouns", "-auto-approve").wants(t, 1).says(t, "imp-named", "imp-later")
	w.does(filepath.Join(w.dir, "nouns"), "", "exec", "container.web", "--", "true").wants(t, 1).says(t, "imp-named")
	if now := w.cli(0, "inspect", w.project+"-web", w.project+"-keep"); now != genuine {
		t.Errorf("the genuine ones are not what they were: %s", firstDifference(genuine, now))
	}
	w.look("where nothing tells who is who", 1)
	w.shell(0, "docker rm -f imp-named && docker volume rm imp-later")
	w.impostors, w.before[0] = before, ""
	w.about("apply", "nouns", "-auto-approve").wants(t, 0)
	w.about("plan", "nouns", "-detailed-exitcode").wants(t, 0)
	w.look("afterwards", 3)

	// Without one.
	empty := filepath.Join(w.dir, "empty")
	if err := os.Mkdir(empty, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"ls"}, {"show"}, {"gc"}} {
		w.does(empty, "", append(args, "-project", w.project)...)
	}
	w.uses(empty, "-project", w.project)
	w.look("without the configuration", 3)

	// What is inside a daemon goes with it: that it is there is the host's to say.
	w.does(empty, "", "destroy", "-auto-approve", "-volumes", "-images", "-project", w.project).wants(t, 0)
	w.look("after destroy without the configuration", 1)

	// Without the genuine one, nothing tells which of those with its record is meant.
	w.about("plan", "nouns").wants(t, 1).says(t, "Several objects pass for one address", "imp-twin-container")
	w.look("without the genuine ones", 1)
	w.shell(0, "docker rm -f imp-twin-container imp-place-container")
	w.before[0] = ""
	w.look("", 1)
	w.about("apply", "nouns", "-auto-approve").wants(t, 0)
	w.about("destroy", "nouns", "-auto-approve", "-volumes", "-images").wants(t, 0)
	w.look("after destroy", 1)
	if left := w.cli(0, "ps", "-aq", "--filter", "name=^"+w.project+"-(web|outer)$"); left != "" {
		t.Errorf("of the genuine ones is left: %s", left)
	}
}

// inside names the place as a plan does.
func (i impostor) inside() string {
	return []string{"", " inside daemon.outer", " inside daemon.inner"}[i.depth]
}

// firstDifference is the first line that differs.
func firstDifference(before, now string) string {
	a, b := strings.Split(before, "\n"), strings.Split(now, "\n")
	for i := range a {
		if i >= len(b) {
			return "lacks " + a[i]
		}
		if a[i] != b[i] {
			return fmt.Sprintf("line %d: %q, before %q", i+1, b[i], a[i])
		}
	}
	return "has more"
}

// Whoever owns a daemon can make whole records inside it, as of any object. What they
// say of what is outside moves nothing there.
func TestWhoOwnsADaemonMovesNothingOutside(t *testing.T) {
	d := newDepths(t)
	d.applied()
	p := d.project
	outside := func() string {
		t.Helper()
		return d.run("", "sh", "-c", strings.ReplaceAll("set -e; docker inspect P-web; docker inspect -f '{{json .State}} {{json .Config}} {{json .HostConfig}} {{json .NetworkSettings}} {{.Id}} {{.Name}}' P-outer; docker diff P-web | sort; docker network inspect P-net; docker volume inspect P-keep; docker image ls --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}' | sort", "P", p)).wants(t, 0).stdout
	}
	before := outside()
	web, keep, net := d.labelsOf(0, "container", p+"-web"), d.labelsOf(0, "volume", p+"-keep"), d.labelsOf(0, "network", p+"-net")
	box := d.labelsOf(1, "container", p+"-box")
	deps := "container.web\nvolume.keep\nnetwork.net\ndaemon.outer"
	// Whole records of what is outside, as if it belonged inside; the real ones of what is
	// inside replaced by forged ones, which say that they need what is outside.
	forger := d.planter(1)
	for _, place := range []string{"daemon.outer", "daemon.root"} {
		forger.plant("container", p+"-web-"+place, with(web, "place", place, "created-name", p+"-web-"+place, "deps", deps), true)
		forger.plant("volume", p+"-keep-"+place, with(keep, "place", place, "created-name", p+"-keep-"+place), true)
		forger.plant("network", p+"-net-"+place, with(net, "place", place, "created-name", p+"-net-"+place), true)
	}
	d.cli(1, "rm", "-f", p+"-box")
	forger.plant("container", p+"-box", with(box, "deps", deps), true)
	forger.plant("container", p+"-new", with(box, "address", "container.new", "created-name", p+"-new", "deps", deps), true)
	forger.done()
	empty := filepath.Join(d.dir, "empty")
	if err := os.Mkdir(empty, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"plan", "nouns"},
		{"apply", "nouns", "-auto-approve", "-volumes"},
		{"ls", "nouns"},
		{"gc", "-auto-approve", "-volumes"},
		{"stop", "nouns", "container.box"},
		{"start", "nouns", "container.box"},
		{"verify", "nouns"},
		{"cp", filepath.Join(d.dir, "secret.txt"), "container.box:/secret.txt"},
	} {
		for _, dir := range []string{d.dir, empty} {
			if dir == empty && slices.Contains(args, "nouns") {
				continue
			}
			d.tool("", dir, append(args, "-project", p)...)
			if now := outside(); now != before {
				t.Errorf("%s: outside is not what it was: %s", args[0], firstDifference(before, now))
				before = now
			}
		}
	}
}
