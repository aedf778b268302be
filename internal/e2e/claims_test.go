package e2e_test

import (
	"strings"
	"testing"
)

// Containers that exchange their addresses, or hand them on, do so as they run, and stay
// in the other networks that they are in.
func TestAddressesAreExchanged(t *testing.T) {
	s := newNouns(t)
	at := func(ip string) string { return "  attach {\n    network = network.n\n" + ip + "\n  }" }
	four := func(ip string) string { return at("    ipv4 = \"" + ip + "\"") }
	six := func(ip string) string { return at("    ipv6 = \"" + ip + "\"") }
	const network = "network \"n\" {\n  enable_ipv6 = true\n  ipam {\n    config { subnet = \"10.94.2.0/24\" }\n    config { subnet = \"fd00:94::/64\" }\n  }\n}\nnetwork \"also\" {}\n"
	also := func(body string) string { return "  networks = [network.also]\n" + body }
	s.as(network + sleepers("a", also(four("10.94.2.55")), "b", also(four("10.94.2.56")), "c", four("10.94.2.57"), "d", six("fd00:94::5"), "e", six("fd00:94::6")))
	s.applied()
	ids := strings.Join(s.list("ps", "-a", "--no-trunc", "--format", "{{.ID}} {{.Names}}"), "\n")
	s.as(network + sleepers("a", also(four("10.94.2.56")), "b", also(four("10.94.2.55")), "c", four("10.94.2.58"), "d", six("fd00:94::6"), "e", six("fd00:94::5")))
	s.wantChanges("with addresses exchanged",
		`container.a | attach["P-n"].ipv4 | live | configuration`,
		`container.b | attach["P-n"].ipv4 | live | configuration`,
		`container.c | attach["P-n"].ipv4 | live | configuration`,
		`container.d | attach["P-n"].ipv6 | live | configuration`,
		`container.e | attach["P-n"].ipv6 | live | configuration`)
	s.applied()
	s.wantIn("a", "running P-also P-n")
	s.wantIn("b", "running P-also P-n")
	for label, want := range map[string]string{"a": "10.94.2.56", "b": "10.94.2.55", "c": "10.94.2.58"} {
		s.wantInspect("container", label, `{{with index .NetworkSettings.Networks "`+s.project+`-n"}}{{.IPAddress}}{{end}}`, want)
	}
	s.wantInspect("container", "d", `{{range .NetworkSettings.Networks}}{{.GlobalIPv6Address}}{{end}}`, "fd00:94::6")
	s.wantInspect("container", "e", `{{range .NetworkSettings.Networks}}{{.GlobalIPv6Address}}{{end}}`, "fd00:94::5")
	s.as(network + sleepers("a", also(four("10.94.2.57")), "b", also(four("10.94.2.56")), "c", four("10.94.2.55"), "d", six("fd00:94::6"), "e", six("fd00:94::5")))
	s.applied()
	if now := strings.Join(s.list("ps", "-a", "--no-trunc", "--format", "{{.ID}} {{.Names}}"), "\n"); now != ids {
		t.Errorf("containers were replaced to exchange addresses: %s, then %s", ids, now)
	}
}

// What an orphan holds is given back before something else takes it: the subnet of a
// network, a bridge, an address, a port.
func TestWhatAnOrphanHoldsIsGivenBackFirst(t *testing.T) {
	s := newNouns(t)
	network := func(label string) string {
		return "network \"" + label + "\" {\n  options = { \"com.docker.network.bridge.name\" = \"br-orphan\" }\n  ipam {\n    config { subnet = \"10.94.3.0/24\" }\n  }\n}\n"
	}
	members := func(label string) string {
		return sleepers("first", "  networks = [network."+label+"]", "second", "  networks = [network.stays, network."+label+"]")
	}
	s.as("network \"stays\" {}\n" + network("aaa") + members("aaa"))
	s.applied()
	for _, label := range []string{"bbb", "aab"} {
		s.as("network \"stays\" {}\n" + network(label) + members(label))
		s.applied()
		s.wantIn("first", "running P-"+label)
		s.wantIn("second", "running P-"+label+" P-stays")
	}
	s.as("network \"stays\" {}\n" + strings.Replace(network("aaa"), "10.94.3.0", "10.94.4.0", 1) + members("aaa"))
	s.applied()
	s.as("network \"stays\" {}\n" + network("aab"))
	s.applied()
	s.as("network \"stays\" {}\n" + network("aab") + sleepers("old", "  attach {\n    network = network.aab\n    ipv4 = \"10.94.3.9\"\n  }\n  ports {\n    target = 80\n    published = 19080\n  }"))
	s.applied()
	s.as("network \"stays\" {}\n" + network("aab") + sleepers("new", "  attach {\n    network = network.aab\n    ipv4 = \"10.94.3.9\"\n  }\n  ports {\n    target = 81\n    published = 19080\n  }"))
	s.applied()
	s.wantIn("new", "running P-aab")
}

// A network whose block has another label and the same name is made anew, and its
// members are in the plan and in the network afterwards, running or not.
func TestANetworkOfTheSameNameUnderAnotherLabel(t *testing.T) {
	s := newNouns(t)
	with := func(label string) string {
		return "network \"stays\" {}\nnetwork \"" + label + "\" {\n  name = \"" + s.project + "-shared\"\n}\n" +
			sleepers("first", "  networks = [network."+label+"]", "second", "  networks = [network.stays, network."+label+"]", "stopped", "  networks = [network."+label+"]")
	}
	s.as(with("a"))
	s.applied()
	s.docker("stop", "-t", "0", s.project+"-stopped")
	s.as(with("b"))
	s.do("plan").wants(t, 0).says(t, "container.first", "container.second", "container.stopped", "network.a", "network.b")
	s.applied()
	s.wantIn("first", "running P-shared")
	s.wantIn("second", "running P-shared P-stays")
	s.wantIn("stopped", "running P-shared")
	if got := strings.Join(s.networks(), " "); got != s.project+"-shared "+s.project+"-stays" {
		t.Errorf("networks %q", got)
	}
}
