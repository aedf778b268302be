package docker_test

import (
	"testing"

	"github.com/docker/docker/api/types/versions"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// What an engine is too old for is refused before anything is made: it would
// take the request and leave the argument out.
func TestLaterArgumentsAreRefused(t *testing.T) {
	r := newRig(t)
	for _, a := range docker.Schema().Nouns[provider.Container].Attributes {
		if a.MinAPI == "" || !versions.LessThan(r.facts.API, a.MinAPI) {
			continue
		}
		decl := r.sleeper(attributes{a.Name: cty.MapVal(attributes{"a": text("b")})})
		resp, err := r.p.Create(t.Context(), r.request(provider.Root, decl), r.sink)
		wantCode(t, err, provider.Refused, a.Name, a.MinAPI, r.facts.API)
		if resp.ID != "" {
			t.Errorf("%s: a container was made", a.Name)
		}
	}
}

// With pull_policy = "never" no registry is asked: an image that the engine does
// not have is an error at once.
func TestPullPolicyNever(t *testing.T) {
	r := newRig(t)
	decl := r.sleeper(attributes{"image": text("registry.invalid/none:1"), "pull_policy": text("never")})
	_, err := r.p.Create(t.Context(), r.request(provider.Root, decl), r.sink)
	wantCode(t, err, provider.NoImage, "registry.invalid/none:1", "never")
}

// A container that shares another one's namespaces follows it: with the other
// made anew, the plan replaces it.
func TestSharedNamespaces(t *testing.T) {
	r := newRig(t)
	owner := r.sleeper(nil)
	id := r.create(provider.Root, owner).ID
	sharing := func(id string) provider.Declaration {
		values := reference(owner.Address, "container", owner.Name).AsValueMap()
		values["id"], values["ref"] = text(id), text(owner.Name)
		ref := cty.ObjectVal(values)
		decl := r.sleeper(attributes{"network_mode": ref, "pid": ref, "init": cty.False, "stop_signal": text("KILL")})
		decl.Address, decl.Name = "container.side", r.project+"-side"
		return decl
	}
	object := r.create(provider.Root, sharing(id))
	if got := r.docker("inspect", "-f", "{{.HostConfig.NetworkMode}} {{.HostConfig.PidMode}}", object.ID); got != "container:"+id+" container:"+id {
		t.Errorf("it shares %s", got)
	}
	var paths []string
	for _, c := range r.diff(sharing(nonce()+nonce()), object) {
		paths = append(paths, c.Path+" "+string(c.Effect)+" "+string(c.Cause))
	}
	if len(paths) != 2 || paths[0] != "network_mode replace configuration" || paths[1] != "pid replace configuration" {
		t.Errorf("with another container behind it: %q", paths)
	}
}
