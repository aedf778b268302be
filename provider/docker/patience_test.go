package docker_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// pausing waits, unless the client goes first.
func pausing(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

func flush(w http.ResponseWriter) { w.(http.Flusher).Flush() } //nolint:forcetypeassert // the test server's is one

// drip answers byte by byte, so that it is never silent for as long as it may be, and is
// through after eight times that.
type drip struct {
	begin string
	limit time.Duration
	met   atomic.Bool
	left  chan bool // of the first call: whether the client went before it was through
}

func newDrip(begin string, limit time.Duration) *drip {
	return &drip{begin: begin, limit: limit, left: make(chan bool, 1)}
}

func (d *drip) answer(w http.ResponseWriter, r *http.Request) {
	first := d.met.CompareAndSwap(false, true)
	w.Header().Set("X-Docker-Container-Path-Stat", "e30=")
	_, _ = io.WriteString(w, d.begin)
	gone := false
	for i := 0; i < 32 && !gone; i++ {
		flush(w)
		gone = !pausing(r, d.limit/4)
		_, _ = io.WriteString(w, " ")
	}
	if first {
		d.left <- gone
	}
}

// givenUp is an error where the client did not go before it was through.
func (d *drip) givenUp() error {
	if !d.met.Load() {
		return errors.New("it was never asked")
	}
	if !<-d.left {
		return errors.New("it was waited for until it was through")
	}
	return nil
}

// hijacked takes over a connection that the client wants to be a stream.
func hijacked(w http.ResponseWriter, r *http.Request) net.Conn {
	_, _ = io.Copy(io.Discard, r.Body)
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = io.WriteString(conn, "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
	return conn
}

// leadsTo is an engine in whose container another one runs: what its execs are
// connected with.
func leadsTo(endpoint string) map[string]http.HandlerFunc {
	exec := strings.Repeat("e", 64)
	return map[string]http.HandlerFunc{
		"GET /containers/" + theID + "/json":  says(strings.Replace(inspectedAs(nil), `"Status":"exited"`, `"Running":true,"Status":"running"`, 1)),
		"POST /containers/" + theID + "/exec": says(`{"Id":"` + exec + `"}`),
		"POST /exec/" + exec + "/start": func(w http.ResponseWriter, r *http.Request) {
			conn := hijacked(w, r)
			defer func() { _ = conn.Close() }()
			inner, err := net.Dial("tcp", strings.TrimPrefix(endpoint, "tcp://"))
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(inner, conn)
				_ = inner.Close()
			}()
			buffer := make([]byte, 4<<10)
			for {
				n, err := inner.Read(buffer)
				if err != nil {
					return
				}
				if _, err := io.WriteString(conn, frame(1, string(buffer[:n]))); err != nil {
					return
				}
			}
		},
	}
}

// withFile are the answers about a container that was made with a file.
func withFile(t *testing.T) map[string]http.HandlerFunc {
	t.Helper()
	spec := `{"file":[{"content":{"sha256":"` + strings.Repeat("0", 64) + `"},"path":"/etc/app.conf"}],"image":"i"}`
	labels := docker.Labels(provider.Ownership{
		Project: "p", Address: "container.web", Kind: provider.Container, Origin: "here:/x.hcl", Spec: []byte(spec), Run: "1", Name: "web",
	})
	listed, err := json.Marshal([]any{map[string]any{"Id": theID, "Names": []string{"/web"}, "Labels": labels, "State": "exited"}})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]http.HandlerFunc{
		"GET /containers/json": says(string(listed)), "GET /containers/" + theID + "/json": says(inspectedAs(labels)),
	}
}

