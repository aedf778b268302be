package e2e_test

import (
	"strings"
	"testing"

	"github.com/docker/docker/api/types/versions"
)

// stubborn is a container that ends only when it is killed, so that its stop takes the
// two seconds that it is given.
func stubborn(label, arguments string) string {
	return "container \"" + label + "\" {\n  image   = \"dindctl.local/bash\"\n  command = [\"sh\", \"-c\", \"trap '' TERM; while :; do sleep 1; done\"]\n" +
		"  stop_grace_period = \"2s\"\n" + arguments + "\n}\n"
}

// What one container, or network, gives up, another takes in the same apply, also where
// they exchange it and where the end of the one takes its time: a port, a name, a range of
// addresses, an address of something that is made anew.
func TestWhatIsGivenUpIsTakenInOneApply(t *testing.T) {
	s := newNouns(t)
	port := func(number string) string {
		return "  ports {\n    target    = 80\n    published = " + number + "\n  }"
	}
	s.as(stubborn("a", port("19081")) + stubborn("b", port("19082")))
	s.applied()
	s.as(stubborn("a", port("19082")) + stubborn("b", port("19081")))
	s.applied()
	s.wantInspect("container", "a", `{{range $p, $b := .NetworkSettings.Ports}}{{(index $b 0).HostPort}}{{end}}`, "19082")
	s.wantInspect("container", "b", `{{range $p, $b := .NetworkSettings.Ports}}{{(index $b 0).HostPort}}{{end}}`, "19081")

	// One hands its port on, and becomes another; a third takes what the second had.
	s.as(stubborn("a", port("19081")) + stubborn("c", port("19082")))
	s.applied()

	named := func(a, b string) string {
		return sleepers("a", "  name = \""+s.project+"-"+a+"\"", "b", "  name = \""+s.project+"-"+b+"\"")
	}
	s.as(named("one", "two"))
	s.applied()
	s.as(named("two", "one"))
	s.applied()
	s.wantInspect("container", "one", `{{index .Config.Labels "dev.dindctl.address"}}`, "container.b")
	s.wantInspect("container", "two", `{{index .Config.Labels "dev.dindctl.address"}}`, "container.a")
	s.as(named("three", "two")) // handed on: one goes, and the other takes its name
	s.applied()

	network := func(label, subnet string) string {
		return "network \"" + label + "\" {\n  ipam {\n    config { subnet = \"" + subnet + "\" }\n  }\n}\n"
	}
	member := func(label, in, ip string) string {
		return stubborn(label, "  attach {\n    network = network."+in+"\n    ipv4    = \""+ip+"\"\n  }")
	}
	s.as(network("n", "10.94.6.0/24") + network("m", "10.94.7.0/24") + member("x", "n", "10.94.6.9") + member("y", "m", "10.94.7.9"))
	s.applied()
	s.as(network("n", "10.94.7.0/24") + network("m", "10.94.6.0/24") + member("x", "n", "10.94.7.9") + member("y", "m", "10.94.6.9"))
	s.applied()
	s.as(network("n", "10.94.7.0/24") + network("m", "10.94.6.0/24") + member("z", "n", "10.94.7.9") + member("y", "m", "10.94.6.9"))
	s.applied()
	s.wantIn("z", "running P-n")
}

// A container that cannot have the address that it is to get stays in its network, with
// the address and the names that it had; and what else it was to become is planned again.
func TestAnAddressThatSomebodyElseHas(t *testing.T) {
	s := newNouns(t)
	const network = "network \"n\" {\n  ipam {\n    config { subnet = \"10.94.8.0/24\" }\n  }\n}\nnetwork \"also\" {}\n"
	at := func(ip string) string {
		return network + sleepers("web", "  networks = [network.also]\n  attach {\n    network = network.n\n    ipv4    = \""+ip+"\"\n    aliases = [\"site\"]\n  }")
	}
	s.as(at("10.94.8.20"))
	s.applied()
	foreign := s.project + "-foreign"
	s.docker("run", "-d", "--name", foreign, "--network", s.project+"-n", "--ip", "10.94.8.30", "dindctl.local/bash", "sleep", "1000")
	s.as(at("10.94.8.30"))
	s.do("apply", "-auto-approve").wants(t, 1).says(t, "Address already in use")
	const endpoint = `{{with index .NetworkSettings.Networks "P-n"}}{{.IPAddress}} {{range .Aliases}}{{if eq . "web" "site"}}{{.}} {{end}}{{end}}{{end}}`
	s.wantInspect("container", "web", strings.ReplaceAll(endpoint, "P-", s.project+"-"), "10.94.8.20 web site ")
	s.wantIn("web", "running P-also P-n")
	s.wantChanges("after a change that failed", `container.web | attach["P-n"].ipv4 | live | configuration`)
	s.docker("rm", "-f", foreign)
	s.applied()
	s.wantInspect("container", "web", strings.ReplaceAll(endpoint, "P-", s.project+"-"), "10.94.8.30 web site ")
}

// A change of a network that fails gives back the hardware address that was asked for, too,
// also where it is not asked for any more, and that is ignored. Engines from API 1.44 on, and
// before 1.54, take none when they connect: there it is a replacement, and said to be one.
func TestAHardwareAddressIsPutBack(t *testing.T) {
	s := newNouns(t)
	const mac = "02:00:00:94:09:20"
	at := func(options string) string {
		return "network \"n\" {\n  ipam {\n    config { subnet = \"10.94.9.0/24\" }\n  }\n}\n" +
			sleepers("web", "  attach {\n    network = network.n\n"+options+"  }\n  lifecycle {\n    ignore_changes = [attach[\""+s.project+"-n\"].mac]\n  }")
	}
	s.as(at("    ipv4    = \"10.94.9.20\"\n    mac     = \"" + mac + "\"\n"))
	s.applied()
	foreign := s.project + "-foreign"
	s.docker("run", "-d", "--name", foreign, "--network", s.project+"-n", "--ip", "10.94.9.30", "dindctl.local/bash", "sleep", "1000")
	s.as(at("    ipv4    = \"10.94.9.30\"\n"))
	if api := s.api(); !versions.LessThan(api, "1.44") && versions.LessThan(api, "1.54") {
		s.wantChanges("another address", `container.web | attach["P-n"].ipv4 | replace | configuration`)
		s.docker("rm", "-f", foreign)
		return
	}
	s.wantChanges("another address", `container.web | attach["P-n"].ipv4 | live | configuration`)
	s.do("apply", "-auto-approve").wants(t, 1).says(t, "Address already in use")
	const endpoint = `{{with index .NetworkSettings.Networks "P-n"}}{{.IPAddress}} {{.MacAddress}}{{end}}`
	s.wantInspect("container", "web", strings.ReplaceAll(endpoint, "P-", s.project+"-"), "10.94.9.20 "+mac)
	s.docker("rm", "-f", foreign)
}
