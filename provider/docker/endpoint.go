package docker

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path"
	"strings"
	"syscall"
	"time"

	"github.com/dindctl/dindctl/provider"
)

// files is what the choice of an endpoint reads of this host.
type files interface {
	read(name string) ([]byte, error)
}

type osFiles struct{}

func (osFiles) read(name string) ([]byte, error) { return os.ReadFile(name) }

// endpoint is how the root engine is reached.
type endpoint struct {
	url    string
	chosen string // for people: "-H", "DOCKER_HOST"
	tls    *tls.Config
}

const defaultSocket = "unix:///var/run/docker.sock"

// chooseEndpoint decides which engine is the root: -H, -context, DOCKER_HOST, the
// current context, the default socket, in this order.
func chooseEndpoint(req provider.ConfigureRequest, host files) (endpoint, error) {
	env := req.Environment
	switch {
	case req.Endpoint != "":
		return withEnvironmentTLS(endpoint{url: normalURL(req.Endpoint), chosen: "-H"}, env, host)
	case req.Context != "":
		return fromContext(req.Context, "-context or the project's pin", env, host)
	case env["DOCKER_HOST"] != "":
		return withEnvironmentTLS(endpoint{url: normalURL(env["DOCKER_HOST"]), chosen: "DOCKER_HOST"}, env, host)
	case env["DOCKER_CONTEXT"] != "":
		return fromContext(env["DOCKER_CONTEXT"], "DOCKER_CONTEXT", env, host)
	}
	current, file, err := currentContext(env, host)
	if err != nil {
		return endpoint{}, err
	}
	if current != "" && current != "default" {
		return fromContext(current, "currentContext in "+file, env, host)
	}
	return endpoint{url: defaultSocket, chosen: "default socket"}, nil
}

// normalURL accepts the short forms that the docker CLI accepts.
func normalURL(text string) string {
	switch {
	case strings.Contains(text, "://"):
		return text
	case strings.HasPrefix(text, "/"):
		return "unix://" + text
	}
	return "tcp://" + text
}

// withEnvironmentTLS adds what DOCKER_TLS_VERIFY and DOCKER_CERT_PATH say.
func withEnvironmentTLS(at endpoint, env map[string]string, host files) (endpoint, error) {
	if !strings.HasPrefix(at.url, "tcp://") || (env["DOCKER_TLS_VERIFY"] == "" && env["DOCKER_CERT_PATH"] == "") {
		return at, nil
	}
	dir := env["DOCKER_CERT_PATH"]
	if dir == "" {
		dir = configDir(env)
	}
	var err error
	at.tls, err = tlsFrom(dir, env["DOCKER_TLS_VERIFY"] == "", host)
	return at, err
}

// tlsFrom reads ca.pem, cert.pem and key.pem of a directory; each may be missing.
func tlsFrom(dir string, insecure bool, host files) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: insecure} //nolint:gosec // the user's choice, as for the docker CLI
	ca, err := host.read(path.Join(dir, "ca.pem"))
	if err == nil {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(ca) {
			return nil, badCertificates(path.Join(dir, "ca.pem"), errors.New("no certificate in it"))
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, badCertificates(path.Join(dir, "ca.pem"), err)
	}
	cert, err := host.read(path.Join(dir, "cert.pem"))
	if errors.Is(err, fs.ErrNotExist) {
		return config, nil
	}
	key, keyErr := host.read(path.Join(dir, "key.pem"))
	if err = errors.Join(err, keyErr); err != nil {
		return nil, badCertificates(dir, err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, badCertificates(dir, err)
	}
	config.Certificates = []tls.Certificate{pair}
	return config, nil
}

func badCertificates(where string, err error) error {
	return &provider.Problem{
		Code: provider.Denied, Summary: "The engine's certificates cannot be used",
		Detail: fmt.Sprintf("%s: %v. Check DOCKER_CERT_PATH or the docker context.", where, err),
	}
}

// dialLimit is how long a connection to the root engine may take.
const dialLimit = 15 * time.Second

// dialer returns how connections to the endpoint are made.
func (at endpoint) dialer() (dialFunc, error) {
	u, err := url.Parse(at.url)
	if err != nil || u.Scheme == "" {
		return nil, at.invalid("it is not a URL")
	}
	plain := &net.Dialer{Timeout: dialLimit, KeepAlive: 30 * time.Second}
	switch u.Scheme {
	case "unix":
		socket := strings.TrimPrefix(at.url, "unix://")
		return func(ctx context.Context) (net.Conn, error) { return plain.DialContext(ctx, "unix", socket) }, nil
	case "tcp", "http", "https":
		return at.tcpDialer(u, plain), nil
	case "ssh":
		return sshDialer(u), nil
	}
	return nil, at.invalid(fmt.Sprintf("%q is no way to reach an engine; unix, tcp and ssh are", u.Scheme))
}

func (at endpoint) tcpDialer(u *url.URL, plain *net.Dialer) dialFunc {
	config := at.tls
	if config == nil && u.Scheme == "https" {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	address := u.Host
	if u.Port() == "" {
		address = net.JoinHostPort(u.Hostname(), map[bool]string{true: "2376", false: "2375"}[config != nil])
	}
	if config == nil {
		return func(ctx context.Context) (net.Conn, error) { return plain.DialContext(ctx, "tcp", address) }
	}
	secure := &tls.Dialer{NetDialer: plain, Config: config}
	return func(ctx context.Context) (net.Conn, error) { return secure.DialContext(ctx, "tcp", address) }
}

func (at endpoint) invalid(why string) error {
	return &provider.Problem{
		Code: provider.Invalid, Summary: "The engine's address cannot be used",
		Detail: fmt.Sprintf("%s (chosen by %s): %s.", at.url, at.chosen, why),
	}
}

// problem says why the root engine cannot be reached, and what to do.
func (at endpoint) problem(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	if !strings.HasPrefix(at.url, "unix://") {
		if known := at.remoteProblem(err); known != nil {
			return known
		}
	}
	who := fmt.Sprintf("%s (chosen by %s)", at.url, at.chosen)
	var known *provider.Problem
	if errors.As(err, &known) {
		return &provider.Problem{Code: known.Code, Summary: known.Summary, Detail: who + ": " + known.Detail}
	}
	if errors.Is(err, syscall.EACCES) || strings.Contains(err.Error(), "permission denied") {
		return &provider.Problem{
			Code: provider.Denied, Summary: "No permission to use the Docker engine",
			Detail: fmt.Sprintf("%s: permission denied. Add your user to the group of the socket (usually `sudo usermod -aG docker $USER`, then log in again), or run as root.", who),
		}
	}
	advice := "Is the engine running? Choose another with -H, -context or DOCKER_HOST."
	if at.chosen == "default socket" && errors.Is(err, fs.ErrNotExist) {
		advice = "There is no socket. Install and start Docker, or name an engine with -H, -context or DOCKER_HOST."
	}
	return &provider.Problem{
		Code: provider.Unreachable, Summary: "The Docker engine cannot be reached",
		Detail: fmt.Sprintf("%s does not answer: %s. %s", who, engineWords(err), advice),
	}
}
