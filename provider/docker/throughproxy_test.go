package docker_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// strictProxy forwards requests without what holds for one hop alone, as a proxy has to
// (RFC 9110, section 7.6.1), and connects. Every name leads to one engine.
type strictProxy struct {
	t      *testing.T
	engine string // its address

	mu        sync.Mutex
	forwarded []string // the requests that came whole
	tunnels   int
}

func (s *strictProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect {
		s.connect(w)
		return
	}
	s.mu.Lock()
	s.forwarded = append(s.forwarded, r.Method+" "+r.URL.Path)
	s.mu.Unlock()
	out := r.Clone(r.Context())
	out.RequestURI, out.URL.Host = "", s.engine
	for _, name := range []string{"Connection", "Upgrade", "Proxy-Connection"} {
		out.Header.Del(name)
	}
	resp, err := http.DefaultTransport.RoundTrip(out)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	maps.Copy(w.Header(), resp.Header)
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, resp.Body)
}

func (s *strictProxy) connect(w http.ResponseWriter) {
	there, err := net.Dial("tcp", s.engine)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	s.mu.Lock()
	s.tunnels++
	s.mu.Unlock()
	here, pending, err := http.NewResponseController(w).Hijack()
	if err != nil {
		s.t.Error(err)
		return
	}
	_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
	go func() {
		_, _ = io.Copy(there, pending)
		_ = there.Close()
	}()
	go func() {
		_, _ = io.Copy(here, there)
		_ = here.Close()
	}()
}

