package bench_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/versions"

	"github.com/dindctl/dindctl/internal/engineproxy"
)

// apiSeveralNetworks is the lowest API by which a container is created on several
// networks; before, it is connected to the second by a call of its own.
const apiSeveralNetworks = "1.44"

// tunnelsAtMost is how many connections a plan opens into one daemon. How many it
// takes depends on which answer comes first.
const tunnelsAtMost = 4

// The functions below say what is asked of one place.

// reachCalls are made once a place, before all others.
func reachCalls() counts { return counts{"HEAD /_ping": 1, "GET /info": 1} }

// listCalls is one list a kind, n times.
func listCalls(n int) counts {
	return counts{"GET /containers/json": n, "GET /networks": n, "GET /volumes": n, "GET /images/json": n}
}

// lockCalls take the lock before anything is read, look at it again before the
// first change, and give it back after the last.
func lockCalls() counts {
	return counts{"POST /volumes/create": 2, "GET /volumes/{name}": 1, "DELETE /volumes/{name}": 1}
}

// inspectCalls is one inspect an object, and one of the image that all its
// containers have. Volumes are told whole by their list.
func inspectCalls(o objects) counts {
	return counts{
		"GET /containers/{id}/json": o.containers,
		"GET /networks/{id}":        o.networks,
		"GET /images/{name}/json":   1,
	}
}

// resolveCalls asks which images n names in a configuration are now.
func resolveCalls(n int) counts { return counts{"GET /images/{name}/json": n} }

// createCalls makes objects.
func createCalls(o objects, api string) counts {
	connects := 0
	if versions.LessThan(api, apiSeveralNetworks) {
		connects = o.joining
	}
	return counts{
		// A look whether the name is free, the creation, and a look at the result; and one
		// before the container is made that mounts it.
		"GET /volumes/{name}":  3 * o.volumes,
		"POST /volumes/create": o.volumes,
		// The same; names of networks need not be unique, so that the first look is a list.
		"GET /networks":         o.networks,
		"POST /networks/create": o.networks,
		"GET /networks/{id}":    o.networks,
		// A look at the image, the creation, a look, the start, a look, another after it
		// has settled, and one at the result with its image.
		"GET /images/{name}/json":     2 * o.containers,
		"POST /containers/create":     o.containers,
		"POST /networks/{id}/connect": connects,
		"POST /containers/{id}/start": o.containers,
		"GET /containers/{id}/json":   4 * o.containers,
	}
}

// removeCalls removes objects.
func removeCalls(o objects) counts {
	return sum(counts{
		"GET /containers/{id}/json":  o.containers,
		"POST /containers/{id}/stop": o.containers,
		"DELETE /containers/{id}":    o.containers,
		"GET /volumes/{name}":        o.volumes + 2*o.containers, // each of which may have a record of changes, and a mark of one
		"DELETE /volumes/{name}":     o.volumes,
		"GET /networks/{id}":         2 * o.networks, // and whether it is gone
		"DELETE /networks/{id}":      o.networks,
	}, listCalls(o.networks)) // what else uses each network
}

// wantedCalls is all that an operation asks of the root engine.
func wantedCalls(o operation, of objects, api string) counts {
	switch o {
	case plan:
		return sum(reachCalls(), listCalls(1), inspectCalls(of), resolveCalls(1))
	case apply:
		return sum(reachCalls(), lockCalls(), listCalls(1), resolveCalls(1), createCalls(of, api))
	case destroy:
		return sum(reachCalls(), lockCalls(), listCalls(1), inspectCalls(of), removeCalls(of))
	}
	return nil
}

// daemonCalls is what a daemon adds to what is asked of its own place.
func daemonCalls(o operation) counts {
	// Its container, its network, its data and certificates; and its daemon.json, when its
	// certificate ends, and those of its clients are read.
	daemon, files := objects{containers: 1, networks: 1, volumes: 2}, counts{"GET /containers/{id}/archive": 3}
	switch o {
	case plan:
		return sum(inspectCalls(daemon), resolveCalls(1), files)
	case destroy:
		return sum(inspectCalls(daemon), removeCalls(daemon), files)
	case apply:
	}
	return nil
}

