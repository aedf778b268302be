package docker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// oddEngine answers as an engine of API 1.41 does, but for the paths that a test
// takes over. Paths are without the API's version.
func oddEngine(t *testing.T, odd map[string]http.HandlerFunc) string {
	t.Helper()
	return oddEngineOf(t, "1.41", odd)
}

func oddEngineOf(t *testing.T, api string, odd map[string]http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, "/v"+api)
		if handler, ok := odd[r.Method+" "+path]; ok {
			handler(w, r)
			return
		}
		w.Header().Set("API-Version", api)
		answer := map[string]string{
			"/_ping": "OK", "/info": `{"ID":"odd","OSType":"linux","Architecture":"x86_64","ServerVersion":"20.10.24"}`,
			"/containers/json": "[]", "/networks": "[]", "/volumes": "{}", "/images/json": "[]",
		}[path]
		if answer == "" {
			w.WriteHeader(http.StatusNotFound)
			answer = `{"message":"no such thing"}`
		}
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	return "tcp://" + strings.TrimPrefix(server.URL, "http://")
}

// silent never answers, until the client has gone.
func silent(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// stuttering begins an answer and then says no more.
func stuttering(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, `[{"Id":"`)
	w.(http.Flusher).Flush() //nolint:forcetypeassert // the test server's is one
	<-r.Context().Done()
}

func configured(t *testing.T, endpoint, limit string) (provider.Provider, error) {
	t.Helper()
	p := docker.New(nil)
	t.Cleanup(func() { _ = p.Close() })
	_, err := p.Configure(t.Context(), provider.ConfigureRequest{
		Endpoint: endpoint, Environment: map[string]string{"DINDCTL_ENGINE_TIMEOUT": limit, "DOCKER_BUILDKIT": "0"},
	})
	return p, err
}

func observeAll(ctx context.Context, p provider.Provider) error {
	_, err := p.Observe(ctx, provider.ObserveRequest{Project: "p"}, func(provider.Object) error { return nil })
	return err
}

// wantProblem compares an error's problem; detail is a part of it.
func wantProblem(t *testing.T, err error, code provider.Code, summary, detail string) {
	t.Helper()
	if err := compareProblem(err, code, summary, detail); err != nil {
		t.Error(err)
	}
}

func compareProblem(err error, code provider.Code, summary, detail string) error {
	got := new(provider.Problem)
	if !errors.As(err, &got) || got.Code != code || got.Summary != summary || !strings.Contains(got.Detail, detail) {
		return errors.Join(err, fmt.Errorf("%s: %s: %s, want %s: %s: ...%s", got.Code, got.Summary, got.Detail, code, summary, detail))
	}
	return nil
}

// inTime tries something with a time limit of a second, and, where a busy machine
// kept it from going as it should, with longer ones. What is wrong fails with each.
func inTime(t *testing.T, try func(limit time.Duration) error) {
	t.Helper()
	var err error
	for _, limit := range []time.Duration{time.Second, 10 * time.Second, time.Minute} {
		if err = try(limit); err == nil {
			return
		}
	}
	t.Error(err)
}

// An engine that does not answer, or stops in the middle of an answer, is a
// problem that names the call and how long it was waited for.
func TestSilentEngineIsAProblem(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		call    string
		handler http.HandlerFunc
	}{
		"silent": {"GET /containers/json", silent}, "stuttering": {"GET /containers/json", stuttering},
		"from the first call on": {"/_ping", silent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inTime(t, func(limit time.Duration) error {
				odd := map[string]http.HandlerFunc{c.call: c.handler, "HEAD " + c.call: c.handler, "GET " + c.call: c.handler}
				p, err := configured(t, oddEngine(t, odd), limit.String())
				if err == nil {
					err = observeAll(t.Context(), p)
				}
				said := "not a word for"
				if name == "stuttering" {
					said = "its answer was not there, whole, after"
				}
				return compareProblem(err, provider.Unreachable, "The engine does not answer", fmt.Sprintf("%s: %s %s.", c.call, said, limit))
			})
		})
	}
}

// A slow engine is no problem: what comes in time counts.
func TestSlowEngineIsWaitedFor(t *testing.T) {
	t.Parallel()
	inTime(t, func(limit time.Duration) error {
		slow := func(w http.ResponseWriter, r *http.Request) {
			for _, part := range []string{"[", " ", " ", "]"} {
				timer := time.NewTimer(limit / 8)
				select {
				case <-timer.C:
				case <-r.Context().Done():
				}
				_, _ = io.WriteString(w, part)
				w.(http.Flusher).Flush() //nolint:forcetypeassert // the test server's is one
			}
		}
		p, err := configured(t, oddEngine(t, map[string]http.HandlerFunc{"GET /containers/json": slow}), limit.String())
		if err == nil {
			err = observeAll(t.Context(), p)
		}
		if err != nil {
			return fmt.Errorf("an engine that takes half of %s, and an eighth of it for a word: %w", limit, err)
		}
		return nil
	})
}

