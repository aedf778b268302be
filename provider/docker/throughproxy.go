package docker

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"
	socks "golang.org/x/net/proxy"
)

// proxyTo is the HTTP or SOCKS proxy through which the docker CLI reaches an endpoint:
// HTTP_PROXY for a plain one, HTTPS_PROXY for one with TLS, none for what NO_PROXY names
// and for this host. Nil for none.
func (s settings) proxyTo(at endpoint) (*url.URL, error) {
	if !strings.HasPrefix(at.url, "tcp://") {
		return nil, nil //nolint:nilnil // sockets and ssh have none
	}
	config := httpproxy.Config{
		HTTPProxy:  s.either("HTTP_PROXY"),
		HTTPSProxy: s.either("HTTPS_PROXY"),
		NoProxy:    s.either("NO_PROXY"),
		CGI:        s.env["REQUEST_METHOD"] != "",
	}
	scheme := "http"
	if at.tls != nil {
		scheme = "https"
	}
	found, err := config.ProxyFunc()(&url.URL{Scheme: scheme, Host: at.address()})
	if err != nil { // its words may repeat a password
		return nil, at.invalid("HTTP_PROXY would lead there, and where REQUEST_METHOD is set, anybody may have set that; use HTTPS and HTTPS_PROXY, or unset REQUEST_METHOD")
	}
	if found == nil {
		return nil, nil //nolint:nilnil // none
	}
	switch found.Scheme {
	case "http", "https", "socks5", "socks5h":
		return found, nil
	}
	return nil, at.invalid(fmt.Sprintf("the proxy that leads there has the scheme %q; http, https and socks5 are known", found.Scheme))
}

// either is a variable that is written in capitals, or else in small letters.
func (s settings) either(name string) string {
	if value := s.env[name]; value != "" {
		return value
	}
	return s.env[strings.ToLower(name)]
}

// asksProxy tells whether requests go to the proxy itself, whole, as requests for plain
// HTTP do; otherwise it opens a tunnel.
func (at endpoint) asksProxy() bool {
	return at.proxy != nil && at.tls == nil && strings.HasPrefix(at.proxy.Scheme, "http")
}

// through opens a connection to an address by the proxy. All that it takes has one limit.
func (at endpoint) through(ctx context.Context, plain *net.Dialer, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	there := portOr(at.proxy, proxyPort(at.proxy))
	proxy := proxyDialer{plain, at.proxy.Host}
	if strings.HasPrefix(at.proxy.Scheme, "socks") {
		var auth *socks.Auth
		if at.proxy.User != nil {
			password, _ := at.proxy.User.Password()
			auth = &socks.Auth{User: at.proxy.User.Username(), Password: password}
		}
		dialer, err := socks.SOCKS5("tcp", there, auth, proxy)
		if err != nil {
			return nil, err
		}
		with, ok := dialer.(socks.ContextDialer)
		if !ok {
			return nil, errors.New("the dialer of SOCKS heeds no context")
		}
		conn, err := with.DialContext(ctx, "tcp", address)
		if err != nil && ctx.Err() != nil {
			err = fmt.Errorf("asking the proxy: %w", ctx.Err())
		}
		return conn, err
	}
	conn, err := proxy.DialContext(ctx, "tcp", there)
	if err != nil {
		return nil, err
	}
	if at.proxy.Scheme == "https" {
		secure := tls.Client(conn, &tls.Config{MinVersion: tls.VersionTLS12, ServerName: at.proxy.Hostname()})
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, proxyDown{at.proxy.Host, err}
		}
		conn = secure
	}
	if err := askTunnel(ctx, conn, at.proxy.User, address); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// proxyDialer connects to a proxy.
type proxyDialer struct {
	plain *net.Dialer
	proxy string // for people
}

func (d proxyDialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

func (d proxyDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.plain.DialContext(ctx, network, address)
	if err != nil {
		return nil, proxyDown{d.proxy, err}
	}
	return conn, nil
}

// proxyDown says that it is the proxy that cannot be reached, and not what is behind it.
type proxyDown struct {
	proxy string
	err   error
}

func (d proxyDown) Error() string {
	return fmt.Sprintf("the proxy %s cannot be reached: %v", d.proxy, d.err)
}

func (d proxyDown) Unwrap() error { return d.err }

// askTunnel has an HTTP proxy connect to an address.
func askTunnel(ctx context.Context, conn net.Conn, who *url.Userinfo, address string) error {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: http.Header{}}
	if who != nil {
		password, _ := who.Password()
		pair := base64.StdEncoding.EncodeToString([]byte(who.Username() + ":" + password))
		req.Header.Set("Proxy-Authorization", "Basic "+pair)
	}
	if err := req.Write(conn); err != nil {
		return fmt.Errorf("asking the proxy: %w", cmp.Or(ctx.Err(), err))
	}
	answer := bufio.NewReader(io.LimitReader(conn, headLimit))
	resp, err := http.ReadResponse(answer, req)
	switch {
	case err != nil:
		return fmt.Errorf("the proxy's answer to CONNECT: %w", cmp.Or(ctx.Err(), err))
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("the proxy answers CONNECT with %s", resp.Status)
	case answer.Buffered() > 0:
		return errors.New("the proxy said more than that there is a connection")
	case !stop():
		return ctx.Err()
	}
	return nil
}

// proxyPort is the port of a proxy that names none.
func proxyPort(proxy *url.URL) string {
	switch proxy.Scheme {
	case "http":
		return "80"
	case "https":
		return "443"
	}
	return "1080"
}

func portOr(u *url.URL, port string) string {
	if given := u.Port(); given != "" {
		port = given
	}
	return net.JoinHostPort(u.Hostname(), port)
}
