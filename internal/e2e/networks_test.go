package e2e_test

import (
	"strings"
	"testing"
)

const networksFile = `
network "net" {
  enable_ipv6 = true
  options     = { "com.docker.network.bridge.enable_icc" = "false" }
  labels      = { team = "ci" }
  ipam {
    config {
      subnet        = "10.91.0.0/24"
      ip_range      = "10.91.0.128/25"
      gateway       = "10.91.0.1"
      aux_addresses = { router = "10.91.0.2" }
    }
    config {
      subnet = "FD00:0091::/64"
    }
  }
}

network "plain" {
  internal = true
}

container "web" {
  image    = "dindctl.local/bash"
  command  = ["sleep", "1000"]
  init     = true
  networks = [network.plain]
  attach {
    network = network.net
    aliases = ["db"]
    ipv4    = "10.91.0.50"
    ipv6    = "fd00:91::0:50"
  }
}

container "mac" {
  image   = "dindctl.local/bash"
  command = ["sleep", "1000"]
  init    = true
  attach {
    network = network.plain
    mac     = "02-42-AC-11-00-05"
  }
}
`

// Every argument of a network and of an attachment is found in what the engine
// made, the next plan is empty, and what is changed outside or in the file is
// shown as that and mended on the running container.
func TestNetworksAndAttachments(t *testing.T) {
	s := newNouns(t)
	s.as(networksFile)
	s.applied()
	s.wantInspect("network", "net", `{{.Driver}} {{.EnableIPv6}} {{.Internal}} {{index .Labels "team"}} {{index .Options "com.docker.network.bridge.enable_icc"}}`, "bridge true false ci false")
	s.wantInspect("network", "net", `{{with index .IPAM.Config 0}}{{.Subnet}} {{.IPRange}} {{.Gateway}} {{.AuxiliaryAddresses}}{{end}}`, "10.91.0.0/24 10.91.0.128/25 10.91.0.1 map[router:10.91.0.2]")
	s.wantInspect("network", "plain", `{{.Internal}} {{.EnableIPv6}}`, "true false")
	endpoint := func(label string) string {
		return s.inspect("container", label, `{{range $n, $e := .NetworkSettings.Networks}}{{$n}} {{$e.Aliases}} {{with $e.IPAMConfig}}{{.IPv4Address}} {{.IPv6Address}}{{end}}; {{end}}`)
	}
	id := s.inspect("container", "web", "{{.Id}}")
	short := id[:12]
	named := func(aliases string) string { // before API 1.45 engines add the short id
		if older(s.api(), "1.45") {
			aliases += " " + short
		}
		return "[" + aliases + "]"
	}
	wantEndpoint := func(aliases, addresses string) {
		t.Helper()
		want := s.project + "-net " + named(aliases) + " " + addresses + "; " + s.project + "-plain " + named("web") + " ; "
		if got := endpoint("web"); got != want {
			t.Errorf("endpoints %q, want %q", got, want)
		}
	}
	wantEndpoint("web db", "10.91.0.50 fd00:91::50")
	s.wantInspect("container", "mac", `{{range .NetworkSettings.Networks}}{{.MacAddress}}{{end}}`, "02:42:ac:11:00:05")

	// Changed outside.
	s.docker("network", "disconnect", s.project+"-net", s.project+"-web")
	s.docker("network", "connect", "--ip", "10.91.0.60", "--alias", "other", s.project+"-net", s.project+"-web")
	s.wantChanges("after a change outside",
		`container.web | attach["P-net"].aliases | live | changed outside`,
		`container.web | attach["P-net"].ipv4 | live | changed outside`,
		`container.web | attach["P-net"].ipv6 | live | changed outside`)
	s.applied()
	s.docker("network", "disconnect", s.project+"-plain", s.project+"-web")
	s.wantChanges("after leaving a network", `container.web | networks | live | changed outside`)
	s.applied()
	wantEndpoint("web db", "10.91.0.50 fd00:91::50")

	// Changed in the file.
	changed := strings.NewReplacer(`"10.91.0.50"`, `"10.91.0.51"`, `["db"]`, `["db", "cache"]`, `    ipv6    = "fd00:91::0:50"`+"\n", "", "02-42-AC-11-00-05", "02:42:ac:11:00:06").Replace(networksFile)
	s.as(changed)
	s.wantChanges("after a change of the file",
		`container.mac | attach["P-plain"].mac | replace | configuration`,
		`container.web | attach["P-net"].aliases | live | configuration`,
		`container.web | attach["P-net"].ipv4 | live | configuration`,
		`container.web | attach["P-net"].ipv6 | live | configuration`)
	s.applied()
	wantEndpoint("web db cache", "10.91.0.51 ")
	s.wantInspect("container", "mac", `{{range .NetworkSettings.Networks}}{{.MacAddress}}{{end}}`, "02:42:ac:11:00:06")
	if got := s.inspect("container", "web", "{{.Id}}"); got != id {
		t.Errorf("the container was replaced to change its networks: %s, then %s", id, got)
	}

	// The network itself changes by a new one.
	s.as(strings.NewReplacer(`gateway       = "10.91.0.1"`, `gateway       = "10.91.0.3"`, `{ team = "ci" }`, "{}").Replace(changed))
	s.wantChanges("after a change of the network",
		`network.net | ipam.config["10.91.0.0/24"].gateway | replace | configuration`,
		`network.net | labels.team | replace | configuration`)
	s.applied()
	s.wantInspect("network", "net", `{{with index .IPAM.Config 0}}{{.Gateway}}{{end}}`, "10.91.0.3")

	// Without ipam the engine chooses, and its choice is no difference.
	plain := networksFile[:strings.Index(networksFile, "  enable_ipv6")] + "}\n" + networksFile[strings.Index(networksFile, "\nnetwork \"plain\""):]
	plain = strings.NewReplacer(`    ipv4    = "10.91.0.50"`+"\n", "", `    ipv6    = "fd00:91::0:50"`+"\n", "").Replace(plain)
	s.as(plain)
	s.applied()
	s.wantInspect("network", "net", `{{.EnableIPv6}} {{len .IPAM.Config}}`, "false 1")
}

