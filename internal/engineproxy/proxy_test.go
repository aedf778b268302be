package engineproxy_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dindctl/dindctl/internal/engineproxy"
)

const tunnelBody = `{"AttachStdin":true,"AttachStdout":true,"AttachStderr":true,"Cmd":["docker","system","dial-stdio"],` +
	`"Env":["DOCKER_HOST=unix:///var/run/docker.sock","DOCKER_CONTEXT=","DOCKER_TLS=","DOCKER_TLS_VERIFY=","DOCKER_CERT_PATH=","DOCKER_API_VERSION="]}`

// fakeEngine answers every call with its own line, and leads by an exec into a
// copy of itself, as a daemon in a container does.
func fakeEngine(depth int) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1.41/containers/{id}/exec", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"Id":"exec%d"}`, depth)
	})
	mux.HandleFunc("POST /v1.41/exec/{id}/start", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, buffered, err := w.(http.Hijacker).Hijack() //nolint:forcetypeassert // the server's is one
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
		ours, theirs := net.Pipe()
		go func() { _ = http.Serve(&single{conn: theirs}, fakeEngine(depth+1)) }() //nolint:gosec // of a test
		go func() { _, _ = io.Copy(ours, buffered) }()
		chunk := make([]byte, 7) // frames that end in the middle of everything
		for {
			n, err := ours.Read(chunk)
			if err != nil {
				return
			}
			_, _ = conn.Write(framed(2, "a word on stderr"))
			_, _ = conn.Write(framed(1, string(chunk[:n])))
		}
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%d: %s %s %s", depth, r.Method, r.URL.Path, body)
	})
	return mux
}

func framed(stream byte, text string) []byte {
	head := [8]byte{0: stream}
	binary.BigEndian.PutUint32(head[4:], uint32(len(text))) //nolint:gosec // short
	return append(head[:], text...)
}

// single is a listener of one connection.
type single struct {
	conn net.Conn
	net.Listener
}

func (s *single) Accept() (net.Conn, error) {
	if s.conn == nil {
		return nil, net.ErrClosed
	}
	conn := s.conn
	s.conn = nil
	return conn, nil
}

func (s *single) Close() error   { return nil }
func (s *single) Addr() net.Addr { return &net.UnixAddr{} }

func start(t *testing.T, hook engineproxy.Hook) *http.Client {
	t.Helper()
	dir := t.TempDir()
	engine, err := net.Listen("unix", filepath.Join(dir, "engine.sock"))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: fakeEngine(0)} //nolint:gosec // of a test
	go func() { _ = server.Serve(engine) }()
	t.Cleanup(func() { _ = server.Close() })
	socket := filepath.Join(dir, "proxy.sock")
	proxy, err := engineproxy.Start(socket, filepath.Join(dir, "engine.sock"), func(int) engineproxy.Hook { return hook })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := proxy.Close(); err != nil {
			t.Error(err)
		}
	})
	return clientOn(func() (net.Conn, error) { return net.Dial("unix", socket) })
}

func clientOn(dial func() (net.Conn, error)) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) { return dial() },
	}}
}

func call(t *testing.T, hc *http.Client, method, path, body string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://engine"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := hc.Do(req)
	if err != nil {
		return "no answer"
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return "broken answer"
	}
	return fmt.Sprintf("%d %s", resp.StatusCode, text)
}

// tunnelled opens a tunnel through hc and returns a client inside it.
func tunnelled(t *testing.T, hc *http.Client, exec string) *http.Client {
	t.Helper()
	if got := call(t, hc, "POST", "/v1.41/containers/dind/exec", tunnelBody); got != fmt.Sprintf(`200 {"Id":"%s"}`, exec) {
		t.Fatalf("creating the tunnel: %s", got)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://engine/v1.41/exec/"+exec+"/start", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "tcp")
	resp, err := hc.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	stream, ok := resp.Body.(io.ReadWriteCloser)
	if !ok || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("starting the tunnel: %s", resp.Status)
	}
	return clientOn(func() (net.Conn, error) {
		return &unframed{ReadWriteCloser: stream, from: bufio.NewReader(stream)}, nil
	})
}

// unframed is a tunnel as its client reads it.
type unframed struct {
	net.Conn // nil: its other methods are not called
	io.ReadWriteCloser
	from *bufio.Reader
	left int
}

