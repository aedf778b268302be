package e2e_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// sleepers are containers that stay, each with some arguments of its own.
func sleepers(arguments ...string) string {
	var out strings.Builder
	for i := 0; i < len(arguments); i += 2 {
		fmt.Fprintf(&out, "container %q {\n  image   = \"dindctl.local/bash\"\n  command = [\"sleep\", \"1000\"]\n  init    = true\n%s\n}\n", arguments[i], arguments[i+1])
	}
	return out.String()
}

// foreignNetwork is a network that is not the project's, until the test ends.
func (s nouns) foreignNetwork(name string) {
	s.t.Helper()
	s.docker("network", "create", name)
	s.t.Cleanup(func() {
		out, err := exec.Command("bash", "-c", "docker ps -aq --filter network="+name+" | xargs -r docker rm -fv && docker network rm "+name).CombinedOutput()
		if err != nil {
			s.t.Errorf("removing %s: %v\n%s", name, err, out)
		}
	})
}

// wantIn compares whether a container runs, and the networks that it lists, sorted.
func (s nouns) wantIn(label, want string) {
	s.t.Helper()
	s.wantInspect("container", label, `{{.State.Status}}{{range $n, $e := .NetworkSettings.Networks}} {{$n}}{{end}}`, strings.ReplaceAll(want, "P-", s.project+"-"))
}

// A network that was removed, or made anew under its name, while its members did not run
// is a difference of theirs: external networks too. They run in it after the next apply.
func TestANetworkMadeAnewWhileItsMembersAreStopped(t *testing.T) {
	s := newNouns(t)
	external := s.project + "-ext"
	s.foreignNetwork(external)
	s.as("network \"n\" {}\nnetwork \"ext\" {\n  name     = \"" + external + "\"\n  external = true\n}\n" +
		sleepers("web", "  networks = [network.n, network.ext]", "db", "  networks = [network.ext, network.n]"))
	s.applied()

	s.docker("stop", "-t", "0", s.project+"-web", s.project+"-db")
	s.docker("network", "rm", s.project+"-n")
	s.wantChanges("with a network removed",
		`container.db | networks["P-n"] | live | changed outside`,
		`container.web | networks["P-n"] | live | changed outside`)
	s.applied()
	s.wantIn("web", "running P-ext P-n")
	s.wantIn("db", "running P-ext P-n")

	s.docker("stop", "-t", "0", s.project+"-web", s.project+"-db")
	s.docker("network", "rm", external)
	s.docker("network", "create", external)
	s.wantChanges("with an external network made anew",
		`container.db | networks["P-ext"] | live | changed outside`,
		`container.web | networks["P-ext"] | live | changed outside`)
	s.applied()
	s.wantIn("web", "running P-ext P-n")
	s.wantIn("db", "running P-ext P-n")

	s.docker("stop", "-t", "0", s.project+"-web")
	s.docker("network", "disconnect", "-f", s.project+"-n", s.project+"-db")
	s.docker("network", "rm", s.project+"-n")
	s.do("apply", "-auto-approve", "-target", "network.n").wants(t, 0)
	s.wantChanges("with a network made anew by an earlier apply",
		`container.db | networks | live | changed outside`,
		`container.web | networks["P-n"] | live | changed outside`)
	s.applied()
	s.docker("restart", "-t", "0", s.project+"-web", s.project+"-db")
	s.wantIn("web", "running P-ext P-n")
	s.wantIn("db", "running P-ext P-n")
	s.do("plan", "-detailed-exitcode").wants(t, 0)
}

// A network that somebody connected is a difference in every mode, and the isolation of
// a container without a network comes back.
func TestAConnectionFromOutsideIsSeenInEveryMode(t *testing.T) {
	s := newNouns(t)
	other := s.project + "-other"
	s.foreignNetwork(other)
	s.as(sleepers("alone", `  network_mode = "none"`, "still", `  network_mode = "none"`, "bridged", `  network_mode = "bridge"`,
		"owner", "", "sharer", "  network_mode = container.owner"))
	s.applied()
	for _, label := range []string{"alone", "still"} {
		s.docker("network", "disconnect", "-f", "none", s.project+"-"+label)
		s.docker("network", "connect", other, s.project+"-"+label)
	}
	s.docker("network", "connect", other, s.project+"-bridged")
	s.docker("stop", "-t", "0", s.project+"-still", s.project+"-sharer")
	s.docker("network", "connect", other, s.project+"-sharer")
	s.wantChanges("after connections from outside",
		`container.alone | networks | live | changed outside`,
		`container.bridged | networks | live | changed outside`,
		`container.sharer | networks | live | changed outside`,
		`container.still | networks | live | changed outside`)
	s.applied()
	s.wantIn("alone", "running none")
	s.wantIn("still", "running none")
	s.wantIn("bridged", "running bridge")
	s.wantIn("sharer", "running")
	s.docker("restart", "-t", "0", s.project+"-alone", s.project+"-still", s.project+"-bridged")
	s.do("plan", "-detailed-exitcode").wants(t, 0)
}