// What dindctl itself wants to know has to be there, whole, in time: a byte now and then
// is no answer, neither from the root engine nor from one inside.
func TestAnAnswerByteByByteIsGivenUp(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	_ = tar.NewWriter(&file).WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "app.conf", Size: 1 << 20, Mode: 0o644})
	for _, c := range []struct{ path, begin string }{
		{"/containers/json", "["}, {"/networks", "["}, {"/volumes", "{"}, {"/info", "{"}, {"/containers/" + theID + "/json", "{"}, {"/containers/" + theID + "/archive", file.String()},
	} {
		for _, inside := range []bool{false, true} {
			if inside && c.path == "/info" {
				continue // what leads into an engine is given up sooner
			}
			t.Run(fmt.Sprint(strings.ReplaceAll(c.path, theID, "ID"), " inside ", inside), func(t *testing.T) {
				t.Parallel()
				inTime(t, func(limit time.Duration) error {
					odd, slow := withFile(t), newDrip(c.begin, limit)
					odd["GET "+c.path] = slow.answer
					endpoint, place := oddEngine(t, odd), provider.Root
					if inside {
						endpoint = oddEngine(t, leadsTo(endpoint))
					}
					p, err := configured(t, endpoint, limit.String())
					if err == nil && inside {
						var resp provider.OpenResponse
						resp, err = p.Open(t.Context(), provider.OpenRequest{Parent: provider.Root, ID: theID})
						if place = resp.Place; !resp.Readable {
							return fmt.Errorf("not opened: %s, %w", resp.Why, err)
						}
					}
					if err == nil {
						_, err = p.Observe(t.Context(), provider.ObserveRequest{Place: place, Project: "p"}, func(provider.Object) error { return nil })
					}
					if waited := slow.givenUp(); waited != nil {
						return errors.Join(waited, err)
					}
					if strings.HasSuffix(c.path, "/archive") {
						return err // a file that cannot be read now is left out
					}
					return compareProblem(err, provider.Unreachable, "The engine does not answer", "its answer was not there, whole, after "+limit.String())
				})
			})
		}
	}
}

// quiet is an engine with calls that bring something and then are silent until it has
// been asked three times whether it is there. If it is deaf it does not answer that,
// and ends the call long after it should have been given up.
type quiet struct {
	limit time.Duration
	deaf  bool
	set   atomic.Bool // from now on pings count
	pings atomic.Int64
}

func (q *quiet) ping(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("API-Version", "1.41")
	if q.set.Load() {
		q.pings.Add(1)
		if q.deaf {
			<-r.Context().Done()
		}
	}
}

// until pauses in a call.
func (q *quiet) until(done <-chan struct{}) {
	q.set.Store(true)
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for start := time.Now(); q.deaf && time.Since(start) < 10*q.limit || !q.deaf && q.pings.Load() < 3; {
		select {
		case <-look.C:
		case <-done:
			return
		}
	}
}

func (q *quiet) pauses(first, then string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Docker-Container-Path-Stat", "e30=")
		_, _ = io.WriteString(w, first)
		flush(w)
		q.until(r.Context().Done())
		_, _ = io.WriteString(w, then)
	}
}

// execs is an exec that writes, is silent, and writes.
func (q *quiet) execs(w http.ResponseWriter, r *http.Request) {
	conn := hijacked(w, r)
	defer func() { _ = conn.Close() }()
	gone := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, conn)
		close(gone)
	}()
	_, _ = io.WriteString(conn, frame(1, "one "))
	q.until(gone)
	_, _ = io.WriteString(conn, frame(1, "two"))
}

// engine is where it answers; inside is one engine further in.
func (q *quiet) engine(t *testing.T, inside bool) string {
	t.Helper()
	exec := strings.Repeat("f", 64)
	endpoint := oddEngine(t, map[string]http.HandlerFunc{
		"HEAD /_ping":                           q.ping,
		"GET /containers/" + theID + "/json":    says(inspectedAs(nil)),
		"GET /containers/" + theID + "/logs":    q.pauses(frame(1, "one "), frame(1, "two")),
		"GET /containers/" + theID + "/archive": q.pauses("one ", "two"),
		"POST /containers/" + theID + "/wait":   q.pauses("{", `"StatusCode":0}`),
		"POST /containers/" + theID + "/exec":   says(`{"Id":"` + exec + `"}`),
		"GET /exec/" + exec + "/json":           says(`{"Running":false,"ExitCode":0}`),
		"POST /exec/" + exec + "/start":         q.execs,
	})
	if inside {
		return oddEngine(t, leadsTo(endpoint))
	}
	return endpoint
}

