package upgrade_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dindctl/dindctl/internal/engineproxy"
	"github.com/dindctl/dindctl/internal/replay"
)

// realEngine is the test engine behind the site's socket, and the engine elsewhere
// where the example has one.
type realEngine struct {
	*site
	socket string // of the engine itself
	asked  *asked
	far    string // socket of the engine elsewhere; empty without one
	farTo  *asked
}

// asked are the calls that are made while it listens.
type asked struct {
	listening atomic.Bool
	mu        sync.Mutex
	calls     []engineproxy.Call
}

func (a *asked) Before(c engineproxy.Call) engineproxy.Verdict {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = append(a.calls, c)
	return engineproxy.Pass
}

func (a *asked) Wants(engineproxy.Call) bool                     { return false }
func (a *asked) After(engineproxy.Call, int) engineproxy.Verdict { return engineproxy.Pass }
func (a *asked) hook(int) engineproxy.Hook {
	if a.listening.Load() {
		return a
	}
	return nil
}

// realEngine puts a socket of the site's own before the test engine, with a group
// that is known again in a recording.
func (s *site) realEngine() *realEngine {
	s.t.Helper()
	e := &realEngine{site: s, socket: strings.TrimPrefix(os.Getenv("DOCKER_HOST"), "unix://"), asked: new(asked)}
	socket := s.Socket()
	e.relay(socket, e.socket, e.asked)
	if err := errors.Join(os.Chown(socket, -1, replay.SocketGroup), os.Chmod(socket, 0o660)); err != nil && *record {
		s.t.Fatal(err)
	}
	if s.Example.Elsewhere {
		e.startElsewhere()
	}
	return e
}

func (e *realEngine) relay(socket, engine string, to *asked) {
	e.t.Helper()
	proxy, err := engineproxy.Start(socket, engine, to.hook)
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { _ = proxy.Close() })
}

// startElsewhere runs another engine in a container that no project knows, and
// leads to it from an address of this host, with TLS.
func (e *realEngine) startElsewhere() {
	e.t.Helper()
	dir := filepath.Join(e.Dir, "far")
	e.far, e.farTo = filepath.Join(dir, "docker.sock"), new(asked)
	e.docker("run", "--detach", "--privileged", "--name", "far-away", "--volume", dir+":/run/far", replay.DindImage, "--host=unix:///run/far/docker.sock")
	e.t.Cleanup(func() { _ = exec.Command("docker", "rm", "-fv", "far-away").Run() })
	e.docker("exec", "far-away", "sh", "-c", "for i in $(seq 1200); do docker version >/dev/null 2>&1 && exit; sleep 0.05; done; exit 1")
	relayed := filepath.Join(e.Dir, "far.sock")
	e.relay(relayed, e.far, e.farTo)
	listener, err := e.ListenElsewhere("172.17.0.1")
	if err != nil {
		e.t.Fatal(err)
	}
	go func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			go passOn(from.(*tls.Conn), relayed) //nolint:forcetypeassert // of such a listener
		}
	}()
}

// passOn hands bytes on, both ways, until both have ended.
func passOn(from *tls.Conn, socket string) {
	defer func() { _ = from.Close() }()
	to, err := net.DialUnix("unix", nil, &net.UnixAddr{Net: "unix", Name: socket})
	if err != nil {
		return
	}
	defer func() { _ = to.Close() }()
	there := make(chan struct{})
	go func() {
		defer close(there)
		_, _ = io.Copy(to, from)
		_ = to.CloseWrite()
	}()
	_, _ = io.Copy(from, to)
	_ = from.CloseWrite()
	<-there
}

