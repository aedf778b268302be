package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/hcl"
	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// The matrix: each argument of a container, network, volume, image and daemon is
// found in the object that the engine shows, and the plan is empty then; changed
// outside, where Docker lets one, the plan shows exactly that; changed in the
// configuration, it is done live or by replacement as the table says; taken out
// of it, the object is as one without it. One object an argument, in one project.
func TestMatrix(t *testing.T) {
	needEngine(t)
	m := newMatrix(t)

	m.apply(m.file("first", func(c cell) string { return c.first }))
	m.clean("first")
	first := m.inspect()
	m.shows("after the first apply", first, func(c cell) string { return c.shows })

	m.outside()
	changed := m.inspect()
	changes := m.expect("after a change outside", provider.Outside, func(c cell) bool { return c.outside != "" })
	m.apply("first")
	m.clean("first")
	first = m.inspect()
	m.made(changed, first, changes)
	m.shows("after the repair", first, func(c cell) string { return c.shows })

	m.file("second", func(c cell) string { return c.second })
	changes = m.expect("second", provider.Configured, func(cell) bool { return true })
	m.apply("second")
	m.clean("second")
	second := m.inspect()
	m.shows("after a change in the configuration", second, func(c cell) string { return c.then })
	m.made(first, second, changes)
	m.asTheTableSays(changes)

	m.file("none", func(cell) string { return "" })
	changes = m.expect("none", provider.Configured, func(cell) bool { return true })
	m.apply("none")
	m.clean("none")
	none := m.inspect()
	m.made(second, none, changes)
	m.shows("after its removal", none, func(c cell) string {
		if c.lifted != "" {
			return c.lifted
		}
		return at(none[c.plain()], c.path)
	})
	m.dindctl("destroy", "none.hcl", "-auto-approve", "-volumes", "-images").wants(t, 0)
	m.report()
}

// cell is one argument in the matrix.
type cell struct {
	trial
	kind   provider.Kind
	name   string
	block  bool // the example is the body of a block
	effect provider.Effect
}

func (c cell) label() string {
	if c.on != "" {
		return c.on
	}
	return strings.NewReplacer(".", "-", "_", "-").Replace(c.name)
}
func (c cell) address() string { return string(c.kind) + "." + c.label() }

// plain is the address of an object of the kind that has no argument of its own.
func (c cell) plain() string { return string(c.kind) + ".plain" }

// full is the argument's name with its kind, for people.
func (c cell) full() string { return string(c.kind) + " " + c.name }

// paths are how changes of the argument begin.
func (c cell) paths() []string {
	if c.changes != nil {
		return c.changes
	}
	return []string{c.name}
}

// text is the argument as it stands in a file.
func (c cell) text(value string) string {
	if value == "" {
		return ""
	}
	path := strings.Split(c.name, ".")
	if !c.block && strings.Contains(value, "\n") { // the whole body of the argument's block
		path = path[:len(path)-1]
	} else if !c.block {
		value = path[len(path)-1] + " = " + value
		path = path[:len(path)-1]
	}
	for _, block := range slices.Backward(path) {
		value = block + " {\n" + value + "\n}"
	}
	return value
}

// matrix is the project, with the provider beside it that plans in this process.
type matrix struct {
	*scenario
	provider provider.Provider
	facts    provider.Facts
	cells    []cell
	drivers  []string // of networks, beside bridge, that this kernel has
	exempt   map[reason][]string
	unshown  map[provider.Kind]int // no outside change possible
	total    map[provider.Kind]int
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	m := &matrix{scenario: &scenario{t: t, dir: t.TempDir(), project: "matrix"}, exempt: map[reason][]string{}, unshown: map[provider.Kind]int{}, total: map[provider.Kind]int{}}
	m.env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(m.dir, "state"), "XDG_RUNTIME_DIR="+filepath.Join(m.dir, "run"))
	t.Cleanup(m.sweep)
	m.provider = docker.New(nil)
	t.Cleanup(func() { _ = m.provider.Close() })
	resp, err := m.provider.Configure(t.Context(), provider.ConfigureRequest{Environment: map[string]string{"DOCKER_HOST": os.Getenv("DOCKER_HOST")}})
	if err != nil {
		t.Fatal(err)
	}
	m.facts = resp.Facts
	m.prepare()
	all := allExamples()
	for _, kind := range []provider.Kind{provider.Container, provider.Network, provider.Volume, provider.Image, provider.Daemon} {
		m.walk(kind, bodyOf(kind), "", all[kind], "")
		for name := range all[kind] {
			t.Errorf("there is an example for %q of a %s, but no such argument", name, kind)
		}
	}
	return m
}