// The network that a container was created in is its own: leaving it is a replacement,
// for what was changed live would not start again once that network is gone. So is what
// an earlier build moved live.
func TestAContainerIsNotMovedOffItsOwnNetwork(t *testing.T) {
	s := newNouns(t)
	restarts := func(label, want string) {
		t.Helper()
		s.docker("restart", "-t", "0", s.project+"-"+label)
		s.wantIn(label, want)
	}
	s.as(sleepers("web", ""))
	s.applied()
	s.as("network \"n\" {}\nnetwork \"m\" {}\n" + sleepers("web", "  networks = [network.n, network.m]"))
	s.wantChanges("with a first network of its own", `container.web | networks | replace | configuration`)
	s.applied()
	s.wantList("networks", s.networks(), "n", "m")
	restarts("web", "running P-m P-n")

	id := s.inspect("container", "web", "{{.Id}}")
	s.as("network \"n\" {}\n" + sleepers("web", "  networks = [network.n]"))
	s.wantChanges("with one network less", `container.web | networks | live | configuration`)
	s.applied()
	restarts("web", "running P-n")
	if now := s.inspect("container", "web", "{{.Id}}"); now != id {
		t.Errorf("the container was replaced to leave a second network: %s, then %s", id, now)
	}

	// As an earlier build did it.
	s.foreignNetwork(s.project + "-later")
	s.docker("network", "connect", "--alias", "web", s.project+"-later", s.project+"-web")
	s.docker("network", "disconnect", s.project+"-n", s.project+"-web")
	s.as("network \"later\" {\n  name     = \"" + s.project + "-later\"\n  external = true\n}\n" + sleepers("web", "  networks = [network.later]"))
	s.wantChanges("after a move by an earlier build", `container.web | network_mode | replace | configuration`)
	s.applied()
	s.wantList("networks", s.networks())
	restarts("web", "running P-later")
}

// An endpoint that an engine could not make is none, although the container lists it.
func TestAnEndpointThatWasNotMadeIsNone(t *testing.T) {
	s := newNouns(t)
	attach := func(ip string) string {
		return "  attach {\n    network = network.n\n    ipv4    = \"" + ip + "\"\n  }"
	}
	s.as("network \"n\" {\n  ipam {\n    config { subnet = \"10.94.1.0/24\" }\n  }\n}\n" + sleepers("a", attach("10.94.1.5"), "b", attach("10.94.1.6")))
	s.applied()
	s.docker("network", "disconnect", s.project+"-n", s.project+"-a")
	s.run("", "docker", "network", "connect", "--ip", "10.94.1.6", s.project+"-n", s.project+"-a").wants(t, 1)
	s.wantChanges("after a connection that failed", `container.a | networks | live | changed outside`)
	s.applied()
	s.wantInspect("container", "a", `{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}`, "10.94.1.5")
}

// Nobody is taken out of a network that goes, unless the plan shows it.
func TestNobodyIsTakenOutOfANetworkInSilence(t *testing.T) {
	s := newNouns(t)
	s.as("network \"n\" {}\nnetwork \"m\" {}\n" + sleepers("web", "  networks = [network.n, network.m]"))
	s.applied()
	s.as("network \"n\" {}\n" + sleepers("web", "  networks = [network.n]\n  lifecycle {\n    ignore_changes = [networks]\n  }"))
	const kept = "container.web uses it, and ignores the change (ignore_changes)"
	s.do("apply", "-auto-approve").wants(t, 0).says(t, kept)
	s.wantIn("web", "running P-m P-n")
	s.docker("stop", "-t", "0", s.project+"-web")
	s.do("apply", "-auto-approve").wants(t, 0).says(t, "1 changed", kept)
	s.wantIn("web", "running P-m P-n")
	s.do("plan", "-detailed-exitcode").wants(t, 0).says(t, kept)
	s.as("network \"n\" {}\n" + sleepers("web", "  networks = [network.n]"))
	s.applied()
	s.wantIn("web", "running P-n")
}

