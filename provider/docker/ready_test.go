package docker_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// waitedFor is a container that runs, on an engine that is not there.
type waitedFor struct {
	started time.Time
	log     map[string]any // its logging driver and the options of that
	logs    http.HandlerFunc
	more    map[string]http.HandlerFunc
	inspect func(state map[string]any) int // changes its state as it is read, and answers with a status
}

// await waits until it is ready, as an apply does that finds it there.
func (w waitedFor) await(t *testing.T, ready map[string]cty.Value, sink provider.Sink) error {
	t.Helper()
	odd := map[string]http.HandlerFunc{
		"GET /containers/" + theID + "/json": func(out http.ResponseWriter, _ *http.Request) {
			state := map[string]any{"Status": "running", "Running": true, "StartedAt": w.started.Format(time.RFC3339Nano), "FinishedAt": "0001-01-01T00:00:00Z"}
			if w.inspect != nil {
				if status := w.inspect(state); status != http.StatusOK {
					out.WriteHeader(status)
					_, _ = io.WriteString(out, `{"message":"No such container"}`)
					return
				}
			}
			_ = json.NewEncoder(out).Encode(map[string]any{
				"Id": theID, "Name": "/p-web", "Image": "sha256:b", "State": state, "HostConfig": map[string]any{"LogConfig": w.log}, "NetworkSettings": map[string]any{},
				"Config": map[string]any{"Tty": true, "Labels": map[string]string{
					"dev.dindctl.project": "p", "dev.dindctl.address": "container.web", "dev.dindctl.kind": "container", "dev.dindctl.schema": "1", "dev.dindctl.spec": "{}",
					"dev.dindctl.origin": "here:/x.hcl", "dev.dindctl.run": "r",
				}},
			})
		},
		"GET /images/sha256:b/json":          says(`{"Id":"sha256:b","Config":{}}`),
		"GET /containers/" + theID + "/logs": w.logs,
	}
	for call, answer := range w.more {
		odd[call] = answer
	}
	p, err := configured(t, oddEngine(t, odd), "10m")
	if err != nil {
		t.Fatal(err)
	}
	decl := provider.Declaration{Address: "container.web", Kind: provider.Container, Name: "p-web", Declared: cty.ObjectVal(map[string]cty.Value{
		"image": cty.StringVal("x"), "ready": cty.ObjectVal(ready),
	})}
	_, err = p.Resume(t.Context(), provider.ResumeRequest{ID: theID, Declaration: decl, Project: "p"}, sink)
	return err
}

// logOf answers as an engine does: with the lines that are there, each with its time where
// that is asked for, and with what comes where it is followed.
func logOf(lines func() []string, comes http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, line := range lines() {
			if r.URL.Query().Get("timestamps") == "" {
				_, line, _ = strings.Cut(line, " ")
			}
			_, _ = io.WriteString(w, line+"\r\n")
		}
		if r.URL.Query().Get("follow") == "" {
			return
		}
		w.(http.Flusher).Flush() //nolint:forcetypeassert // the test server's is one
		comes(w, r)
	}
}

// A log counts as one that no longer reaches back, and ready.log as met, only where it
// dropped something as it was waited for: a container that is silent at first and has a log
// that is kept in part alone has lost nothing, however often it is applied.
func TestReadyLogIsMetWithoutTheLineOnlyWhereTheLogDrops(t *testing.T) {
	t.Parallel()
	started := time.Now().Add(-time.Hour).UTC()
	line := func(after time.Duration) string { return started.Add(after).Format(time.RFC3339Nano) + " a line" }
	for _, c := range []struct {
		name  string
		log   map[string]any
		lines func(look int64) []string
		met   bool
	}{
		{"one file, silent at first", map[string]any{"Type": "json-file", "Config": map[string]any{"max-size": "10m"}}, func(int64) []string { return []string{line(time.Minute)} }, false},
		{"an unknown driver, silent at first", map[string]any{"Type": "journald"}, func(int64) []string { return []string{line(time.Minute)} }, false},
		{"one file, empty until now", map[string]any{"Type": "json-file", "Config": map[string]any{"max-size": "10m"}}, func(look int64) []string {
			if look <= 2 {
				return nil
			}
			return []string{line(time.Hour)}
		}, false},
		{"one file, begun at once", map[string]any{"Type": "json-file", "Config": map[string]any{"max-size": "10m"}}, func(look int64) []string { return []string{line(time.Duration(look) * time.Second)} }, false},
		{"one file, which is begun anew meanwhile", map[string]any{"Type": "json-file", "Config": map[string]any{"max-size": "10m"}}, func(look int64) []string { return []string{line(time.Duration(look) * time.Minute)} }, true},
		{"an unknown driver that drops", map[string]any{"Type": "journald"}, func(look int64) []string { return []string{line(time.Duration(look) * time.Minute)} }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			limit := "2s"
			if c.met {
				limit = "10m"
			}
			var looks atomic.Int64
			w := waitedFor{started: started, log: c.log, logs: logOf(func() []string { return c.lines(looks.Add(1)) }, silent)}
			err := w.await(t, map[string]cty.Value{"log": cty.StringVal("^ready$"), "timeout": cty.StringVal(limit)}, nil)
			if c.met {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantProblem(t, err, provider.NotReady, "It did not get ready in time", `no line of its log matches "^ready$" yet`)
		})
	}
}

