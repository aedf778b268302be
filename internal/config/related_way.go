package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

const (
	codeWay    = "other-daemon"
	summaryWay = "Controller that calls another daemon than its own"
)

// checkWay asks which daemon a controller's CLI really calls: DOCKER_HOST wins over
// a context, a context over the socket at its usual place (docker/cli,
// cli/command/cli.go, resolveContextName).
func (r *related) checkWay(c Instance) {
	own, found := r.by[addressOf(attribute(c.Declared, "daemon"))]
	if !found || own.Kind != provider.Daemon {
		return
	}
	env := plainMap(attribute(c.Declared, "environment"))
	host, written := env["DOCKER_HOST"]
	overTCP := !own.Logical && own.Address != c.Inside
	switch {
	case !written || host == "" && !overTCP:
		r.checkSecondSocket(c, own, overTCP)
	case host == "":
		r.say(diag.Error, c, codeWay, "environment", summaryWay,
			fmt.Sprintf("DOCKER_HOST is empty, so docker in %s does not call %s but %s. Take the variable away: dindctl sets it.", c.Address, own.Address, r.defaultWay(c)))
	default:
		r.checkHost(c, own, env, host, overTCP)
	}
	if _, context := env["DOCKER_CONTEXT"]; context && !written && !overTCP {
		r.say(diag.Warning, c, codeWay, "environment", summaryWay,
			fmt.Sprintf("DOCKER_CONTEXT in %s chooses a context of its own image: it wins over the socket that dindctl mounts for %s, by which nested mounts are judged. Take it away.", c.Address, own.Address))
	}
}

// defaultWay is what the CLI calls without DOCKER_HOST and context.
func (r *related) defaultWay(c Instance) string {
	if m, found := socketMount(c); found {
		return "whatever answers behind " + m.words()
	}
	return "a socket that it does not have"
}

// socketMount is a declared mount at the place where every docker CLI looks.
func socketMount(c Instance) (relatedMount, bool) {
	for _, m := range relatedMounts(c) {
		if !m.implied && sameSocket(m.target, socketTarget) {
			return m, true
		}
	}
	return relatedMount{}, false
}

// checkSecondSocket speaks of a socket beside a daemon that is reached otherwise.
func (r *related) checkSecondSocket(c, own Instance, overTCP bool) {
	m, found := socketMount(c)
	if !found || !overTCP {
		return
	}
	r.say(diag.Warning, c, "two-daemons", m.argument, "Controller with a socket and a daemon",
		fmt.Sprintf("%s calls %s, because DOCKER_HOST says so, and has %s at %s as well. Programs that do not heed DOCKER_HOST reach the engine behind that socket, whose files are others. Take the mount away, or let the controller use that engine: daemon = daemon.root.",
			c.Address, own.Address, m.words(), m.target))
}

// checkHost looks where a DOCKER_HOST that was written leads.
func (r *related) checkHost(c, own Instance, env map[string]string, host string, overTCP bool) {
	name, port := hostPort(host)
	if name == "" {
		r.checkSocketHost(c, own, host, overTCP)
		return
	}
	d, known := r.named(c, name)
	switch {
	case !known:
		r.say(diag.Warning, c, codeWay, "environment", summaryWay,
			fmt.Sprintf("DOCKER_HOST leads %s to %s, and no daemon of this configuration is known by that name on its networks. Nested mounts are judged by %s. Take the variable away, unless both are one.", c.Address, host, own.Address))
	case d.Address != own.Address:
		r.say(diag.Error, c, codeWay, "environment", summaryWay,
			fmt.Sprintf("DOCKER_HOST leads %s to %s, but its daemon is %s, by which nested mounts are judged. Write daemon = %s, or take the variable away.", c.Address, d.Address, own.Address, d.Address))
	default:
		r.checkTLSOf(c, d, env, name, port)
	}
}

func (r *related) checkSocketHost(c, own Instance, host string, overTCP bool) {
	socket, isSocket := strings.CutPrefix(host, "unix://")
	if isSocket && !overTCP && !sameSocket(socket, socketTarget) {
		r.say(diag.Warning, c, codeWay, "environment", summaryWay,
			fmt.Sprintf("DOCKER_HOST leads %s to %s, but the socket of %s, by which nested mounts are judged, is mounted at %s. Take the variable away, unless both are one.", c.Address, host, own.Address, socketTarget))
	}
	if !isSocket || !overTCP {
		if !isSocket && !own.Logical {
			r.say(diag.Warning, c, codeWay, "environment", summaryWay,
				fmt.Sprintf("DOCKER_HOST leads %s to %s, and nested mounts are judged by %s. Take the variable away, unless both are one.", c.Address, host, own.Address))
		}
		return
	}
	behind := "a socket that it does not have"
	if m, _, found := under(relatedMounts(c), clean(socket)); found {
		behind = "the engine behind " + m.words()
	}
	r.say(diag.Error, c, codeWay, "environment", summaryWay,
		fmt.Sprintf("DOCKER_HOST leads %s to %s (%s), but its daemon is %s, by which nested mounts are judged. Take the variable away, or let the controller use that engine: daemon = daemon.root.", c.Address, host, behind, own.Address))
}

// named is the daemon that a name leads to on the controller's networks. Engines
// answer to the names of containers, too.
func (r *related) named(c Instance, name string) (daemonFacts, bool) {
	networks := addresses(attribute(c.Declared, "networks"))
	for _, d := range r.daemons {
		if !slices.Contains(d.names(), name) && d.Name != name {
			continue
		}
		for _, network := range addresses(attribute(d.Declared, "networks")) {
			if slices.Contains(networks, network) {
				return d, true
			}
		}
	}
	return daemonFacts{}, false
}

// checkTLSOf compares how a controller calls its daemon with how that listens.
func (r *related) checkTLSOf(c Instance, d daemonFacts, env map[string]string, name, port string) {
	if !d.plain {
		return
	}
	verify, written := env["DOCKER_TLS_VERIFY"]
	tls := d.tls && !written || verify != ""
	switch {
	case d.tls && port == plainPort || !d.tls && port == tlsPort:
		r.say(diag.Error, c, "tls-port", "environment", summaryPort,
			fmt.Sprintf("DOCKER_HOST leads %s to port %s of %s, on which nothing listens: %s. Take the variable away: dindctl sets the right one.", c.Address, port, d.Address, listening(d.tls)))
	case tls != d.tls:
		r.say(diag.Error, c, "tls-port", "environment", summaryPort,
			fmt.Sprintf("DOCKER_TLS_VERIFY is %q in %s, but %s: %s. Take the variable away: dindctl sets it where it is needed.", verify, c.Address, d.Address, listening(d.tls)))
	case d.tls && !d.certified(name):
		r.say(diag.Error, c, "alias-not-certified", "environment", summaryName,
			fmt.Sprintf("%s calls %s by the name %q, which its certificate does not hold: docker would refuse it. Take DOCKER_HOST away, or give the daemon alias = %q.", c.Address, d.Address, name, name))
	}
}
