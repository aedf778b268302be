package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/go-connections/nat"

	"github.com/dindctl/dindctl/provider"
)

// reachLimit is how long one attempt to reach a port may take.
const reachLimit = 3 * time.Second

// nearLimit is how long a connection to an address on this machine may take.
const nearLimit = time.Second

// doorway is one way to a port of a container.
type doorway func(ctx context.Context) (net.Conn, error)

func doorwayTo(address string) doorway {
	return func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", address)
	}
}

// near are the ways to a port of a container at its own addresses, where this process is
// on the engine's host.
func (r *readiness) near(c container.InspectResponse, port string) []doorway {
	if r.e.facts.Files != provider.FilesShared || r.e.place != provider.Root {
		return nil
	}
	var out []doorway
	for _, address := range addressesOf(c) {
		out = append(out, doorwayTo(net.JoinHostPort(address, port)))
	}
	if c.HostConfig.NetworkMode.IsHost() {
		out = append(out, doorwayTo(net.JoinHostPort("127.0.0.1", port)))
	}
	return out
}

// published are the ways to where a port is published. The engine's own proxy accepts every
// connection there, whether something listens in the container or not: only an answer tells.
func (r *readiness) published(c container.InspectResponse, port string) []doorway {
	var out []doorway
	for _, address := range r.e.published(c, port) {
		out = append(out, doorwayTo(address))
	}
	return out
}

// published are the addresses, as this machine has them, at which an engine publishes a port.
func (e *engine) published(c container.InspectResponse, port string) []string {
	host := e.publishedHost()
	if host == "" || c.NetworkSettings == nil {
		return nil
	}
	var out []string
	for _, b := range c.NetworkSettings.Ports[nat.Port(port+"/tcp")] {
		ip := net.ParseIP(b.HostIP)
		switch {
		case ip == nil || ip.IsUnspecified():
			b.HostIP = host
		case ip.IsLoopback() && !e.isLocal():
			continue // of the engine's host, which is another one
		}
		out = append(out, net.JoinHostPort(b.HostIP, b.HostPort))
	}
	return out
}

// isLocal tells whether the loopback addresses of the engine's host are those of this machine.
func (e *engine) isLocal() bool {
	u, err := url.Parse(e.facts.Endpoint)
	return e.facts.Files == provider.FilesShared || err == nil && (u.Scheme == "unix" || u.Scheme == "npipe")
}

// publishedHost is where published ports of the engine are reached from here, or empty.
func (e *engine) publishedHost() string {
	if e.place != provider.Root {
		return ""
	}
	u, err := url.Parse(e.facts.Endpoint)
	switch {
	case err != nil:
		return ""
	case u.Scheme == "unix" || u.Scheme == "npipe":
		return "127.0.0.1"
	}
	return u.Hostname()
}

// port looks whether a port accepts connections: at the container's own addresses, where
// they can be reached, else by what listens in its network namespace.
func (r *readiness) port(ctx context.Context, c container.InspectResponse) (string, error) {
	number, ok := r.ready.number("port")
	if !ok {
		return "", nil
	}
	port := int(number)
	for _, dial := range r.near(c, strconv.Itoa(port)) {
		limited, cancel := context.WithTimeout(ctx, nearLimit)
		conn, err := dial(limited)
		cancel()
		if err == nil {
			_ = conn.Close()
			return "", nil
		}
	}
	listens, err := r.listens(ctx, c, port)
	switch {
	case listens:
		return "", nil
	case err != nil && ctx.Err() == nil:
		return fmt.Sprintf("nothing tells whether port %d accepts connections: %s", port, engineWords(err)), nil
	}
	return fmt.Sprintf("port %d does not accept connections yet", port), nil
}

