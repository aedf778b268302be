package docker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/go-connections/nat"

	"github.com/dindctl/dindctl/provider"
)

// reachLimit is how long one attempt to reach a port may take.
const reachLimit = 3 * time.Second

// doorway is one way to a port of a container.
type doorway struct {
	words string // for people
	dial  func(ctx context.Context) (net.Conn, error)
}

// doorways are the ways to a TCP port of a container, those first that need
// nothing in the image: its address, where this process is on the engine's host;
// its published port; then a relay that is run in it.
func (r *readiness) doorways(c container.InspectResponse, port int) []doorway {
	number := strconv.Itoa(port)
	tcp := func(host, port string) doorway {
		target := net.JoinHostPort(host, port)
		return doorway{words: target, dial: func(ctx context.Context) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", target)
		}}
	}
	var out []doorway
	if here := r.e.facts.Files == provider.FilesShared && r.e.place == provider.Root; here {
		for _, address := range addressesOf(c) {
			out = append(out, tcp(address, number))
		}
		if c.HostConfig.NetworkMode.IsHost() {
			out = append(out, tcp("127.0.0.1", number))
		}
	}
	if host := r.e.publishedHost(); host != "" {
		for _, b := range c.NetworkSettings.Ports[nat.Port(number+"/tcp")] {
			if b.HostIP == "" || b.HostIP == "0.0.0.0" || b.HostIP == "::" {
				b.HostIP = host
			}
			out = append(out, tcp(b.HostIP, b.HostPort))
		}
	}
	for _, relay := range relays(number) {
		out = append(out, doorway{words: relay[0] + " in it", dial: func(ctx context.Context) (net.Conn, error) {
			return r.relay(ctx, relay)
		}})
	}
	return out
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

// relays are commands that connect their input and output to a port of the
// container, after a line that says that they did.
func relays(port string) [][]string {
	return [][]string{
		{"bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/" + port + " && echo && { cat <&3 & } && cat >&3"},
		{"sh", "-c", "command -v nc >/dev/null || exit 127; nc -z 127.0.0.1 " + port + " && echo && exec nc 127.0.0.1 " + port},
	}
}

// relay runs one of them. Its first line is read here, so that a connection is
// handed out only when there is one.
func (r *readiness) relay(ctx context.Context, command []string) (net.Conn, error) {
	conn, err := openExecStream(ctx, r.e.write.HTTPClient(), "/v"+r.e.read.ClientVersion(), r.id, container.ExecOptions{
		AttachStdin: true, AttachStdout: true, AttachStderr: true, Cmd: command,
	})
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	line := make([]byte, 1)
	n, err := conn.Read(line)
	switch {
	case err == nil && n == 1 && line[0] == '\n':
		return conn, nil
	case err == nil:
		err = errors.New("nothing accepts the connection")
	}
	_ = conn.Close()
	return nil, err
}

// port looks whether a port accepts connections, by the first way that works.
func (r *readiness) port(ctx context.Context, c container.InspectResponse) string {
	port, ok := r.ready.number("port")
	if !ok {
		return ""
	}
	for _, d := range r.doorways(c, int(port)) {
		limited, cancel := context.WithTimeout(ctx, reachLimit)
		conn, err := d.dial(limited)
		cancel()
		if err == nil {
			_ = conn.Close()
			return ""
		}
	}
	return fmt.Sprintf("port %d does not accept connections yet", int(port))
}

// http looks whether a request is answered as it should be, by the first way
// that leads to an answer.
func (r *readiness) http(ctx context.Context, c container.InspectResponse) string {
	block, ok := r.ready.block("http")
	if !ok {
		return ""
	}
	port := 80
	if n, given := block.number("port"); given {
		port = int(n)
	}
	path := "/" + strings.TrimPrefix(block.text("path"), "/")
	missing := fmt.Sprintf("GET http://localhost:%d%s: nothing answers yet", port, path)
	for _, d := range r.doorways(c, port) {
		status, err := ask(ctx, d, port, path)
		if err != nil {
			continue
		}
		if want, given := block.number("status"); given && int(want) == status || !given && status >= 200 && status < 400 {
			return ""
		}
		return fmt.Sprintf("GET http://localhost:%d%s answers with status %d", port, path, status)
	}
	return missing
}

// ask sends one request through a doorway and returns the status of the answer.
func ask(ctx context.Context, d doorway, port int, path string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, reachLimit)
	defer cancel()
	transport := &http.Transport{
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return d.dial(ctx) },
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