// What cannot be a duration is refused, not guessed.
func TestTimeLimitThatIsNone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"10", "soon", "-1s", "0s"} {
		_, err := configured(t, "tcp://127.0.0.1:1", text)
		wantProblem(t, err, provider.Invalid, "The engine's time limit cannot be read", fmt.Sprintf("DINDCTL_ENGINE_TIMEOUT is %q", text))
	}
}

// A volume that existed when the engine was started: creating it again answers
// without its labels (measured), and the lock's holder is found all the same.
func TestLockOfAnEngineThatWasRestarted(t *testing.T) {
	t.Parallel()
	labels := map[string]string{
		"dev.dindctl.lock": "p", "dev.dindctl.lock.nonce": "first", "dev.dindctl.lock.who": "ann@here", "dev.dindctl.lock.pid": "7",
		"dev.dindctl.lock.boot": "", "dev.dindctl.lock.since": "", "dev.dindctl.lock.command": "",
	}
	held, err := json.Marshal(map[string]any{"Name": "dindctl.lock.p", "Labels": labels})
	if err != nil {
		t.Fatal(err)
	}
	p, err := configured(t, oddEngine(t, map[string]http.HandlerFunc{
		"POST /volumes/create": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"Name":"dindctl.lock.p","Labels":null}`)
		},
		"GET /volumes/dindctl.lock.p": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(held) },
	}), "5m")
	if err != nil {
		t.Fatal(err)
	}
	locker := p.(provider.Locker) //nolint:forcetypeassert // checked by the compiler elsewhere
	holder, ours, err := locker.Lock(t.Context(), "p", provider.Holder{Nonce: "second"})
	if want := (provider.Holder{Nonce: "first", Who: "ann@here", PID: 7}); err != nil || ours || holder != want {
		t.Errorf("held by %+v, ours %v, %v; want %+v", holder, ours, err, want)
	}
}

// What an engine sends that no engine sends is a problem, and never a panic: every
// answer of an observation in turn has a wrong type, ends early, is no JSON, bears
// fields that nobody knows, or is enormous.
func TestAnswersThatNoEngineGives(t *testing.T) {
	t.Parallel()
	spoiled := map[string]string{
		"wrong type": `{"Containers":"many"}`, "a number": `7`, "null": `null`, "cut": `[{"Id":"abc`, "no JSON": `<html>proxy error</html>`,
		"empty": ``, "nulls inside": `[null,{"Labels":null,"Names":null}]`, "short id": `[{"Id":"a","Names":["/x"],"Labels":{"dev.dindctl.project":"p","dev.dindctl.address":"container.x","dev.dindctl.kind":"container"}}]`,
		"unknown field": `[{"Id":"` + strings.Repeat("a", 64) + `","Novelty":{"deep":[1,2,3]},"Names":["/x"]}]`,
	}
	paths := []string{"/_ping", "/info", "/containers/json", "/networks", "/volumes", "/images/json", "/containers/a/json"}
	for name, body := range spoiled {
		for _, path := range paths {
			t.Run(name+path, func(t *testing.T) {
				t.Parallel()
				handler := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
				odd := map[string]http.HandlerFunc{"GET " + path: handler, "HEAD " + path: handler}
				if path == "/containers/a/json" {
					odd["GET /containers/json"] = func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, spoiled["short id"]) }
				}
				p, err := configured(t, oddEngine(t, odd), "5m")
				if err == nil {
					err = observeAll(t.Context(), p)
				}
				var problem *provider.Problem
				if err != nil && !errors.As(err, &problem) {
					t.Errorf("not a problem for people: %v", err)
				}
			})
		}
	}
}

// An enormous answer ends with a problem, not with the machine's memory.
func TestEnormousAnswer(t *testing.T) {
	t.Parallel()
	endless := func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `[{"Id":"`)
		for block := strings.Repeat("a", 1<<20); ; {
			if _, err := io.WriteString(w, block); err != nil {
				return
			}
		}
	}
	p, err := configured(t, oddEngine(t, map[string]http.HandlerFunc{"GET /containers/json": endless}), "5m")
	if err != nil {
		t.Fatal(err)
	}
	wantProblem(t, observeAll(t.Context(), p), provider.EngineFailed, "The engine's answer is too large", "GET /containers/json")
}
