package truth_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"

	"github.com/dindctl/dindctl/hcl"
	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// Whatever becomes of a configuration (blocks move, into modules too, become several,
// are switched off, kept, ignore what changes, exchange what only one can have), whatever
// part of it is applied or destroyed, and whether that fails or is killed on the way: what
// prevent_destroy keeps is there, what is ignored is as it was, what is done was announced,
// and in the end the plan is empty, or says why not.
func TestLives(t *testing.T) {
	t.Parallel()
	proving := inMemory()
	proving.generate, proving.try = generateLife, simulateLife
	proving.generated(t, false, lifeTally())
}

// lifeTally is what has to have been tried.
func lifeTally() tally {
	wanted := tally{"kept": 50, "ignored": 50, "everything is ignored": 10, "nothing is left": 5}
	for _, what := range sortedKeys(lifeEdits()) {
		wanted[what] = 5
	}
	for _, act := range acts {
		wanted[act] = 10
	}
	for _, how := range faults {
		wanted["a call "+how] = 10
	}
	return wanted
}

// What the promises of a life are.
const (
	protected = "what prevent_destroy keeps is there"
	untouched = "what is ignored is as it was"
	owned     = "what a run of dindctl left behind is not said to be somebody else's"
	orders    = "what one gives up, another can take in the same apply"
	ends      = "a destroy without a word of what is kept leaves nothing"
)

// acts are what is done with a configuration, and faults what becomes of one of the calls
// that change something: it fails, it is carried out and fails, the run is killed before
// it, or after it.
var (
	acts   = []string{"apply", "target", "exclude", "destroy", "destroy all", "destroy target"}
	faults = []string{"fails", "is done and fails", "is never made", "is the last"}
)

// generateLife makes the schedule of a seed.
func generateLife(seed uint64, _ bool) schedule {
	random := rand.New(rand.NewPCG(seed, 31))
	s := schedule{Seed: seed, API: []string{api2010, api285}[random.IntN(2)]}
	some := func(n int, among ...string) []edit {
		var out []edit
		for range n {
			out = append(out, edit{What: among[random.IntN(len(among))], Pick: random.Uint64()})
		}
		return out
	}
	names := sortedKeys(lifeEdits())
	s.Begin = slices.Concat(some(4+random.IntN(3), "add"), some(6+random.IntN(6), "use", "use", "port", "ip", "subnet", "name", "keep", "ignore"))
	for range roundsOf {
		r := round{Edits: some(1+random.IntN(4), append(names, "exchange", "exchange", "move")...), Act: edit{What: "apply", Pick: random.Uint64()}}
		if random.IntN(3) == 0 {
			r.Act.What = acts[random.IntN(len(acts))]
		}
		if random.IntN(2) == 0 {
			r.Fault = edit{What: faults[random.IntN(len(faults))], Turn: 1 + random.IntN(10)}
		}
		s.Rounds = append(s.Rounds, r)
	}
	return s
}

// simulateLife goes through a schedule on an engine in memory.
func simulateLife(ctx context.Context, s schedule, tell bool) outcome {
	m, end, err := newMemory(s.API)
	if err != nil {
		return outcome{broken: harness, how: err.Error()}
	}
	defer end()
	return live(ctx, s, tell, m)
}

// fragile is a world in which calls go wrong.
type fragile interface {
	world
	// disturb lets one of the calls to come fail, or be the last one of a process, which
	// kill ends.
	disturb(e edit, kill func())
	// undisturbed ends that, and tells whether it came to it.
	undisturbed() bool
}

// live goes through a schedule in a world with nothing in it.
func live(ctx context.Context, s schedule, tell bool, w fragile) outcome {
	l := &living{run: run{s: s, tell: tell, out: outcome{tally: tally{}, spent: spent{}}}, w: w, ids: map[string]string{}}
	u, err := newUser(ctx, w)
	if err != nil {
		return outcome{broken: harness, how: err.Error()}
	}
	defer u.close()
	l.u = u
	l.through(ctx)
	return l.out
}

// living is one life that is gone through.
type living struct {
	run
	w    fragile
	life lifetime
	// ids are the objects of all instances, by the thing and its key.
	ids map[string]string
	// upright is how what ignores something was before the engine was restarted.
	upright map[string][]string
}

// asking are the flags of a command.
type asking struct {
	target, exclude  []string
	destroy, volumes bool
}

func (a asking) String() string {
	return fmt.Sprintf("target %v, exclude %v, destroy %t, volumes %t", a.target, a.exclude, a.destroy, a.volumes)
}

