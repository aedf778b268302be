package docker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"

	"github.com/dindctl/dindctl/provider"
)

// openElsewhere reaches an engine by an endpoint of its own. Opening it twice
// gives the same place.
func (p *Provider) openElsewhere(ctx context.Context, req provider.OpenRequest) (provider.OpenResponse, error) {
	at, err := p.elsewhere(req)
	if err != nil {
		return provider.OpenResponse{}, err
	}
	w, err := at.way()
	if err != nil {
		return provider.OpenResponse{}, err
	}
	var failed dialFailure
	w = failed.watch(w)
	place := provider.Place(at.url + " " + req.Certificates)
	e, err := p.enter(place, w, at.limit())
	if err != nil {
		return provider.OpenResponse{}, err
	}
	limited, cancel := context.WithTimeout(ctx, 2*openLimit)
	defer cancel()
	facts, err := e.connect(limited)
	switch {
	case ctx.Err() != nil:
		return provider.OpenResponse{}, ctx.Err()
	case err != nil:
		return provider.OpenResponse{}, at.problem(failed.or(err))
	}
	facts.Endpoint, facts.Chosen = at.url, at.chosen
	facts.Files, facts.FilesWhy = provider.FilesUnknown, "the engine is elsewhere"
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, known := p.places[place]; !known {
		e.facts = facts
		p.places[place] = e
	}
	return provider.OpenResponse{Readable: true, Place: place, Facts: facts}, nil
}

// elsewhere is the endpoint that a daemon of the configuration names. The person's
// proxies lead there as well, while the headers and the version of the API that belong
// to their own engine say nothing about it.
func (p *Provider) elsewhere(req provider.OpenRequest) (endpoint, error) {
	at := endpoint{chosen: "endpoint of " + req.ID}
	secure := req.Certificates != ""
	var err error
	at.url, err = elsewhereURL(req.Endpoint, secure)
	if err != nil {
		at.url = provider.WithoutPassword(req.Endpoint)
		return at, at.invalid(err.Error())
	}
	if secure {
		found, err := certificatesIn(req.Certificates, osFiles{})
		if err != nil {
			return at, badElsewhere(req, err)
		}
		for name, content := range map[string][]byte{"ca.pem": found.ca, "cert.pem": found.cert, "key.pem": found.key} {
			if content == nil {
				return at, badElsewhere(req, errors.New("there is no "+name))
			}
		}
		if at.tls, err = found.config(false); err != nil {
			return at, badElsewhere(req, err)
		}
	}
	at.proxy, err = settings{p.own().env, osFiles{}}.proxyTo(at)
	return at, err
}

// elsewhereURL is the whole address of an endpoint that the configuration names: one text
// for dindctl and for the docker CLIs that are led there, which take another port than
// this where none is written.
func elsewhereURL(text string, secure bool) (string, error) {
	scheme, rest, _ := strings.Cut(text, "://")
	switch {
	case scheme == "tcp" && secure:
		return tcpURL(rest, defaultTLSPort)
	case scheme == "tcp":
		return tcpURL(rest, defaultPort)
	case scheme == "ssh":
		return sshURL(text)
	}
	return "", noWay(scheme)
}

func badElsewhere(req provider.OpenRequest, err error) error {
	var known *provider.Problem
	text := engineWords(err)
	if errors.As(err, &known) {
		text, _, _ = strings.Cut(known.Detail, ". Check")
	}
	return &provider.Problem{
		Code: provider.Denied, Summary: "The engine's certificates cannot be used",
		Detail: fmt.Sprintf("%s: %s. The certificates of %s are a directory with ca.pem, cert.pem and key.pem, which a docker CLI would find by DOCKER_CERT_PATH.", req.Certificates, text, req.ID),
	}
}

// limit bounds the connections for reading: a server of ssh drops those that come
// too many at once (sshd_config, MaxStartups), and each is a process here.
func (at endpoint) limit() int {
	if strings.HasPrefix(at.url, "ssh://") {
		return maxTunnels
	}
	return 0
}

// remote is one thing that goes wrong between here and an engine elsewhere.
type remote struct {
	words   string // of the error, in lower case
	code    provider.Code
	summary string
	advice  string
}

