package truth_test

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/provider"
)

var (
	onEngine = flag.Bool("engine", false, "the tests on a real engine have to be run: it is an error that docker/test-engine provides none")
	smallFor = flag.Duration("small", 3*time.Minute, "for how long a schedule that fails on a real engine is made small")
)

// hung is when a test that waits gives up. It proves nothing and only ends a test that
// would never end.
const hung = 10 * time.Minute

// restartEvery is how many rounds there are on a real engine between two restarts of it.
const restartEvery = 10

// notHere are the arguments that a real engine cannot be asked for where tests run, by why.
func notHere() map[string]string {
	return map[string]string{
		"blkio_config": "kernels without a scheduler of weights discard it, and engines warn of that alone",
	}
}

// real is the engine of docker/test-engine, which this process may end and start again.
type real struct {
	ctx  context.Context //nolint:containedctx // worlds take none
	hand *client.Client
	log  string // of the engine
	argv []string
	env  []string
	pid  int
	// restarts is how often it was ended and started again by [real.restart].
	restarts int

	kept []string // ids of images that were there before
	last int64    // when the last event happened that was told
	// there are the volumes: engines tell of one that is created whenever somebody asks
	// for it, as each container does that mounts it.
	there map[string]bool
	// broken are the ids of containers that keep restarting.
	broken []string
}

func (r *real) host() string { return os.Getenv("DOCKER_HOST") }

// needEngine is a real engine with nothing in it but the images of tests.
func needEngine(t *testing.T) *real {
	t.Helper()
	if os.Getenv("DINDCTL_TEST_ENGINE") == "" {
		if *onEngine || os.Getenv("DINDCTL_E2E") == "require" {
			t.Fatal("this test needs the test engine: run it by `make truth-real`")
		}
		t.Skip("no test engine: run it by `make truth-real`")
	}
	r, err := newReal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.hand.Close() })
	return r
}

func newReal(ctx context.Context) (*real, error) {
	r := &real{ctx: ctx, there: map[string]bool{}}
	hand, err := client.NewClientWithOpts(client.WithHost(r.host()), client.WithAPIVersionNegotiation())
	if err != nil {
		return nil, err
	}
	r.hand = hand
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	for _, process := range processes {
		argv := words(filepath.Join(process, "cmdline"))
		if filepath.Base(argv[0]) != "dockerd" {
			continue
		}
		r.argv, r.env = argv, words(filepath.Join(process, "environ"))
		if r.log, err = os.Readlink(filepath.Join(process, "fd/1")); err != nil {
			return nil, err
		}
		if _, err = fmt.Sscan(filepath.Base(process), &r.pid); err != nil {
			return nil, err
		}
	}
	if r.pid == 0 {
		return nil, errors.New("the engine's process was not found")
	}
	for _, tag := range []string{"base.local/a", "base.local/b"} {
		if err := r.base(tag); err != nil {
			return nil, fmt.Errorf("making %s: %w", tag, err)
		}
	}
	images, err := hand.ImageList(ctx, image.ListOptions{All: true})
	for _, i := range images {
		r.kept = append(r.kept, i.ID)
	}
	return r, errors.Join(err, r.purge())
}

// words reads a file of words that end with NUL.
func words(file string) []string {
	content, _ := os.ReadFile(file)
	return strings.Split(strings.TrimSuffix(string(content), "\x00"), "\x00")
}

// sleeps is what runs in containers: it ends when it is asked to, as the first process
// of a container, too, as if it had been killed, and at once where broken lies beside it.
const sleeps = `#!/bin/bash
trap 'exit 137' TERM INT USR1
[ -s /broken ] && exit 1
exec 3<>/dev/ptmx
read -r -t "$1" -u 3
`

// base makes an image as those of the engine in memory are. It has two tags: generators
// give one of them to another image.
func (r *real) base(tag string) error {
	var sent bytes.Buffer
	w := tar.NewWriter(&sent)
	for name, content := range map[string]string{
		"Dockerfile": "FROM dindctl.local/bash\nENV FROM=image\nRUN rm -f /bin/sleep\nCOPY sleep /bin/sleep\nCOPY which /which\nCMD [\"sleep\", \"1000\"]\n",
		"sleep":      sleeps, "which": tag,
	} {
		if err := errors.Join(w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content))}), writing(w, content)); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	resp, err := r.hand.ImageBuild(r.ctx, &sent, build.ImageBuildOptions{Tags: []string{tag, kept(tag)}, Remove: true, ForceRemove: true})
	if err != nil {
		return err
	}
	said, err := io.ReadAll(resp.Body)
	if strings.Contains(string(said), "errorDetail") {
		err = errors.New(string(said))
	}
	return errors.Join(err, resp.Body.Close())
}

