package docker_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// nest is a daemon with its volumes and network.
type nest struct {
	daemon provider.Declaration
	object provider.Object
	place  provider.Place
}

func (r *rig) daemonDeclaration(more attributes) provider.Declaration {
	network := reference("network.ci", "network", r.project+"-ci")
	declared := attributes{
		"image": text(dindImage), "tls": cty.True, "alias": text("docker"), "networks": cty.ListVal([]cty.Value{network}),
		"mount": cty.ListVal([]cty.Value{
			mountValue("volume", r.project+"-dind-data", "/var/lib/docker", false),
			mountValue("volume", r.project+"-dind-certs", "/certs/client", false),
		}),
	}
	for name, v := range more {
		declared[name] = v
	}
	return r.declaration("daemon.dind", declared)
}

func (r *rig) nest(more attributes) nest {
	r.t.Helper()
	for _, address := range []string{"network.ci", "volume.dind.data", "volume.dind.certs"} {
		r.create(provider.Root, r.declaration(address, attributes{}))
	}
	decl := r.daemonDeclaration(more)
	object := r.create(provider.Root, decl)
	return nest{daemon: decl, object: object, place: r.open(provider.Root, object.ID)}
}

func (r *rig) open(parent provider.Place, id string) provider.Place {
	r.t.Helper()
	resp, err := r.p.Open(r.t.Context(), provider.OpenRequest{Parent: parent, ID: id})
	if err != nil || !resp.Readable {
		r.t.Fatalf("opening: %+v, %v", resp, err)
	}
	return resp.Place
}

func (r *rig) controller(n nest) provider.Declaration {
	related := provider.Related{Address: "daemon.dind", Kind: provider.Daemon, Name: n.daemon.Name, Declared: n.daemon.Declared}
	return r.declaration("controller.control", attributes{
		"image": text(controllerImage), "daemon": reference("daemon.dind", "daemon", n.daemon.Name),
		"networks": cty.ListVal([]cty.Value{reference("network.ci", "network", r.project+"-ci")}),
		"mount":    cty.ListVal([]cty.Value{mountValue("volume", r.project+"-dind-certs", "/certs/client", true)}),
	}, related)
}

func (r *rig) job(command ...string) provider.Declaration {
	return r.declaration("job.list", attributes{"image": text(bashImage), "command": list(command...)})
}

// A daemon with TLS gets ready, its controller reaches it, a job inside sees the
// daemon's files and its output is kept, and everything can be looked at again.
func TestDaemonControllerAndNestedJob(t *testing.T) {
	r := newRig(t)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "marker.txt"), "x")
	n := r.nest(attributes{
		"config": cty.ObjectVal(attributes{"log-level": text("error")}),
		"mount": cty.ListVal([]cty.Value{
			mountValue("volume", r.project+"-dind-data", "/var/lib/docker", false),
			mountValue("volume", r.project+"-dind-certs", "/certs/client", false),
			mountValue("bind", dir, "/repo", false),
		}),
	})
	if n.object.Values.Endpoint != "tcp://docker:2376" {
		t.Errorf("endpoint %q", n.object.Values.Endpoint)
	}
	if again := r.open(provider.Root, n.object.ID); again != n.place {
		t.Errorf("opened twice: %q and %q", n.place, again)
	}
	controller := r.create(provider.Root, r.controller(n))
	proof, err := r.p.(provider.Prober).Probe(t.Context(), provider.ProbeRequest{ID: controller.ID, Declaration: r.controller(n)}, r.sink)
	if err != nil || proof.Answer == "" {
		t.Fatalf("probe: %+v, %v", proof, err)
	}

	job := r.job("ls", "/repo")
	job.Declared = cty.ObjectVal(attributes{
		"image": text(bashImage), "command": list("ls", "/repo"),
		"mount": cty.ListVal([]cty.Value{mountValue("bind", "/repo", "/repo", false)}),
	})
	resp, err := r.p.Create(t.Context(), r.request(n.place, job), r.sink)
	if err != nil {
		t.Fatal(err)
	}
	if got := *resp.Object.Values.Stdout; got != "marker.txt\n" {
		t.Errorf("stdout %q", got)
	}
	if d := cmp.Diff([]string{"marker.txt"}, r.lines()); d != "" {
		t.Error(d)
	}
	seen := r.observe(t.Context(), n.place, job.Address)[job.Address]
	if seen.Values.Stdout == nil || *seen.Values.Stdout != "marker.txt\n" || *seen.Values.ExitCode != 0 {
		t.Errorf("observed: %+v", seen.Values)
	}
	r.same(job, seen)

	stat, err := r.p.(provider.Stater).Stat(t.Context(), provider.StatRequest{ID: n.object.ID, Path: "/repo/marker.txt"})
	if err != nil || !stat.Exists || stat.Size != 1 {
		t.Errorf("stat: %+v, %v", stat, err)
	}
	var out bytes.Buffer
	code, err := r.p.(provider.Execer).Exec(t.Context(), provider.ExecRequest{
		ID: controller.ID, Command: []string{"sh", "-c", "cat; docker ps -aq | wc -l; exit 7"}, Stdin: strings.NewReader("in\n"), Stdout: &out,
	})
	if err != nil || code.ExitCode != 7 || out.String() != "in\n1\n" {
		t.Errorf("exec: %+v %q %v", code, out.String(), err)
	}
}