func (l *living) through(ctx context.Context) {
	l.life.add(7)
	for _, e := range l.s.Begin {
		l.edit(e)
	}
	if !l.settle(ctx, "at first") {
		return
	}
	for i, r := range l.s.Rounds {
		if !l.round(ctx, fmt.Sprintf("round %d", i), r) {
			return
		}
	}
	l.end(ctx)
}

// edit does one edit, if its outcome is a configuration that is valid.
func (l *living) edit(e edit) bool {
	next := l.life.clone()
	if !lifeEdits()[e.What](&next, e.Pick) || !next.sound() {
		return false
	}
	cfg, problems := l.load(next)
	if !problems.HasErrors() {
		_, problems = config.Expand(cfg, docker.Schema(), config.Known{})
	}
	if problems.HasErrors() {
		l.count("refused")
		l.note("refused: %s: %s", e.What, problemsText(problems))
		return false
	}
	l.life = next
	l.count(e.What)
	return true
}

func (l *living) load(life lifetime) (*config.Config, diag.List) {
	for module, text := range life.files() {
		dir := filepath.Join(l.u.dir, module)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, diag.Errorf("No directory", "%v", err)
		}
		if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(text), 0o600); err != nil {
			return nil, diag.Errorf("No file", "%v", err)
		}
	}
	cfg, _, problems := hcl.Load(hcl.LoadRequest{Path: "main.hcl", Cwd: l.u.dir, MachineID: "truth"})
	return cfg, problems
}

// plan plans as the commands do.
func (l *living) plan(ctx context.Context, ask asking) (planned, diag.List) {
	defer l.out.spent.on("plans")()
	cfg, problems := l.load(l.life)
	if problems.HasErrors() {
		return planned{}, problems
	}
	schema := docker.Schema()
	expanded, problems := config.Expand(cfg, schema, config.Known{})
	if problems.HasErrors() {
		return planned{}, problems
	}
	wanted := runner.Wanted(cfg.Project, expanded)
	observed, problems := runner.Observe(ctx, l.u.p, l.u.facts, wanted)
	if problems.HasErrors() {
		return planned{}, problems
	}
	cfg.Names = observed.KeptNames(cfg.Project, cfg.KeepsName)
	in := plan.Input{
		Project: cfg.Project, Origin: cfg.Origin, Observed: observed, Diff: runner.Differ(ctx, l.u.p), DataLoss: true, Volumes: ask.volumes, Images: true,
		Target: ask.target, Exclude: ask.exclude, Prevented: cfg.Prevented,
	}
	if ask.destroy {
		in.Destroy, in.Declared = true, expanded.Instances
	} else {
		in.Expand = func(known config.Known) (*config.Expanded, diag.List) { return config.Expand(cfg, schema, known) }
	}
	p, problems := plan.Make(in)
	return planned{p, in, wanted}, problems
}

func (l *living) apply(ctx context.Context, p planned, abreast int) diag.List {
	request := runner.ApplyRequest{
		Plan: p.Plan, Provider: l.u.p, Observed: p.in.Observed, Observe: p.wanted, Differ: p.in.Diff, Refine: runner.Refiner(p.in, p.Plan),
		Parallelism: abreast,
	}
	if p.Expanded != nil {
		request.Expanded = p.Expanded
	}
	_, problems := runner.Apply(ctx, request)
	return problems
}

// round is one case.
func (l *living) round(ctx context.Context, at string, r round) bool {
	if r.Restart && !l.restarts(ctx, at) {
		return false
	}
	before, did := l.life.clone(), 0
	for _, e := range r.Edits {
		if l.edit(e) {
			did++
		}
	}
	for i := 0; did == 0 && i < 10; i++ { // so that every round is a case
		if l.edit(edit{What: "cpus", Pick: r.Act.Pick + uint64(i)}) || l.edit(edit{What: "mark", Pick: r.Act.Pick + uint64(i)}) {
			did++
		}
	}
	if did > 0 {
		l.count("cases")
	}
	ask := l.asks(r.Act)
	l.note("%s: %s (%s), a call %v\n%v", at, r.Act.What, ask, r.Fault, l.life.files())
	l.count(r.Act.What)
	done, ok := l.carryOut(ctx, at, ask, r.Fault)
	if !ok {
		return false
	}
	if !done { // it was refused: what led to it is undone
		l.life = before
		return true
	}
	return l.settle(ctx, at)
}

// restarts restarts the engine. What came of it is told by a plan, and mended: what is
// ignored is then as it was before.
func (l *living) restarts(ctx context.Context, at string) bool {
	l.note("%s: the engine is restarted", at)
	l.count("restart of the engine")
	l.upright = l.looks(ctx)
	defer func() { l.upright = nil }()
	ended := l.out.spent.on("restarting the engine")
	l.u.restart()
	ended()
	if err := l.u.connect(ctx); err != nil {
		return l.violate(harness, "%v", err)
	}
	return l.settle(ctx, at+", after a restart of the engine")
}