// record plans with the older build, and with this one, and writes down what the
// engines hold, and which of the files and logs the plans read.
func (e *realEngine) record(old, now string) {
	e.t.Helper()
	for _, to := range []*asked{e.asked, e.farTo} {
		if to != nil {
			to.listening.Store(true)
			defer to.listening.Store(false)
		}
	}
	for _, build := range []string{old, now} {
		e.dindctl(build, "plan", "-detailed-exitcode").wants(e.t, 0, "No changes")
	}

	r := &replay.Recording{Commit: os.Getenv("DINDCTL_OLD_COMMIT"), Example: e.Example.Name}
	places := [][]string{nil}
	for _, call := range e.asked.calls {
		if !slices.ContainsFunc(places, func(inside []string) bool { return slices.Equal(inside, call.Inside) }) {
			places = append(places, call.Inside)
		}
	}
	slices.SortStableFunc(places, func(a, b []string) int { return len(a) - len(b) })
	for _, inside := range places {
		calls := slices.DeleteFunc(slices.Clone(e.asked.calls), func(c engineproxy.Call) bool { return !slices.Equal(c.Inside, inside) })
		r.Places = append(r.Places, e.look(&replay.Place{Inside: inside}, dialer(e.socket, inside), calls))
	}
	if e.far != "" {
		r.Places = append(r.Places, e.look(&replay.Place{Elsewhere: true}, dialer(e.far, nil), e.farTo.calls))
	}

	var root struct {
		ServerVersion, DockerRootDir string
		DriverStatus                 [][2]string
	}
	if err := json.Unmarshal(r.Places[0].Info, &root); err != nil {
		e.t.Fatal(err)
	}
	r.Engine = engineName(root.ServerVersion, fmt.Sprint(root.DriverStatus))
	texts := []string{root.DockerRootDir, replay.HereRoot, e.Dir, replay.HereDir, strconv.Itoa(replay.SocketGroup), replay.HereGID}
	if e.Far != "" {
		texts = append(texts, e.Far, replay.HereFar)
	}
	if err := r.Rewrite(strings.NewReplacer(texts...)); err != nil {
		e.t.Fatal(err)
	}
	base := filepath.Join("testdata", r.Commit)
	if err := r.Save(filepath.Join(base, r.Engine, r.Example+".jsonl")); err != nil {
		e.t.Fatal(err)
	}
	e.keepFiles(filepath.Join(base, "files"))
}

// engineName is the engine's version, 28.5, and its image store where it has a choice.
func engineName(version, status string) string {
	name := regexp.MustCompile(`^[0-9]+\.[0-9]+`).FindString(version)
	if strings.Contains(status, "io.containerd.snapshotter") {
		name += "-containerd"
	}
	return name
}

// keepFiles keeps the older build's examples beside its recordings.
func (e *realEngine) keepFiles(to string) {
	e.t.Helper()
	for _, name := range []string{"examples", "docker/controller"} {
		from := filepath.Join(os.Getenv("DINDCTL_OLD_TREE"), name)
		if err := os.RemoveAll(filepath.Join(to, name)); err != nil {
			e.t.Fatal(err)
		}
		if err := os.CopyFS(filepath.Join(to, name), os.DirFS(from)); err != nil {
			e.t.Fatal(err)
		}
	}
	// Its links lead to where it stood.
	if err := os.Remove(filepath.Join(to, "examples/README.md")); err != nil {
		e.t.Fatal(err)
	}
}

// dialer leads to the engine on a socket, or to one inside its containers.
func dialer(socket string, inside []string) func(context.Context) (net.Conn, error) {
	if len(inside) == 0 {
		return func(ctx context.Context) (net.Conn, error) { return new(net.Dialer).DialContext(ctx, "unix", socket) }
	}
	args := []string{"-H", "unix://" + socket}
	for i, id := range inside {
		if i > 0 {
			args = append(args, "docker")
		}
		args = append(args, "exec", "-i", "-e", "DOCKER_HOST=unix:///var/run/docker.sock", id)
	}
	args = append(args, "docker", "system", "dial-stdio")
	return func(context.Context) (net.Conn, error) {
		ours, theirs := net.Pipe()
		cmd := exec.Command("docker", args...)
		cmd.Stdin, cmd.Stdout = theirs, theirs
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		go func() {
			_ = cmd.Wait()
			_ = theirs.Close()
		}()
		return ours, nil
	}
}

// reader asks an engine.
type reader struct {
	t      *testing.T
	client *http.Client
}

func (r reader) do(method, path string) (*http.Response, []byte) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, "http://engine"+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	resp, err := r.client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp, body
}

func (r reader) get(path string) json.RawMessage {
	r.t.Helper()
	resp, body := r.do(http.MethodGet, path)
	if resp.StatusCode != http.StatusOK {
		r.t.Fatalf("GET %s: %s: %s", path, resp.Status, body)
	}
	return bytes.TrimSpace(body)
}

