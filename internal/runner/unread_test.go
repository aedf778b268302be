package runner_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
)

// spoiled is an engine that says of some objects what makes no sense.
type spoiled struct {
	*engine
	unread map[provider.Place][]provider.Unread
}

func (s spoiled) Observe(ctx context.Context, req provider.ObserveRequest, each func(provider.Object) error) (provider.ObserveResponse, error) {
	resp, err := s.engine.Observe(ctx, req, each)
	resp.Unread = s.unread[req.Place]
	return resp, err
}

func senseless(name, address string, foreign bool) provider.Unread {
	return provider.Unread{Foreign: foreign, Problem: &provider.Problem{
		Code: provider.EngineFailed, Address: address, Summary: "The engine's answer makes no sense", Detail: "The container " + name + ": it has no state.",
	}}
}

// What could not be read is an error that names it, beside all that could: so that
// nothing is planned without it. What certainly is foreign is a warning. Inside a
// daemon, that one cannot be looked into, and nothing outside follows.
func TestWhatCannotBeReadIsNamed(t *testing.T) {
	t.Parallel()
	e := newEngine()
	e.put(provider.Daemon, "daemon.d", "", provider.StateRunning)
	e.put(provider.Container, "container.good", "", provider.StateRunning)
	e.put(provider.Container, "container.inner", "/daemon.d", provider.StateRunning)
	for name, c := range map[string]struct {
		unread   map[provider.Place][]provider.Unread
		want     string
		readable bool
	}{
		"nothing": {nil, "", true},
		"at the root": {
			map[provider.Place][]provider.Unread{provider.Root: {senseless("x", "container.x", false), senseless("a", "", true)}},
			"warning: The container a: it has no state.\nerror container.x: The container x: it has no state.", true,
		},
		"foreign, inside": {
			map[provider.Place][]provider.Unread{"/daemon.d": {senseless("a", "", true)}},
			"warning: In the engine of daemon.d: the container a: it has no state.", true,
		},
		"ours, inside": {map[provider.Place][]provider.Unread{"/daemon.d": {senseless("y", "container.y", false)}}, "", false},
	} {
		observed, problems := runner.Observe(t.Context(), spoiled{e, c.unread}, provider.Facts{ID: "root"}, runner.ObserveRequest{Project: project})
		var told []string
		for _, p := range problems {
			severity := "warning"
			if p.Severity == diag.Error {
				severity = "error"
			}
			told = append(told, strings.Replace(fmt.Sprintf("%s %s: %s", severity, p.Address, p.Detail), " :", ":", 1))
		}
		want(t, name, strings.Join(told, "\n"), c.want)
		var there []string
		for _, o := range observed.Root.Objects {
			there = append(there, o.Owner.Address)
		}
		slices.Sort(there)
		want(t, name+": objects", strings.Join(there, " "), "container.good daemon.d")
		inside := observed.Inside["daemon.d"]
		if inside.Readable != c.readable || !c.readable && !strings.Contains(inside.Why, "In the engine of daemon.d: the container y: it has no state") {
			t.Errorf("%s: inside is readable: %t, %q", name, inside.Readable, inside.Why)
		}
	}
}