// listens looks at the table of what listens in a container's network namespace: by a
// command in it, or, where its image has none, by a helper beside it.
func (r *readiness) listens(ctx context.Context, c container.InspectResponse, port int) (bool, error) {
	if r.noTable {
		return r.listensBeside(ctx, c, port)
	}
	limited, cancel := context.WithTimeout(ctx, reachLimit)
	defer cancel()
	table := listeners{port: port}
	code, err := r.e.exec(limited, provider.ExecRequest{ID: r.id, Command: append([]string{"cat"}, listenTables()...), Stdout: &table})
	switch {
	case table.read: // one of the tables may be missing
		return table.found, nil
	case ctx.Err() != nil:
		return false, err
	}
	var refused error
	if r.noTable, refused = tableRefused(code, err); !r.noTable {
		return false, refused
	}
	return r.listensBeside(ctx, c, port)
}

// tableRefused tells of a command that showed no table whether there is none of its name in
// the container, which does not change, and else what became of it, which may.
func tableRefused(code int, err error) (noCommand bool, _ error) {
	const cannotRun, notFound = 126, 127 // as shells and engines say it
	switch {
	case err != nil:
		return noSuchCommand(err.Error()), err
	case code == cannotRun || code == notFound:
		return true, nil
	case code != 0:
		return false, fmt.Errorf("the command that shows it exits with code %d", code)
	}
	return false, nil
}

// tableWatch is a helper beside a container that tells whether a port is listened on there.
type tableWatch struct {
	cancel context.CancelFunc
	over   chan struct{} // closed once nothing of it is left
	state  atomic.Pointer[string]
	err    error // why it is over
	line   []byte
	wake   chan<- struct{}
}

// end takes the helper down; there may be none.
func (w *tableWatch) end() {
	if w != nil {
		w.cancel()
		<-w.over
	}
}

// Write takes what the helper says in, of which the last line is what holds now.
func (w *tableWatch) Write(b []byte) (int, error) {
	w.line = append(w.line, b...)
	for {
		line, rest, whole := bytes.Cut(w.line, []byte{'\n'})
		if !whole {
			return len(b), nil
		}
		w.line = rest
		w.tell(string(line))
	}
}

func (w *tableWatch) tell(state string) {
	w.state.Store(&state)
	select {
	case w.wake <- struct{}{}:
	default: // it is told already
	}
}

// listensBeside asks a helper, which stays for as long as the container is waited for.
func (r *readiness) listensBeside(ctx context.Context, c container.InspectResponse, port int) (bool, error) {
	if r.table == nil {
		r.table = r.watchTable(ctx, c, port)
		r.pause(ctx, readySoon)
	}
	select {
	case <-r.table.over: // the next look takes another one
		err := r.table.err
		r.table = nil
		return false, err
	default:
	}
	state := r.table.state.Load()
	return state != nil && *state == helperYes, nil
}

func (r *readiness) watchTable(ctx context.Context, c container.InspectResponse, port int) *tableWatch {
	ctx, cancel := context.WithCancel(ctx)
	w := &tableWatch{cancel: cancel, over: make(chan struct{}), wake: r.wake}
	owner, _ := claimOf(c.Config.Labels) // that it is ours was settled before
	h := helper{
		owner: owner, name: strings.TrimPrefix(c.Name, "/") + "-helper", command: []string{"listens", strconv.Itoa(port), r.limit.String()},
		limit: r.limit, out: w,
	}
	h.host.NetworkMode = container.NetworkMode("container:" + c.ID)
	go func() {
		defer close(w.over)
		defer cancel()
		_, w.err = r.e.runHelper(ctx, h)
	}()
	return w
}

// listenTables are where Linux shows the sockets of TCP in a network namespace.
func listenTables() []string { return []string{"/proc/net/tcp", "/proc/net/tcp6"} }

// listeners looks for one port in such tables as they are written to it.
type listeners struct {
	port        int
	read, found bool // read says that there was a table at all
	line        []byte
}

// Write is [io.Writer]'s.
func (l *listeners) Write(b []byte) (int, error) {
	const most = 1 << 10 // a line of a table has 150 bytes
	for _, one := range b {
		if one != '\n' {
			if len(l.line) < most {
				l.line = append(l.line, one)
			}
			continue
		}
		l.entry(strings.Fields(string(l.line)))
		l.line = l.line[:0]
	}
	return len(b), nil
}