// objects reads a list and, where inspect names a path, each object in it.
func (r reader) objects(list json.RawMessage, inspect string) []*replay.Object {
	r.t.Helper()
	var summaries []json.RawMessage
	if err := json.Unmarshal(list, &summaries); err != nil {
		r.t.Fatal(err)
	}
	out := []*replay.Object{}
	for _, summary := range summaries {
		o := &replay.Object{Summary: summary}
		if inspect != "" {
			o.Inspect = trimmed(r.t, r.get(fmt.Sprintf(inspect, o.Known().Key())))
		}
		out = append(out, o)
	}
	return out
}

// look writes down what an engine holds.
func (e *realEngine) look(p *replay.Place, dial func(context.Context) (net.Conn, error), calls []engineproxy.Call) *replay.Place {
	e.t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }, MaxConnsPerHost: 1}
	defer transport.CloseIdleConnections()
	r := reader{e.t, &http.Client{Transport: transport, Timeout: time.Minute}}
	ping, _ := r.do(http.MethodGet, "/_ping")
	p.Ping = map[string]string{}
	for _, name := range []string{"Api-Version", "Builder-Version", "Docker-Experimental", "Ostype", "Server", "Swarm"} {
		if value := ping.Header.Get(name); value != "" {
			p.Ping[name] = value
		}
	}
	p.Version, p.Info = r.get("/version"), withoutMachine(e.t, r.get("/info"))
	p.Containers = r.objects(r.get("/containers/json?all=1"), "/containers/%s/json")
	p.Networks = r.objects(r.get("/networks"), "/networks/%s")
	var volumes struct{ Volumes json.RawMessage }
	if err := json.Unmarshal(r.get("/volumes"), &volumes); err != nil {
		e.t.Fatal(err)
	}
	p.Volumes = r.objects(volumes.Volumes, "")
	p.Images = r.objects(r.get("/images/json"), "/images/%s/json")
	for _, call := range calls {
		r.contents(p, call)
	}
	return p
}

var contents = regexp.MustCompile(`^/containers/([^/]+)/(logs|archive)$`)

// contents adds the logs or the file that a call asked for.
func (r reader) contents(p *replay.Place, call engineproxy.Call) {
	r.t.Helper()
	match := contents.FindStringSubmatch(call.Path)
	if match == nil {
		return
	}
	o := replay.Find(p.Containers, match[1])
	if o == nil {
		r.t.Fatalf("%s is about no container", call)
	}
	if match[2] == "logs" {
		_, o.Logs = r.do(http.MethodGet, call.Path+"?"+call.Query)
		return
	}
	query, err := url.ParseQuery(call.Query)
	if err != nil {
		r.t.Fatal(err)
	}
	name := query.Get("path")
	if name == replay.ServerCertificate || name == "/certs/client" { // which is read only where that is there
		return
	}
	at := slices.IndexFunc(o.Files, func(f *replay.File) bool { return f.Path == name })
	if at < 0 {
		at = len(o.Files)
		o.Files = append(o.Files, &replay.File{Path: name})
	}
	resp, body := r.do(call.Method, call.Path+"?"+call.Query)
	o.Files[at].Stat = resp.Header.Get("X-Docker-Container-Path-Stat")
	if resp.StatusCode == http.StatusOK && call.Method == http.MethodGet {
		o.Files[at].Archive = body
	}
	slices.SortFunc(o.Files, func(a, b *replay.File) int { return strings.Compare(a.Path, b.Path) })
}

// trimmed leaves out what is long and what nothing plans by: where layers lie.
func trimmed(t *testing.T, inspect json.RawMessage) json.RawMessage {
	t.Helper()
	return without(t, inspect, "GraphDriver", "RootFS")
}

// withoutMachine takes out what an engine says of the machine, and nothing plans by.
func withoutMachine(t *testing.T, info json.RawMessage) json.RawMessage {
	t.Helper()
	return without(t, info, "HttpProxy", "HttpsProxy", "NoProxy", "RegistryConfig", "SystemTime")
}

func without(t *testing.T, object json.RawMessage, names ...string) json.RawMessage {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		delete(fields, name)
	}
	out, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