// remotes are in the order in which they are tried.
func remotes() []remote {
	const summaryCertificate = "The engine's certificate is not accepted"
	return []remote{
		{"host key verification failed", provider.Denied, "The host key is not known", "Compare the host's key and accept it once by `%s`; then ssh keeps it in known_hosts."},
		{"permission denied (", provider.Denied, "The host refuses the login", "Add your key to the agent (`ssh-add`) and to authorized_keys of that user; `%s` has to work without a question."},
		{"could not resolve hostname", provider.Unreachable, "The host is not known by this name", "Check the endpoint's host, and Host in your ssh configuration."},
		{"docker: command not found", provider.Unreachable, "The host has no docker command", "Over ssh, dindctl runs `docker system dial-stdio` there: install the docker CLI, in that user's PATH."},
		{"signed by unknown authority", provider.Denied, summaryCertificate, "Its issuer is not the one in ca.pem: take ca.pem from the engine whose endpoint this is."},
		{"certificate is valid for", provider.Denied, summaryCertificate, "Use one of those names in the endpoint, or have the engine's certificate made for this one."},
		{"certificate is not valid for any names", provider.Denied, summaryCertificate, "Have the engine's certificate made for the host in the endpoint."},
		{"has expired or is not yet valid", provider.Denied, summaryCertificate, "Have it made anew, and compare the clocks."},
		{"bad certificate", provider.Denied, "The engine does not accept the client's certificate", "cert.pem has to be signed by the authority that the engine was started with (--tlscacert)."},
		{"certificate required", provider.Denied, "The engine asks for a client's certificate", "Say certificates = ... , a directory with ca.pem, cert.pem and key.pem for it."},
		{"unknown certificate authority", provider.Denied, "The engine does not accept the client's certificate", "cert.pem has to be signed by the authority that the engine was started with (--tlscacert)."},
		{"first record does not look like a tls handshake", provider.Unreachable, "The engine does not speak TLS", "Take certificates away (everybody who reaches that port is root there), or name the port with TLS, usually 2376."},
		{"http request to an https server", provider.Unreachable, "The engine speaks TLS", "Say certificates = ... , a directory with ca.pem, cert.pem and key.pem for it."},
		{"connection refused", provider.Unreachable, "", "Nothing listens there: check host and port, and that the engine runs."},
		{"no such host", provider.Unreachable, "The host is not known by this name", "Check the endpoint's host."},
		{"i/o timeout", provider.Unreachable, "", "Nothing answers there: a firewall may drop it."},
	}
}

// remoteProblem recognises what goes wrong on the way to an engine that is not this
// host's own; nil for the rest.
func (at endpoint) remoteProblem(err error) error {
	if down := (proxyDown{}); errors.As(err, &down) {
		return &provider.Problem{
			Code: provider.Unreachable, Summary: "The Docker engine cannot be reached",
			Detail: fmt.Sprintf("%s: %s. Start the proxy, or name the engine's host in NO_PROXY where no proxy is needed.", at.who(), strings.TrimSuffix(down.Error(), ".")),
		}
	}
	text := strings.ToLower(err.Error())
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		text += " i/o timeout"
	}
	for _, r := range remotes() {
		if !strings.Contains(text, r.words) {
			continue
		}
		if r.summary == "" {
			r.summary = "The Docker engine cannot be reached"
		}
		if strings.Contains(r.advice, "%s") {
			r.advice = fmt.Sprintf(r.advice, at.sshCommand())
		}
		return &provider.Problem{
			Code: r.code, Summary: r.summary,
			Detail: fmt.Sprintf("%s: %s. %s", at.who(), wayWords(err), r.advice),
		}
	}
	return nil
}

// sshCommand is what a person types to log in to the endpoint's host.
func (at endpoint) sshCommand() string {
	u, err := url.Parse(at.url)
	if err != nil {
		return "ssh"
	}
	host := u.Hostname()
	if name := u.User.Username(); name != "" {
		host = name + "@" + host
	}
	if port := u.Port(); port != "" {
		return "ssh -p " + port + " " + host
	}
	return "ssh " + host
}

// wayWords is what went wrong on the way to an engine, without the preambles of
// client and URL.
func wayWords(err error) string {
	text := strings.TrimPrefix(withoutURL(err), "error during connect: ")
	text, _, _ = strings.Cut(text, "\n* Are you trying") // the client's advice, which fits a socket
	return strings.TrimSuffix(strings.TrimSpace(strings.ReplaceAll(text, "\r", "")), ".")
}

// dialFailure keeps why a connection could not be made: the client puts words of
// its own in the place of some reasons.
type dialFailure struct {
	mu  sync.Mutex
	err error
}

func (f *dialFailure) watch(w way) way {
	w.dial = f.keeping(w.dial)
	if w.toProxy != nil {
		w.toProxy = f.keeping(w.toProxy)
	}
	return w
}

func (f *dialFailure) keeping(dial dialFunc) dialFunc {
	return func(ctx context.Context) (net.Conn, error) {
		conn, err := dial(ctx)
		if err != nil {
			f.mu.Lock()
			f.err = err
			f.mu.Unlock()
		}
		return conn, err
	}
}

// or is the reason that was kept, else the given one.
func (f *dialFailure) or(err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return f.err
	}
	return err
}
