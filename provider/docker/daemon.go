package docker

import (
	"context"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
)

// pingLimit is how long one question to a daemon that is starting may take.
const pingLimit = 5 * time.Second

// daemon looks whether the daemon answers: on its own socket, then on the
// endpoint and with the certificates that its controllers will use.
func (r *readiness) daemon(ctx context.Context, _ container.InspectResponse) (string, error) {
	if err := r.ping(ctx, tunnelExec()); err != nil {
		return "its socket does not answer: " + tunnelWords(engineWords(err)), nil
	}
	env := []string{"DOCKER_CONTEXT=", "DOCKER_TLS=", "DOCKER_API_VERSION="}
	client := clientEnvironment(r.d)
	if len(attachmentsOf(r.decl, r.d)) == 0 && client["DOCKER_HOST"] != "" {
		// Without a network of its own no name leads to it.
		client["DOCKER_HOST"] = strings.Replace(client["DOCKER_HOST"], aliasOf(r.d), "localhost", 1)
	}
	for _, name := range []string{"DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"} {
		env = append(env, name+"="+client[name])
	}
	if client["DOCKER_HOST"] == "" {
		return "", nil
	}
	outside := tunnelExec()
	outside.Env = env
	if err := r.ping(ctx, outside); err != nil {
		return client["DOCKER_HOST"] + " does not answer: " + tunnelWords(engineWords(err)), nil
	}
	return "", nil
}

// tunnelWords says in plain words what a docker CLI inside says of a daemon that
// is still starting, which is what nearly every start shows for a moment.
func tunnelWords(text string) string {
	text = strings.TrimPrefix(text, "failed to open the raw stream connection: ")
	if i := strings.LastIndex(text, "dial unix "); i >= 0 {
		socket, why, _ := strings.Cut(text[i+len("dial unix "):], ": connect: ")
		switch why {
		case "no such file or directory":
			return "there is no " + socket + " yet"
		case "connection refused":
			return "nothing listens on " + socket + " yet"
		}
	}
	if i := strings.LastIndex(text, "dial tcp "); i >= 0 {
		endpoint, why, _ := strings.Cut(text[i+len("dial tcp "):], ": connect: ")
		if why == "connection refused" {
			return "nothing listens on " + endpoint + " yet"
		}
	}
	return text
}

// ping asks an engine through an exec in the daemon's container.
func (r *readiness) ping(ctx context.Context, options container.ExecOptions) error {
	ctx, cancel := context.WithTimeout(ctx, pingLimit)
	defer cancel()
	through := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return openExecStream(ctx, r.e.write.HTTPClient(), "/v"+r.e.read.ClientVersion(), r.id, options)
		},
		DisableKeepAlives: true,
	}
	defer through.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+engineHost+"/_ping", nil)
	if err != nil {
		return err
	}
	answer, err := through.RoundTrip(request)
	if err != nil {
		return err
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return &net.OpError{Op: "ping", Net: answer.Status, Err: net.ErrClosed}
	}
	return nil
}
