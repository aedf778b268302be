package docker

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"strings"

	"github.com/docker/docker/api/types/registry"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker/buildkit"
)

// cliLogins is what is read of a docker CLI's config.json about registries.
// https://docs.docker.com/reference/cli/docker/login/#credential-stores
type cliLogins struct {
	Auths       map[string]cliAuth `json:"auths"`
	CredsStore  string             `json:"credsStore"`
	CredHelpers map[string]string  `json:"credHelpers"`
}

type cliAuth struct {
	Auth          string `json:"auth"` // base64 of "user:password"
	IdentityToken string `json:"identitytoken"`
	RegistryToken string `json:"registrytoken"`
}

// askHelper runs docker-credential-NAME for one server and returns its answer.
type askHelper func(ctx context.Context, name, server string) ([]byte, error)

// ownLogins are the credentials that `docker login` stored for whoever runs this
// process. They are read when an image is pulled, never kept.
type ownLogins struct {
	env  map[string]string // DOCKER_CONFIG, HOME
	host files
	ask  askHelper
}

// tokenUser is the user name by which a helper says that the secret is a token.
const tokenUser = "<token>"

// forPlace adds the person's own login to a pull that nothing in the configuration
// has credentials for.
func (o ownLogins) forPlace(ctx context.Context, place provider.Place, auth pullAuth) pullAuth {
	if auth.owner != "" || auth.host == "" {
		return auth
	}
	found, file, err := o.at(ctx, place, auth.host)
	auth.ownTrouble = err
	if err != nil || found == (registry.AuthConfig{}) {
		return auth
	}
	auth.own, auth.owner = true, file
	auth.login.username = found.Username
	auth.header, auth.ownTrouble = registry.EncodeAuthConfig(found)
	return auth
}

// at is find on the root engine, and nothing on others: the root is the engine which
// this person's docker CLI talks to, while an engine elsewhere may belong to others.
func (o ownLogins) at(ctx context.Context, place provider.Place, host string) (registry.AuthConfig, string, error) {
	if place != provider.Root {
		return registry.AuthConfig{}, "", nil
	}
	return o.find(ctx, host)
}

// forBuilds finds the login for a registry whose images a Dockerfile names. Where
// there is none, or it cannot be read, the registry says whether it wants one.
func (o ownLogins) forBuilds(place provider.Place) func(context.Context, string) buildkit.Login {
	return func(ctx context.Context, host string) buildkit.Login {
		found, _, err := o.at(ctx, place, hostKey(host))
		switch {
		case err != nil:
			return buildkit.Login{}
		case found.IdentityToken != "":
			return buildkit.Login{Secret: found.IdentityToken}
		}
		return buildkit.Login{User: found.Username, Secret: found.Password}
	}
}

// find returns the login for a registry, and the file that says so; empty for none.
// A helper named for this registry goes before the general one, and that before the
// file, as in the CLI.
func (o ownLogins) find(ctx context.Context, host string) (registry.AuthConfig, string, error) {
	file := path.Join(settings{o.env, o.host}.configDir(), authFile)
	content, err := o.host.read(file)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return registry.AuthConfig{}, file, nil
	}
	var config cliLogins
	if err == nil {
		err = json.Unmarshal(content, &config)
	}
	if err != nil {
		return registry.AuthConfig{}, file, fmt.Errorf("reading %s: %w", file, err)
	}
	server := host
	if host == "docker.io" {
		server = hubKey
	}
	helper := config.CredsStore
	for key, name := range config.CredHelpers {
		if hostKey(key) == host {
			helper = name
		}
	}
	if helper != "" {
		found, err := o.fromHelper(ctx, helper, server)
		return found, file, err
	}
	for key, stored := range config.Auths {
		if hostKey(key) == host {
			found, err := stored.decode(server)
			if err != nil {
				return registry.AuthConfig{}, file, fmt.Errorf("reading the login for %s in %s: %w", key, file, err)
			}
			return found, file, nil
		}
	}
	return registry.AuthConfig{}, file, nil
}

// decode is a stored login as an engine takes it; empty where nothing is stored.
func (a cliAuth) decode(server string) (registry.AuthConfig, error) {
	out := registry.AuthConfig{IdentityToken: a.IdentityToken, RegistryToken: a.RegistryToken}
	if a.Auth != "" {
		plain, err := base64.StdEncoding.DecodeString(a.Auth)
		user, password, ok := strings.Cut(string(plain), ":")
		if err != nil || !ok {
			return registry.AuthConfig{}, errors.New("it is not the base64 of a user, a colon and a password")
		}
		out.Username, out.Password = user, strings.TrimRight(password, "\x00")
	}
	if out != (registry.AuthConfig{}) {
		out.ServerAddress = server
	}
	return out, nil
}

// fromHelper asks a credential helper; empty where it has nothing for the server.
func (o ownLogins) fromHelper(ctx context.Context, name, server string) (registry.AuthConfig, error) {
	program := "docker-credential-" + name
	if strings.ContainsAny(name, `/\`) {
		return registry.AuthConfig{}, fmt.Errorf("%q is not the name of a credential helper", name)
	}
	answer, err := o.ask(ctx, program, server)
	if strings.Contains(strings.ToLower(string(answer)), "credentials not found") {
		return registry.AuthConfig{}, nil
	}
	if err != nil {
		return registry.AuthConfig{}, fmt.Errorf("asking %s: %w", program, err)
	}
	var stored struct{ Username, Secret string }
	if json.Unmarshal(answer, &stored) != nil {
		// What it said instead may hold a secret.
		return registry.AuthConfig{}, fmt.Errorf("asking %s: its answer is not a login", program)
	}
	out := registry.AuthConfig{Username: stored.Username, Password: stored.Secret, ServerAddress: server}
	if stored.Username == tokenUser {
		out = registry.AuthConfig{IdentityToken: stored.Secret, ServerAddress: server}
	}
	return out, nil
}

// runHelper speaks the helpers' protocol: the server on stdin, the answer on stdout.
// https://github.com/docker/docker-credential-helpers#development
func runHelper(ctx context.Context, program, server string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, "get") //nolint:gosec // the person's own configuration names it
	cmd.Stdin = strings.NewReader(server)
	cmd.Env = os.Environ()
	var out bytes.Buffer
	cmd.Stdout = &out
	err := cmd.Run()
	return out.Bytes(), err
}
