package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dindctl/dindctl/internal/engineproxy"
)

// trouble is an engine with a defect: calls that match are delayed, or left alone
// without an answer, or answered with what no engine says.
type trouble struct {
	t       *testing.T
	match   string          // a part of "METHOD path"
	held    <-chan struct{} // until it is closed, a call is kept waiting; nil: it is not
	verdict engineproxy.Verdict
	spoiled *engineproxy.Spoiled

	mu   sync.Mutex
	hits int
}

func (b *trouble) matches(c engineproxy.Call) bool {
	return b.match != "" && strings.Contains(c.Method+" "+c.Path, b.match)
}

// Before delays a call, or does not hand it on.
func (b *trouble) Before(c engineproxy.Call) engineproxy.Verdict {
	if !b.matches(c) {
		return engineproxy.Pass
	}
	b.mu.Lock()
	b.hits++
	b.mu.Unlock()
	if b.held != nil {
		select {
		case <-b.held:
		case <-b.t.Context().Done():
		}
	}
	return b.verdict
}

// Wants and After leave what the engine answers alone.
func (b *trouble) Wants(engineproxy.Call) bool                     { return false }
func (b *trouble) After(engineproxy.Call, int) engineproxy.Verdict { return engineproxy.Pass }

// Spoil answers in the engine's stead.
func (b *trouble) Spoil(c engineproxy.Call) (engineproxy.Spoiled, bool) {
	if b.spoiled == nil || !b.matches(c) {
		return engineproxy.Spoiled{}, false
	}
	return *b.spoiled, true
}

// met tells whether a call met the trouble.
func (b *trouble) met() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.hits > 0
}

// through runs dindctl with the trouble between it and the engine, which may be
// silent for as long as limit. Meanwhile, which may be nil, is done while it runs.
func (s *scenario) through(b *trouble, limit time.Duration, meanwhile func(*process), args ...string) result {
	s.t.Helper()
	b.t = s.t
	dir, err := os.MkdirTemp("", "slow")
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	socket := filepath.Join(dir, "docker.sock")
	proxy, err := engineproxy.Start(socket, strings.TrimPrefix(os.Getenv("DOCKER_HOST"), "unix://"), func(int) engineproxy.Hook { return b })
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = proxy.Close() }()
	p := s.begin(func(cmd *exec.Cmd) {
		cmd.Env = append(cmd.Env, "DOCKER_HOST=unix://"+socket, "DINDCTL_ENGINE_TIMEOUT="+limit.String())
	}, args...)
	if meanwhile != nil {
		meanwhile(p)
	}
	r := p.ends()
	if strings.Contains(r.all(), "panic") || strings.Contains(r.all(), "goroutine ") {
		s.t.Errorf("%s panicked", r.command)
	}
	return r
}

// givenTime calls do with ever longer time limits until one was enough for all else
// that happens within it: how much that is, the machine says. Do tells whether it was.
func givenTime(t *testing.T, do func(limit time.Duration) bool) {
	t.Helper()
	for limit := 2 * time.Second; limit < 2*time.Minute; limit *= 5 {
		if do(limit) {
			return
		}
	}
	t.Fatal("however long the time limit is, it is never enough")
}

// A slow engine is waited for, and it is said what is waited for: by plan, and by
// each step of an apply. It answers here once that was said.
func TestSlowEngine(t *testing.T) {
	s := newScenario(t)
	path := s.single(sleeper)
	slow := func(call, says string, args ...string) {
		t.Helper()
		said, answer := regexp.MustCompile(says), make(chan struct{})
		s.through(&trouble{match: call, held: answer}, hung, func(p *process) {
			defer close(answer)
			until(t, fmt.Sprintf("%s is slow, and %q is not said", call, says), func() bool {
				return closed(p.ended) || said.MatchString(p.output())
			})
		}, append(args, "-project", s.project)...).wants(t, 0)
	}
	slow("GET /info", `Waiting for the engine to answer, for [0-9]+s so far\.`, "plan", path)
	slow("GET /containers/json", `Waiting for the engine to tell what it holds, for [0-9]+s so far\.`, "plan", path)
	slow("POST /containers/create", `container\.web: the engine has not answered POST /containers/create for [0-9]+s`, "apply", path, "-auto-approve")
	s.on("plan", path, "-detailed-exitcode").wants(t, 0)
}