func kept(tag string) string { return strings.Replace(tag, "base.", "kept.", 1) }

func writing(w io.Writer, content string) error {
	_, err := io.WriteString(w, content)
	return err
}

// purge removes everything but the images of tests, which get their names back.
func (r *real) purge() error {
	r.broken = nil
	containers, err := r.hand.ContainerList(r.ctx, container.ListOptions{All: true})
	for _, c := range containers {
		err = errors.Join(err, r.hand.ContainerRemove(r.ctx, c.ID, container.RemoveOptions{Force: true, RemoveVolumes: true}))
	}
	networks, listed := r.hand.NetworkList(r.ctx, network.ListOptions{Filters: filters.NewArgs(filters.Arg("type", "custom"))})
	err = errors.Join(err, listed)
	for _, n := range networks {
		err = errors.Join(err, r.hand.NetworkRemove(r.ctx, n.ID))
	}
	volumes, listed := r.hand.VolumeList(r.ctx, volume.ListOptions{})
	if err = errors.Join(err, listed); err != nil {
		return err
	}
	for _, v := range volumes.Volumes {
		err = errors.Join(err, r.hand.VolumeRemove(r.ctx, v.Name, true))
	}
	for _, tag := range []string{"base.local/a", "base.local/b"} {
		err = errors.Join(err, r.hand.ImageTag(r.ctx, kept(tag), tag))
	}
	images, listed := r.hand.ImageList(r.ctx, image.ListOptions{})
	err = errors.Join(err, listed)
	for _, i := range images {
		if !slices.Contains(r.kept, i.ID) {
			_, removed := r.hand.ImageRemove(r.ctx, i.ID, image.RemoveOptions{Force: true, PruneChildren: true})
			err = errors.Join(err, removed)
		}
	}
	return err
}

// another is this engine once more, when everything in it is gone.
func (r *real) another() (world, func(), error) {
	return r, func() { _ = r.purge() }, r.purge()
}

// told are the actions of which a generator is told, by type. The others are looks, what
// runs inside containers, and what follows from these.
func told(m events.Message) bool {
	switch m.Type {
	case events.ContainerEventType:
		return slices.Contains([]string{"create", "destroy", "start", "stop", "die", "kill", "restart", "pause", "unpause", "update", "rename"}, string(m.Action))
	case events.NetworkEventType:
		return slices.Contains([]string{"create", "destroy", "connect", "disconnect"}, string(m.Action))
	case events.VolumeEventType:
		return slices.Contains([]string{"create", "destroy"}, string(m.Action))
	default:
		return false
	}
}

// news tells whether something is there now, or gone, that was not before.
func (r *real) news(m events.Message) bool {
	if m.Type != events.VolumeEventType {
		return true
	}
	was := r.there[m.Actor.ID]
	r.there[m.Actor.ID] = m.Action == events.ActionCreate
	return was != r.there[m.Actor.ID]
}

// eventsKept is how many events an engine remembers: eventsLimit in
// https://github.com/moby/moby/blob/v28.5.2/daemon/events/events.go
const eventsKept = 256

func (r *real) happened() []happening {
	stamp := func(nano int64) string { return fmt.Sprintf("%d.%09d", nano/1e9, nano%1e9) }
	ctx, cancel := context.WithTimeout(r.ctx, hung)
	defer cancel()
	since := r.last
	all, ended := r.hand.Events(ctx, events.ListOptions{Since: stamp(since), Until: stamp(time.Now().UnixNano())})
	var out []happening
	n := 0
	for {
		select {
		case m := <-all:
			if n++; m.TimeNano > since { // they are told in another order than they are dated
				r.last = max(r.last, m.TimeNano)
				if told(m) && r.news(m) {
					out = append(out, r.happening(m))
				}
			}
			continue
		case err := <-ended:
			if !errors.Is(err, io.EOF) {
				out = append(out, happening{Type: "events", Action: "lost", ID: err.Error()})
			}
		}
		break
	}
	if n >= eventsKept {
		out = append(out, happening{Type: "events", Action: "lost", ID: "the engine does not remember so many"})
	}
	return withoutBuilds(out)
}

