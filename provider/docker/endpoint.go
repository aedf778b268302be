package docker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/dindctl/dindctl/provider"
)

// endpoint is how the root engine is reached.
type endpoint struct {
	url     string // for people too: without a password
	chosen  string // for people: "-H", "DOCKER_HOST"
	tls     *tls.Config
	proxy   *url.URL          // that leads there; nil for none
	headers map[string]string // that requests bear beside dindctl's own
	api     string            // the version to speak; empty for the newest that both know
}

// dialLimit is how long a connection to the root engine may take.
const dialLimit = 15 * time.Second

// way returns how the endpoint is spoken to.
func (at endpoint) way() (way, error) {
	dial, err := at.dialer()
	w := way{dial: dial, headers: at.headers, api: at.api}
	if strings.HasPrefix(at.url, "tcp://") {
		w.host = at.address()
		w.host = strings.TrimSuffix(w.host, map[bool]string{true: ":443", false: ":80"}[at.tls != nil])
	}
	if at.asksProxy() {
		w.proxy, w.toProxy = at.proxy, func(ctx context.Context) (net.Conn, error) {
			return proxyDialer{plainDialer(), at.proxy.Host}.DialContext(ctx, "tcp", portOr(at.proxy, proxyPort(at.proxy)))
		}
	}
	return w, err
}

func plainDialer() *net.Dialer { return &net.Dialer{Timeout: dialLimit, KeepAlive: 30 * time.Second} }

// dialer returns how connections to the endpoint are made.
func (at endpoint) dialer() (dialFunc, error) {
	plain := plainDialer()
	scheme, rest, _ := strings.Cut(at.url, "://")
	switch scheme {
	case "unix":
		return func(ctx context.Context) (net.Conn, error) { return plain.DialContext(ctx, "unix", rest) }, nil
	case "tcp":
		return at.tcpDialer(plain), nil
	case "ssh":
		u, err := url.Parse(at.url)
		if err != nil {
			return nil, at.invalid("it is not a URL")
		}
		return sshDialer(u), nil
	}
	return nil, at.invalid(noWay(scheme).Error())
}

// address is the host and the port of a tcp endpoint. Where it names no port, as a
// context may, it is that of HTTP.
func (at endpoint) address() string {
	u, err := url.Parse(at.url)
	if err != nil {
		return ""
	}
	return portOr(u, map[bool]string{true: "443", false: "80"}[at.tls != nil])
}

func (at endpoint) tcpDialer(plain *net.Dialer) dialFunc {
	address := at.address()
	reach := func(ctx context.Context) (net.Conn, error) { return plain.DialContext(ctx, "tcp", address) }
	if at.proxy != nil {
		reach = func(ctx context.Context) (net.Conn, error) { return at.through(ctx, plain, address) }
	}
	if at.tls == nil {
		return reach
	}
	config := at.tls.Clone()
	config.ServerName, _, _ = net.SplitHostPort(address)
	return func(ctx context.Context) (net.Conn, error) {
		conn, err := reach(ctx)
		if err != nil {
			return nil, err
		}
		limited, cancel := context.WithTimeout(ctx, dialLimit)
		defer cancel()
		secure := tls.Client(conn, config)
		if err := secure.HandshakeContext(limited); err != nil {
			_ = conn.Close()
			return nil, err
		}
		return secure, nil
	}
}

// who is the endpoint for people.
func (at endpoint) who() string {
	if at.proxy == nil {
		return fmt.Sprintf("%s (chosen by %s)", at.url, at.chosen)
	}
	return fmt.Sprintf("%s (chosen by %s, through the proxy %s)", at.url, at.chosen, at.proxy.Host)
}

func (at endpoint) invalid(why string) error {
	return &provider.Problem{
		Code: provider.Invalid, Summary: "The engine's address cannot be used",
		Detail: fmt.Sprintf("%s: %s.", at.who(), why),
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
	who := at.who()
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
	if at.chosen == byDefaultSocket && errors.Is(err, fs.ErrNotExist) {
		advice = "There is no socket. Install and start Docker, or name an engine with -H, -context or DOCKER_HOST."
	}
	return &provider.Problem{
		Code: provider.Unreachable, Summary: "The Docker engine cannot be reached",
		Detail: fmt.Sprintf("%s does not answer: %s. %s", who, engineWords(err), advice),
	}
}
