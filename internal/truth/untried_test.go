package truth_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// untried are the arguments that no edit sets, by why; those of the model are edited by
// edits of their own.
func untried() map[string]string {
	const (
		ofModel    = "an edit of its own"
		notShown   = "shapes how an object is made or waited for, and is no part of it"
		noEngine   = "the engine in memory does not model it"
		needsFiles = "files are put by tests of their own"
	)
	return map[string]string{
		"name": ofModel, "networks": ofModel, "mount": ofModel, "network_mode": ofModel, "from": ofModel,
		"inside": noEngine, "depends_on": notShown, "external": noEngine, "pull": notShown, "pull_policy": notShown, "ready": notShown,
		"retries": notShown, "timeout": notShown, "run": notShown, "triggers": notShown, "controller": noEngine, "registry_auth": noEngine,
		"file": needsFiles, "env_file": needsFiles, "attach": ofModel, "enable_ipv6": "said beside a range of such addresses, in ipam",
		"platform": noEngine, "runtime": noEngine,
		"cpu_rt_period": noEngine, "cpu_rt_runtime": noEngine, "storage_opt": noEngine, "gpus": noEngine, "volumes_from": noEngine,
	}
}

// Every argument of the kinds that are edited is set by an edit, or it is said why not:
// a new argument is tried, or is a decision.
func TestEveryArgumentIsTriedOrSaysWhyNot(t *testing.T) {
	t.Parallel()
	left := untried()
	unused := maps.Clone(left)
	for _, kind := range []provider.Kind{provider.Container, provider.Network, provider.Volume, provider.Image, provider.Job} {
		body := config.NounBody(kind, docker.Schema())
		names := map[string]bool{}
		for _, a := range body.Attributes {
			names[a.Name] = true
		}
		for _, b := range body.Blocks {
			names[b.Name] = true
		}
		tried := arguments(kind)
		if kind == provider.Job {
			tried = arguments(provider.Container) // some make no sense for what ends
		}
		for _, name := range sortedKeys(names) {
			_, said := left[name]
			delete(unused, name)
			if set := slices.ContainsFunc(tried, func(a argument) bool { return a.name == name }); set == said {
				t.Errorf("%s of a %s is set by an edit: %t; a reason why not: %t", name, kind, set, said)
			}
		}
		for _, a := range arguments(kind) {
			if !names[a.name] {
				t.Errorf("an edit sets %s of a %s, which has no such argument", a.name, kind)
			}
		}
	}
	for _, name := range sortedKeys(unused) {
		t.Errorf("%s is said not to be tried, and is no argument", name)
	}
}