// asks are the flags of an act.
func (l *living) asks(act edit) asking {
	var all []string
	for _, t := range l.life.Things {
		for _, key := range t.instances() {
			all = append(all, t.address(key))
		}
	}
	one := func() []string {
		if len(all) == 0 {
			return nil
		}
		address := all[choose(act.Pick, 1, len(all))]
		if choose(act.Pick, 2, 3) == 0 {
			address, _, _ = strings.Cut(address, `["`)
		}
		return []string{address}
	}
	volumes := choose(act.Pick, 3, 3) > 0
	switch act.What {
	case "target":
		return asking{target: one(), volumes: volumes}
	case "exclude":
		return asking{exclude: one(), volumes: volumes}
	case "destroy":
		return asking{destroy: true}
	case "destroy all":
		return asking{destroy: true, volumes: true}
	case "destroy target":
		return asking{destroy: true, target: one(), volumes: volumes}
	}
	return asking{volumes: volumes}
}

// refusal of a plan that is one of a plan's answers: why it is not done.
func (l *living) answers(at string, problems diag.List) bool {
	for _, p := range problems {
		l.count("refused as " + p.Code)
		if p.Code == "" {
			l.count(p.Summary)
		}
		if p.Summary == "Steps wait for each other in a circle" {
			return l.violate(orders, "%s: %s", at, p.Detail)
		}
		if p.Detail == "" {
			return l.violate(settles, "%s: no word of why: %s", at, p.Summary)
		}
	}
	return true
}

// carryOut plans and applies with flags, perhaps disturbed. done is false where it was
// refused as a whole, and nothing was done.
func (l *living) carryOut(ctx context.Context, at string, ask asking, fault edit) (done, ok bool) {
	l.u.happened()
	p, problems := l.plan(ctx, ask)
	if problems.HasErrors() {
		l.note("%s: refused: %s", at, problemsText(problems))
		return false, l.answers(at, problems)
	}
	l.note("%s: plan: %s", at, l.explain(p))
	if !l.answers(at, p.Stopped) {
		return false, false
	}
	was := l.looks(ctx)
	keeps := l.keeps()
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	l.w.disturb(fault, cancel)
	abreast := 0
	if fault.What != "" {
		abreast = 1 // so that a replay disturbs the same call
	}
	ended := l.out.spent.on("applies")
	problems = l.apply(run, p, abreast)
	ended()
	hit := l.w.undisturbed()
	events := l.u.happened()
	l.note("%s: events: %v, problems: %s", at, events, problemsText(problems))
	if hit {
		l.count("a call " + fault.What)
	}
	switch {
	case hit:
		if wrong := beyond(p.Plan, events); wrong != "" {
			return true, l.violate(announces, "%s: %s\nplanned: %s\nevents: %v", at, wrong, l.explain(p), events)
		}
	case problems.HasErrors() && len(ask.target)+len(ask.exclude) > 0 && problems[0].Code == "conflict":
		l.count("a part is in the way of another") // what would have given way was left out
	case problems.HasErrors():
		return true, l.violate(applies, "%s: %s\n%s", at, problemsText(problems), l.explain(p))
	default:
		if wrong := unannounced(p.Plan, events); wrong != "" {
			return true, l.violate(announces, "%s: %s\nplanned: %s\nevents: %v", at, wrong, l.explain(p), events)
		}
	}
	if hit && !l.ours(ctx, at) {
		return true, false
	}
	return true, l.held(ctx, at, keeps, was, events) && l.ignored(ctx, at, p, hit || problems.HasErrors()) && l.gone(ctx, at, ask, p, hit)
}

// ours looks at what a run left that failed or was killed: nobody else changed anything.
func (l *living) ours(ctx context.Context, at string) bool {
	p, problems := l.plan(ctx, asking{volumes: true})
	if problems.HasErrors() {
		return l.answers(at, problems)
	}
	for _, res := range p.Resources {
		if res.Reason == plan.FromOutside || res.Reason == plan.FromBoth || slices.ContainsFunc(res.Changes, func(c provider.Change) bool {
			return c.Cause == provider.Outside || c.Cause == provider.Both
		}) {
			return l.violate(owned, "%s: %s %s (%s: %s) %s", at, res.Action, res.Address, res.Reason, res.Cause, changesText(res.Changes))
		}
	}
	return true
}

