package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// groupFor is the group that a controller with a socket is given: the socket's
// own number where it is known, else the order to read it. One that runs as root
// needs none; whom an image runs as is not known here.
func (s *state) groupFor(c *noun, number string) string {
	adds := slices.ContainsFunc(s.bodies[c.kind].Attributes, func(a provider.Attribute) bool { return a.Name == "group_add" })
	user, _, _ := strings.Cut(text(c.value, "user"), ":")
	if !adds || user == "root" || user == "0" {
		return ""
	}
	return cmp.Or(number, provider.SocketGroupAtCreation)
}

// bindCLI decides what docker_cli binds: files of the root engine's host, as far
// as they are known. Before anybody has looked, the usual places stand for them.
func (s *state) bindCLI(c *noun, known Known) diag.List {
	refuse := func(why string) diag.List {
		return diag.List{c.problem("no-docker-cli", "docker_cli", "No docker CLI to bind", why)}
	}
	if c.inside != "" {
		return refuse(fmt.Sprintf("docker_cli binds the CLI of the root engine's host, but %s is inside %s, which sees other files. Take docker_cli away and use an image with a docker CLI.", c.address, c.inside))
	}
	root, looked := known[rootDaemon]
	if !looked || root.Endpoint == "" {
		c.reach.cli, c.reach.etc = "/usr/bin/docker", provider.DockerConfigTarget
		return nil
	}
	c.reach.cli, c.reach.etc = root.Details[provider.DetailDockerCLI], root.Details[provider.DetailDockerConfig]
	if c.reach.cli == "" {
		return refuse(fmt.Sprintf("docker_cli of %s binds the docker CLI of the engine's host, and dindctl finds none: either there is no docker in PATH here that can be bound (snap's cannot), "+
			"or the files of the engine at %s are not this machine's. Install the CLI there, or take docker_cli away and use an image with one, such as docker:28-cli.", c.address, root.Endpoint))
	}
	return nil
}

// CheckSockets says of every declared socket that is none what it is instead.
// Kind looks at a path of the root engine's host: it is empty for a socket, else
// a clause, such as "is a directory".
func (x *Expanded) CheckSockets(kind func(path string) string) diag.List {
	var problems diag.List
	if x.state == nil {
		return nil
	}
	for _, n := range x.state.sorted() {
		socket := text(n.value, "socket")
		if n.kind != provider.Daemon || !strings.HasPrefix(socket, "/") {
			continue
		}
		if what := kind(clean(socket)); what != "" {
			problems = append(problems, n.problem("no-socket", "socket", "Socket that is none",
				fmt.Sprintf("%s of %s %s. Write the path of the socket on which the engine listens; `docker context inspect` shows it. "+
					"The usual ones are %s and, rootless, /run/user/1000/docker.sock with your number.", socket, n.address, what, socketTarget)))
		}
	}
	return problems
}

// computed are attributes of a declared value that no block may set.
func (s *state) computed(n *noun, attributes map[string]cty.Value) {
	if n.reach.group != "" {
		attributes[provider.AttributeSocketGroup] = cty.StringVal(n.reach.group)
	}
}