// What was asked for by name, and a command that runs, may be silent for any time as long
// as the engine is there, and is given up when it is not, at any depth.
func TestAPauseIsNoSilence(t *testing.T) {
	t.Parallel()
	calls := map[string]func(p *docker.Provider, place provider.Place, to io.Writer) error{
		"logs -f": func(p *docker.Provider, place provider.Place, to io.Writer) error {
			return p.Logs(t.Context(), provider.LogsRequest{Place: place, ID: theID, Follow: true, Stdout: to})
		},
		"logs": func(p *docker.Provider, place provider.Place, to io.Writer) error {
			return p.Logs(t.Context(), provider.LogsRequest{Place: place, ID: theID, Stdout: to})
		},
		"cp": func(p *docker.Provider, place provider.Place, to io.Writer) error {
			return p.CopyOut(t.Context(), provider.CopyOutRequest{Place: place, ID: theID, Path: "/x", To: to})
		},
		"exec": func(p *docker.Provider, place provider.Place, to io.Writer) error {
			_, err := p.Exec(t.Context(), provider.ExecRequest{Place: place, ID: theID, Command: []string{"x"}, Stdout: to})
			return err
		},
	}
	for name, call := range calls {
		for _, inside := range []bool{false, true} {
			for _, deaf := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s inside %v deaf %v", name, inside, deaf), func(t *testing.T) {
					t.Parallel()
					inTime(t, func(limit time.Duration) error {
						q := &quiet{limit: limit, deaf: deaf}
						p, err := configured(t, q.engine(t, inside), limit.String())
						if err != nil {
							return err
						}
						place := provider.Root
						if inside {
							resp, err := p.Open(t.Context(), provider.OpenRequest{Parent: provider.Root, ID: theID})
							if place = resp.Place; !resp.Readable {
								return fmt.Errorf("not opened: %s, %w", resp.Why, err)
							}
						}
						var out bytes.Buffer
						err = call(p.(*docker.Provider), place, &out) //nolint:forcetypeassert // New makes it
						if deaf {
							return compareProblem(err, provider.Unreachable, "The engine does not answer", "not a word, and none to /_ping, for "+limit.String())
						}
						if err != nil || out.String() != "one two" || q.pings.Load() < 3 {
							return fmt.Errorf("%q, %d pings, %w", out.String(), q.pings.Load(), err)
						}
						return nil
					})
				})
			}
		}
	}
}

// A copy that comes slowly and steadily is not cut off, however long it takes.
func TestASlowCopyIsNotCutOff(t *testing.T) {
	t.Parallel()
	inTime(t, func(limit time.Duration) error {
		steady := func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Docker-Container-Path-Stat", "e30=")
			for range 12 {
				_, _ = io.WriteString(w, "x")
				flush(w)
				pausing(r, limit/4)
			}
		}
		p, err := configured(t, oddEngine(t, map[string]http.HandlerFunc{"GET /containers/" + theID + "/archive": steady}), limit.String())
		if err != nil {
			return err
		}
		var out bytes.Buffer
		err = p.(provider.Copier).CopyOut(t.Context(), provider.CopyOutRequest{ID: theID, Path: "/x", To: &out}) //nolint:forcetypeassert // the compiler checks it elsewhere
		if err != nil || out.Len() != 12 {
			return fmt.Errorf("%d bytes, %w", out.Len(), err)
		}
		return nil
	})
}

// Also what answers in the place of a stream is bounded: the Docker client reads its head
// to the end, whatever comes.
func TestAStreamWhoseHeadDoesNotEnd(t *testing.T) {
	exec := strings.Repeat("f", 64)
	block := strings.Repeat("h", 32<<10)
	p := one(t, map[string]http.HandlerFunc{
		"POST /containers/" + theID + "/exec": says(`{"Id":"` + exec + `"}`),
		"POST /exec/" + exec + "/start": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				panic(err)
			}
			defer func() { _ = conn.Close() }()
			_, _ = io.WriteString(conn, "HTTP/1.1 101 UPGRADED\r\nX-Long: ")
			for range 1 << 14 {
				if _, err := io.WriteString(conn, block); err != nil {
					return
				}
			}
		},
	})
	allocates(t, 64, func() {
		_, err := p.Exec(t.Context(), provider.ExecRequest{ID: theID, Command: []string{"x"}})
		wantProblem(t, err, provider.EngineFailed, "The engine's answer is too large", "/start: its head would take more than 256 KiB")
	})
}