// prepare makes what the examples refer to: files, and tags of the images at hand.
func (m *matrix) prepare() {
	for name, content := range map[string]string{
		"a.env": "FROM=a\n", "b.env": "FROM=b\n",
		"a/Dockerfile": "FROM " + bashImage + "\nLABEL from=a\n", "b/Dockerfile": "FROM " + bashImage + "\nLABEL from=b\n",
		"c/One": "FROM " + bashImage + "\nLABEL from=one\n", "c/Two": "FROM " + bashImage + "\nLABEL from=two\n",
		"mount/a/x": "", "mount/b/x": "",
	} {
		m.write(name, content)
	}
	for tag, image := range map[string]string{"matrix.local/a": bashImage, "matrix.local/b": "dindctl.local/controller"} {
		m.docker("tag", image, tag)
		m.t.Cleanup(func() { _ = exec.Command("docker", "rmi", tag).Run() })
	}
	for _, driver := range []string{"macvlan", "ipvlan"} {
		const name = "matrix-probe"
		m.drivers = append(m.drivers, driver)
		if exec.Command("docker", "network", "create", "-d", driver, name).Run() != nil {
			m.drivers = m.drivers[:len(m.drivers)-1]
			continue
		}
		m.docker("network", "rm", name)
	}
}

// bodyOf is what a block of the kind takes; of a daemon, what no container takes.
func bodyOf(kind provider.Kind) provider.Body {
	body := config.NounBody(kind, docker.Schema())
	if kind != provider.Daemon {
		return body
	}
	container := config.NounBody(provider.Container, docker.Schema())
	body.Attributes = slices.DeleteFunc(slices.Clone(body.Attributes), func(a provider.Attribute) bool {
		return slices.ContainsFunc(container.Attributes, func(other provider.Attribute) bool { return a.Name == other.Name })
	})
	body.Blocks = nil
	return body
}

// walk takes every argument of the table in: by an example of its own, or as a
// part of its block's.
func (m *matrix) walk(kind provider.Kind, body provider.Body, prefix string, left map[string]trial, within string) {
	for _, a := range body.Attributes {
		e, own := left[prefix+a.Name]
		switch {
		case own:
			delete(left, prefix+a.Name)
			m.add(cell{trial: e, kind: kind, name: prefix + a.Name, effect: a.Effect}, a.MinAPI)
		case within == string(notShown) || within == string(noHardware):
			m.total[kind]++
			m.exempt[reason(within)] = append(m.exempt[reason(within)], string(kind)+" "+prefix+a.Name)
		case regexp.MustCompile(`(?m)^` + a.Name + `\s*=`).MatchString(within):
			m.total[kind]++
		default:
			m.t.Errorf("%s %s%s has no example in the matrix", kind, prefix, a.Name)
		}
	}
	for _, b := range body.Blocks {
		e, own := left[prefix+b.Name]
		text := e.first + "\n" + e.second
		switch {
		case own && e.exempt != "":
			delete(left, prefix+b.Name)
			text = string(e.exempt)
		case own:
			delete(left, prefix+b.Name)
			m.total[kind]-- // its arguments are counted
			m.add(cell{trial: e, kind: kind, name: prefix + b.Name, block: true, effect: provider.Replace}, "")
		default:
			text = within
		}
		m.walk(kind, b.Body, prefix+b.Name+".", left, text)
	}
}

