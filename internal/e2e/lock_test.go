package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// machine is where dindctl runs: this one, or what looks to it like another one.
type machine struct {
	name     string
	id, boot string // files that stand for the machine's id and its boot id; empty: this machine's own
	runtime  string // directory of what lives as long as the machine runs
}

// newMachine makes a machine that only its processes see: the kernel's own files
// are covered in a mount namespace, so that nothing in dindctl has to know of it.
func newMachine(t *testing.T, name, id, boot string) machine {
	t.Helper()
	dir := t.TempDir()
	m := machine{name: name, id: filepath.Join(dir, "machine-id"), boot: filepath.Join(dir, "boot_id"), runtime: filepath.Join(dir, "run")}
	for path, content := range map[string]string{m.id: id, m.boot: boot} {
		if err := os.WriteFile(path, []byte(content+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// on makes a command run on the machine.
func (m machine) on(cmd *exec.Cmd) {
	cmd.Env = append(cmd.Env, "XDG_RUNTIME_DIR="+m.runtime)
	if m.id == "" {
		return
	}
	const script = `mount --bind "$1" /proc/sys/kernel/random/boot_id && mount --bind "$2" /etc/machine-id && hostname "$0" && shift 2 && exec "$@"`
	cmd.Args = append([]string{"unshare", "--mount", "--uts", "sh", "-c", script, m.name, m.boot, m.id, cmd.Path}, cmd.Args[1:]...)
	cmd.Path, cmd.Err = exec.LookPath("unshare")
}

// witness stands between dindctl and the engine, one socket for each run, and
// notes who changes what. It knows nothing of locks but their volume's name.
type witness struct {
	t      *testing.T
	engine *httputil.ReverseProxy
	mu     sync.Mutex
	// flying are the runs that have a change under way, making what is being created.
	flying map[string]int
	making map[string]string
	// turns are the runs in the order in which they changed something.
	turns   []string
	creates int
	wrong   []string
}

func newWitness(t *testing.T) *witness {
	t.Helper()
	socket := strings.TrimPrefix(os.Getenv("DOCKER_HOST"), "unix://")
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "engine"})
	proxy.Transport = &http.Transport{MaxIdleConnsPerHost: 40, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}
	proxy.ErrorLog = nil
	proxy.FlushInterval = -1
	// The engine is through with a call when it answers, and only then may the next
	// run begin: the answer's way to the run counts no more.
	proxy.ModifyResponse = func(answer *http.Response) error {
		if through, ok := answer.Request.Context().Value(throughKey{}).(func()); ok {
			through()
		}
		return nil
	}
	return &witness{t: t, engine: proxy, flying: map[string]int{}, making: map[string]string{}}
}

// throughKey is what a request's context has the function under that notes its end.
type throughKey struct{}

// socket is a socket for one run.
func (w *witness) socket(run string) string {
	path := filepath.Join(w.t.TempDir(), run+".sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		w.t.Fatal(err)
	}
	server := &http.Server{ReadHeaderTimeout: hung, Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		through := sync.OnceFunc(w.note(run, r))
		defer through()
		w.engine.ServeHTTP(rw, r.WithContext(context.WithValue(r.Context(), throughKey{}, through)))
	})}
	go func() { _ = server.Serve(listener) }()
	w.t.Cleanup(func() { _ = server.Close() })
	return path
}

// note takes in a request and returns what takes in its answer.
func (w *witness) note(run string, r *http.Request) func() {
	path := regexp.MustCompile(`^/v[0-9.]+`).ReplaceAllString(r.URL.Path, "")
	if r.Method == http.MethodGet || r.Method == http.MethodHead || strings.Contains(path, "dindctl.lock.") {
		return func() {}
	}
	made := ""
	if strings.HasSuffix(path, "/create") {
		made = path + " " + nameIn(r)
		if strings.Contains(made, "dindctl.lock.") {
			return func() {}
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flying[run]++
	if len(w.flying) > 1 {
		w.wrong = append(w.wrong, fmt.Sprintf("%s %s by %s while others change something: %v", r.Method, path, run, w.flying))
	}
	if len(w.turns) == 0 || w.turns[len(w.turns)-1] != run {
		w.turns = append(w.turns, run)
	}
	if made != "" {
		w.creates++
		if other := w.making[made]; other != "" {
			w.wrong = append(w.wrong, fmt.Sprintf("%s by %s while %s makes it", made, run, other))
		}
		w.making[made] = run
	}
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.flying[run]--; w.flying[run] == 0 {
			delete(w.flying, run)
		}
		delete(w.making, made)
	}
}

// nameIn is the name of what a request creates: in the query, or in the body.
func nameIn(r *http.Request) string {
	if name := r.URL.Query().Get("name"); name != "" {
		return name
	}
	content, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(content))
	var body struct{ Name string }
	_ = json.Unmarshal(content, &body)
	return body.Name
}