// What a container ignores is left alone, whatever else changes: the networks that it is
// in, its mounts and the volume there, its image and its name, and the parts that a plan
// tells apart.
func TestWhatIsIgnoredIsLeftAlone(t *testing.T) {
	s := newNouns(t)
	image := func(more string) string {
		return "image \"app\" {\n  build {\n    dockerfile_inline = \"FROM dindctl.local/bash\\nENV A=" + more + "\"\n  }\n}\n"
	}
	web := func(name, networks, alias, mounts, interval, lifecycle string) string {
		return "container \"web\" {\n  name     = \"" + s.project + "-" + name + "\"\n  image    = image.app\n  command  = [\"sleep\", \"1000\"]\n  init     = true\n" +
			"  networks = " + networks + "\n  attach {\n    network = network.n\n    aliases = [\"" + alias + "\"]\n  }\n" + mounts +
			"  healthcheck {\n    test     = [\"CMD\", \"true\"]\n    interval = \"" + interval + "\"\n  }\n" + lifecycle + "}\n" +
			"output \"web\" {\n  value = container.web.name\n}\n"
	}
	const mounted = "  mount {\n    type   = \"volume\"\n    source = volume.v\n    target = \"/v\"\n  }\n"
	kept := "  mount {\n    type      = \"volume\"\n    source    = volume.k\n    target    = \"/k\"\n    read_only = true\n  }\n"
	ignoring := "  lifecycle {\n    ignore_changes = [networks, mount[\"/v\"], mount[\"/k\"].read_only, image, name, healthcheck.interval]\n  }\n"
	s.as("network \"n\" {}\nnetwork \"m\" {}\nvolume \"v\" {}\nvolume \"k\" {}\n" + image("1") + web("first", "[network.n, network.m]", "a", mounted+kept, "1m", ""))
	s.applied()
	id := s.docker("inspect", "-f", "{{.Id}}", s.project+"-first")[0]
	s.as("network \"n\" {}\nvolume \"k\" {}\n" + image("2") + web("second", "[network.n]", "b", strings.Replace(kept, "true", "false", 1), "2m", ignoring))
	s.do("apply", "-auto-approve", "-volumes").wants(t, 0).says(t, "container.web uses it, and ignores the change (ignore_changes)", `web = "`+s.project+`-first"`)
	s.do("plan", "-detailed-exitcode", "-volumes").wants(t, 0)
	got := s.docker("inspect", "-f", `{{.Id}} {{.State.Status}}{{range $n, $e := .NetworkSettings.Networks}} {{$n}}{{end}}{{range .Mounts}} {{.Destination}} {{.RW}}{{end}} {{json .Config.Healthcheck.Interval}}`, s.project+"-first")[0]
	mounts := strings.Contains(got, " /v true") && strings.Contains(got, " /k false")
	if !mounts || !strings.HasPrefix(got, id+" running "+s.project+"-m "+s.project+"-n ") || !strings.HasSuffix(got, " 60000000000") {
		t.Errorf("the container is %s", got)
	}
	aliases := s.docker("inspect", "-f", `{{json (index .NetworkSettings.Networks "`+s.project+`-n").Aliases}}`, s.project+"-first")[0]
	if !strings.Contains(aliases, `"b"`) || strings.Contains(aliases, `"a"`) {
		t.Errorf("its names are %s", aliases)
	}
	s.as("network \"n\" {}\n" + sleepers("web", "  lifecycle {\n    ignore_changes = [mount[\"/k\"].readonly]\n  }"))
	s.do("validate").wants(t, 1).says(t, "unknown-argument", "read_only")
}

// A name that is taken, something external that is not there, and a network that others
// use stop one address each, and what needs it: the rest is planned and made, and the
// commands end with 1.
func TestWhatIsInTheWayStopsOneAddress(t *testing.T) {
	s := newNouns(t)
	s.as("network \"n\" {}\n")
	s.applied()
	s.docker("run", "-d", "--name", s.project+"-theirs", "--network", s.project+"-n", "dindctl.local/bash", "sleep", "1000")
	t.Cleanup(func() { _ = exec.Command("docker", "rm", "-f", s.project+"-theirs").Run() })
	s.as(`
network "n" {
  labels = { a = "b" }
}
network "missing" {
  external = true
  name     = "` + s.project + `-missing"
}
network "m" {}
` + sleepers("theirs", "  networks = [network.m]", "joined", "  networks = [network.missing]", "member", "  networks = [network.n]", "apart", "  networks = [network.m]"))
	for _, command := range [][]string{{"plan", "-detailed-exitcode"}, {"apply", "-auto-approve"}, {"plan", "-detailed-exitcode"}} {
		s.do(command[0], command[1:]...).wants(t, 1).says(t, "The name is taken", "Something external is not there", "Something else uses it",
			"container.joined, container.member,")
	}
	s.wantIn("apart", "running P-m")
	s.docker("rm", "-f", s.project+"-theirs")
	s.foreignNetwork(s.project + "-missing")
	s.applied()
	s.wantIn("joined", "running P-missing")
	s.wantIn("member", "running P-n")
	s.wantIn("theirs", "running P-m")
}
