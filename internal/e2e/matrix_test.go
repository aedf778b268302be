package e2e_test

import (
	"encoding/json"
	"fmt"
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

// The matrix: each argument of a container that the provider's table has is
// found in the object that the engine shows, and the plan is empty then; changed
// outside, where Docker lets one, the plan shows exactly that; changed in the
// configuration, it is done live or by replacement as the table says; taken out
// of it, the container is as one without it. One container an argument, in one project.
func TestMatrix(t *testing.T) {
	needEngine(t)
	m := newMatrix(t)

	m.apply(m.file("first", func(c cell) string { return c.first }))
	m.clean("first")
	first := m.inspect()
	m.shows("after the first apply", first, func(c cell) string { return c.shows })

	m.outside()
	m.expect("after a change outside", provider.Outside, func(c cell) bool { return c.outside != "" })
	m.apply("first")
	m.kept(first, "the repair of a change outside")
	m.shows("after the repair", m.inspect(), func(c cell) string { return c.shows })

	m.file("second", func(c cell) string { return c.second })
	changes := m.expect("second", provider.Configured, func(cell) bool { return true })
	m.apply("second")
	m.clean("second")
	second := m.inspect()
	m.shows("after a change in the configuration", second, func(c cell) string { return c.then })
	m.made(first, second, changes)
	for _, c := range m.cells {
		for _, change := range changes[c.address()] {
			if change.Effect != c.effect && c.second != "null" {
				t.Errorf("%s: the table says %s, the plan %s", c.name, c.effect, change.Effect)
			}
		}
	}

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
		return at(none["plain"], c.path)
	})
	m.dindctl("destroy", "none.hcl", "-auto-approve").wants(t, 0)
	m.report()
}

// cell is one argument in the matrix.
type cell struct {
	trial
	name   string
	block  bool // the example is the body of a block
	effect provider.Effect
}

func (c cell) label() string   { return strings.NewReplacer(".", "-", "_", "-").Replace(c.name) }
func (c cell) address() string { return "container." + c.label() }

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
	exempt   map[reason][]string
	unshown  int // no outside change possible
	total    int
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	m := &matrix{scenario: &scenario{t: t, dir: t.TempDir(), project: "matrix"}, exempt: map[reason][]string{}}
	m.env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(m.dir, "state"), "XDG_RUNTIME_DIR="+filepath.Join(m.dir, "run"))
	t.Cleanup(m.sweep)
	m.provider = docker.New(nil)
	t.Cleanup(func() { _ = m.provider.Close() })
	resp, err := m.provider.Configure(t.Context(), provider.ConfigureRequest{Environment: map[string]string{"DOCKER_HOST": os.Getenv("DOCKER_HOST")}})
	if err != nil {
		t.Fatal(err)
	}
	m.facts = resp.Facts
	left := examples()
	m.walk(docker.Schema().Nouns[provider.Container], "", left, "")
	for name := range left {
		t.Errorf("there is an example for %q, but no such argument", name)
	}
	return m
}

// walk takes every argument of the table in: by an example of its own, or as a
// part of its block's.
func (m *matrix) walk(body provider.Body, prefix string, left map[string]trial, within string) {
	for _, a := range body.Attributes {
		e, own := left[prefix+a.Name]
		switch {
		case own:
			delete(left, prefix+a.Name)
			m.add(cell{trial: e, name: prefix + a.Name, effect: a.Effect}, a.MinAPI)
		case within == string(notShown) || within == string(noHardware):
			m.total++
			m.exempt[reason(within)] = append(m.exempt[reason(within)], prefix+a.Name)
		case regexp.MustCompile(`(?m)^` + a.Name + `\s*=`).MatchString(within):
			m.total++
		default:
			m.t.Errorf("%s%s has no example in the matrix", prefix, a.Name)
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
			m.total-- // its arguments are counted
			m.add(cell{trial: e, name: prefix + b.Name, block: true, effect: provider.Replace}, "")
		}
		m.walk(b.Body, prefix+b.Name+".", left, text)
	}
}

// add takes an argument in, unless there is a reason not to.
func (m *matrix) add(c cell, minAPI string) {
	m.total++
	why := c.exempt
	switch {
	case why != "":
	case minAPI != "" && older(m.facts.API, minAPI):
		why = needsAPI
	case c.probe != "" && !m.works(c):
		why = noKernel
	}
	if why != "" {
		m.exempt[why] = append(m.exempt[why], c.name)
		return
	}
	if c.outside == "" {
		m.unshown++
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
	b.WriteString("project { name = \"matrix\" }\n")
	block := func(label, without string, more ...string) {
		fmt.Fprintf(&b, "container %q {\nimage = %q\n", label, bashImage)
		for argument, text := range map[string]string{"command": `["sleep", "1000"]`, "stop_signal": `"KILL"`, "network_mode": `"bridge"`} {
			if argument != without {
				fmt.Fprintf(&b, "%s = %s\n", argument, text)
			}
		}
		b.WriteString(strings.Join(more, "\n") + "\n}\n")
	}
	block("plain", "")
	block("beside", "")
	for _, c := range m.cells {
		block(c.label(), c.without, c.with, c.text(value(c)))
	}
	m.write(name+".hcl", b.String())
	return name
}

func (m *matrix) apply(name string) {
	m.t.Helper()
	m.dindctl("apply", name+".hcl", "-auto-approve").wants(m.t, 0)
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
		Project: cfg.Project, Origin: cfg.Origin, Observed: observed, Diff: runner.Differ(m.t.Context(), m.provider),
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
		got := changes[c.address()]
		want := wants(c)
		if cause == provider.Configured && m.same(name, c, before) {
			want = len(got) > 0 // nothing has to become of it
		}
		ok := want == (len(got) > 0)
		for _, change := range got {
			ok = ok && belongs(change.Path, c.name) && (change.Cause == cause || stale(name, c, change))
		}
		if !ok {
			m.t.Errorf("%s: %s: want a change: %v; the plan has %s", name, c.name, want, changeTexts(got))
		}
	}
	return changes
}