// A proxy that leads to a plain engine gets requests whole, and takes out of them what
// asks for a stream. Whatever is a stream goes through a tunnel: an engine inside is read,
// a daemon is asked whether it is ready, and a command runs. All of it names the engine
// that was meant.
func TestStreamsGoPastAProxyForRequests(t *testing.T) {
	t.Parallel()
	const name = "engine.example:2375"
	exec := strings.Repeat("e", 64)
	var mu sync.Mutex
	hosts := map[string]bool{}
	start := func(inside func(http.ResponseWriter, *http.Request)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Upgrade") == "" { // an engine answers such a one in the old way
				return
			}
			mu.Lock()
			hosts[r.Host] = true
			mu.Unlock()
			inside(w, r)
		}
	}
	inner := oddEngine(t, nil)
	tunnelled := leadsTo(inner)
	tunnelled["POST /exec/"+exec+"/start"] = start(tunnelled["POST /exec/"+exec+"/start"])
	command := map[string]http.HandlerFunc{
		"POST /containers/" + theID + "/exec": says(`{"Id":"` + exec + `"}`),
		"GET /exec/" + exec + "/json":         says(`{"Running":false,"ExitCode":0}`),
		"POST /exec/" + exec + "/start": start(func(w http.ResponseWriter, r *http.Request) {
			conn := hijacked(w, r)
			_, _ = io.WriteString(conn, frame(1, "it ran"))
			_ = conn.Close()
		}),
	}
	for what, c := range map[string]struct {
		engine map[string]http.HandlerFunc
		call   func(p *docker.Provider) (string, error)
		want   string
	}{
		"an engine inside": {tunnelled, func(p *docker.Provider) (string, error) {
			resp, err := p.Open(t.Context(), provider.OpenRequest{Parent: provider.Root, ID: theID})
			return resp.Facts.ID + resp.Why, err
		}, "odd"},
		"a daemon that is asked": {tunnelled, func(p *docker.Provider) (string, error) {
			return "", docker.PingInside(t.Context(), p, theID)
		}, ""},
		"a command": {command, func(p *docker.Provider) (string, error) {
			var out bytes.Buffer
			_, err := p.Exec(t.Context(), provider.ExecRequest{ID: theID, Command: []string{"x"}, Stdout: &out})
			return out.String(), err
		}, "it ran"},
	} {
		proxy := &strictProxy{t: t, engine: strings.TrimPrefix(oddEngine(t, c.engine), "tcp://")}
		server := httptest.NewServer(proxy)
		t.Cleanup(server.Close)
		p := docker.New(nil)
		t.Cleanup(func() { _ = p.Close() })
		_, err := p.Configure(t.Context(), provider.ConfigureRequest{
			Endpoint: "tcp://" + name, Environment: map[string]string{"HTTP_PROXY": server.URL, "DOCKER_CONFIG": t.TempDir()},
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.call(p.(*docker.Provider)) //nolint:forcetypeassert // New makes it
		if got != c.want || err != nil {
			t.Errorf("%s: %q, %v; want %q", what, got, err, c.want)
		}
		proxy.mu.Lock()
		if !slices.ContainsFunc(proxy.forwarded, func(asked string) bool { return strings.HasSuffix(asked, "/info") }) || proxy.tunnels == 0 {
			t.Errorf("%s: the proxy forwarded %s and made %d tunnels; requests are forwarded, and streams have tunnels", what, proxy.forwarded, proxy.tunnels)
		}
		proxy.mu.Unlock()
	}
	if want := map[string]bool{name: true}; !maps.Equal(hosts, want) {
		t.Errorf("streams named the engines %v; want %v", hosts, want)
	}
}

// Where a proxy leads to the engine and is not there, it is said that it is the proxy,
// whichever way it would have been used.
func TestAProxyThatIsDownIsNamed(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	down := l.Addr().String()
	_ = l.Close()
	for _, scheme := range []string{"http", "https", "socks5"} {
		_, err := docker.New(nil).Configure(t.Context(), provider.ConfigureRequest{
			Endpoint: "tcp://engine.example:2375", Environment: map[string]string{"HTTP_PROXY": scheme + "://u:hush@" + down, "DOCKER_CONFIG": t.TempDir()},
		})
		var problem *provider.Problem
		if !errors.As(err, &problem) {
			t.Fatalf("%s: %v", scheme, err)
		}
		want := "tcp://engine.example:2375 (chosen by -H, through the proxy " + down + "): the proxy " + down + " cannot be reached: "
		if !strings.HasPrefix(problem.Detail, want) || strings.Contains(problem.Detail, "hush") {
			t.Errorf("%s:\n got %s\nwant %s...", scheme, problem.Detail, want)
		}
	}
}

// A proxy that is asked for a tunnel and says nothing is left when the caller goes, and
// one that never ends its answer is read up to a limit.
func TestAProxyIsNotListenedToForEver(t *testing.T) {
	t.Parallel()
	for what, answer := range map[string]func(net.Conn, context.CancelFunc) error{
		"http": func(conn net.Conn, leave context.CancelFunc) error { // it was asked, and is silent
			_, err := conn.Read(make([]byte, 1<<10))
			leave()
			return errors.Join(err, endOf(conn))
		},
		"socks5": func(conn net.Conn, leave context.CancelFunc) error {
			_, err := conn.Read(make([]byte, 1<<10))
			leave()
			return errors.Join(err, endOf(conn))
		},
		"http endless": func(conn net.Conn, _ context.CancelFunc) error {
			_, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nX-Long: ")
			for range 1 << 10 { // 64 MiB
				if err != nil {
					return nil //nolint:nilerr // the client has gone
				}
				_, err = conn.Write(bytes.Repeat([]byte("x"), 64<<10))
			}
			return errors.New("all of the endless head was taken")
		},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		ctx, leave := context.WithCancel(t.Context())
		met := make(chan error, 1)
		go func() {
			conn, err := l.Accept()
			if err == nil {
				err = answer(conn, leave)
				_ = conn.Close()
			}
			met <- err
		}()
		scheme, _, _ := strings.Cut(what, " ")
		_, err = docker.DialThrough(ctx, scheme+"://"+l.Addr().String(), "tcp://engine.example:2375")
		if err == nil {
			t.Errorf("%s: there is a connection", what)
		}
		if scheme == what && !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v; want that the caller went", what, err)
		}
		if err := <-met; err != nil {
			t.Errorf("%s: %v", what, err)
		}
		leave()
	}
}

// endOf waits until the other side hangs up.
func endOf(conn net.Conn) error {
	_, _ = io.Copy(io.Discard, conn)
	return nil
}
