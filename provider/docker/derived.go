package docker

import (
	"bytes"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/dindctl/dindctl/provider"
)

// Where a daemon's client certificates are, in the daemon and in its controllers.
const (
	certificatesRoot = "/certs"
	certificates     = "/certs/client"
	daemonJSONPath   = "/etc/docker/daemon.json"
)

// derivedEnvironment is what follows from an object's role: where a controller
// finds its daemon, how a daemon names itself in its certificates.
func derivedEnvironment(decl provider.Declaration, d values) map[string]string {
	switch decl.Kind {
	case provider.Daemon:
		return daemonEnvironment(decl, d)
	case provider.Controller:
		return withAuthVariable(controllerEnvironment(decl, d), d)
	case provider.Job:
		return withAuthVariable(map[string]string{}, d)
	case provider.Image, provider.Network, provider.Volume, provider.Container, provider.Guard:
	}
	return map[string]string{}
}

func daemonEnvironment(decl provider.Declaration, d values) map[string]string {
	if !d.flag("tls", true) {
		return map[string]string{"DOCKER_TLS_CERTDIR": ""}
	}
	names := appendNew([]string{"DNS:" + aliasOf(d)}, "DNS:"+labelOf(decl.Address))
	return map[string]string{"DOCKER_TLS_CERTDIR": certificatesRoot, "DOCKER_TLS_SAN": strings.Join(names, ",")}
}

func controllerEnvironment(decl provider.Declaration, d values) map[string]string {
	r, ok := d.ref("daemon")
	if !ok {
		return map[string]string{}
	}
	daemon, ok := decl.Related[r.Address]
	if !ok || daemon.Kind != provider.Daemon {
		return map[string]string{}
	}
	if usesSocket(decl) {
		return map[string]string{} // also inside a daemon that listens on TCP, too
	}
	return clientEnvironment(valuesOf(daemon.Declared))
}

// withAuthVariable leads clients of registries to their credentials.
func withAuthVariable(env map[string]string, d values) map[string]string {
	if !d.get(registryAuth).IsNull() {
		env[authVariable] = authDirectory
	}
	return env
}

// clientEnvironment leads a docker CLI to a daemon. A socket is mounted where
// the CLI looks by itself.
func clientEnvironment(daemon values) map[string]string {
	switch {
	case daemon.text("endpoint") != "":
		secure := daemon.text("certificates") != ""
		address, err := elsewhereURL(daemon.text("endpoint"), secure)
		if err != nil { // which opening it says
			address = daemon.text("endpoint")
		}
		env := map[string]string{"DOCKER_HOST": address}
		if secure {
			env["DOCKER_TLS_VERIFY"], env["DOCKER_CERT_PATH"] = "1", certificates
		}
		return env
	case daemon.text("socket") != "" || !daemon.has("image"):
		return map[string]string{}
	case !daemon.flag("tls", true):
		return map[string]string{"DOCKER_HOST": endpointOf(daemon)}
	}
	return map[string]string{
		"DOCKER_HOST":       endpointOf(daemon),
		"DOCKER_TLS_VERIFY": "1",
		"DOCKER_CERT_PATH":  certificates,
	}
}

// endpointOf is where a daemon in a container answers on its networks.
func endpointOf(daemon values) string {
	port := "2376"
	if !daemon.flag("tls", true) {
		port = "2375"
	}
	return "tcp://" + aliasOf(daemon) + ":" + port
}

func aliasOf(daemon values) string {
	if alias := daemon.text("alias"); alias != "" {
		return alias
	}
	return "docker"
}

// capabilities brings names into one form: upper case, with CAP_, sorted, each once.
func capabilities(names []string) []string {
	var out []string
	for _, name := range names {
		name = strings.ToUpper(strings.TrimSpace(name))
		if name != "ALL" && !strings.HasPrefix(name, "CAP_") {
			name = "CAP_" + name
		}
		out = appendNew(out, name)
	}
	sort.Strings(out)
	return out
}

func contains(list []string, s string) bool { return slices.Contains(list, s) }

// recordMentions tells whether a record may hold an attribute: reading a whole one costs
// more than most observations of an object otherwise do.
func recordMentions(spec []byte, attribute string) bool {
	return bytes.Contains(spec, []byte(strconv.Quote(attribute)))
}

// createdOf reads a record back as a declared value, as far as it can be: a
// reference is only an address there, a secret nothing at all.
func createdOf(spec []byte) cty.Value {
	if len(spec) == 0 {
		return cty.EmptyObjectVal
	}
	t, err := ctyjson.ImpliedType(spec)
	if err != nil {
		return cty.EmptyObjectVal
	}
	v, err := ctyjson.Unmarshal(spec, t)
	if err != nil {
		return cty.EmptyObjectVal
	}
	return v
}
