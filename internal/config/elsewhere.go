package config

import (
	"fmt"
	"path"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// Elsewhere is an engine of the configuration that is reached by an endpoint of its own.
type Elsewhere struct {
	Address string
	// Endpoint is a URL; Certificates an absolute directory of this host, or empty.
	Endpoint, Certificates string
	// Range is where the endpoint stands.
	Range diag.Range
}

// Elsewhere are the engines with an endpoint, in the order of their addresses.
func (x *Expanded) Elsewhere() []Elsewhere {
	var out []Elsewhere
	if x.state == nil {
		return nil
	}
	for _, n := range x.state.sorted() {
		if endpoint := text(n.value, "endpoint"); n.elsewhere() && endpoint != "" {
			out = append(out, Elsewhere{n.address, endpoint, x.state.certificatesOf(n), n.rangeOf("endpoint")})
		}
	}
	return out
}

// certificatesOf is the directory of an engine's certificates, absolute; may be empty.
func (s *state) certificatesOf(d *noun) string {
	dir := text(d.value, "certificates")
	if dir == "" || strings.HasPrefix(dir, "/") {
		return clean(dir)
	}
	return path.Join(s.cfg.Dir, dir)
}

// checkEndpointElsewhere refuses what is no way to an engine elsewhere.
func (s *state) checkEndpointElsewhere(n *noun) diag.List {
	endpoint, known := textOf(attribute(n.value, "endpoint"))
	scheme, rest, _ := strings.Cut(endpoint, "://")
	switch shown := provider.WithoutPassword(endpoint); {
	case !known: // which is said elsewhere
	case shown != endpoint:
		hidePassword(s.cfg.Secrets, endpoint)
		return diag.List{n.problem("invalid-value", "endpoint", "Invalid endpoint",
			fmt.Sprintf("There is a password in %s. No engine takes one: tcp has certificates, ssh has keys. Take it away.", shown))}
	case scheme == "unix":
		return diag.List{n.problem("invalid-value", "endpoint", "Invalid endpoint",
			fmt.Sprintf("%s is a socket of this host. Write socket = %q.", endpoint, rest))}
	case scheme != "tcp" && scheme != "ssh" || strings.Trim(rest, "/") == "":
		return diag.List{n.problem("invalid-value", "endpoint", "Invalid endpoint",
			fmt.Sprintf("%q is no way to an engine elsewhere. Write tcp://HOST:PORT, with certificates for TLS, or ssh://USER@HOST.", endpoint))}
	case scheme == "ssh" && given(n.value, "certificates"):
		return diag.List{n.problem("conflicting-arguments", "certificates", "Argument that means nothing here",
			"An engine behind ssh is reached with your keys and ssh configuration. Take certificates away.")}
	}
	return nil
}

// reachElsewhere is the way of a controller of the root engine to an engine
// elsewhere: by its endpoint, with the certificates of this host.
func (s *state) reachElsewhere(c, d *noun) diag.List {
	certificates := s.certificatesOf(d)
	if certificates != "" && c.inside != "" {
		return diag.List{c.problem("unreachable-daemon", "daemon", "Controller that cannot reach its daemon",
			fmt.Sprintf("The certificates for %s are in %s on this host, and %s is inside %s, which does not have that directory. Take inside away.",
				d.address, certificates, c.address, c.inside))}
	}
	c.reach.certificates = certificates
	return nil
}
