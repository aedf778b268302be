package e2e_test

import (
	"encoding/json"
	"strings"
	"testing"
)

const daemonFile = `
network "ci" {
  options = { "com.docker.network.driver.mtu" = "1400" }
}

daemon "dind" {
  image               = "dindctl.local/dind"
  networks            = [network.ci]
  config              = { "log-level" = "warn", labels = ["a=b"] }
  registry_mirrors    = ["https://mirror.example/"]
  insecure_registries = ["registry.example:5000"]
  address_pools       = [{ base = "10.44.0.0/16", size = 26 }]
  flags               = ["--max-concurrent-downloads=2"]
}

daemon "plain" {
  image    = "dindctl.local/dind"
  networks = [network.ci]
  tls      = false
  alias    = "plain"
}

controller "control" {
  image    = "dindctl.local/controller"
  daemon   = daemon.plain
  networks = [network.ci]
}

job "inside" {
  controller = controller.control
  image      = "dindctl.local/bash"
  command    = ["true"]
}

output "dind" {
  value = [daemon.dind.endpoint, daemon.dind.version, daemon.dind.storage_driver, daemon.plain.endpoint]
}
`

// Every argument of a daemon is in what dockerd says of itself, what is chosen
// for it fits the networks around it and is kept, and what somebody changes in its
// daemon.json is shown.
func TestDaemonArguments(t *testing.T) {
	s := newNouns(t)
	s.as(daemonFile)
	s.do("validate").wants(t, 0).says(t, "Daemon without TLS", "2375")
	s.applied()
	inside := func(label string, args ...string) string {
		return strings.Join(s.docker(append([]string{"exec", s.project + "-" + label, "docker"}, args...)...), "\n")
	}
	info := inside("dind", "info", "-f", "{{.Labels}} {{.RegistryConfig.Mirrors}} {{json .RegistryConfig.IndexConfigs}} {{.DefaultAddressPools}}")
	for _, want := range []string{"[a=b]", "[https://mirror.example/]", "registry.example:5000", "[{10.44.0.0/16 26}]"} {
		if !strings.Contains(info, want) {
			t.Errorf("docker info inside lacks %q: %s", want, info)
		}
	}
	if got := inside("dind", "network", "inspect", "bridge", "-f", `{{index .Options "com.docker.network.driver.mtu"}}`); got != "1400" {
		t.Errorf("the MTU inside is %s; that of the network around is 1400", got)
	}
	chosen := inside("plain", "info", "-f", "{{.DefaultAddressPools}}")
	if chosen != "[{10.201.0.0/16 24}]" {
		t.Errorf("chosen pools %s", chosen)
	}
	s.wantInspect("container", "plain", `{{index .Config.Labels "dev.dindctl.chosen"}}`, `{"default-address-pools":[{"base":"10.201.0.0/16","size":24}],"mtu":1400}`)
	var outputs struct{ Dind struct{ Value []string } }
	if err := json.Unmarshal([]byte(s.do("output", "-json").wants(t, 0).stdout), &outputs); err != nil {
		t.Fatal(err)
	}
	values := outputs.Dind.Value
	version := inside("dind", "version", "-f", "{{.Server.Version}}")
	if want := "tcp://docker:2376 " + version + " " + inside("dind", "info", "-f", "{{.Driver}}") + " tcp://plain:2375"; strings.Join(values, " ") != want {
		t.Errorf("the daemons export %q, want %q", values, want)
	}

	// A network of somebody else's that takes the chosen addresses: a warning, no change.
	s.docker("network", "create", "--subnet", "10.201.7.0/24", s.project+"-clash")
	s.do("plan", "-detailed-exitcode").wants(t, 0).says(t, "10.201.7.0/24", s.project+"-clash", "address_pools")
	s.docker("network", "rm", s.project+"-clash")

	s.docker("exec", s.project+"-dind", "sh", "-c", `sed -i -e 's/warn/debug/' -e 's/"labels"/"debug": true, "labels"/' -e 's/mirror.example/other.example/' /etc/docker/daemon.json`)
	s.wantChanges("after a change outside",
		"daemon.dind | config.debug | replace | changed outside",
		"daemon.dind | config.log-level | replace | changed outside",
		"daemon.dind | registry_mirrors | replace | changed outside")

	s.as(strings.NewReplacer(`"log-level" = "warn", `, "", "10.44.0.0/16", "10.45.0.0/16", "downloads=2", "downloads=3").Replace(daemonFile))
	s.wantChanges("after a change of the file too",
		"daemon.dind | address_pools | replace | configuration",
		"daemon.dind | config.debug | replace | changed outside",
		"daemon.dind | config.log-level | replace | both",
		"daemon.dind | flags | replace | configuration",
		"daemon.dind | registry_mirrors | replace | changed outside")
	s.applied()
	if got := inside("dind", "info", "-f", "{{.DefaultAddressPools}}"); got != "[{10.45.0.0/16 26}]" {
		t.Errorf("pools %s", got)
	}
}

// One key of daemon.json from two places is refused with both lines.
func TestDaemonKeyFromTwoPlaces(t *testing.T) {
	s := newNouns(t)
	s.as(strings.Replace(daemonFile, `"log-level" = "warn"`, `"registry-mirrors" = []`, 1))
	s.do("validate").wants(t, 1).says(t, "main.hcl line 9", "main.hcl:10", "registry-mirrors", "given twice")
}