func (u *unframed) Read(b []byte) (int, error) {
	for u.left == 0 {
		var head [8]byte
		if _, err := io.ReadFull(u.from, head[:]); err != nil {
			return 0, err
		}
		size := int(binary.BigEndian.Uint32(head[4:]))
		if head[0] == 1 {
			u.left = size
		} else if _, err := io.CopyN(io.Discard, u.from, int64(size)); err != nil {
			return 0, err
		}
	}
	n, err := u.from.Read(b[:min(len(b), u.left)])
	u.left -= n
	return n, err
}

func (u *unframed) Write(b []byte) (int, error) { return u.ReadWriteCloser.Write(b) }
func (u *unframed) Close() error                { return u.ReadWriteCloser.Close() }

// What reads passes and is counted, at every depth; what changes something is
// refused, at every depth, and told.
func TestReadOnlyAtEveryDepth(t *testing.T) {
	t.Parallel()
	hook := &engineproxy.ReadOnly{}
	root := start(t, hook)
	got := []string{call(t, root, "GET", "/v1.41/info", "")}
	inner := tunnelled(t, root, "exec0")
	got = append(got, call(t, inner, "GET", "/v1.41/info", ""))
	deep := tunnelled(t, inner, "exec1") // it takes inner's connection
	got = append(got, call(t, deep, "GET", "/v1.41/info", ""))
	if want := []string{"200 0: GET /v1.41/info ", "200 1: GET /v1.41/info ", "200 2: GET /v1.41/info "}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, hc := range []*http.Client{root, deep} {
		if got := call(t, hc, "POST", "/v1.41/containers/create?name=x", "{}"); !strings.HasPrefix(got, "500 ") {
			t.Errorf("a change was answered %q", got)
		}
	}
	want := []string{"POST /containers/create?name=x", "POST /containers/create?name=x (inside dind) (inside dind)"}
	if got := hook.Changes(); !slices.Equal(got, want) {
		t.Errorf("changes %q, want %q", got, want)
	}
	if calls, inside, tunnels := hook.Counts(); calls != 9 || inside != 5 || tunnels != 4 {
		t.Errorf("%d calls, %d inside, %d for tunnels", calls, inside, tunnels)
	}
}

// An exec is a tunnel byte by byte, or a change.
func TestWhatIsNoTunnel(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"another command":     strings.Replace(tunnelBody, "dial-stdio", "prune", 1),
		"another environment": strings.Replace(tunnelBody, "unix:///var/run/docker.sock", "tcp://elsewhere:2375", 1),
		"privileged":          strings.Replace(tunnelBody, "{", `{"Privileged":true,`, 1),
		"a new field":         strings.Replace(tunnelBody, "{", `{"Novelty":1,`, 1),
		"more after it":       tunnelBody + tunnelBody,
	} {
		hook := &engineproxy.ReadOnly{}
		got := call(t, start(t, hook), "POST", "/v1.41/containers/dind/exec", body)
		if !strings.HasPrefix(got, "500 ") || len(hook.Changes()) != 1 {
			t.Errorf("%s: answered %q, changes %q", name, got, hook.Changes())
		}
	}
}

// scripted does one thing to all calls, before or after the engine.
type scripted struct {
	before, after engineproxy.Verdict
	did           chan int
}

func (s scripted) Before(engineproxy.Call) engineproxy.Verdict { return s.before }
func (s scripted) Wants(engineproxy.Call) bool                 { return s.after != engineproxy.Pass }

func (s scripted) After(_ engineproxy.Call, status int) engineproxy.Verdict {
	s.did <- status
	return s.after
}

// Each verdict does what it says, and after the engine only when that is through.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		hook scripted
		want string
		did  int
	}{
		{scripted{before: engineproxy.Pass}, "200 0: POST /v1.41/volumes/create x", 0},
		{scripted{before: engineproxy.Drop}, "no answer", 0},
		{scripted{before: engineproxy.Refuse}, `500 {"message":"the engine broke down (a fault of the test)"}`, 0},
		{scripted{after: engineproxy.Drop}, "no answer", 200},
		{scripted{after: engineproxy.Refuse}, `500 {"message":"the engine broke down (a fault of the test)"}`, 200},
	} {
		c.hook.did = make(chan int, 1)
		if got := call(t, start(t, c.hook), "POST", "/v1.41/volumes/create", "x"); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.hook, got, c.want)
		}
		did := 0
		select {
		case did = <-c.hook.did:
		default:
		}
		if did != c.did {
			t.Errorf("%+v: the engine answered %d, want %d", c.hook, did, c.did)
		}
	}
}
