package truth_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What an engine is too old for stops the object that asks for it, and what needs that;
// the rest is planned and done, and left out it stops nothing.
func TestAnArgumentThatIsTooNewStopsItsObject(t *testing.T) {
	t.Parallel()
	m, end, err := newMemory(api2010)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	u, err := newUser(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	defer u.close()
	text := fmt.Sprintf("project { name = %q }\n", project) + `
volume "v" {}
container "new" {
  image       = "base.local/a"
  annotations = {
    a = "b"
  }
}
container "after" {
  image      = "base.local/a"
  depends_on = [container.new]
}
container "web" {
  image = "base.local/a"
}
`
	p, problems := u.planText(t.Context(), text)
	if problems.HasErrors() {
		t.Fatal(problemsText(problems))
	}
	var stopped, steps []string
	for _, problem := range p.Stopped {
		stopped = append(stopped, problem.Address+": "+problem.Summary)
	}
	for _, s := range p.Steps {
		steps = append(steps, s.Address)
	}
	slices.Sort(steps)
	got := fmt.Sprint(stopped, p.Left, steps)
	want := fmt.Sprint([]string{"container.new: The engine is too old for this argument"}, []string{"container.after", "container.new"}, []string{"container.web", "network.default", "volume.v"})
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if problems := u.apply(t.Context(), p); problems.HasErrors() {
		t.Error(problemsText(problems))
	}
}

// A kernel parameter of a later interface stops what is to be made with it on an engine
// that refuses it, with what to write instead.
func TestAParameterOfALaterInterface(t *testing.T) {
	t.Parallel()
	text := fmt.Sprintf("project { name = %q }\n", project) + `
network "n" {}
network "m" {}
container "router" {
  image    = "base.local/a"
  networks = [network.n, network.m]
  sysctls  = { "net.ipv4.conf.eth0.forwarding" = 1, "net.ipv4.conf.eth1.forwarding" = 1, "net.ipv4.ip_forward" = 1 }
}
container "web" {
  image = "base.local/a"
}
`
	for _, row := range []struct{ name, api, want string }{
		{"where it is refused", api285, "net.ipv4.conf.eth1.forwarding: of a container's own kernel parameters this engine knows the interface for eth0 alone. " +
			`Take it out of sysctls, and write it in the attach block of the network that is meant: attach { network = network.…, sysctls = { "net.ipv4.conf.IFNAME.forwarding" = … } }.`},
		{"where it is taken", api2010, ""},
	} {
		m, end, err := newMemory(row.api)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(end)
		u, err := newUser(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(u.close)
		p, problems := u.planText(t.Context(), text)
		if problems.HasErrors() {
			t.Fatal(problemsText(problems))
		}
		var got, left string
		for _, problem := range p.Stopped {
			got += problem.Detail
			left = "container.router"
		}
		if got != row.want || fmt.Sprint(p.Left) != fmt.Sprintf("[%s]", left) {
			t.Errorf("%s: %s, left %v; want %s, left [%s]", row.name, got, p.Left, row.want, left)
		}
	}
}

// What an engine has made that took such a parameter stays as it is when the engine is a
// later one, which would refuse it.
func TestAParameterOfALaterInterfaceThatIsThere(t *testing.T) {
	t.Parallel()
	m, end, err := newMemory(api2010)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	u, err := newUser(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(u.close)
	text := fmt.Sprintf("project { name = %q }\n", project) + `
network "n" {}
network "m" {}
container "router" {
  image    = "base.local/a"
  networks = [network.n, network.m]
  sysctls  = { "net.ipv4.conf.eth1.forwarding" = 1 }
}
`
	p, problems := u.planText(t.Context(), text)
	if problems.HasErrors() || u.apply(t.Context(), p).HasErrors() {
		t.Fatal(problemsText(problems))
	}
	m.mu.Lock()
	m.api = api285
	m.mu.Unlock()
	if err := u.connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	p, problems = u.planText(t.Context(), text)
	if problems.HasErrors() || len(p.Stopped) > 0 || !p.Clean {
		t.Errorf("on a later engine: %s, stopped %v, %d steps; want nothing to do", problemsText(problems), p.Stopped, len(p.Steps))
	}
}