// What proves at one look that a log has lost its beginning is that there is as much of it
// as is kept once something was dropped.
func TestHowFarALogReachesBack(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 10, 0, 0, 0, time.UTC)
	bounded := container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "1m", "max-file": "2"}}
	single := container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "1m"}}
	late := start.Add(time.Hour)
	for _, c := range []struct {
		name         string
		log          container.LogConfig
		oldest       time.Time
		bytes, lines int64
		want         string
	}{
		{"all is kept", container.LogConfig{Type: "json-file"}, late, 1 << 30, 1, "reaches"},
		{"it begins with the run", bounded, start.Add(time.Second), 2 << 20, 1, "reaches"},
		{"there is something of an earlier run", bounded, start.Add(-time.Hour), 2 << 20, 1, "reaches"},
		{"too little for two files", bounded, late, 1000, 10, "reaches"},
		{"a whole file and more", bounded, late, 1 << 20, 1, "does not"},
		{"a whole file, by what is added to lines", bounded, late, 100_000, 20_000, "does not"},
		{"it may be two files", bounded, late, 200_000, 1000, "unknown"},
		{"one file", single, late, 1 << 19, 1000, "unknown"},
		{"one file, empty", single, time.Time{}, 0, 0, "reaches"},
		{"what was read is gone", single, time.Time{}, 10, 1, "does not"},
		{"a driver that nothing is known of", container.LogConfig{Type: "journald"}, late, 1 << 30, 1000, "unknown"},
	} {
		if got := docker.ReachOf(c.log, start, c.oldest, c.bytes, c.lines); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// A container that is removed as it is waited for is told of at once, and as that.
func TestReadyTellsOfARemovedContainer(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(map[string]any) int{
		"gone":          func(map[string]any) int { return http.StatusNotFound },
		"being removed": func(s map[string]any) int { s["Status"], s["Running"] = "removing", false; return http.StatusOK },
		"half removed": func(s map[string]any) int {
			s["Status"], s["Running"], s["Dead"] = "dead", false, true
			return http.StatusOK
		},
		"gone in a look": func(s map[string]any) int { s["Running"] = false; return http.StatusOK },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var reads, leaves atomic.Int64
			w := waitedFor{
				started: time.Now(), logs: logOf(func() []string { return nil }, func(_ http.ResponseWriter, r *http.Request) {
					leaves.Store(reads.Load()) // once it is waited for
					silent(nil, r)
				}),
				inspect: func(s map[string]any) int {
					reads.Add(1)
					switch left := leaves.Load(); {
					case left == 0:
						return http.StatusOK
					case name == "gone in a look" && reads.Load() > left+1:
						return http.StatusNotFound
					}
					return change(s)
				},
			}
			err := w.await(t, map[string]cty.Value{"log": cty.StringVal("^ready$"), "timeout": cty.StringVal("1h")}, nil)
			wantProblem(t, err, provider.NotReady, "It ended instead of getting ready", "Container p-web was removed from the engine")
		})
	}
}

// The last line of a log counts only where the log ends with it: of one that broke off it
// may be the beginning of another line.
func TestALineOfALogThatBreaksOffIsNoLine(t *testing.T) {
	t.Parallel()
	breaks := logOf(func() []string { return nil }, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "ready")
		w.(http.Flusher).Flush() //nolint:forcetypeassert // the test server's is one
		panic(http.ErrAbortHandler)
	})
	w := waitedFor{started: time.Now(), logs: breaks}
	err := w.await(t, map[string]cty.Value{"log": cty.StringVal("^ready$"), "timeout": cty.StringVal("2s")}, nil)
	wantProblem(t, err, provider.NotReady, "It did not get ready in time", "its log cannot be read")
}

// That a log cannot be read is taken back once it can.
func TestALogThatCanBeReadAgain(t *testing.T) {
	t.Parallel()
	var follows atomic.Int64
	told := make(chan string, 100)
	w := waitedFor{started: time.Now(), logs: logOf(func() []string { return nil }, func(w http.ResponseWriter, r *http.Request) {
		if follows.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		var lost bool
		for {
			select {
			case text := <-told:
				lost = lost || strings.Contains(text, "cannot be read")
				if lost && strings.Contains(text, "no line of its log matches") {
					_, _ = io.WriteString(w, "ready\r\n")
					return
				}
			case <-r.Context().Done():
				return
			}
		}
	})}
	err := w.await(t, map[string]cty.Value{"log": cty.StringVal("^ready$"), "timeout": cty.StringVal("1m")}, func(e provider.Event) { told <- e.Text })
	if err != nil {
		t.Error(err)
	}
}