// happening is an event as the engine in memory tells it.
func (r *real) happening(m events.Message) happening {
	h := happening{string(m.Type), string(m.Action), m.Actor.ID, m.Actor.Attributes["name"], m.Actor.Attributes[labelAddress]}
	switch {
	case m.Type == events.NetworkEventType && (h.Action == "connect" || h.Action == "disconnect"):
		h.ID = m.Actor.Attributes["container"]
	case m.Type == events.NetworkEventType && h.Action == "create":
		if n, err := r.hand.NetworkInspect(r.ctx, h.ID, network.InspectOptions{}); err == nil {
			h.Address = n.Labels[labelAddress]
		}
	case m.Type == events.VolumeEventType:
		h.Name = h.ID
		if v, err := r.hand.VolumeInspect(r.ctx, h.ID); err == nil {
			h.Address = v.Labels[labelAddress]
		}
	}
	return h
}

// withoutBuilds leaves out the containers in which images are built: nobody's, or with
// the image's address, that come and go.
func withoutBuilds(all []happening) []happening {
	state := map[string]int{}
	for _, h := range all {
		if h.Type == "container" && (h.Address == "" || strings.HasPrefix(h.Address, string(provider.Image)+".")) && (h.Action == "create" || h.Action == "destroy") {
			state[h.ID]++
		}
	}
	return slices.DeleteFunc(all, func(h happening) bool { return state[h.ID] == 2 })
}

// bereft compares namespaces as the kernel shows them.
func (r *real) bereft() []string {
	running, err := r.hand.ContainerList(r.ctx, container.ListOptions{})
	if err != nil {
		return []string{err.Error()}
	}
	var out []string
	for _, c := range running {
		is, err := r.hand.ContainerInspect(r.ctx, c.ID)
		if err != nil || is.State.Pid == 0 {
			continue
		}
		for kind, mode := range map[string]string{"net": string(is.HostConfig.NetworkMode), "ipc": string(is.HostConfig.IpcMode), "pid": string(is.HostConfig.PidMode)} {
			owner, shares := strings.CutPrefix(mode, "container:")
			if !shares {
				continue
			}
			of, err := r.hand.ContainerInspect(r.ctx, owner)
			if err != nil || of.State.Pid == 0 || namespace(of.State.Pid, kind) != namespace(is.State.Pid, kind) {
				out = append(out, is.Name)
			}
		}
	}
	slices.Sort(out)
	return out
}

func namespace(pid int, kind string) string {
	name, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", pid, kind))
	return name
}

// restart ends the engine as an init system does, or, every second time, as a host does
// that loses its power, and starts it again.
func (r *real) restart() {
	how := syscall.SIGTERM
	if r.restarts++; r.restarts%2 == 0 {
		how = syscall.SIGKILL
	}
	_ = r.restarted(how, func() error { return nil }) // what does not answer is seen by whoever asks next
}

// end ends the engine; with SIGKILL everything that runs below it, too.
func (r *real) end(how syscall.Signal) error {
	pids := []int{r.pid}
	if how == syscall.SIGKILL {
		processes, err := filepath.Glob("/proc/[0-9]*")
		if err != nil {
			return err
		}
		for _, process := range processes {
			name := filepath.Base(words(filepath.Join(process, "cmdline"))[0])
			if pid, err := strconv.Atoi(filepath.Base(process)); err == nil && (strings.HasPrefix(name, "containerd") || name == "docker-proxy") {
				pids = append(pids, pid)
			}
		}
		running, err := r.hand.ContainerList(r.ctx, container.ListOptions{})
		if err != nil {
			return err
		}
		for _, c := range running {
			if is, err := r.hand.ContainerInspect(r.ctx, c.ID); err == nil && is.State.Pid > 0 {
				pids = append(pids, is.State.Pid)
			}
		}
	}
	for _, pid := range pids { // the engine first: it must not see the others end
		if err := syscall.Kill(pid, how); err != nil && pid == r.pid {
			return fmt.Errorf("ending the engine: %w", err)
		}
	}
	return until("the engine to end", func() bool {
		return !slices.ContainsFunc(pids, func(pid int) bool { return syscall.Kill(pid, 0) == nil })
	})
}