// An image block that was built again is carried again: the daemon has the earlier
// one under the same name, and nothing is made from that any longer.
func TestABuiltImageIsCarriedAgain(t *testing.T) {
	r := newRig(t)
	n := r.nest(nil)
	name := r.project + "-built"
	build := func(word string) string {
		maker := r.project + "-maker"
		r.docker("run", "--name", maker, bashImage, "sh", "-c", "echo "+word+" > /word")
		id := r.docker("commit", maker, name)
		r.docker("rm", maker)
		return id
	}
	t.Cleanup(func() { r.docker("rmi", name) })
	run := func(job, id, word string) (carried bool) {
		t.Helper()
		image := reference("image.built", "image", name).AsValueMap()
		image["id"] = text(id)
		resp, err := r.p.Create(t.Context(), r.request(n.place, r.declaration(job, attributes{"image": cty.ObjectVal(image), "command": list("cat", "/word")})),
			func(e provider.Event) { carried = carried || e.Phase == provider.PhaseCarry })
		if err != nil {
			t.Fatal(err)
		}
		if got := *resp.Object.Values.Stdout; got != word+"\n" {
			t.Errorf("the job ran on an image that says %q, not %q", got, word)
		}
		return carried
	}
	for _, word := range []string{"first", "second"} {
		id := build(word)
		if !run("job."+word, id, word) {
			t.Errorf("the %s image was not carried", word)
		}
		if run("job."+word+"_again", id, word) {
			t.Errorf("the %s image was carried although it is there", word)
		}
	}
}

// Of an image that stands on one which the daemon has already, only what is new is
// carried; what runs from it has all of it.
func TestLayersThatAreThereAreLeftOut(t *testing.T) {
	r := newRig(t)
	n := r.nest(nil)
	name, maker := r.project+"-built", r.project+"-maker"
	r.docker("run", "--name", maker, bashImage, "sh", "-c", "echo upper > /word")
	r.docker("commit", maker, name)
	r.docker("rm", maker)
	t.Cleanup(func() { r.docker("rmi", name) })
	ran := func(job, image string) (stdout string, carried []string) {
		resp, err := r.p.Create(t.Context(), r.request(n.place, r.declaration(job, attributes{
			"image": text(image), "command": list("sh", "-c", "cat /word; ls /bin/sh"),
		})), func(e provider.Event) {
			if e.Phase == provider.PhaseCarry && !slices.Contains(carried, e.Text) {
				carried = append(carried, e.Text)
			}
		})
		if resp.Object.Values.Stdout == nil {
			t.Fatal(err)
		}
		return *resp.Object.Values.Stdout, carried
	}
	if _, carried := ran("job.base", bashImage); !slices.Equal(carried, []string{bashImage}) {
		t.Errorf("carried at first: %q", carried)
	}
	stdout, carried := ran("job.built", name)
	layers := len(strings.Fields(r.docker("image", "inspect", "--format", "{{join .RootFS.Layers \" \"}}", name)))
	if want := fmt.Sprintf("%s (%d of %d layers are there already)", name, layers-1, layers); !slices.Equal(carried, []string{want}) {
		t.Errorf("carried %q, want %q", carried, want)
	}
	if stdout != "upper\n/bin/sh\n" {
		t.Errorf("what was carried in part says %q", stdout)
	}
}