const raced = `
variable "turn" {
  type = string
}

network "ci" {}
volume "data" {}

container "web" {
  image       = "dindctl.local/bash"
  command     = ["sleep", "1000"]
  init        = true
  networks    = [network.ci]
  environment = { TURN = var.turn }
  mount {
    source = volume.data
    target = "/data"
  }
}
`

// Twenty applies at once, from this machine and from another one: each changes
// something, one at a time; those that wait get their turn, those that do not say
// who holds the lock; nothing is being created twice at once, nothing is there twice.
func TestTwentyAppliesAtOnce(t *testing.T) {
	t.Parallel()
	needEngine(t)
	s := nouns{emptyScenario(t)}
	s.as(raced)
	w := newWitness(t)
	machines := []machine{
		{name: "here", runtime: filepath.Join(s.dir, "run")},
		newMachine(t, "there", "5e1f0a3ad7a74b6e9d0e0c5b8f6a7b11", "0c9f1b8e-6a53-4b0d-8d0a-52d4c2a7f001"),
	}
	var runs []*process
	for i := range 20 {
		args := []string{"apply", "nouns", "-project", s.project, "-auto-approve", "-var", fmt.Sprintf("turn=%d", i)}
		if i%4 < 2 {
			args = append(args, "-lock-timeout", "24h")
		}
		socket := w.socket(fmt.Sprintf("run%d", i))
		runs = append(runs, s.begin(func(cmd *exec.Cmd) {
			cmd.Env = append(cmd.Env, "DOCKER_HOST=unix://"+socket)
			machines[i%2].on(cmd)
		}, args...))
	}
	applied, refused := 0, 0
	for i, p := range runs {
		r := p.ends()
		switch {
		case r.code == 0:
			applied++
		case r.code == 1 && i%4 >= 2:
			refused++
			r.says(t, "The project is locked", "with `dindctl apply` (process ", ", since 20")
		default:
			t.Errorf("run %d ended with %d", i, r.code)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.wrong) > 0 {
		t.Errorf("%d times two at once:\n%s", len(w.wrong), strings.Join(w.wrong, "\n"))
	}
	if applied+refused != 20 || applied < 10 || len(w.turns) != applied {
		t.Errorf("%d applied, %d were refused, %d turns: %v", applied, refused, len(w.turns), w.turns)
	}
	fmt.Printf("racers: 20 from 2 machines; %d applied one after the other, %d told who holds the lock; %d creates, none twice at once\n", applied, refused, w.creates)
	s.wantList("containers", s.containers(), "web")
	s.wantList("networks", s.networks(), "ci")
	s.wantList("volumes", s.volumes(), "data")
	s.leavesNothing()
}

// killedHolder leaves the project locked by a run of this machine that was killed
// with -9 while it made its container, and returns its process id.
func (s nouns) killedHolder(on machine) int {
	s.t.Helper()
	trip := newTripwire(s.t, "/containers/create")
	p := s.begin(func(cmd *exec.Cmd) {
		on.on(cmd)
	}, "apply", "nouns", "-project", s.project, "-auto-approve", "-H", "unix://"+trip.socket)
	<-trip.tripped
	p.signal(syscall.SIGKILL)
	p.ends()
	until(s.t, "the provider outlives its host", func() bool { return len(s.processes()) == 0 })
	trip.release()
	return p.cmd.Process.Pid
}

// lockedElsewhere puts the lock of a run on another machine on the engine.
func (s *scenario) lockedElsewhere(since string) {
	s.t.Helper()
	args := []string{"volume", "create", "--label", "dev.dindctl.lock=" + s.project}
	for _, label := range []string{"nonce=n", "who=jo@elsewhere", "boot=m b 1:2", "pid=7", "since=" + since, "command=apply"} {
		args = append(args, "--label", "dev.dindctl.lock."+label)
	}
	s.docker(append(args, "dindctl.lock."+s.project)...)
}

// A dead holder is taken over at once by its own machine, and said, also after
// that machine was started anew; a holder elsewhere never, however old its lock:
// then `unlock` asks, and says whose lock it is.
func TestADeadHolderIsTakenOverByItsOwnMachineAlone(t *testing.T) {
	t.Parallel()
	needEngine(t)
	s := nouns{emptyScenario(t)}
	s.as(idle)
	const id = "5e1f0a3ad7a74b6e9d0e0c5b8f6a7b12"
	here := machine{name: "here", runtime: filepath.Join(s.dir, "run")}
	there := newMachine(t, "there", id, "0c9f1b8e-6a53-4b0d-8d0a-52d4c2a7f002")
	anew := newMachine(t, "there", id, "0c9f1b8e-6a53-4b0d-8d0a-52d4c2a7f003")
	run := func(on machine, stdin string, args ...string) result {
		t.Helper()
		p := s.begin(func(cmd *exec.Cmd) {
			on.on(cmd)
			cmd.Stdin = strings.NewReader(stdin)
		}, append(args, "-project", s.project)...)
		return p.ends()
	}

	pid := s.killedHolder(here)
	run(there, "", "apply", "nouns", "-auto-approve").wants(t, 1).says(t, "The project is locked", fmt.Sprintf("(process %d)", pid), "dindctl unlock")
	run(there, "", "apply", "nouns", "-auto-approve", "-lock-timeout", "1s").wants(t, 1).says(t, "Waiting for", "The project is locked")
	run(here, "", "apply", "nouns", "-auto-approve").wants(t, 0).says(t, "The lock of a dead run was taken over", fmt.Sprintf("(process %d)", pid), "That process is gone")
	s.leavesNothing()
	run(here, "", "destroy", "-auto-approve").wants(t, 0)

	pid = s.killedHolder(there)
	run(here, "", "apply", "nouns", "-auto-approve").wants(t, 1).says(t, "The project is locked", fmt.Sprintf("@there with `dindctl apply` (process %d)", pid))
	run(anew, "", "apply", "nouns", "-auto-approve").wants(t, 0).says(t, "The lock of a dead run was taken over", "This machine was started anew since")
	s.leavesNothing()
	run(here, "", "destroy", "-auto-approve").wants(t, 0)

	// A clock says nothing: a lock of 1999 is as good as one of 2099.
	for _, since := range []string{"1999-01-01T00:00:00Z", "2099-01-01T00:00:00Z"} {
		s.lockedElsewhere(since)
		run(here, "", "apply", "nouns", "-auto-approve").wants(t, 1).says(t, "The project is locked", "jo@elsewhere", since)
		run(here, "no\n", "unlock").wants(t, 1).says(t, "is locked by jo@elsewhere", "Release it only if that run is gone", "Unlock cancelled")
		run(here, "", "unlock").wants(t, 1).says(t, "The question was not answered")
		run(here, "", "apply", "nouns", "-auto-approve").wants(t, 1).says(t, "jo@elsewhere")
		run(here, "yes\n", "unlock").wants(t, 0).says(t, "The lock is released")
		run(here, "", "unlock").wants(t, 0).says(t, "is not locked")
	}
	run(here, "", "apply", "nouns", "-auto-approve").wants(t, 0)
	s.leavesNothing()
}

// A holder that lives is not unlocked on its own machine. Elsewhere it can be, by
// a person who says so; then the run that lost its lock does nothing more.
func TestALivingHolder(t *testing.T) {
	t.Parallel()
	needEngine(t)
	s := nouns{emptyScenario(t)}
	s.as(idle)
	there := newMachine(t, "there", "5e1f0a3ad7a74b6e9d0e0c5b8f6a7b13", "0c9f1b8e-6a53-4b0d-8d0a-52d4c2a7f004")
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	asks := s.begin(func(cmd *exec.Cmd) { cmd.Stdin = read }, "apply", "nouns", "-project", s.project)
	asks.prints("Enter a value")
	_ = read.Close()
	s.dindctl("unlock", "-project", s.project, "-auto-approve").wants(t, 1).says(t, "its process is alive on this machine", fmt.Sprintf("kill %d", asks.cmd.Process.Pid))
	s.do("apply", "-auto-approve").wants(t, 1).says(t, "The project is locked", fmt.Sprintf("(process %d)", asks.cmd.Process.Pid))
	elsewhere := s.begin(func(cmd *exec.Cmd) {
		there.on(cmd)
		cmd.Stdin = strings.NewReader("yes\n")
	}, "unlock", "-project", s.project)
	elsewhere.ends().wants(t, 0)
	if _, err := write.WriteString("yes\n"); err != nil {
		t.Fatal(err)
	}
	asks.ends().wants(t, 1).says(t, "The lock was taken away")
	s.wantList("containers", s.containers())
	s.leavesNothing()
	s.do("apply", "-auto-approve").wants(t, 0)
}

// A machine whose clocks are a year off holds, waits and gives way like any other:
// its waiting ends when it said, and its locks and readiness do not.
func TestClocksDecideNothing(t *testing.T) {
	t.Parallel()
	needEngine(t)
	s := nouns{emptyScenario(t)}
	s.as(strings.Replace(idle, "init    = true", "init    = true\n  ready {\n    log = \"^nothing\"\n    timeout = \"1s\"\n  }", 1))
	year := func(cmd *exec.Cmd) {
		cmd.Args = append([]string{"unshare", "--time", "--monotonic", "31536000", "--boottime", "31536000", "--fork", "--kill-child", cmd.Path}, cmd.Args[1:]...)
		cmd.Path, cmd.Err = exec.LookPath("unshare")
	}
	apply := []string{"apply", "nouns", "-project", s.project, "-auto-approve", "-lock-timeout", "1s"}
	s.begin(year, apply...).ends().wants(t, 1).says(t, "It did not get ready in time", "after 1s")
	s.as(idle)
	s.lockedElsewhere("2026-11-22T20:00:00Z")
	s.begin(year, apply...).ends().wants(t, 1).says(t, "Waiting for jo@elsewhere", "The project is locked")
	s.docker("volume", "rm", "dindctl.lock."+s.project)
	s.begin(year, apply...).ends().wants(t, 0)
	s.do("plan", "-detailed-exitcode").wants(t, 0)
	s.leavesNothing()
}
