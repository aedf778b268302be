package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dindctl/dindctl/internal/engineproxy"
)

// proof stands in front of the engine for the whole run: whatever dindctl does by
// a command that changes nothing passes through it, tunnels included, and a call
// that changes something is refused and fails the test.
//
// It stands at the engine's own path, so that nothing else is different for
// dindctl. A process that bears no mark, the docker CLI above all, is relayed
// without a look.
type proof struct {
	mu    sync.Mutex
	last  int // mark that was given
	hooks map[string]*engineproxy.ReadOnly
}

// proofMark is the variable by which a process is known to be of one command.
const proofMark = "DINDCTL_E2E_READ_ONLY"

// readOnlyCommands change nothing; what they take of an engine is read.
func readOnlyCommands() []string {
	return []string{"plan", "mounts", "validate", "show", "ls", "output", "graph", "console", "doctor"}
}

// proved is the one proof of this run, as the engine is one for all tests.
var proved = &proof{hooks: map[string]*engineproxy.ReadOnly{}}

func TestMain(m *testing.M) {
	os.Exit(runProved(m))
}

func runProved(m *testing.M) int {
	if os.Getenv("DINDCTL_TEST_ENGINE") == "" {
		return m.Run()
	}
	socket := strings.TrimPrefix(os.Getenv("DOCKER_HOST"), "unix://")
	engine := filepath.Join(filepath.Dir(socket), "engine-behind-the-proof.sock")
	if err := os.Rename(socket, engine); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "putting the proof before the engine:", err)
		return 1
	}
	proxy, err := engineproxy.Start(socket, engine, proved.of)
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "starting the proof:", err)
		return 1
	}
	code := m.Run()
	if err := proxy.Close(); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "ending the proof:", err)
		return 1
	}
	_, _ = fmt.Fprintln(os.Stdout, proved.account())
	return code
}

// of finds the command that a process belongs to.
func (p *proof) of(pid int) engineproxy.Hook {
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return nil
	}
	for variable := range strings.SplitSeq(string(environ), "\x00") {
		if mark, ok := strings.CutPrefix(variable, proofMark+"="); ok {
			p.mu.Lock()
			defer p.mu.Unlock()
			if hook := p.hooks[mark]; hook != nil {
				return hook
			}
			return nil
		}
	}
	return nil
}

// begin is a new mark and what sees all calls under it.
func (p *proof) begin() (string, *engineproxy.ReadOnly) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last++
	mark, hook := fmt.Sprint(p.last), &engineproxy.ReadOnly{}
	p.hooks[mark] = hook
	return proofMark + "=" + mark, hook
}

// account is the sum over all commands, for people.
func (p *proof) account() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var calls, inside, tunnels, changes, silent int
	for _, hook := range p.hooks {
		c, i, t := hook.Counts()
		calls, inside, tunnels, changes = calls+c, inside+i, tunnels+t/2, changes+len(hook.Changes())
		if c == 0 {
			silent++
		}
	}
	return fmt.Sprintf("read-only: %d commands (%d of them without a call to this engine), %d calls, %d of them inside %d tunnels, %d changed something",
		len(p.hooks), silent, calls, inside, tunnels, changes)
}

// underProof runs do with a mark where the command is one that changes nothing.
func (s *scenario) underProof(name string, args []string, do func(env []string) result) result {
	s.t.Helper()
	if name != os.Getenv("DINDCTL_BIN") || len(args) == 0 || !slices.Contains(readOnlyCommands(), args[0]) {
		return do(s.env)
	}
	mark, hook := proved.begin()
	r := do(append(slices.Clone(s.env), mark))
	for _, change := range hook.Changes() {
		s.t.Errorf("%s is to change nothing, and called %s", r.command, change)
	}
	return r
}

// The proof itself works: a plan's tunnels are seen into, and what other commands
// do, on the engine and inside a daemon through the tunnel, is refused and told.
func TestTheProofSeesChanges(t *testing.T) {
	s := newScenario(t)
	path := s.single(fmt.Sprintf(`
daemon "dind" {
  image = %q
}
container "inner" {
  inside  = daemon.dind
  image   = %q
  command = ["sleep", "1000"]
}
`, dindImage, bashImage))
	s.on("apply", path, "-auto-approve").wants(t, 0)

	planned := s.marked("plan", path, "-project", s.project, "-detailed-exitcode").wants(t, 0)
	calls, inside, tunnels := planned.hook.Counts()
	if calls == 0 || inside == 0 || tunnels < 2 || len(planned.hook.Changes()) != 0 {
		t.Errorf("a plan made %d calls, %d inside %d tunnels, and changed %q", calls, inside, tunnels/2, planned.hook.Changes())
	}
	for _, attempt := range []struct {
		args []string
		want string
	}{
		{[]string{"apply", path, "-project", s.project, "-auto-approve"}, `^POST /volumes/create$`},
		{[]string{"exec", "container.inner", "-project", s.project, "--", "true"}, `^POST /containers/[0-9a-f]+/exec \(inside [0-9a-f]{12}\)$`},
	} {
		r := s.marked(attempt.args...).wants(t, 1)
		if got := r.hook.Changes(); len(got) == 0 || !regexp.MustCompile(attempt.want).MatchString(got[0]) {
			t.Errorf("%s was seen to change %q, want %s", attempt.args[0], got, attempt.want)
		}
		proved.forget(r.hook)
	}
}

type markedResult struct {
	result
	hook *engineproxy.ReadOnly
}

func (r markedResult) wants(t *testing.T, code int) markedResult {
	t.Helper()
	r.result.wants(t, code)
	return r
}

// marked runs dindctl under the proof, whatever the command is.
func (s *scenario) marked(args ...string) markedResult {
	s.t.Helper()
	mark, hook := proved.begin()
	cmd := exec.Command(os.Getenv("DINDCTL_BIN"), args...)
	cmd.Dir, cmd.Env = s.dir, append(slices.Clone(s.env), mark)
	return markedResult{capture(s.t, cmd), hook}
}

// forget takes a command out of the account that was meant to be refused.
func (p *proof) forget(hook *engineproxy.ReadOnly) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for mark, known := range p.hooks {
		if known == hook {
			delete(p.hooks, mark)
		}
	}
}