// An image block whose image was removed since it was built is nowhere: neither an
// earlier one that the daemon has under the name, nor a registry's, is taken for it.
func TestABuiltImageThatIsGoneIsNotReplacedByItsNamesake(t *testing.T) {
	r := newRig(t)
	n := r.nest(nil)
	name := r.project + "-built"
	r.docker("tag", bashImage, name)
	image := reference("image.built", "image", name).AsValueMap()
	image["id"] = text(r.docker("image", "inspect", "--format", "{{.Id}}", name))
	first := r.declaration("job.first", attributes{"image": cty.ObjectVal(image), "command": list("true")})
	if _, err := r.p.Create(t.Context(), r.request(n.place, first), r.sink); err != nil {
		t.Fatal(err)
	}
	r.docker("rmi", name)
	image["id"] = text("sha256:" + strings.Repeat("0123456789abcdef", 4))
	second := r.declaration("job.second", attributes{"image": cty.ObjectVal(image), "command": list("true")})
	_, err := r.p.Create(t.Context(), r.request(n.place, second), r.sink)
	wantProblem(t, err, provider.NoImage, "The image cannot be had", "not sha256:0123456789ab, which was made")
}

// Looking into a daemon again and again opens no more than a few tunnels, and
// closing the provider ends every one of them.
func TestTunnelsAreReusedAndEnd(t *testing.T) {
	r := newRig(t)
	n := r.nest(nil)
	for range 20 {
		r.observe(t.Context(), n.place)
	}
	if got := tunnels(t); got == 0 || got > 8 {
		t.Errorf("%d tunnels", got)
	}
	inside, err := r.p.(provider.Dialer).Dial(t.Context(), provider.Root, n.object.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := inside.Write([]byte("GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	var answer bytes.Buffer
	if _, err := answer.ReadFrom(inside); err != nil || !strings.HasSuffix(answer.String(), "OK") {
		t.Errorf("through a dialled connection: %q, %v", answer.String(), err)
	}
	_ = inside.Close()

	closed := r.p
	defer r.configure() // for the cleaning up
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	until(t, "tunnels outlive Close", func() bool { return tunnels(t) == 0 })
}

// until waits until something holds.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(hung)
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for !holds() {
		select {
		case <-deadline:
			t.Fatalf("waited too long: %s", what)
		case <-look.C:
		}
	}
}

func tunnels(t *testing.T) int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err == nil && string(content) == "docker\x00system\x00dial-stdio\x00" {
			count++
		}
	}
	return count
}

// A daemon that ends instead of getting ready is reported with its last lines.
func TestDaemonThatEnds(t *testing.T) {
	r := newRig(t)
	r.create(provider.Root, r.declaration("network.ci", attributes{}))
	decl := r.daemonDeclaration(attributes{"flags": list("--no-such-flag"), "mount": cty.NullVal(cty.DynamicPseudoType)})
	resp, err := r.p.Create(t.Context(), r.request(provider.Root, decl), nil)
	wantCode(t, err, provider.NotReady, decl.Name)
	problem := asProblem(t, err)
	if resp.ID == "" || !strings.Contains(strings.Join(problem.Log, "\n"), "unknown flag: --no-such-flag") {
		t.Errorf("id %q, log %q", resp.ID, problem.Log)
	}
	if open, err := r.p.Open(t.Context(), provider.OpenRequest{ID: resp.ID}); err != nil || open.Readable || open.Why == "" {
		t.Errorf("opening it: %+v, %v", open, err)
	}
}