// An engine that never answers, or stops in the middle of what it says, ends the
// run with a diagnostic that names the call; the next run goes on.
func TestEngineThatFallsSilent(t *testing.T) {
	s := newScenario(t)
	path := s.single(sleeper)
	args := []string{"apply", path, "-project", s.project, "-auto-approve"}
	falls := func(call string, verdict engineproxy.Verdict, spoiled *engineproxy.Spoiled, said string) {
		t.Helper()
		givenTime(t, func(limit time.Duration) bool {
			silent := &trouble{match: call, verdict: verdict, spoiled: spoiled}
			s.through(silent, limit, nil, args...).wants(t, 1).says(t, "The engine does not answer", said+" "+limit.String())
			return silent.met() // else the engine took too long with an earlier call
		})
	}
	for _, call := range []string{"GET /containers/json", "POST /networks/create", "POST /containers/create", "/start"} {
		falls(call, engineproxy.Silence, nil, "not a word for")
		if call == "/start" {
			continue // of this answer nothing counts but its head
		}
		begins := `{"Id":"`
		if call == "GET /containers/json" {
			begins = "[" + begins
		}
		falls(call, engineproxy.Pass, &engineproxy.Spoiled{Body: []byte(begins), Length: 1000, Hang: true}, "its answer was not there, whole, after")
	}
	s.on("apply", path, "-auto-approve").wants(t, 0)
	s.on("plan", path, "-detailed-exitcode").wants(t, 0)
	s.wantList("containers", s.containers(), "web")
}

// A job that is quiet for longer than the engine may be silent is no silent
// engine; and a stream that stops while the engine is gone ends with a diagnostic.
func TestQuietJob(t *testing.T) {
	s := newScenario(t)
	givenTime(t, func(limit time.Duration) bool {
		path := s.single(fmt.Sprintf("job \"quiet\" {\n  inside  = daemon.root\n  image   = %q\n  command = [\"sh\", \"-c\", \"sleep %.0f; echo done\"]\n}\n",
			bashImage, 1.5*limit.Seconds()))
		r := s.through(&trouble{}, limit, nil, "apply", path, "-project", s.project, "-auto-approve")
		if r.code == 1 && strings.Contains(r.all(), "The engine does not answer") { // to another call, it may be
			s.on("destroy", path, "-auto-approve").wants(t, 0)
			return false
		}
		r.wants(t, 0).says(t, "done")
		return true
	})
}

// Whatever an engine sends in the place of an answer is a diagnostic or is
// ignored; it is never a panic and never a hang.
func TestEngineThatTalksNonsense(t *testing.T) {
	s := newScenario(t)
	path := s.single(sleeper)
	s.on("apply", path, "-auto-approve").wants(t, 0)
	for _, call := range []string{"GET /containers/json", "GET /info", "/networks", "/volumes", "GET /images/", "/json"} {
		for _, body := range []string{``, `7`, `null`, `[null]`, `{"Id":7,"State":"x","Labels":[]}`, `<html>`, `[{"Id":"a`} {
			nonsense := &trouble{match: call, spoiled: &engineproxy.Spoiled{Body: []byte(body), Length: int64(len(body))}}
			r := s.through(nonsense, hung, nil, "plan", path, "-project", s.project)
			if r.code != 0 && r.code != 1 {
				t.Errorf("%s answered %q: exit code %d", call, body, r.code)
			}
			if !nonsense.met() {
				t.Errorf("%s: no call was %s", r.command, call)
			}
		}
	}
	s.on("plan", path, "-detailed-exitcode").wants(t, 0)
}