// add takes an argument in, unless there is a reason not to.
func (m *matrix) add(c cell, minAPI string) {
	m.total[c.kind]++
	if c.live {
		c.effect = provider.Live
	}
	why := c.exempt
	switch {
	case why != "":
	case minAPI != "" && older(m.facts.API, minAPI):
		why = needsAPI
	case c.kind == provider.Network && c.probe != "":
		if !slices.Contains(m.drivers, c.probe) {
			why = noKernel
		}
	case c.name == "storage_opt" && m.facts.Details["image_store"] == "containerd":
		why = noStore // and the product refuses it
	case c.probe != "" && !m.works(c):
		why = noKernel
	}
	if why != "" {
		m.exempt[why] = append(m.exempt[why], c.full())
		return
	}
	if c.outside == "" {
		m.unshown[c.kind]++
	}
	m.cells = append(m.cells, c)
}

func older(api, than string) bool {
	number := func(s string) int { n, _ := strconv.Atoi(strings.TrimPrefix(s, "1.")); return n }
	return number(api) < number(than)
}

// works tries with the docker CLI alone whether the kernel has what it takes.
func (m *matrix) works(c cell) bool {
	const name = "matrix-probe"
	defer func() { _ = exec.Command("docker", "rm", "-f", name).Run() }()
	args := append([]string{"run", "-d", "--name", name}, strings.Fields(c.probe)...)
	if out, err := exec.Command("docker", append(args, bashImage, "sleep", "100")...).CombinedOutput(); err != nil {
		m.t.Logf("%s: %s", c.name, strings.TrimSpace(string(out)))
		return false
	}
	out, err := exec.Command("docker", "inspect", name).Output()
	var shown []any
	return err == nil && json.Unmarshal(out, &shown) == nil && at(shown[0], c.path) == canonical(c.shows)
}

// file writes a configuration in which each argument has the value.
func (m *matrix) file(name string, value func(cell) string) string {
	var b strings.Builder
	b.WriteString("project { name = \"matrix\" }\n" + besides)
	block := func(kind provider.Kind, label, without string, more ...string) {
		fmt.Fprintf(&b, "%s %q {\n", kind, label)
		for argument, text := range common(kind) {
			if !slices.Contains(strings.Fields(without), argument) {
				fmt.Fprintf(&b, "%s = %s\n", argument, text)
			}
		}
		b.WriteString(strings.Join(more, "\n") + "\n}\n")
	}
	for _, kind := range []provider.Kind{provider.Container, provider.Network, provider.Volume} {
		block(kind, "plain", "")
	}
	block(provider.Container, "beside", "")
	daemon := []string{}
	for _, c := range m.cells {
		text := value(c)
		switch {
		case c.kind == provider.Image && text == "":
			block(c.kind, c.label(), "", "build {\ndockerfile_inline = \"FROM "+bashImage+"\"\n}", c.with)
		case c.kind == provider.Image:
			block(c.kind, c.label(), "", text, c.with)
		case c.kind == provider.Daemon:
			daemon = append(daemon, c.text(text))
		case text == "" && c.name == "image":
			block(c.kind, c.label(), "", c.with) // it has to be said
		default:
			block(c.kind, c.label(), c.without, c.with, c.text(text))
		}
	}
	block(provider.Daemon, daemonLabel, "", daemon...)
	m.write(name+".hcl", b.String())
	return name
}

func (m *matrix) apply(name string) {
	m.t.Helper()
	m.dindctl("apply", name+".hcl", "-auto-approve", "-volumes").wants(m.t, 0)
}

