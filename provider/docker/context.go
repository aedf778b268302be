package docker

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/dindctl/dindctl/provider"
)

// configDir is the docker CLI's directory.
func configDir(env map[string]string) string {
	if dir := env["DOCKER_CONFIG"]; dir != "" {
		return dir
	}
	home := env["HOME"]
	if home == "" {
		home = env["USERPROFILE"]
	}
	return path.Join(home, ".docker")
}

// currentContext reads which context `docker context use` chose, and the file that says so.
func currentContext(env map[string]string, host files) (name, file string, err error) {
	file = path.Join(configDir(env), "config.json")
	content, err := host.read(file)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return "", file, nil
	}
	if err != nil {
		return "", file, fmt.Errorf("reading the docker configuration: %w", err)
	}
	var config struct {
		CurrentContext string `json:"currentContext"`
	}
	if err := json.Unmarshal(content, &config); err != nil {
		return "", file, &provider.Problem{
			Code: provider.Invalid, Summary: "The docker configuration cannot be read",
			Detail: fmt.Sprintf("%s: %v. Repair it, or name the engine with -H.", file, err),
		}
	}
	return config.CurrentContext, file, nil
}

// contextMeta is what is used of a context's meta.json.
type contextMeta struct {
	Name      string
	Endpoints map[string]struct {
		Host          string
		SkipTLSVerify bool
	}
}

// fromContext returns the engine of a docker context.
func fromContext(name, by string, env map[string]string, host files) (endpoint, error) {
	chosen := fmt.Sprintf("context %q (%s)", name, by)
	if name == "default" {
		return endpoint{url: defaultSocket, chosen: chosen}, nil
	}
	sum := sha256.Sum256([]byte(name))
	id := hex.EncodeToString(sum[:])
	dir := path.Join(configDir(env), "contexts")
	content, err := host.read(path.Join(dir, "meta", id, "meta.json"))
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
	at := endpoint{url: docker.Host, chosen: chosen}
	certificates := path.Join(dir, "tls", id, "docker")
	_, err = host.read(path.Join(certificates, "ca.pem"))
	_, certErr := host.read(path.Join(certificates, "cert.pem"))
	if err == nil || certErr == nil || docker.SkipTLSVerify {
		at.tls, err = tlsFrom(certificates, docker.SkipTLSVerify, host)
		return at, err
	}
	return at, nil
}
