package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
)

// The ports on which the entrypoint of docker:dind lets dockerd listen.
const (
	tlsPort   = "2376"
	plainPort = "2375"
)

const summaryPort = "TLS and port that do not fit"

// checkListening looks whether a daemon listens as its controllers will call it.
func (r *related) checkListening(d daemonFacts) {
	if !d.plain {
		return
	}
	say := func(severity diag.Severity, argument, detail string) {
		r.say(severity, d.Instance, "tls-port", argument, summaryPort, detail)
	}
	dir, written := d.env["DOCKER_TLS_CERTDIR"]
	switch {
	case written && d.tls && dir == "":
		say(diag.Error, "environment", fmt.Sprintf(
			"DOCKER_TLS_CERTDIR is empty, so %s listens on %s without TLS; its controllers call %s with TLS. Write tls = false instead, or take the variable away.", d.Address, plainPort, tlsPort))
	case written && d.tls && clean(dir) != "/certs":
		say(diag.Error, "environment", fmt.Sprintf(
			"DOCKER_TLS_CERTDIR is %s, so the client certificates of %s are made in %s, but its controllers get %s. Take the variable away.", dir, d.Address, clean(dir)+"/client", certsTarget))
	case written && !d.tls && dir != "":
		say(diag.Error, "environment", fmt.Sprintf(
			"DOCKER_TLS_CERTDIR is %s, so %s listens on %s with TLS; with tls = false its controllers call %s without. Take tls = false or the variable away.", dir, d.Address, tlsPort, plainPort))
	}
	for _, name := range []string{"tls", "tlsverify"} {
		if values := d.flags[name]; d.tls && slices.Contains(values, "false") {
			say(diag.Error, "flags", fmt.Sprintf(
				"--%s=false takes back what the entrypoint of %s asks for, but its controllers call it with TLS. Write tls = false instead of the flag.", name, d.Address))
		} else if len(values) > 0 && !d.tls && !slices.Contains(values, "false") {
			say(diag.Error, "flags", fmt.Sprintf(
				"--%s asks for TLS, but with tls = false no certificates are made and controllers call %s without. Take tls = false and the flag away.", name, d.Address))
		}
	}
	r.checkHosts(d)
	for i, port := range elements(attribute(d.Declared, "ports")) {
		target := configText(port, "target")
		if d.tls && target == plainPort || !d.tls && target == tlsPort {
			say(diag.Warning, fmt.Sprintf("ports[%d].target", i), fmt.Sprintf(
				"%s publishes its port %s, on which nothing listens: %s. Publish %s.", d.Address, target, listening(d.tls), portOf(d.tls)))
		}
	}
}

// checkHosts looks at addresses that flags add.
func (r *related) checkHosts(d daemonFacts) {
	for _, host := range d.flags["host"] {
		_, port := hostPort(host)
		if d.tls && port == plainPort || !d.tls && port == tlsPort {
			r.say(diag.Warning, d.Instance, "tls-port", "flags", summaryPort, fmt.Sprintf(
				"--host=%s lets %s listen on %s, where clients expect %s. %s. Use %s, or leave the flag out: the entrypoint listens there by itself.",
				host, d.Address, port, map[bool]string{true: "TLS", false: "no TLS"}[port == tlsPort], capital(listening(d.tls)), portOf(d.tls)))
		}
	}
}

func portOf(tls bool) string {
	if tls {
		return tlsPort
	}
	return plainPort
}

func listening(tls bool) string {
	if tls {
		return "with TLS it listens on " + tlsPort
	}
	return "with tls = false it listens on " + plainPort
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// hostPort takes tcp://name:port apart; both are empty for anything else.
func hostPort(endpoint string) (host, port string) {
	rest, tcp := strings.CutPrefix(endpoint, "tcp://")
	if !tcp {
		return "", ""
	}
	rest, _, _ = strings.Cut(rest, "/")
	host, port, _ = strings.Cut(rest, ":")
	if strings.HasPrefix(rest, "[") {
		inner, after, _ := strings.Cut(rest[1:], "]")
		host, port = inner, strings.TrimPrefix(after, ":")
	}
	return host, port
}

// certificateNames are the names in the certificate that the entrypoint of
// docker:dind makes (docker-library/docker, dockerd-entrypoint.sh): the container's
// own name, docker, localhost and what DOCKER_TLS_SAN adds, which dindctl fills
// with alias and label unless it is written.
func (d daemonFacts) certificateNames() []string {
	names := []string{"docker", "localhost"}
	if hostname := text(d.Declared, "hostname"); hostname != "" {
		names = append(names, hostname)
	}
	written, is := d.env["DOCKER_TLS_SAN"]
	if !is {
		return append(names, d.names()...)
	}
	for _, word := range strings.FieldsFunc(written, func(c rune) bool { return c == ',' || c == '\n' }) {
		if name, dns := strings.CutPrefix(strings.TrimSpace(word), "DNS:"); dns {
			names = append(names, name)
		}
	}
	return names
}

const summaryName = "Name that the daemon's certificate does not hold"

// certified looks whether a name is in a daemon's certificate; *.x stands for one more component.
func (d daemonFacts) certified(name string) bool {
	_, parent, _ := strings.Cut(name, ".")
	return slices.ContainsFunc(d.certificateNames(), func(n string) bool {
		return strings.EqualFold(n, name) || parent != "" && strings.EqualFold(n, "*."+parent)
	})
}

// checkCertificates refuses a volume of client certificates that two daemons
// write to, and a certificate without the alias.
func (r *related) checkCertificates() {
	taken := map[string]daemonFacts{}
	for _, d := range r.daemons {
		if !d.tls || !d.plain {
			continue
		}
		alias := d.names()[0]
		if _, written := d.env["DOCKER_TLS_SAN"]; written && !d.certified(alias) {
			r.say(diag.Error, d.Instance, "alias-not-certified", "environment", summaryName,
				fmt.Sprintf("Controllers call %s by its alias %q, but DOCKER_TLS_SAN, as it is written, does not name it: docker would refuse the certificate. Take the variable away, or add DNS:%s to it.", d.Address, alias, alias))
		}
		seen := map[string]bool{}
		for _, dir := range []string{"/certs/client", "/certs/ca", "/certs/server"} {
			m, rest, found := under(d.mounts, dir)
			object, whole := m.object(d.Inside, rest), m.object(d.Inside, "")
			if !found || object == "" || seen[whole] {
				continue
			}
			other, twice := taken[object]
			if !twice {
				taken[object] = d
				continue
			}
			seen[whole] = true
			r.sharedCertificates(d, other, m, dir)
		}
	}
}

func (r *related) sharedCertificates(d, other daemonFacts, m relatedMount, dir string) {
	if dir == certsTarget {
		r.say(diag.Error, d.Instance, "shared-certificates", m.argument, "Client certificates of two daemons in one place",
			fmt.Sprintf("%s and %s both write their client certificates to %s: the one that starts last overwrites those of the other, whose controllers are then refused. Take the mount away: each daemon gets a volume of its own.",
				other.Address, d.Address, m.words()))
		return
	}
	r.say(diag.Warning, d.Instance, "shared-certificates", m.argument, "Client certificates of two daemons in one place",
		fmt.Sprintf("%s and %s keep %s in %s: they get one authority, or spoil each other's at the first start, and whoever may call one may call the other. Take the mount away, unless that is meant.",
			other.Address, d.Address, dir, m.words()))
}
