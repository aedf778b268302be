package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// reachDaemons finds out how each controller gets to its daemon.
func (s *state) reachDaemons(known Known) diag.List {
	var problems diag.List
	for _, n := range s.sorted() {
		if d := s.nouns[n.daemon]; n.kind == provider.Controller && d != nil {
			problems = append(problems, s.reachDaemon(n, d, known)...)
		}
		if n.kind == provider.Controller && flag(n.value, "docker_cli") {
			problems = append(problems, s.bindCLI(n, known)...)
		}
	}
	return problems
}

func (s *state) reachDaemon(c, d *noun, known Known) diag.List {
	refuse := func(why string) diag.List {
		return diag.List{c.problem("unreachable-daemon", "daemon", "Controller that cannot reach its daemon", why)}
	}
	switch {
	case d.elsewhere():
		return s.reachElsewhere(c, d)
	case d.logical && c.inside != "":
		return refuse(fmt.Sprintf("%s is inside %s and cannot get at the root engine's socket. Take inside away, or let it use daemon = %s.", c.address, c.inside, c.inside))
	case d.logical:
		c.reach.socket = s.socketOf(d, known)
		c.reach.group = s.groupFor(c, known[rootDaemon].Details[provider.DetailSocketGroup])
		return s.checkSocket(d, known)
	case c.inside == d.address:
		c.reach.socket = socketTarget
		c.reach.group = s.groupFor(c, "")
		return nil
	case c.inside != d.inside:
		return refuse(fmt.Sprintf("%s runs on %s and %s on %s: no network joins them. Put both on one engine, or use the daemon that the controller is inside.",
			c.address, engineWord(c.inside), d.address, engineWord(d.inside)))
	}
	for _, network := range s.networksOf(c) {
		if slices.Contains(s.networksOf(d), network) {
			c.reach.certs = d.certs
			return nil
		}
	}
	return refuse(fmt.Sprintf("%s is on %s and %s on %s: they have no network in common. %s",
		c.address, networkWords(s.networksOf(c)), d.address, networkWords(s.networksOf(d)), s.joinAdvice(c, d)))
}

func (s *state) joinAdvice(c, d *noun) string {
	if theirs := s.networksOf(d); len(theirs) > 0 && theirs[0] != defaultNetwork {
		return fmt.Sprintf("Add %s to the networks of %s.", theirs[0], c.address)
	}
	if ours := s.networksOf(c); len(ours) > 0 && ours[0] != defaultNetwork {
		return fmt.Sprintf("Add %s to the networks of %s.", ours[0], d.address)
	}
	return "Declare a network in the same place and name it in the networks of both."
}

func engineWord(inside string) string {
	if inside == "" {
		return "the root engine"
	}
	return inside
}

func networkWords(networks []string) string {
	if len(networks) == 0 {
		return "no network"
	}
	return strings.Join(networks, ", ")
}

// socketOf is the path of the root engine's socket, as far as it is known.
func (s *state) socketOf(d *noun, known Known) string {
	if socket := text(d.value, "socket"); socket != "" {
		return clean(socket)
	}
	return rootSocket(known)
}

func rootSocket(known Known) string {
	if path, ok := strings.CutPrefix(known[rootDaemon].Endpoint, "unix://"); ok && strings.HasPrefix(path, "/") {
		return clean(path)
	}
	return socketTarget
}

// checkSocket refuses a socket of an engine that dindctl does not speak with:
// objects would be made on another engine than the controller's.
func (s *state) checkSocket(d *noun, known Known) diag.List {
	socket := text(d.value, "socket")
	if socket == "" || !strings.HasPrefix(known[rootDaemon].Endpoint, "unix://") || sameSocket(socket, rootSocket(known)) {
		return nil
	}
	return diag.List{d.problem("foreign-socket", "socket", "Socket of another engine",
		fmt.Sprintf("%s is not the socket of the engine that this run speaks with, which is %s. Write that one, or run dindctl with -H unix://%s.", socket, rootSocket(known), socket))}
}