// keeps are the objects that prevent_destroy keeps, by id.
func (l *living) keeps() map[string]string {
	out := map[string]string{}
	for _, t := range l.life.Things {
		if !t.Keep {
			continue
		}
		for who, id := range l.ids {
			if who == fmt.Sprint(t.ID, " ", keyPart(who)) {
				out[id] = t.block()
			}
		}
	}
	return out
}

func keyPart(who string) string { _, key, _ := strings.Cut(who, " "); return key }

// looks are the fields of the containers that ignore something, by id.
func (l *living) looks(ctx context.Context) map[string][]string {
	out := map[string][]string{}
	names := map[string]string{}
	for who, id := range l.ids {
		var t *thing
		for i := range l.life.Things {
			if who == fmt.Sprint(l.life.Things[i].ID, " ", keyPart(who)) {
				t = &l.life.Things[i]
			}
		}
		if t == nil || t.Ignore == "" || t.Kind != provider.Container {
			continue
		}
		is, err := l.u.hand.ContainerInspect(ctx, id)
		if err != nil {
			continue // it is gone
		}
		lines := append(containerLines(is, names), ".Name = "+is.Name)
		if t.Ignore != "all" {
			fields := map[string]string{
				"labels": ".Config.Labels.", "name": ".Name ", "networks": ".Networks.", "attach": ".IPAMConfig", "cpus": ".HostConfig.NanoCpus ",
				"mount": ".Mounts.", "command": ".Config.Cmd ", "ports": ".HostConfig.PortBindings.",
			}
			lines = slices.DeleteFunc(lines, func(line string) bool { return !strings.HasPrefix(line, fields[t.Ignore]) })
			if t.Ignore == "networks" { // which ones; how it is in them is what attach says
				for i, line := range lines {
					lines[i], _, _ = strings.Cut(strings.TrimPrefix(line, ".Networks."), ".")
				}
				lines = slices.Compact(lines)
			}
		}
		out[id] = lines
	}
	return out
}

// held tells whether what is kept is there, and what is ignored as it was.
func (l *living) held(ctx context.Context, at string, keeps map[string]string, was map[string][]string, events []happening) bool {
	for _, e := range events {
		if block, is := keeps[e.ID]; is && e.Action == "destroy" {
			return l.violate(protected, "%s: %s of %s went", at, e, block)
		}
	}
	l.out.tally["kept"] += len(keeps)
	now := l.looks(ctx)
	for id, lines := range was {
		after, there := now[id]
		if !there {
			continue
		}
		l.count("ignored")
		if before, is := l.upright[id]; is {
			lines = before
		}
		if d := difference(map[string][]string{"it": lines}, map[string][]string{"it": after}); d != "" {
			return l.violate(untouched, "%s: %.12s: %s", at, id, d)
		}
	}
	return true
}

// ignored tells whether what is ignored leads to nothing: no step changes it, and what
// ignores everything is the same object afterwards, but where something that it needs is
// another one.
func (l *living) ignored(ctx context.Context, at string, p planned, failed bool) bool {
	anew := map[string]bool{}
	for _, res := range p.Resources {
		anew[res.Address] = res.Action != plan.None && res.Action != plan.Update && res.Action != plan.Start
	}
	for _, s := range p.Steps {
		t := l.life.at(s.Address)
		if t == nil || t.Ignore == "" || s.Action == plan.Delete {
			continue
		}
		if slices.ContainsFunc(s.Changes, func(c provider.Change) bool {
			return plan.Ignored(config.Lifecycle{IgnoreChanges: []string{t.Ignore}, IgnoreAll: t.Ignore == "all"}, c.Path)
		}) {
			return l.violate(untouched, "%s: %s %s: %s, and %s is ignored", at, s.Action, s.Address, changesText(s.Changes), t.Ignore)
		}
	}
	for _, res := range p.Resources {
		t := l.life.at(res.Address)
		if failed || t == nil || t.Ignore != "all" || t.Kind != provider.Container || res.Before == nil || res.After == nil || p.in.Destroy {
			continue
		}
		_, err := l.u.hand.ContainerInspect(ctx, res.Before.ID)
		needs := slices.Concat(res.After.Deps, res.After.Uses, res.Before.Owner.Deps)
		if err != nil && !slices.ContainsFunc(needs, func(address string) bool { return anew[address] }) {
			return l.violate(untouched, "%s: %s is another object (%s), and everything of it is ignored: %s", at, res.Address, res.Cause, err)
		}
		l.count("everything is ignored")
	}
	return true
}

