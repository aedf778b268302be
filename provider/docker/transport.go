package docker

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"

	"github.com/docker/docker/api/types/container"
)

// readOnly is the transport of everything that plans. It lets GET and HEAD pass,
// and the two requests that open a tunnel into a daemon that runs in a
// container: the API has no other door. Everything else never leaves the process.
type readOnly struct {
	reads   http.RoundTripper
	tunnels http.RoundTripper // the same engine, without a limit: a tunnel keeps its connection
}

// RoundTrip sends the request or refuses it.
func (t readOnly) RoundTrip(req *http.Request) (*http.Response, error) {
	switch {
	case req.Method == http.MethodGet || req.Method == http.MethodHead:
		return t.reads.RoundTrip(req)
	case req.Method == http.MethodPost && execCreatePath().MatchString(req.URL.Path) && opensTunnel(req):
		return t.reads.RoundTrip(req)
	case req.Method == http.MethodPost && execStartPath().MatchString(req.URL.Path):
		return t.tunnels.RoundTrip(req)
	}
	return nil, fmt.Errorf("a plan changes nothing: %s %s is refused", req.Method, req.URL.Path)
}

func execCreatePath() *regexp.Regexp {
	return regexp.MustCompile(`^(/v[0-9.]+)?/containers/[0-9a-f]{64}/exec$`)
}

func execStartPath() *regexp.Regexp {
	return regexp.MustCompile(`^(/v[0-9.]+)?/exec/[0-9a-f]{64}/start$`)
}

// opensTunnel tells whether the body of an exec request is a tunnel's, byte by byte.
func opensTunnel(req *http.Request) bool {
	if req.Body == nil {
		return false
	}
	body, err := io.ReadAll(io.LimitReader(req.Body, 64<<10))
	if err != nil {
		return false
	}
	_ = req.Body.Close()
	req.Body = io.NopCloser(bytes.NewReader(body))
	want, err := json.Marshal(tunnelExec())
	return err == nil && bytes.Equal(bytes.TrimSpace(body), want)
}

// tunnelExec is the one command that a plan runs in a container. Its environment
// names the daemon's own socket, because the command would otherwise follow the
// container's DOCKER_HOST to wherever that leads.
func tunnelExec() container.ExecOptions {
	return container.ExecOptions{
		AttachStdin:  true,
		AttachStdout: true,
		AttachStderr: true,
		Cmd:          tunnelCommand(),
		Env: []string{
			"DOCKER_HOST=unix:///var/run/docker.sock",
			"DOCKER_CONTEXT=",
			"DOCKER_TLS=",
			"DOCKER_TLS_VERIFY=",
			"DOCKER_CERT_PATH=",
			"DOCKER_API_VERSION=",
		},
	}
}

func tunnelCommand() []string { return []string{"docker", "system", "dial-stdio"} }