// What the command of ready.exec wrote stands behind its own failure alone.
func TestWhatReadyExecWroteStandsWithItsFailure(t *testing.T) {
	t.Parallel()
	var runs atomic.Int64
	exec := strings.Repeat("e", 64)
	w := waitedFor{
		started: time.Now(),
		logs:    logOf(func() []string { return nil }, silent),
		more: map[string]http.HandlerFunc{
			"POST /containers/" + theID + "/exec": says(fmt.Sprintf(`{"Id":%q}`, exec)),
			"POST /exec/" + exec + "/start": func(w http.ResponseWriter, _ *http.Request) {
				runs.Add(1)
				conn, _, err := w.(http.Hijacker).Hijack() //nolint:forcetypeassert // the test server's is one
				if err != nil {
					return
				}
				const text = "the gate is shut"
				_, _ = fmt.Fprintf(conn, "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n%s%s", head(1, uint32(len(text))), text)
				_ = conn.Close()
			},
			"GET /exec/" + exec + "/json": says(fmt.Sprintf(`{"ID":%q,"ContainerID":%q,"Running":false,"ExitCode":4}`, exec, theID)),
		},
		inspect: func(s map[string]any) int {
			if s["Health"] = map[string]any{"Status": "healthy"}; runs.Load() > 1 {
				s["Health"] = map[string]any{"Status": "unhealthy"}
			}
			return http.StatusOK
		},
	}
	err := w.await(t, map[string]cty.Value{
		"healthy": cty.True, "exec": cty.ListVal([]cty.Value{cty.StringVal("look")}), "timeout": cty.StringVal("3s"),
	}, nil)
	wantProblem(t, err, provider.NotReady, "It did not get ready in time", "its health check says unhealthy. Give it more")
}

// What an engine publishes on a loopback address of its host is dialled only where that
// host is this machine: elsewhere something else answers there.
func TestReadyPortsOnLoopbackAreOfTheEnginesHost(t *testing.T) {
	t.Parallel()
	bindings := []string{"127.0.0.1", "::1", "0.0.0.0", "::", "192.0.2.7"}
	far := []string{"192.0.2.1:8080", "192.0.2.1:8080", "192.0.2.7:8080"}
	near := []string{"127.0.0.1:8080", "[::1]:8080", "127.0.0.1:8080", "127.0.0.1:8080", "192.0.2.7:8080"}
	for _, c := range []struct {
		facts provider.Facts
		want  []string
	}{
		{provider.Facts{Endpoint: "unix:///var/run/docker.sock", Files: provider.FilesShared}, near},
		{provider.Facts{Endpoint: "unix:///run/desktop.sock", Files: provider.FilesUnknown}, near},
		{provider.Facts{Endpoint: "tcp://192.0.2.1:2376", Files: provider.FilesUnknown}, far},
		{provider.Facts{Endpoint: "ssh://ci@192.0.2.1", Files: provider.FilesUnknown}, far},
	} {
		if diff := cmp.Diff(c.want, docker.Published(c.facts, bindings...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.facts.Endpoint, diff)
		}
	}
}

// A command that fails says nothing of whether there is one: a helper is taken for one that
// is missing alone.
func TestListensIsAskedOfAHelperWhereNoCommandIs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code int
		err  error
		want bool
	}{
		{127, nil, true},
		{126, nil, true},
		{0, errors.New("exec failed: \"cat\": executable file not found in $PATH"), true},
		{1, nil, false},
		{137, nil, false},
		{0, nil, false},
		{0, errors.New("container is paused"), false},
	} {
		if got, _ := docker.TableRefused(c.code, c.err); got != c.want {
			t.Errorf("code %d, %v: %t, want %t", c.code, c.err, got, c.want)
		}
	}
}

// A helper says whether something listens at first and whenever that changes, until its
// time is over.
func TestListensAsAHelperSaysIt(t *testing.T) {
	t.Parallel()
	const head = "  sl  local_address rem_address   st\n"
	const entry = "   0: 0100007F:1F90 00000000:0000 0A 0\n"
	table := filepath.Join(t.TempDir(), "tcp")
	become := func(text string) {
		write(t, table+".new", text)
		if err := os.Rename(table+".new", table); err != nil {
			t.Error(err)
		}
	}
	become(head)
	said, out := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	go func() { _ = out.CloseWithError(docker.ListensInside(ctx, "8080", "1h", table, out)) }()
	lines := bufio.NewScanner(said)
	var got []string
	for _, next := range []func(){func() { become(head + entry) }, func() { become(head) }, cancel} {
		if lines.Scan() {
			got = append(got, lines.Text())
		}
		next()
	}
	if diff := cmp.Diff([]string{"no", "yes", "no"}, got); diff != "" || lines.Scan() || lines.Err() != nil {
		t.Errorf("%v %v (-want +got):\n%s", lines.Text(), lines.Err(), diff)
	}
}