// gone looks that a destroy of everything left nothing but what it keeps.
func (l *living) gone(ctx context.Context, at string, ask asking, p planned, hit bool) bool {
	if !ask.destroy || hit || len(ask.target)+len(p.Stopped) > 0 {
		return true
	}
	for name := range l.snapshot(ctx) {
		if ask.volumes || !strings.HasPrefix(name, "volume ") {
			return l.violate(ends, "%s: %s is there", at, name)
		}
	}
	l.count("nothing is left")
	return true
}

// settle applies all of it, undisturbed, and looks that nothing is left to do.
func (l *living) settle(ctx context.Context, at string) bool {
	at += ", all of it"
	done, ok := l.carryOut(ctx, at, asking{volumes: true}, edit{})
	if !ok {
		return false
	}
	p, problems := l.plan(ctx, asking{volumes: true})
	switch {
	case problems.HasErrors():
		return l.answers(at, problems)
	case !done:
		return l.violate(settles, "%s: what was refused as a whole is not refused now: %s", at, l.explain(p))
	case len(p.Stopped) > 0:
		if !l.answers(at, p.Stopped) {
			return false
		}
	case !p.Clean:
		return l.violate(settles, "%s: and then %s", at, l.explain(p))
	default:
		l.count("and then nothing is left to do")
	}
	l.remember(p)
	return true
}

// remember notes which object is which, by the identity that the plan gives them.
func (l *living) remember(p planned) {
	ids := map[string]string{}
	for _, res := range p.Resources {
		t := l.life.at(res.Address)
		if t == nil || res.Before == nil || res.Action != plan.None {
			continue
		}
		key := ""
		for _, k := range t.Keys {
			if t.address(k) == res.Address {
				key = k
			}
		}
		ids[fmt.Sprint(t.ID, " ", key)] = res.Before.ID
	}
	maps.DeleteFunc(ids, func(_, id string) bool { return id == "" })
	l.ids = ids
}

// end takes all protection away and destroys everything.
func (l *living) end(ctx context.Context) {
	for i := range l.life.Things {
		l.life.Things[i].Keep = false
	}
	if _, ok := l.carryOut(ctx, "in the end", asking{destroy: true, volumes: true}, edit{}); !ok {
		return
	}
	if left := l.snapshot(ctx); len(left) > 0 {
		l.violate(ends, "in the end: %v", sortedKeys(left))
	}
}

// beyond tells what happened that the plan did not say, of an apply that did not end well.
func beyond(p *plan.Plan, events []happening) string {
	made, objects := map[string]int{}, map[string]plan.Action{}
	for _, s := range p.Steps {
		if s.Action == plan.Create || s.Action == plan.Run {
			made[s.Address]++
		}
		if s.Object != "" {
			objects[s.Object] = s.Action
			if s.Action == plan.Delete {
				objects[s.Object+" goes"] = s.Action
			}
		}
	}
	own := map[string]bool{}
	for _, e := range events {
		_, announced := objects[e.ID]
		_, goes := objects[e.ID+" goes"]
		switch {
		case e.Type == "image" || strings.HasPrefix(e.Name, "dindctl."):
		case e.Action == "create":
			if made[e.Address]--; made[e.Address] < 0 {
				return fmt.Sprintf("%s was not announced", e)
			}
			own[e.ID] = true
		case own[e.ID]:
		case e.Action == "destroy" && !goes, !announced:
			return fmt.Sprintf("%s was not announced", e)
		}
	}
	return ""
}

// What the planner gives up for a container's ports and addresses is what the engine in
// memory refuses to hand out twice: without that, exchanges would prove nothing.
func TestTheEngineInMemoryHandsOutOnce(t *testing.T) {
	t.Parallel()
	m, end, err := newMemory(api285)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	u, err := newUser(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(u.close)
	text := func(label string) string {
		return "project {\n  name = \"truth\"\n}\ncontainer \"" + label + "\" {\n  image = \"base.local/a\"\n  command = [\"sleep\", \"9\"]\n  ports {\n    target = 80\n    published = 8001\n  }\n}\n"
	}
	p, problems := u.planText(t.Context(), text("a"))
	if problems.HasErrors() || u.apply(t.Context(), p).HasErrors() {
		t.Fatal(problemsText(problems))
	}
	list, err := u.hand.ContainerList(t.Context(), container.ListOptions{All: true})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	is, err := u.hand.ContainerInspect(t.Context(), list[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	other, err := u.hand.ContainerCreate(t.Context(), is.Config, is.HostConfig, nil, nil, "other")
	if err != nil {
		t.Fatal(err)
	}
	if err := u.hand.ContainerStart(t.Context(), other.ID, container.StartOptions{}); err == nil || !strings.Contains(err.Error(), "port is already allocated") {
		t.Errorf("a port was given twice: %v", err)
	}
}