// entry takes in a line: a number, the address and port here and there, and the state.
func (l *listeners) entry(fields []string) {
	const here, state, listening = 1, 3, "0A"
	if len(fields) <= state {
		return
	}
	l.read = l.read || fields[here] == "local_address"
	_, port, _ := strings.Cut(fields[here], ":")
	number, err := strconv.ParseUint(port, 16, 16)
	l.found = l.found || err == nil && int(number) == l.port && fields[state] == listening
}

// http looks whether a request is answered as it should be, by the first way
// that leads to an answer.
func (r *readiness) http(ctx context.Context, c container.InspectResponse) (string, error) {
	block, ok := r.ready.block("http")
	if !ok {
		return "", nil
	}
	port := 80
	if n, given := block.number("port"); given {
		port = int(n)
	}
	number := strconv.Itoa(port)
	path := "/" + strings.TrimPrefix(block.text("path"), "/")
	ways := []func() (int, error){}
	for _, dial := range append(r.near(c, number), r.published(c, number)...) {
		ways = append(ways, func() (int, error) { return ask(ctx, dial, port, path) })
	}
	for _, command := range askers(c, port, path) {
		ways = append(ways, func() (int, error) { return r.askInside(ctx, command) })
	}
	for _, way := range ways {
		status, err := way()
		if err != nil {
			continue
		}
		if want, given := block.number("status"); given && int(want) == status || !given && status >= 200 && status < 400 {
			return "", nil
		}
		return fmt.Sprintf("GET http://localhost:%d%s answers with status %d", port, path, status), nil
	}
	return fmt.Sprintf("GET http://localhost:%d%s: nothing answers yet", port, path), nil
}

// ask sends one request through a doorway and returns the status of the answer.
func ask(ctx context.Context, dial doorway, port int, path string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, reachLimit)
	defer cancel()
	transport := &http.Transport{
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		DisableKeepAlives: true,
	}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost:"+strconv.Itoa(port)+path, nil)
	if err != nil {
		return 0, err
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return 0, err
	}
	_ = answer.Body.Close()
	return answer.StatusCode, nil
}

// askers are commands that send a request to a port of the container that they run in, and
// write the first line of the answer. They end by themselves: nothing has to be written to
// them, and no stream has to be ended, which engines before 23 do late.
func askers(c container.InspectResponse, port int, path string) [][]string {
	hosts := append([]string{"127.0.0.1"}, slices.Sorted(maps.Values(addressesOf(c)))...)
	request := fmt.Sprintf("GET %s HTTP/1.1\r\nHost: localhost:%d\r\nUser-Agent: dindctl\r\nConnection: close\r\n\r\n", escapedPath(path), port)
	words := append([]string{"ask", strconv.Itoa(port), request}, hosts...)
	bash := `port=$1; request=$2; shift 2; for host; do
( exec 3<>"/dev/tcp/$host/$port" && printf %s "$request" >&3 && IFS= read -t 3 -r line <&3 && printf '%s\n' "$line" ) 2>/dev/null && exit 0
done; exit 1`
	sh := `command -v nc >/dev/null && command -v head >/dev/null || exit 127; port=$1; request=$2; shift 2; for host; do
line=$(printf %s "$request" | nc -w 3 "$host" "$port" 2>/dev/null | head -n 1); [ -n "$line" ] && printf '%s\n' "$line" && exit 0
done; exit 1`
	return [][]string{append([]string{"bash", "-c", bash}, words...), append([]string{"sh", "-c", sh}, words...)}
}

// escapedPath is a path and query as they stand in a request.
func escapedPath(path string) string {
	u, err := url.Parse("http://localhost" + path)
	if err != nil {
		return "/"
	}
	return u.RequestURI()
}

// askInside runs such a command and returns the status of the answer.
func (r *readiness) askInside(ctx context.Context, command []string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*reachLimit)
	defer cancel()
	result, err := r.e.run(ctx, r.id, command, nil)
	if err != nil {
		return 0, err
	}
	if fields := strings.Fields(result.output); result.code == 0 && len(fields) > 1 && strings.HasPrefix(fields[0], "HTTP/") {
		return strconv.Atoi(fields[1])
	}
	return 0, errors.New("nothing answers")
}