// restarted does something while the engine is down. It returns when the engine answers.
func (r *real) restarted(how syscall.Signal, down func() error) error {
	r.happened() // which the engine forgets
	if err := r.end(how); err != nil {
		return err
	}
	did := down()
	log, err := os.OpenFile(r.log, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	program := ""
	for _, variable := range r.env {
		if list, ok := strings.CutPrefix(variable, "PATH="); ok {
			for _, dir := range slices.Backward(filepath.SplitList(list)) {
				if info, err := os.Stat(filepath.Join(dir, r.argv[0])); err == nil && info.Mode()&0o111 != 0 {
					program = filepath.Join(dir, r.argv[0])
				}
			}
		}
	}
	own := &exec.Cmd{Path: program, Args: r.argv, Env: r.env, Stdout: log, Stderr: log, SysProcAttr: &syscall.SysProcAttr{Setsid: true}}
	if err := own.Start(); err != nil {
		return fmt.Errorf("starting the engine: %w", err)
	}
	r.pid = own.Process.Pid
	go func() { _ = own.Wait() }() // or its process would stay, and seem not to end
	if err := errors.Join(did, until("the engine to answer", func() bool { _, err := r.hand.Ping(r.ctx); return err == nil })); err != nil {
		return err
	}
	for _, id := range r.broken { // it begins anew with short waits
		if err := r.impatient(id); err != nil {
			return err
		}
	}
	return nil
}

// until waits for a condition.
func until(what string, holds func() bool) error {
	deadline := time.After(hung)
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for !holds() {
		select {
		case <-deadline:
			return fmt.Errorf("waiting for %s: not within %s", what, hung)
		case <-look.C:
		}
	}
	return nil
}

// put breaks what a container runs, so that the engine starts it again and again, or
// writes a state into what the engine reads when it starts.
func (r *real) put(id, state string) bool {
	is, err := r.hand.ContainerInspect(r.ctx, id)
	if err != nil {
		return false
	}
	policy := is.HostConfig.RestartPolicy
	// What somebody stopped is started with the engine only where it always is.
	const byHand = "HasBeenManuallyStopped"
	switch state {
	case "running":
		r.broken = slices.DeleteFunc(r.broken, func(broken string) bool { return broken == id })
		return r.breaks(id, "") && r.hand.ContainerRestart(r.ctx, id, container.StopOptions{}) == nil
	case "restarting":
		return (policy.IsAlways() || policy.IsUnlessStopped()) && is.State.Running && !is.State.Paused && !is.HostConfig.ReadonlyRootfs && r.loops(id, is.State.Pid)
	case "dead":
		return r.writes(id, map[string]any{"Running": false, "Dead": true})
	case "created":
		return !policy.IsAlways() && r.writes(id, map[string]any{byHand: true, "Running": false, "StartedAt": never, "FinishedAt": never, "ExitCode": 0})
	default:
		return false
	}
}

func (r *real) breaks(id, content string) bool {
	var sent bytes.Buffer
	w := tar.NewWriter(&sent)
	err := errors.Join(w.WriteHeader(&tar.Header{Name: "broken", Mode: 0o644, Size: int64(len(content))}), writing(w, content), w.Close())
	return err == nil && r.hand.CopyToContainer(r.ctx, id, "/", &sent, container.CopyToContainerOptions{}) == nil
}

// patience is how often a container was started in vain before its state is looked at:
// from there on the engine waits for seconds between two starts, longer than a look takes.
const patience = 7

func (r *real) loops(id string, pid int) bool {
	if !r.breaks(id, "yes") || syscall.Kill(pid, syscall.SIGKILL) != nil {
		return false
	}
	if r.impatient(id) != nil {
		return false
	}
	is, err := r.hand.ContainerInspect(r.ctx, id)
	if err == nil && is.State.Restarting {
		r.broken = append(r.broken, id)
		return true
	}
	r.breaks(id, "") // it could not be started at all, as where it shares what is gone
	return false
}

// impatient waits until a container that keeps restarting is not started for a while.
func (r *real) impatient(id string) error {
	return until("a container to restart", func() bool {
		is, err := r.hand.ContainerInspect(r.ctx, id)
		// What does not run was ended otherwise meanwhile, or not started with the engine.
		over := err != nil || !is.State.Running || is.State.Dead
		return over || is.RestartCount >= patience && is.State.Restarting
	})
}

// writes changes what the engine knows of a container, while it is down.
func (r *real) writes(id string, change map[string]any) bool {
	info, err := r.hand.Info(r.ctx)
	if err != nil {
		return false
	}
	file := filepath.Join(info.DockerRootDir, "containers", id, "config.v2.json")
	return r.restarted(syscall.SIGTERM, func() error {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		known := map[string]any{}
		decoder := json.NewDecoder(bytes.NewReader(content))
		decoder.UseNumber()
		if err := decoder.Decode(&known); err != nil {
			return err
		}
		state, _ := known["State"].(map[string]any)
		for name, value := range change {
			if _, own := known[name]; own {
				known[name] = value
			} else {
				state[name] = value
			}
		}
		if content, err = json.Marshal(known); err != nil {
			return err
		}
		return os.WriteFile(file, content, 0o600)
	}) == nil
}

// try goes through a schedule on the engine.
func (r *real) try(ctx context.Context, s schedule, _ bool) outcome {
	through := &run{s: s, tell: true, out: outcome{tally: tally{}, spent: spent{}}, cannot: notHere()}
	ended := through.out.spent.on("purging")
	if err := r.purge(); err != nil {
		through.violate(harness, "%v", err)
	}
	ended()
	through.through(ctx, r)
	return through.out
}

// generateReal makes the schedule of a seed as it is gone through on a real engine,
// where restarts take a while.
func generateReal(seed uint64, outside bool) schedule {
	s := generate(seed, outside)
	nested := func(e edit) bool {
		return slices.Contains([]string{"daemon", "inside", "controller", "configure"}, e.What)
	}
	s.Begin = slices.DeleteFunc(s.Begin, nested)
	for i := range s.Rounds {
		s.Rounds[i].Edits = slices.DeleteFunc(s.Rounds[i].Edits, nested)
		s.Rounds[i].Restart = (seed*roundsOf+uint64(i))%restartEvery == restartEvery-1
	}
	return s
}

func (r *real) proving() proving {
	return proving{generateReal, r.try, 1, *smallFor, "make truth-real with"}
}

// What holds on an engine in memory holds on a real one.
func TestRealEdits(t *testing.T) { //nolint:paralleltest // there is one engine
	r := needEngine(t)
	wanted, early := tally{}, tooEarly(r.hand.ClientVersion())
	for _, turn := range turns() {
		if notHere()[turn.name] == "" && early[turn.name] == "" {
			wanted[string(turn.kind)+" "+turn.name] = 1
		}
	}
	for _, state := range states {
		wanted["state "+state] = 1
	}
	r.proving().generated(t, false, wanted)
}

func TestRealOutside(t *testing.T) { //nolint:paralleltest // there is one engine
	r := needEngine(t)
	wanted := tally{"restart of the engine": 20}
	for _, what := range sortedKeys(outsiders()) {
		if what != "update" {
			wanted["outside "+what] = 3
		}
	}
	r.proving().generated(t, true, wanted)
}

// Each value of each argument alone, in each of its spellings: it is applied, and is no
// difference afterwards; so that what a real engine refuses is known before it is met in
// the midst of others.
func TestRealValues(t *testing.T) { //nolint:paralleltest // there is one engine
	r := needEngine(t)
	u, err := newUser(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	defer u.close()
	early := tooEarly(u.facts.API)
	for _, turn := range turns() {
		if notHere()[turn.name] != "" || early[turn.name] != "" || turn.kind == provider.Job {
			continue
		}
		alone(t, u, turn.argument, func(is chosen) configuration {
			c := configuration{Blocks: []block{{ID: 1, Kind: turn.kind, Label: "a", Args: map[string]chosen{turn.name: is}}}}
			if turn.after != "" {
				c.Blocks[0].Args[turn.after] = chosen{}
			}
			return c
		})
		if err := r.purge(); err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range attachArguments {
		if early["attach "+a.name] != "" {
			continue
		}
		alone(t, u, a, func(is chosen) configuration {
			n := block{ID: 1, Kind: provider.Network, Label: "n", Args: map[string]chosen{}}
			if a.after != "" {
				ranged(&n, a, 0)
			}
			return configuration{Blocks: []block{n, {ID: 2, Kind: provider.Container, Label: "a", Networks: []int{1}, Attach: map[int]map[string]chosen{1: {a.name: is}}}}}
		})
		if err := r.purge(); err != nil {
			t.Fatal(err)
		}
	}
}

// alone goes through all values of an argument, in each of their spellings.
func alone(t *testing.T, u *user, a argument, with func(chosen) configuration) {
	t.Helper()
	for value, spellings := range a.values {
		for spelling := range spellings {
			through := &run{u: u, c: with(chosen{value, spelling}), out: outcome{tally: tally{}}}
			if p, ok := through.plan(t.Context(), "alone"); spelling > 0 && ok && !p.Clean {
				t.Errorf("%s: %s after %s: %s", a.name, spellings[spelling], spellings[spelling-1], through.explain(p))
			}
			if !through.converge(t.Context(), "alone", nil) {
				t.Errorf("%s: %s: %s\n%s", a.name, spellings[spelling], through.out.broken, through.out.how)
			}
		}
	}
}

// Each kind of change has on a real engine the cause that it has in memory.
func TestRealCauses(t *testing.T) { //nolint:paralleltest // there is one engine
	r := needEngine(t)
	for _, c := range causes() {
		t.Run(c.name, func(t *testing.T) { //nolint:paralleltest // there is one engine
			if err := r.purge(); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, c.planned(t, r)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}
