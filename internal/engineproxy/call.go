package engineproxy

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Call is one request to an engine.
type Call struct {
	// Number counts the calls of one proxy, from 1.
	Number int64
	Method string
	// Path is the request's path without the API's version, and Query what follows it.
	Path, Query string
	// Inside are the containers through whose tunnels the call goes, the outermost
	// first; empty for the engine in front of which the proxy stands.
	Inside []string
	// Body is the content of a request that is small and of a known length
	// (an exec's, a container's); nil for what is streamed.
	Body []byte
	// Tunnel says that the call opens a tunnel, in the one form that a plan may.
	Tunnel bool
}

// String is the call for people: "POST /containers/create (inside dind)".
func (c Call) String() string {
	text := c.Method + " " + c.Path
	if c.Query != "" {
		text += "?" + c.Query
	}
	for _, id := range c.Inside {
		text += " (inside " + id[:min(12, len(id))] + ")"
	}
	return text
}

// ReadOnly tells whether a plan may make the call: GET and HEAD, which change
// nothing, and the two requests that open a tunnel.
func (c Call) ReadOnly() bool {
	return c.Method == http.MethodGet || c.Method == http.MethodHead || c.Tunnel
}

// Mutating tells whether the call changes something in an engine. Waiting for a
// container's end is a POST and changes nothing; nor does the session of a build,
// on which the engine asks.
func (c Call) Mutating() bool {
	listens := c.Method == http.MethodPost && (strings.HasSuffix(c.Path, "/wait") || c.Path == "/session")
	return !c.ReadOnly() && !listens
}

// tunnelExec is what a tunnel's exec has to say, no more and no less. It is
// written down here a second time on purpose: the proxy proves what the provider promises.
type tunnelExec struct {
	User, DetachKeys, WorkingDir string
	Privileged, Tty, Detach      bool
	ConsoleSize                  any
	AttachStdin                  bool
	AttachStdout                 bool
	AttachStderr                 bool
	Cmd, Env                     []string
}

// opensTunnel tells whether the body of an exec is a tunnel's: this command, and
// an environment that leads to the daemon's own socket and nowhere else.
func opensTunnel(body []byte) bool {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	var e tunnelExec
	if decoder.Decode(&e) != nil || decoder.More() {
		return false
	}
	return e.User == "" && e.WorkingDir == "" && !e.Privileged && !e.Tty && !e.Detach &&
		e.AttachStdin && e.AttachStdout &&
		slices.Equal(e.Cmd, []string{"docker", "system", "dial-stdio"}) &&
		slices.Equal(e.Env, []string{
			"DOCKER_HOST=unix:///var/run/docker.sock", "DOCKER_CONTEXT=", "DOCKER_TLS=",
			"DOCKER_TLS_VERIFY=", "DOCKER_CERT_PATH=", "DOCKER_API_VERSION=",
		})
}

var (
	version    = regexp.MustCompile(`^/v[0-9.]+/`)
	execCreate = regexp.MustCompile(`^/containers/([^/]+)/exec$`)
	execStart  = regexp.MustCompile(`^/exec/([^/]+)/start$`)
)