// stale tells whether a change is of what was changed live: its record is of
// another time, since Docker never changes labels.
func stale(name string, c cell, change provider.Change) bool {
	return name == "none" && c.effect == provider.Live && change.Cause == provider.Both
}

// same tells whether a removal leaves the container as it is.
func (m *matrix) same(name string, c cell, now map[string]any) bool {
	return name == "none" && (canonical(c.then) == at(now["plain"], c.path) || c.then == c.lifted) || canonical(c.shows) == canonical(c.then)
}

// belongs tells whether a path is of the argument.
func belongs(path, argument string) bool {
	rest, ok := strings.CutPrefix(path, argument)
	if ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
		return true
	}
	block, _, nested := strings.Cut(argument, ".")
	return nested && path == block // compared as a whole
}

func changeTexts(changes []provider.Change) string {
	var out []string
	for _, c := range changes {
		out = append(out, fmt.Sprintf("%s (%s, %s)", c.Path, c.Effect, c.Cause))
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// inspect is what the engine shows of each container, by label.
func (m *matrix) inspect() map[string]any {
	m.t.Helper()
	ids := m.docker("ps", "-aq", "--filter", "label=dev.dindctl.project="+m.project)
	out, err := exec.Command("docker", append([]string{"inspect"}, ids...)...).Output()
	if err != nil {
		m.t.Fatal(err)
	}
	var list []any
	if err := json.Unmarshal(out, &list); err != nil {
		m.t.Fatal(err)
	}
	byLabel := map[string]any{}
	for _, c := range list {
		var name string
		_ = json.Unmarshal([]byte(at(c, "Name")), &name)
		byLabel[strings.TrimPrefix(name, "/matrix-")] = c
	}
	return byLabel
}

// shows expects each argument's value in what the engine shows.
func (m *matrix) shows(when string, objects map[string]any, value func(cell) string) {
	m.t.Helper()
	id := func(label string) string { return strings.Trim(at(objects[label], "Id"), `"`) }
	for _, c := range m.cells {
		want := value(c)
		if want == "@any" {
			continue
		}
		want = strings.ReplaceAll(want, "@plain", id("plain"))
		want = strings.ReplaceAll(want, "@beside", id("beside"))
		want = strings.ReplaceAll(want, "@own", id(c.label())[:12])
		if d := cmp.Diff(canonical(want), at(objects[c.label()], c.path)); d != "" {
			m.t.Errorf("%s: %s: %s shows (-want +got):\n%s", when, c.name, c.path, d)
		}
	}
}

// outside changes with docker's own hands what Docker lets one change.
func (m *matrix) outside() {
	m.t.Helper()
	for _, c := range m.cells {
		if c.outside != "" {
			m.docker(slices.Concat([]string{"update"}, strings.Fields(c.outside), []string{"matrix-" + c.label()})...)
		}
	}
}

// kept expects that no container was replaced.
func (m *matrix) kept(before map[string]any, by string) {
	m.t.Helper()
	now := m.inspect()
	for _, c := range m.cells {
		if at(before[c.label()], "Id") != at(now[c.label()], "Id") {
			m.t.Errorf("%s: %s replaced the container", c.name, by)
		}
	}
}

// made expects that those were replaced for which the plan said so, and no other.
func (m *matrix) made(before, after map[string]any, changes map[string][]provider.Change) {
	m.t.Helper()
	for _, c := range m.cells {
		planned := slices.ContainsFunc(changes[c.address()], func(c provider.Change) bool { return c.Effect == provider.Replace })
		if replaced := at(before[c.label()], "Id") != at(after[c.label()], "Id"); replaced != planned {
			m.t.Errorf("%s: replaced: %v, planned: %v", c.name, replaced, planned)
		}
	}
}

// report prints the count.
func (m *matrix) report() {
	left := 0
	for _, why := range []reason{needsAPI, noHardware, noKernel, notShown} {
		slices.Sort(m.exempt[why])
		left += len(m.exempt[why])
		if len(m.exempt[why]) > 0 {
			fmt.Printf("matrix: %3d exempt: %s: %s\n", len(m.exempt[why]), why, strings.Join(m.exempt[why], ", "))
		}
	}
	fmt.Printf("matrix: %3d without a change outside: %s\n", m.unshown, noOutside)
	fmt.Printf("matrix: %3d arguments, %d proved in %d containers, %d exempt\n", m.total, m.total-left, len(m.cells), left)
}

// at is what stands at a path, as canonical JSON; null where there is nothing.
func at(object any, path string) string {
	for _, key := range strings.Split(path, ".") {
		switch in := object.(type) {
		case map[string]any:
			object = in[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(in) {
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