// A job that fails says its exit code and its last lines; it is kept, and a
// job that runs is waited for, not started again.
func TestJobs(t *testing.T) {
	r := newRig(t)
	job := r.job("sh", "-c", "echo out; echo the reason >&2; exit 4")
	resp, err := r.p.Create(t.Context(), r.request(provider.Root, job), r.sink)
	wantCode(t, err, provider.JobFailed, "exit code 4")
	if got := strings.Join(asProblem(t, err).Log, "\n"); !strings.Contains(got, "the reason") || resp.ID == "" {
		t.Errorf("log %q, id %q", got, resp.ID)
	}
	seen := r.observe(t.Context(), provider.Root)[job.Address]
	if seen.Condition.State != provider.StateExited || seen.Condition.ExitCode != 4 {
		t.Errorf("condition %+v", seen.Condition)
	}

	_, err = r.p.Resume(t.Context(), provider.ResumeRequest{ID: resp.ID, Declaration: job, Project: r.project}, nil)
	wantCode(t, err, provider.JobFailed, "exit code 4")
	if got := r.observe(t.Context(), provider.Root)[job.Address].Condition.Started; got != seen.Condition.Started {
		t.Errorf("a job that had ended was started again at %s", got)
	}

	slow := r.declaration("job.slow", attributes{"image": text(bashImage), "command": list("sh", "-c", "echo ran; sleep 1000"), "init": cty.True, "timeout": text("500ms")})
	_, err = r.p.Create(t.Context(), r.request(provider.Root, slow), r.sink)
	wantCode(t, err, provider.JobFailed, "500ms")

	waited := r.declaration("job.waited", attributes{"image": text(bashImage), "command": list("sh", "-c", "echo ran; sleep 86400"), "init": cty.True})
	ctx, cancel := context.WithCancel(t.Context())
	started := make(chan struct{})
	go func() {
		<-started
		cancel()
	}()
	_, err = r.p.Create(ctx, r.request(provider.Root, waited), func(e provider.Event) {
		if e.Phase == provider.PhaseOutput {
			close(started)
		}
	})
	if err == nil || ctx.Err() == nil {
		t.Errorf("a cancelled job: %v", err)
	}
	var again provider.Object
	until(t, "the job outlives its call", func() bool { // which returns at once, whatever the job does
		again = r.observe(t.Context(), provider.Root)[waited.Address]
		return again.Condition.State != provider.StateRunning
	})
	if again.Condition.State != provider.StateExited || again.Condition.ExitCode != 143 {
		t.Errorf("a cancelled job got no stop signal: %+v", again.Condition)
	}
}

// Retries replace the container; the last attempt is kept.
func TestJobIsTriedAgain(t *testing.T) {
	r := newRig(t)
	dir := t.TempDir()
	job := r.declaration("job.flaky", attributes{
		"image": text(bashImage), "command": list("sh", "-c", "echo x >>/d/tries; [ $(wc -l </d/tries) -ge 3 ]"), "retries": cty.NumberIntVal(3),
		"mount": cty.ListVal([]cty.Value{mountValue("bind", dir, "/d", false)}),
	})
	r.create(provider.Root, job)
	if content, _ := os.ReadFile(filepath.Join(dir, "tries")); string(content) != "x\nx\nx\n" {
		t.Errorf("tries %q", content)
	}
}

func asProblem(t *testing.T, err error) *provider.Problem {
	t.Helper()
	p, ok := err.(*provider.Problem) //nolint:errorlint // the contract hands it over as it is
	if !ok {
		t.Fatalf("%v is no Problem", err)
	}
	return p
}