// What a network or an engine cannot give is refused with the line and a remedy.
func TestAttachmentsThatCannotBe(t *testing.T) {
	s := newNouns(t)
	s.as(strings.NewReplacer(`"10.91.0.50"`, `"10.92.0.50"`, "02-42-AC-11-00-05", "02-42", `"fd00:91::0:50"`, `"10.1.1.1"`).Replace(networksFile))
	s.do("validate").wants(t, 1).says(t, "10.92.0.50", "10.91.0.0/24", "main.hcl", "02:42:ac:11:00:05", "not an IPv6 address")
	s.as(strings.Replace(networksFile, `  enable_ipv6 = true`, `  enable_ipv4 = false`, 1))
	s.do("validate").wants(t, 1).says(t, "10.91.0.0/24", "enable_ipv4 = false", "address-family")
}

// Kernel parameters of an interface are given to it where they are said, at the container
// or at the network, and stay with it when it is connected anew; an engine that would not
// heed them at the network is named before.
func TestParametersOfAnInterface(t *testing.T) {
	s := newNouns(t)
	of := func(option string) string {
		return "network \"n\" {}\n" + sleepers("web", "  networks = [network.n]\n  sysctls = { \"net.ipv4.conf.eth0.log_martians\" = 1 }\n"+option)
	}
	shows := func(at, name, want string) {
		t.Helper()
		if got := s.docker("exec", s.project+"-web", "cat", "/proc/sys/net/ipv4/conf/eth0/"+name); got[0] != want {
			t.Errorf("%s: %s is %s, want %s", at, name, got[0], want)
		}
	}
	s.as(of(""))
	s.applied()
	shows("at the container", "log_martians", "1")
	s.as(of("  attach {\n    network = network.n\n    sysctls = { \"net.ipv4.conf.IFNAME.arp_filter\" = 1 }\n  }\n"))
	if older(s.api(), "1.46") {
		s.do("plan").wants(t, 1).says(t, "attach[0].sysctls needs API 1.46")
		return
	}
	s.applied()
	shows("at the network", "arp_filter", "1")
	shows("connected anew", "log_martians", "1")
	two := func(networks, option string) string {
		return strings.Replace(of(option), "networks = [network.n]", "networks = ["+networks+"]", 1) + "network \"m\" {}\n"
	}
	s.as(two("network.n, network.m", ""))
	s.applied()
	for _, network := range []string{"m", "n"} { // is connected anew
		s.as(two("network.m, network.n", "  attach {\n    network = network."+network+"\n    aliases = [\"more\"]\n  }\n"))
		s.applied()
		got := s.docker("exec", s.project+"-web", "sh", "-c", "cd /proc/sys/net/ipv4/conf; for i in eth*; do cat $i/log_martians; done | sort | tr -d '\\n'")
		if got[0] != "01" {
			t.Errorf("in another order, with %s connected anew: log_martians of both is %s, want one that is on", network, got)
		}
	}
	s.as("network \"n\" {}\nnetwork \"m\" {}\n" + sleepers("web", "  networks = [network.n, network.m]\n  sysctls = { \"net.ipv4.conf.eth1.log_martians\" = 1 }\n"))
	s.do("apply", "-auto-approve").wants(t, 1).says(t, "endpoint-parameter", `attach { network = network.…, sysctls = { "net.ipv4.conf.IFNAME.log_martians" = … } }`)
	s.wantInspect("container", "web", `{{len .NetworkSettings.Networks}}`, "2") // it is left as it is
}

// What engines know since API 1.48 is done there, and refused before.
func TestNetworksOfLaterEngines(t *testing.T) {
	s := newNouns(t)
	s.as(strings.Replace(networksFile, `aliases = ["db"]`, `priority = 5`, 1))
	if older(s.api(), "1.48") {
		s.do("apply", "-auto-approve").wants(t, 1).says(t, "priority", "1.48")
	} else {
		s.applied()
		s.wantInspect("container", "web", `{{range .NetworkSettings.Networks}}{{.GwPriority}} {{end}}`, "5 0 ")
	}
	s.as("network \"six\" {\n  enable_ipv4 = false\n  enable_ipv6 = true\n  ipam {\n    config { subnet = \"fd00:92::/64\" }\n  }\n}\n")
	if older(s.api(), "1.48") {
		s.do("apply", "-auto-approve").wants(t, 1).says(t, "enable_ipv4", "1.48")
		return
	}
	s.applied()
	s.wantInspect("network", "six", `{{.EnableIPv4}} {{.EnableIPv6}} {{len .IPAM.Config}}`, "false true 1")
}