// insideCalls is all that an operation asks of the engine in a daemon, which an
// apply has only just made.
func insideCalls(o operation, of objects, api string) counts {
	switch o {
	case plan:
		// Each name of an image is looked up in each place; the daemon's own is not here.
		return sum(reachCalls(), listCalls(1), inspectCalls(of), resolveCalls(2)).inside()
	case apply:
		// Reached when it was made and when it is first used; then the image is looked for,
		// carried in and looked at.
		carry := counts{"GET /images/json": 1, "POST /images/load": 1, "GET /images/{name}/json": 2}
		return sum(reachCalls(), reachCalls(), carry, createCalls(of, api)).inside()
	case destroy:
		return sum(reachCalls(), listCalls(1), inspectCalls(of), removeCalls(of)).inside()
	}
	return nil
}

// An apply, a plan without changes and a destroy make a fixed number of calls and
// a fixed number of calls an object, and no others. The bare client, beside which
// they are measured, makes the same.
func TestCallsOfAProject(t *testing.T) {
	needEngine(t)
	api := apiOf(t)
	for _, p := range []project{{simple: 1, joining: 1}, {simple: 6, joining: 2}} {
		p.name = fmt.Sprintf("calls-%d", p.simple)
		file := p.write(t)
		for _, o := range []operation{apply, plan, destroy} {
			calls := recorded(t, func(host string) { run(t, o.dindctl(p, file, host)) })
			what := fmt.Sprintf("dindctl %s of %d containers", o, p.objects().containers)
			countsOf(calls).wants(t, what, wantedCalls(o, p.objects(), api))
			if o == plan {
				wantOnce(t, what, calls)
			}
		}
		for _, o := range []operation{apply, plan, destroy} {
			calls := recorded(t, func(host string) { run(t, o.bare(t, p, host)) })
			what := fmt.Sprintf("the bare client's %s of %d containers", o, p.objects().containers)
			want := wantedCalls(o, p.objects(), api)
			countsOf(calls).wants(t, what, want)
		}
	}
}

// What holds at the root engine holds in a daemon: a plan without changes makes
// one list a kind and engine, one inspect an object and no request twice; an apply
// and a destroy make as many calls an object.
func TestCallsInsideADaemon(t *testing.T) {
	needEngine(t)
	p := project{name: "calls-inside", simple: 4, joining: 2, inside: true}
	file := p.write(t)
	api := apiOf(t)

	_, calls := withoutTunnels(recorded(t, func(host string) { run(t, apply.dindctl(p, file, host)) }))
	within := apiInside(t, p.name+"-inner")
	t.Logf("API %s at the root, %s in the daemon", api, within)
	// How often it is asked whether it answers yet, and its container whether it
	// still runs, depends on how long a daemon takes to start.
	got := countsOf(calls).insideOnly()
	delete(got, "inside GET /_ping")
	got.wants(t, "apply, in the daemon", insideCalls(apply, p.objects(), within))

	for _, o := range []operation{plan, destroy} {
		tunnels, calls := withoutTunnels(recorded(t, func(host string) { run(t, o.dindctl(p, file, host)) }))
		countsOf(calls).wants(t, string(o), sum(
			wantedCalls(o, p.objects(), api), daemonCalls(o), insideCalls(o, p.objects(), within)))
		if o == plan {
			wantOnce(t, string(o), calls)
			if tunnels < 1 || tunnels > tunnelsAtMost {
				t.Errorf("the plan opened %d tunnels into one daemon, want 1 to %d", tunnels, tunnelsAtMost)
			}
		}
	}
}

// wantOnce fails for each request that was made again, to the last letter.
func wantOnce(t *testing.T, what string, calls []engineproxy.Call) {
	t.Helper()
	seen := map[string]int{}
	for _, c := range calls {
		seen[c.String()]++
		if seen[c.String()] == 2 {
			t.Errorf("%s asked more than once: %s", what, c)
		}
	}
}

// withoutTunnels are the calls but for those that open tunnels, and how many
// tunnels these asked for.
func withoutTunnels(all []engineproxy.Call) (tunnels int, calls []engineproxy.Call) {
	for _, c := range all {
		switch {
		case !c.Tunnel:
			calls = append(calls, c)
		case strings.HasSuffix(c.Path, "/exec"):
			tunnels++
		}
	}
	return tunnels, calls
}

// apiInside is the API of the engine in a container.
func apiInside(t *testing.T, container string) string {
	t.Helper()
	out, err := exec.Command("docker", "exec", container, "docker", "version", "--format", "{{.Server.APIVersion}}").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