// plan plans in this process, as the binary does.
func (m *matrix) plan(name string) *plan.Plan {
	m.t.Helper()
	cfg, _, problems := hcl.Load(hcl.LoadRequest{Path: name + ".hcl", Cwd: m.dir, MachineID: runner.MachineID()})
	m.fine(problems)
	schema := docker.Schema()
	expanded, problems := config.Expand(cfg, schema, config.Known{})
	m.fine(problems)
	observed, problems := runner.Observe(m.t.Context(), m.provider, m.facts, runner.Wanted(cfg.Project, expanded))
	m.fine(problems)
	p, problems := plan.Make(plan.Input{
		Project: cfg.Project, Origin: cfg.Origin, Observed: observed, Diff: runner.Differ(m.t.Context(), m.provider), DataLoss: true,
		Expand: func(known config.Known) (*config.Expanded, diag.List) { return config.Expand(cfg, schema, known) },
	})
	m.fine(problems)
	return p
}

func (m *matrix) fine(problems diag.List) {
	m.t.Helper()
	if problems.HasErrors() {
		m.t.Fatalf("%+v", problems)
	}
}

func (m *matrix) clean(name string) {
	m.t.Helper()
	for _, r := range m.plan(name).Resources {
		if r.Action != plan.None {
			m.t.Errorf("%s: the plan after the apply is not empty: %s: %s %s %s", name, r.Address, r.Action, r.Cause, changeTexts(r.Changes))
		}
	}
}

// expect plans, and expects a change for each argument that wants one, of that
// argument alone and with that cause. It returns the changes by address.
func (m *matrix) expect(name string, cause provider.Cause, wants func(cell) bool) map[string][]provider.Change {
	m.t.Helper()
	file := name
	if cause == provider.Outside {
		file = "first"
	}
	changes := map[string][]provider.Change{}
	for _, r := range m.plan(file).Resources {
		changes[r.Address] = r.Changes
	}
	before := m.inspect()
	for _, c := range m.cells {
		got := m.own(c, changes[c.address()])
		want := wants(c)
		if cause == provider.Configured && m.same(name, c, before) {
			want = len(got) > 0 // nothing has to become of it
		}
		ok := want == (len(got) > 0)
		for _, change := range got {
			ok = ok && change.Cause == cause
		}
		if !ok {
			m.t.Errorf("%s: %s: want a change: %v; the plan has %s", name, c.full(), want, changeTexts(got))
		}
	}
	for address, list := range changes {
		for _, change := range list {
			if !slices.ContainsFunc(m.cells, func(c cell) bool { return c.address() == address && c.belongs(change.Path) }) {
				m.t.Errorf("%s: %s: a change of something else: %s", name, address, changeTexts([]provider.Change{change}))
			}
		}
	}
	return changes
}

// own are the changes that are of the argument.
func (m *matrix) own(c cell, changes []provider.Change) []provider.Change {
	return slices.DeleteFunc(slices.Clone(changes), func(change provider.Change) bool { return !c.belongs(change.Path) })
}

// same tells whether a removal leaves the object as it is.
func (m *matrix) same(name string, c cell, now map[string]any) bool {
	return name == "none" && (canonical(c.then) == at(now[c.plain()], c.path) || c.then == c.lifted) || canonical(c.shows) == canonical(c.then)
}

// belongs tells whether a path is of the argument.
func (c cell) belongs(path string) bool {
	for _, argument := range c.paths() {
		rest, ok := strings.CutPrefix(path, argument)
		if ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return true
		}
	}
	block, _, nested := strings.Cut(c.name, ".")
	return nested && path == block // compared as a whole
}

