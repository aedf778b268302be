package truth_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
)

// A change of a container's networks that fails puts it back where it was, with the
// address that it had; one that is killed in the middle is not said to be somebody else's
// doing, and the next apply ends it, also where it was one of an exchange.
func TestAChangeOfNetworksThatEndsHalfway(t *testing.T) {
	t.Parallel()
	for _, api := range []string{api2010, api285} {
		for _, how := range append([]string{"taken"}, faults...) {
			t.Run(api+" "+how, func(t *testing.T) {
				t.Parallel()
				halfway(t, api, how)
			})
		}
	}
}

func halfway(t *testing.T, api, how string) {
	t.Helper()
	m, end, err := newMemory(api)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	u, err := newUser(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(u.close)
	planned := func(a, b int) planned {
		t.Helper()
		p, problems := u.planText(t.Context(), halfwayText(a, b))
		if problems.HasErrors() {
			t.Fatal(problemsText(problems))
		}
		return p
	}
	if problems := u.apply(t.Context(), planned(11, 12)); problems.HasErrors() {
		t.Fatal(problemsText(problems))
	}
	to := planned(12, 11)
	if how == "taken" { // by somebody else, so that the last call of one change fails
		u.takeAddress(t, "10.20.1.13")
		to = planned(13, 12)
	}
	for call := 1; ; call++ {
		ctx, cancel := context.WithCancel(t.Context())
		if how != "taken" {
			m.disturb(edit{What: how, Turn: call}, cancel)
		}
		problems := u.apply(ctx, to)
		cancel()
		hit := m.undisturbed()
		if how == "taken" && !problems.HasErrors() {
			t.Fatal("an address was taken that somebody else has")
		}
		if how != "taken" && !hit { // no call of an apply was left out
			if problems.HasErrors() {
				t.Fatal(problemsText(problems))
			}
			break
		}
		if how == "taken" {
			if got := u.addressesIn(t, "truth-n", "truth-a", "truth-b"); got != "10.20.1.11 10.20.1.12" {
				t.Errorf("what fails is not put back: %s", got)
			}
			break
		}
		again := planned(12, 11)
		for _, res := range again.Resources {
			if text := changesText(res.Changes); strings.Contains(text, "outside") || strings.Contains(text, "both") {
				t.Errorf("call %d: %s: %s", call, res.Address, text)
			}
		}
		if problems := u.apply(t.Context(), again); problems.HasErrors() {
			t.Fatalf("call %d: %s", call, problemsText(problems))
		}
		if got := u.addressesIn(t, "truth-n", "truth-a", "truth-b"); got != "10.20.1.12 10.20.1.11" {
			t.Fatalf("call %d: after the next apply: %s", call, got)
		}
		if next := planned(12, 11); !next.Clean {
			t.Fatalf("call %d: the next apply did not end it: %s", call, next.Plan)
		}
		if problems := u.apply(t.Context(), planned(11, 12)); problems.HasErrors() { // and back
			t.Fatal(problemsText(problems))
		}
		to = planned(12, 11)
	}
}

// halfwayText has two containers with addresses of one network.
func halfwayText(a, b int) string {
	out := "project {\n  name = \"truth\"\n}\nnetwork \"n\" {\n  ipam {\n    config {\n      subnet = \"10.20.1.0/24\"\n    }\n  }\n}\nnetwork \"also\" {}\n"
	for label, ip := range map[string]int{"a": a, "b": b} {
		out += fmt.Sprintf("container %q {\n  image    = \"base.local/a\"\n  command  = [\"sleep\", \"9\"]\n  cpus     = 1.%d\n  networks = [network.also]\n"+
			"  attach {\n    network = network.n\n    ipv4    = \"10.20.1.%d\"\n    aliases = [\"web\"]\n  }\n}\n", label, ip, ip)
	}
	return out
}

// takeAddress lets somebody else have an address.
func (u *user) takeAddress(t *testing.T, ip string) {
	t.Helper()
	made, err := u.hand.ContainerCreate(t.Context(), &container.Config{Image: "base.local/a", Cmd: []string{"sleep"}}, &container.HostConfig{NetworkMode: "truth-n"},
		&network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{"truth-n": {IPAMConfig: &network.EndpointIPAMConfig{IPv4Address: ip}}}}, nil, "foreign")
	if err == nil {
		err = u.hand.ContainerStart(t.Context(), made.ID, container.StartOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// addressesIn are the addresses of containers in a network, in their order; a dash for
// what is in it no more.
func (u *user) addressesIn(t *testing.T, network string, names ...string) string {
	t.Helper()
	var out []string
	for _, name := range names {
		is, err := u.hand.ContainerInspect(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		at := is.NetworkSettings.Networks[network]
		if at == nil {
			out = append(out, "-")
			continue
		}
		out = append(out, at.IPAddress)
	}
	return strings.Join(out, " ")
}

// A rename that was killed in the middle, and is then not wanted any more, is not said to
// be somebody else's doing, however the name was declared; the next apply ends it.
func TestARenameThatIsNotWantedAnyMore(t *testing.T) {
	t.Parallel()
	for _, api := range []string{api2010, api285} {
		for _, how := range faults {
			for what, name := range map[string]string{"declared": "  name  = \"one\"\n", "derived": ""} {
				t.Run(fmt.Sprint(api, " ", how, " ", what), func(t *testing.T) {
					t.Parallel()
					renamedHalfway(t, api, how, name)
				})
			}
		}
	}
}

func renamedHalfway(t *testing.T, api, how, name string) {
	t.Helper()
	m, end, err := newMemory(api)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	u, err := newUser(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(u.close)
	planned := func(name string) planned {
		t.Helper()
		p, problems := u.planText(t.Context(), "project {\n  name = \"truth\"\n}\ncontainer \"a\" {\n  image = \"base.local/a\"\n"+name+"}\n")
		if problems.HasErrors() {
			t.Fatal(problemsText(problems))
		}
		return p
	}
	if problems := u.apply(t.Context(), planned(name)); problems.HasErrors() {
		t.Fatal(problemsText(problems))
	}
	for call := 1; ; call++ {
		ctx, cancel := context.WithCancel(t.Context())
		to := planned("  name  = \"two\"\n")
		m.disturb(edit{What: how, Turn: call}, cancel)
		problems := u.apply(ctx, to)
		cancel()
		if !m.undisturbed() { // no call of an apply was left out
			if problems.HasErrors() || call == 1 {
				t.Fatalf("%d calls, %s", call, problemsText(problems))
			}
			return
		}
		again := planned(name)
		for _, res := range again.Resources {
			if text := changesText(res.Changes); strings.Contains(text, "outside") || strings.Contains(text, "both") {
				t.Errorf("call %d: %s: %s", call, res.Address, text)
			}
		}
		if problems := u.apply(t.Context(), again); problems.HasErrors() {
			t.Fatalf("call %d: %s", call, problemsText(problems))
		}
		if next := planned(name); !next.Clean {
			t.Fatalf("call %d: the next apply did not end it: %s", call, next.Plan)
		}
	}
}
