package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
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
	match   string // a part of "METHOD path"
	delay   time.Duration
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
	if b.delay > 0 {
		timer := time.NewTimer(b.delay)
		defer timer.Stop()
		select {
		case <-timer.C:
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

// through runs dindctl with the trouble between it and the engine.
func (s *scenario) through(b *trouble, limit string, args ...string) result {
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
	clean := s.env
	defer func() { s.env = clean }()
	s.env = append(append([]string{}, clean...), "DOCKER_HOST=unix://"+socket, "DINDCTL_ENGINE_TIMEOUT="+limit)
	r := s.dindctl(args...)
	if b.match != "" && b.hits == 0 {
		s.t.Errorf("%s: no call was %s", r.command, b.match)
	}
	if strings.Contains(r.all(), "panic") || strings.Contains(r.all(), "goroutine ") {
		s.t.Errorf("%s panicked", r.command)
	}
	return r
}

// A slow engine is waited for, and it is said what is waited for: by plan, and by
// each step of an apply.
func TestSlowEngine(t *testing.T) {
	s := newScenario(t)
	path := s.single(sleeper)
	const slow = 6 * time.Second
	s.through(&trouble{match: "GET /info", delay: slow}, "1m", "plan", path, "-project", s.project).wants(t, 0).
		says(t, "Waiting for the engine to answer, for 5s so far.")
	s.through(&trouble{match: "GET /containers/json", delay: slow}, "1m", "plan", path, "-project", s.project).wants(t, 0).
		says(t, "Waiting for the engine to tell what it holds, for 5s so far.")
	s.through(&trouble{match: "POST /containers/create", delay: slow}, "1m", "apply", path, "-project", s.project, "-auto-approve").wants(t, 0).
		says(t, "container.web: the engine has not answered POST /containers/create for 5s")
	s.on("plan", path, "-detailed-exitcode").wants(t, 0)
}

// An engine that never answers, or stops in the middle of what it says, ends the
// run with a diagnostic that names the call; the next run goes on.
func TestEngineThatFallsSilent(t *testing.T) {
	s := newScenario(t)
	path := s.single(sleeper)
	args := []string{"apply", path, "-project", s.project, "-auto-approve"}
	for _, call := range []string{"GET /containers/json", "POST /networks/create", "POST /containers/create", "/start"} {
		s.through(&trouble{match: call, verdict: engineproxy.Silence}, "2s", args...).wants(t, 1).
			says(t, "The engine does not answer", "not a word for 2s")
		if call == "/start" {
			continue // of this answer nothing counts but its head
		}
		s.through(&trouble{match: call, spoiled: &engineproxy.Spoiled{Body: []byte(`{"Id":"`), Length: 1000, Hang: true}}, "2s", args...).wants(t, 1).
			says(t, "The engine does not answer", "not a word for 2s")
	}
	s.on("apply", path, "-auto-approve").wants(t, 0)
	s.on("plan", path, "-detailed-exitcode").wants(t, 0)
	s.wantList("containers", s.containers(), "web")
}

// A job that is quiet for longer than the engine may be silent is no silent
// engine; and a stream that stops while the engine is gone ends with a diagnostic.
func TestQuietJob(t *testing.T) {
	s := newScenario(t)
	path := s.single(fmt.Sprintf("job \"quiet\" {\n  inside  = daemon.root\n  image   = %q\n  command = [\"sh\", \"-c\", \"sleep 6; echo done\"]\n}\n", bashImage))
	s.through(&trouble{}, "2s", "apply", path, "-project", s.project, "-auto-approve").wants(t, 0).says(t, "done")
}

// Whatever an engine sends in the place of an answer is a diagnostic or is
// ignored; it is never a panic and never a hang.
func TestEngineThatTalksNonsense(t *testing.T) {
	s := newScenario(t)
	path := s.single(sleeper)
	s.on("apply", path, "-auto-approve").wants(t, 0)
	for _, call := range []string{"GET /containers/json", "GET /info", "/networks", "/volumes", "GET /images/", "/json"} {
		for _, body := range []string{``, `7`, `null`, `[null]`, `{"Id":7,"State":"x","Labels":[]}`, `<html>`, `[{"Id":"a`} {
			r := s.through(&trouble{match: call, spoiled: &engineproxy.Spoiled{Body: []byte(body), Length: int64(len(body))}}, "5s",
				"plan", path, "-project", s.project)
			if r.code != 0 && r.code != 1 {
				t.Errorf("%s answered %q: exit code %d", call, body, r.code)
			}
		}
	}
	s.on("plan", path, "-detailed-exitcode").wants(t, 0)
}