func changeTexts(changes []provider.Change) string {
	var out []string
	for _, c := range changes {
		out = append(out, fmt.Sprintf("%s (%s, %s)", c.Path, c.Effect, c.Cause))
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// inspect is what the engine shows of each object, by address.
func (m *matrix) inspect() map[string]any {
	m.t.Helper()
	byAddress := map[string]any{}
	for _, what := range []string{"container", "network", "volume", "image"} {
		list := []string{what, "ls", "-q", "--filter", "label=dev.dindctl.project=" + m.project}
		if what == "container" {
			list = append(list, "-a")
		}
		ids := m.docker(list...)
		if len(ids) == 0 {
			continue
		}
		out, err := exec.Command("docker", append([]string{what, "inspect"}, ids...)...).Output()
		if err != nil {
			m.t.Fatal(err)
		}
		var objects []any
		if err := json.Unmarshal(out, &objects); err != nil {
			m.t.Fatal(err)
		}
		for _, o := range objects {
			where := "Labels"
			if what == "container" || what == "image" {
				where = "Config.Labels"
			}
			labels := map[string]string{}
			_ = json.Unmarshal([]byte(at(o, where)), &labels)
			if what != "image" || at(o, "RepoTags.0") != "null" { // what was built before has lost its name
				byAddress[labels["dev.dindctl.address"]] = o
			}
		}
	}
	m.inspectDaemon(byAddress["daemon."+daemonLabel])
	return byAddress
}

// inspectDaemon adds to a daemon's container what lies and runs in it: File is its
// daemon.json, Info what dockerd says of itself, Args are dockerd's.
func (m *matrix) inspectDaemon(container any) {
	m.t.Helper()
	object, ok := container.(map[string]any)
	if !ok {
		return
	}
	name := m.project + "-" + daemonLabel
	for field, command := range map[string]string{
		"File": "cat /etc/docker/daemon.json 2>/dev/null || echo {}",
		"Info": "docker info -f '{{json .}}'",
		"Args": `xargs -0 printf '%s\n' </proc/$(pidof dockerd)/cmdline | sed 's/.*/"&",/; 1s/^/[/; $s/,$/]/'`,
	} {
		out, err := exec.Command("docker", "exec", name, "sh", "-c", command).Output()
		if err != nil {
			m.t.Fatalf("%s: %v", command, err)
		}
		var value any
		if err := json.Unmarshal(out, &value); err != nil {
			m.t.Fatalf("%s: %v: %s", command, err, out)
		}
		object[field] = value
	}
}

// identity is what tells an object from one that was made in its place.
func identity(objects map[string]any, address string) string {
	o := objects[address]
	if strings.HasPrefix(address, string(provider.Volume)) {
		return at(o, "CreatedAt") + at(o, "Name")
	}
	return at(o, "Id")
}

// shows expects each argument's value in what the engine shows.
func (m *matrix) shows(when string, objects map[string]any, value func(cell) string) {
	m.t.Helper()
	id := func(address string) string { return strings.Trim(at(objects[address], "Id"), `"`) }
	for _, c := range m.cells {
		want := value(c)
		if want == "@any" {
			continue
		}
		want = strings.ReplaceAll(want, "@plain", id("container.plain"))
		want = strings.ReplaceAll(want, "@beside", id("container.beside"))
		if strings.Contains(want, "@own") {
			want = strings.ReplaceAll(want, "@own", id(c.address())[:12])
		}
		if d := cmp.Diff(canonical(want), at(objects[c.address()], c.path)); d != "" {
			m.t.Errorf("%s: %s: %s shows (-want +got):\n%s", when, c.full(), c.path, d)
		}
	}
}

// outside changes with docker's own hands what Docker lets one change. Networks,
// volumes and images are made anew, with the labels that they had.
func (m *matrix) outside() {
	m.t.Helper()
	now := m.inspect()
	for _, c := range m.cells {
		if c.outside == "" {
			continue
		}
		name := m.project + "-" + c.label()
		switch {
		case c.kind == provider.Daemon:
			m.docker("exec", name, "sh", "-c", c.outside)
		case c.kind == provider.Network || c.kind == provider.Volume:
			args := []string{string(c.kind), "create"}
			var labels map[string]string
			_ = json.Unmarshal([]byte(at(now[c.address()], "Labels")), &labels)
			for key, value := range labels {
				args = append(args, "--label", key+"="+value)
			}
			m.docker(string(c.kind), "rm", name)
			m.docker(slices.Concat(args, strings.Fields(c.outside), []string{name})...)
		case strings.HasPrefix(c.outside, "-"):
			m.docker(slices.Concat([]string{"update"}, strings.Fields(c.outside), []string{name})...)
		default:
			m.docker(strings.Fields(c.outside)...)
		}
	}
}

// made expects that those were replaced for which the plan said so, and no other.
func (m *matrix) made(before, after map[string]any, changes map[string][]provider.Change) {
	m.t.Helper()
	for _, c := range m.cells {
		planned := slices.ContainsFunc(changes[c.address()], func(c provider.Change) bool { return c.Effect == provider.Replace })
		replaced := identity(before, c.address()) != identity(after, c.address())
		if c.kind == provider.Image && planned && !replaced {
			continue // what is built from the same comes out the same
		}
		if replaced != planned {
			m.t.Errorf("%s: replaced: %v, planned: %v", c.full(), replaced, planned)
		}
	}
}

// asTheTableSays expects of each change the effect that the table gives its argument.
func (m *matrix) asTheTableSays(changes map[string][]provider.Change) {
	m.t.Helper()
	for _, c := range m.cells {
		own := m.own(c, changes[c.address()])
		said := slices.ContainsFunc(own, func(change provider.Change) bool { return change.Effect == c.effect })
		if len(own) > 0 && !said && c.second != "null" {
			m.t.Errorf("%s: the table says %s, the plan %s", c.full(), c.effect, changeTexts(own))
		}
	}
}

// report prints the count.
func (m *matrix) report() {
	left, total, unshown := 0, 0, 0
	for _, why := range []reason{needsAPI, noHardware, noKernel, noStore, notShown} {
		slices.Sort(m.exempt[why])
		left += len(m.exempt[why])
		if len(m.exempt[why]) > 0 {
			fmt.Printf("matrix: %3d exempt: %s: %s\n", len(m.exempt[why]), why, strings.Join(m.exempt[why], ", "))
		}
	}
	for _, kind := range []provider.Kind{provider.Container, provider.Network, provider.Volume, provider.Image, provider.Daemon} {
		total += m.total[kind]
		unshown += m.unshown[kind]
		fmt.Printf("matrix: %3d arguments of a %s\n", m.total[kind], kind)
	}
	fmt.Printf("matrix: %3d without a change outside: %s\n", unshown, noOutside)
	fmt.Printf("matrix: %3d arguments, %d proved by %d examples, %d exempt\n", total, total-left, len(m.cells), left)
}

// at is what stands at a path, as canonical JSON; null where there is nothing.
func at(object any, path string) string {
	for _, key := range strings.Split(path, ".") {
		switch in := object.(type) {
		case map[string]any:
			if key == "@keys" {
				object = keysIn(in)
				continue
			}
			object = in[key]
		case []any:
			i, err := strconv.Atoi(key)
			if key == "@last" {
				i, err = len(in)-1, nil
			}
			if field, wanted, chosen := strings.Cut(key, "="); chosen { // engines list mounts in any order
				i, err = slices.IndexFunc(in, func(one any) bool {
					fields, is := one.(map[string]any)
					return is && fields[field] == wanted
				}), nil
			}
			if err != nil || i < 0 || i >= len(in) {
				return "null"
			}
			object = in[i]
		default:
			return "null"
		}
	}
	content, err := json.Marshal(ordered(object))
	if err != nil {
		return "null"
	}
	return string(content)
}

func keysIn(object map[string]any) []any {
	out := []any{}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		out = append(out, key)
	}
	return out
}

// ordered sorts lists of objects: engines list limits in no order.
func ordered(v any) any {
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return v
	}
	if _, objects := list[0].(map[string]any); !objects {
		return v
	}
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return list
}

func canonical(text string) string {
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	content, _ := json.Marshal(ordered(v))
	return string(content)
}
