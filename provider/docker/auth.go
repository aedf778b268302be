package docker

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/mount"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// Credentials for registries are in one file of the container that uses them, and
// nowhere else: a docker CLI, and most other clients of registries, find it by
// DOCKER_CONFIG. https://docs.docker.com/reference/cli/docker/#configuration-files
const (
	registryAuth  = "registry_auth"
	authDirectory = provider.RegistryAuthTarget
	authVariable  = "DOCKER_CONFIG"
	authFile      = "config.json"
)

// hubKey is what config.json calls the public registry.
const hubKey = "https://index.docker.io/v1/"

// login is one registry's credentials.
type login struct{ username, password string }

// loginsOf reads registry_auth, by host. Nil where it is not declared.
func loginsOf(d values) (map[string]login, error) {
	if !d.has(registryAuth) {
		return nil, nil //nolint:nilnil // nothing is declared
	}
	out := map[string]login{}
	for key, v := range d.objects(registryAuth) {
		host := hostKey(key)
		l := login{v.text("username"), v.text("password")}
		switch {
		case host == "" || strings.ContainsAny(host, " /@"):
			return nil, fmt.Errorf("%q is not a registry; write its host, and the port where it has one, such as registry.example.com:5000", key)
		case l.username == "" || l.password == "":
			return nil, fmt.Errorf("%q needs a username and a password, neither empty", key)
		}
		if _, twice := out[host]; twice {
			return nil, fmt.Errorf("%q is there twice", host)
		}
		out[host] = l
	}
	return out, nil
}

// hostKey accepts the forms in which people write a registry: with a scheme, with
// a slash at the end, the public one under any of its names.
func hostKey(key string) string {
	host := strings.TrimPrefix(strings.TrimPrefix(key, "https://"), "http://")
	host = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(host, "/"), "/v1"), "/v2")
	if host == "index.docker.io" || host == "registry-1.docker.io" {
		return "docker.io"
	}
	return host
}

// dockerConfig is what is read and written of a config.json.
type dockerConfig struct {
	Auths map[string]authEntry `json:"auths"`
}

type authEntry struct {
	Auth string `json:"auth"`
}

// configOf is the content of config.json; nil for nobody's credentials.
func configOf(logins map[string]login) []byte {
	if logins == nil {
		return nil
	}
	config := dockerConfig{Auths: map[string]authEntry{}}
	for host, l := range logins {
		if host == "docker.io" {
			host = hubKey
		}
		config.Auths[host] = authEntry{base64.StdEncoding.EncodeToString([]byte(l.username + ":" + l.password))}
	}
	content, _ := json.MarshalIndent(config, "", "  ") // of strings alone
	return append(content, '\n')
}

// authDigest stands for credentials where they are compared; it never leaves the
// memory of this run. Empty for none.
func authDigest(content []byte) string {
	var config dockerConfig
	if json.Unmarshal(content, &config) != nil || len(config.Auths) == 0 {
		return ""
	}
	canonical, _ := json.Marshal(config) // of strings alone
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:])
}

// registryAuth adds the credentials to a request.
func (b *builder) registryAuth() {
	logins, err := loginsOf(b.d)
	if err != nil {
		b.invalid(registryAuth, err)
		return
	}
	if logins != nil && b.r.host.ReadonlyRootfs {
		b.invalid(registryAuth, errors.New("it is a file in the container's own root, which read_only = true forbids; log in from inside, to a directory that can be written, or take read_only away"))
		return
	}
	if at := b.boundOver(cmp.Or(b.d.mapping("environment")[authVariable], authDirectory)); logins != nil && at != "" {
		b.invalid(registryAuth, fmt.Errorf("its file would be written to the host, through the mount on %s; set DOCKER_CONFIG to a directory of the container's own, or leave it out", at))
		return
	}
	b.r.dockerConfig = configOf(logins)
}

// boundOver is the target of the bind mount that a path of the container lies in;
// empty where it lies in none.
func (b *builder) boundOver(at string) string {
	return mountedOver(b.r.mounts, at, mount.TypeBind)
}

// mountedOver is the target of the mount, of one of the types where some are
// given, that a path of the container lies in; empty where it lies in none.
func mountedOver(mounts []mountSpec, at string, types ...mount.Type) string {
	innermost := mountSpec{}
	for _, m := range mounts {
		if within(at, m.target) && len(m.target) > len(innermost.target) {
			innermost = m
		}
	}
	if len(types) > 0 && !slices.Contains(types, innermost.kind) {
		return ""
	}
	return innermost.target
}

// registryAuth compares the file in the container with what is declared. A job that
// has run is not run again because a password changed: the next run gets the new one.
func (c *comparison) registryAuth(r row) {
	declared := c.declared.get(r.name)
	_, recorded := c.record[r.name]
	switch {
	case c.item.Declaration.Kind == provider.Job, declared.IsNull() && !recorded:
		return
	case !declared.IsWhollyKnown():
		c.add(r, r.name, cty.NullVal(cty.String), cty.UnknownVal(cty.String), r.effect)
		return
	}
	if recorded && c.actual.get(hiddenAuth).IsNull() {
		return // it could not be read
	}
	logins, err := loginsOf(c.declared)
	if err == nil && authDigest(configOf(logins)) != c.actual.text(hiddenAuth) {
		c.add(r, r.name, cty.NullVal(cty.String), cty.NullVal(cty.String), r.effect)
	}
}
