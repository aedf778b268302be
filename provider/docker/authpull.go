package docker

import (
	"fmt"
	"strings"

	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/registry"

	"github.com/dindctl/dindctl/provider"
)

// pullAuth are the credentials with which an image is pulled for an object: its
// own, else those of the controller that starts it.
type pullAuth struct {
	owner  string // address of what has them; empty: nothing has any for this registry
	host   string
	login  login
	header string // for X-Registry-Auth
	own    bool   // the login of who runs this process; owner is then the file that names it
	// ownTrouble says why that login could not be read.
	ownTrouble error
}

// pullAuthOf chooses the credentials for an image.
func pullAuthOf(decl provider.Declaration, ref string) pullAuth {
	out := pullAuth{host: registryOf(ref)}
	d := valuesOf(decl.Declared)
	candidates := []provider.Related{{Address: decl.Address, Declared: decl.Declared}}
	if c, ok := d.ref("controller"); ok {
		candidates = append(candidates, decl.Related[c.Address])
	}
	for _, candidate := range candidates {
		logins, err := loginsOf(valuesOf(candidate.Declared))
		l, there := logins[out.host]
		if err != nil || !there {
			continue
		}
		server := out.host
		if server == "docker.io" {
			server = hubKey
		}
		out.owner, out.login = candidate.Address, l
		out.header, _ = registry.EncodeAuthConfig(registry.AuthConfig{Username: l.username, Password: l.password, ServerAddress: server})
		return out
	}
	return out
}

// registryOf is the host of the registry that has an image; empty for an image id.
func registryOf(ref string) string {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return ""
	}
	return reference.Domain(named)
}

// loginAdvice says where the login that a pull lacks can stand: what takes registry_auth
// says it itself; whatever else is pulled is pulled with a login of the root engine's.
func (w imageWish) loginAdvice() string {
	of := func(kind provider.Kind) bool { return strings.Contains("."+w.address, "."+string(kind)+".") }
	switch {
	case of(provider.Job):
		return fmt.Sprintf("Say registry_auth = { %q = { username = ..., password = ... } } in the controller whose job this is, or in the job; for the root engine, `docker login %[1]s` does as well.", w.auth.host)
	case of(provider.Controller):
		return fmt.Sprintf("Say registry_auth = { %q = { username = ..., password = ... } } in the controller; for the root engine, `docker login %[1]s` does as well.", w.auth.host)
	}
	return fmt.Sprintf("Log in with `docker login %s`: the root engine pulls with your own login, and what it has is carried into the daemons inside it.", w.auth.host)
}

// refusedLogin recognises a registry that wants other credentials than it got;
// nil for every other failure.
func refusedLogin(wish imageWish, err error) error {
	text := strings.ToLower(err.Error())
	asked := false
	for _, words := range []string{"unauthorized", "no basic auth credentials", "authentication required", "access denied", "denied:", "incorrect username or password"} {
		asked = asked || strings.Contains(text, words)
	}
	if !asked || wish.auth.host == "" {
		return nil
	}
	known := &provider.Problem{Code: provider.Denied, Address: wish.address, Path: "image"}
	if wish.auth.owner == "" {
		known.Summary = "The registry asks for credentials"
		known.Detail = fmt.Sprintf("%s does not give %s to a stranger: %s. %s", wish.auth.host, wish.reference, engineWords(err), wish.loginAdvice())
		if wish.auth.ownTrouble != nil {
			known.Detail += fmt.Sprintf(" Your own login could not be used: %v.", wish.auth.ownTrouble)
		}
		return known
	}
	known.Summary = "The registry refuses the credentials"
	if wish.auth.own {
		known.Detail = fmt.Sprintf("%s does not give %s to the login that %s names: %s. Log in again (`docker login %s`) as a user that may pull the image.",
			wish.auth.host, wish.reference, wish.auth.owner, engineWords(err), wish.auth.host)
		return known
	}
	known.Detail = fmt.Sprintf("%s does not give %s to user %s: %s. Check username and password in registry_auth[%q] of %s, and that this user may pull the image.",
		wish.auth.host, wish.reference, wish.auth.login.username, engineWords(err), wish.auth.host, wish.auth.owner)
	return known
}
