package docker

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/dindctl/dindctl/provider"
)

// contextMeta is what is used of a context's meta.json.
type contextMeta struct {
	Name      string
	Endpoints map[string]struct {
		Host          string
		SkipTLSVerify bool
	}
}

// fromContext returns the engine of a docker context that is a file. The variables
// about TLS say nothing about it.
func (s settings) fromContext(name, chosen string) (endpoint, error) {
	sum := sha256.Sum256([]byte(name))
	id := hex.EncodeToString(sum[:])
	dir := path.Join(s.configDir(), "contexts")
	content, err := s.host.read(path.Join(dir, "meta", id, "meta.json"))
	if err != nil {
		why := err.Error()
		if errors.Is(err, fs.ErrNotExist) {
			why = "there is none of this name in " + dir
		}
		return endpoint{}, &provider.Problem{
			Code: provider.NotFound, Summary: "There is no such docker context",
			Detail: fmt.Sprintf("%s: %s. `docker context ls` lists those that exist.", chosen, why),
		}
	}
	var meta contextMeta
	err = json.Unmarshal(content, &meta)
	docker, ok := meta.Endpoints["docker"]
	if err != nil || !ok || docker.Host == "" {
		return endpoint{}, &provider.Problem{
			Code: provider.Invalid, Summary: "The docker context cannot be used",
			Detail: fmt.Sprintf("%s names no Docker engine. `docker context inspect %s` shows it.", chosen, name),
		}
	}
	at := endpoint{chosen: chosen}
	if at.url, err = contextURL(docker.Host); err != nil {
		at.url = provider.WithoutPassword(docker.Host)
		return endpoint{}, at.invalid(err.Error())
	}
	if !strings.HasPrefix(at.url, "tcp://") {
		return at, nil
	}
	// That the directory is there says that the connection is encrypted: an empty one
	// trusts the system's authorities.
	kept := path.Join(dir, "tls", id, "docker")
	switch secure, err := s.host.isDir(kept); {
	case err != nil && !docker.SkipTLSVerify:
		return endpoint{}, &provider.Problem{
			Code: provider.Denied, Summary: "The docker context cannot be used",
			Detail: fmt.Sprintf("%s: whether it is encrypted says the directory %s, which cannot be looked for: %v. Let your user read it, or name the engine with -H.", chosen, kept, err),
		}
	case !secure && !docker.SkipTLSVerify:
		return at, nil
	}
	found, err := certificatesIn(kept, s.host)
	if err == nil {
		at.tls, err = found.config(docker.SkipTLSVerify)
	}
	return at, err
}

// contextURL is the address that a context names, which the CLI takes as it is: nothing
// is added to it.
func contextURL(host string) (string, error) {
	scheme, rest, written := strings.Cut(host, "://")
	switch {
	case !written:
		return "", errors.New("it is not a URL")
	case rest == "":
		return "", errors.New("there is nothing behind its scheme")
	}
	switch scheme {
	case "unix":
		return host, nil
	case "tcp":
		if strings.HasPrefix(rest, ":") || strings.HasPrefix(rest, "/") {
			return "", errors.New("there is no host in it")
		}
		return tcpURL(rest, "")
	case "ssh":
		return sshURL(host)
	}
	return "", noWay(scheme)
}
