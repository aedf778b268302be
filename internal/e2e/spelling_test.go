package e2e_test

import (
	"strings"
	"testing"
)

// usual and unusual are one configuration in two spellings of every value.
const usual = `network "n" {
  enable_ipv6 = true
  options     = { "com.docker.network.driver.mtu" = "1400", "com.docker.network.bridge.enable_icc" = "true" }
  ipam {
    config {
      subnet        = "10.231.0.0/24"
      ip_range      = "10.231.0.128/25"
      gateway       = "10.231.0.1"
      aux_addresses = { a = "10.231.0.9" }
    }
    config { subnet = "fd00:231::/64" }
  }
}
volume "v" {
  options = { type = "tmpfs", device = "tmpfs", o = "size=1048576,mode=755" }
}
container "c" {
  image       = "dindctl.local/bash"
  command     = ["sleep", "1000"]
  working_dir = "/tmp"
  stop_signal = "SIGUSR1"
  stop_grace_period = "1s"
  platform    = "linux/amd64"
  restart     = "on-failure"
  cpus        = 0.5
  cpuset      = "0-1"
  cpuset_mems = "0"
  mem_limit   = "64m"
  memswap_limit = "128m"
  mem_reservation = "32m"
  shm_size    = "1m"
  cap_add     = ["NET_ADMIN"]
  cap_drop    = ["NET_RAW", "MKNOD"]
  security_opt = ["no-new-privileges"]
  group_add   = ["1234", "4321"]
  cgroup_parent = "/spelled"
  ulimits     = { nofile = 100 }
  dns         = ["10.0.0.1", "fd00::1"]
  extra_hosts = { db = "fd00::2" }
  expose      = ["80", "81", "82"]
  tmpfs       = ["/run:mode=755,size=1m", "/a/b"]
  device_cgroup_rules = ["c 1:3 rwm"]
  attach {
    network = network.n
    ipv4    = "10.231.0.130"
    ipv6    = "fd00:231::5"
  }
  mount {
    source = volume.v
    target = "/data"
  }
  mount {
    source    = "/etc"
    target    = "/host/etc"
    read_only = true
  }
  ports {
    target    = 80
    published = 18580
    host_ip   = "::1"
  }
  ports {
    target    = 81
    published = 18581
    host_ip   = "127.0.0.1"
  }
  healthcheck {
    test     = ["CMD", "true"]
    interval = "1h"
    timeout  = "1m"
  }
  devices { source = "/dev/null" }
  logging {
    driver  = "json-file"
    options = { max-size = "1m" }
  }
}
`

const unusual = `network "n" {
  enable_ipv6 = true
  options     = { "com.docker.network.driver.mtu" = "01400", "com.docker.network.bridge.enable_icc" = "1" }
  ipam {
    driver = "default"
    config {
      subnet        = "10.231.0.0/24"
      ip_range      = "10.231.0.128/25"
      gateway       = "10.231.0.1"
      aux_addresses = { a = "10.231.0.9" }
    }
    config { subnet = "FD00:0231:0:0::/64" }
  }
}
volume "v" {
  options = { type = "tmpfs", device = "tmpfs", o = "size=0x100000,mode=0755" }
}
container "c" {
  image       = "docker.io/dindctl.local/bash:latest"
  command     = ["sleep", "1000"]
  working_dir = "//tmp/x/../"
  stop_signal = "10"
  stop_grace_period = "1000ms"
  platform    = "amd64"
  restart     = "on-failure:0"
  cpus        = 0.50
  cpuset      = "1,0,0-1"
  cpuset_mems = "0,0-0"
  mem_limit   = "65536k"
  memswap_limit = "134217728"
  mem_reservation = "0.03125g"
  shm_size    = "1024kb"
  cap_add     = ["cap_net_admin", "NET_ADMIN"]
  cap_drop    = ["mknod", "CAP_NET_RAW"]
  security_opt = ["no-new-privileges:true"]
  group_add   = [4321, 1234]
  cgroup_parent = "//spelled/"
  ulimits     = { nofile = { soft = "100", hard = 100 } }
  dns         = ["::ffff:10.0.0.1", "FD00:0:0::0001"]
  extra_hosts = { db = "FD00::0:2" }
  expose      = ["82", "80-81/tcp"]
  tmpfs       = ["//run/:size=9m,noexec,size=0x100000,mode=0755", "/a//b/:rw,nodev"]
  device_cgroup_rules = ["c 1:3 rwm"]
  attach {
    network = network.n
    ipv4    = "10.231.0.130"
    ipv6    = "FD00:231:0:0:0:0:0:5"
  }
  mount {
    source = volume.v
    target = "//data/"
  }
  mount {
    source    = "/etc/"
    target    = "/host/./etc"
    read_only = true
  }
  ports {
    target    = 80
    published = 18580
    host_ip   = "0:0:0:0:0:0:0:1"
    protocol  = "tcp"
  }
  ports {
    target    = 81
    published = 18581
    host_ip   = "::ffff:127.0.0.1"
  }
  healthcheck {
    test         = ["CMD", "true"]
    interval     = "3600"
    timeout      = "60s"
    start_period = "0s"
    retries      = 3
  }
  devices {
    source      = "/dev//null"
    target      = "/dev/null/"
    permissions = "mwr"
  }
  logging {
    driver  = "json-file"
    options = { max-size = "1000K" }
  }
}
`

// One value in another spelling is no difference, whichever of the two the engine was
// given: what an unusual one makes is planned empty, and the usual one over it, and the
// other way round.
func TestSpellingsAreNoDifference(t *testing.T) {
	s := newNouns(t)
	image := func(text string) string {
		return strings.Replace(text, "docker.io/dindctl.local/bash:latest", "dindctl.local/bash:latest", 1)
	}
	for _, pair := range [][2]string{{image(unusual), usual}, {usual, image(unusual)}} {
		s.as(pair[0])
		s.applied()
		s.as(pair[1])
		s.do("plan", "-detailed-exitcode").wants(t, 0).says(t, "No changes")
		s.do("destroy", "-auto-approve", "-volumes").wants(t, 0)
	}
	// The spellings are compared at all: another value is a difference.
	s.as(usual)
	s.applied()
	s.as(strings.NewReplacer(`"/run:mode=755,size=1m"`, `"/run:mode=755,size=2m"`, `"::1"`, `"::"`, `"fd00::2"`, `"fd00::3"`).Replace(usual))
	s.wantChanges("other values", "container.c | extra_hosts | replace | configuration", "container.c | ports | replace | configuration", "container.c | tmpfs | replace | configuration")
}

// All addresses and all of IPv4 are two things, and said so.
func TestAllAddressesAreMoreThanThoseOfIPv4(t *testing.T) {
	s := newNouns(t)
	with := func(address string) {
		s.as("container \"c\" {\n  image = \"dindctl.local/bash\"\n  command = [\"sleep\", \"1000\"]\n  init = true\n  ports {\n    target = 80\n    published = 18590\n" + address + "  }\n}\n")
	}
	published := func() string { return strings.Join(s.docker("port", s.project+"-c"), " ") }
	with("")
	s.applied()
	if got := published(); !strings.Contains(got, "[::]:18590") {
		t.Errorf("published on %s", got)
	}
	with("    host_ip = \"0.0.0.0\"\n")
	s.wantChanges("those of IPv4", "container.c | ports | replace | configuration")
	s.applied()
	if got := published(); strings.Contains(got, "[::]") {
		t.Errorf("published on %s", got)
	}
}

// What a kernel does not have engines leave out, without an error. That is said once,
// in every plan, and is no difference: not after the creation, not after a live change.
// Where the kernel has it, nothing is left out and nothing said.
func TestWhatTheKernelDoesNotHaveIsSaidAndNoDifference(t *testing.T) {
	s := newNouns(t)
	s.docker("create", "--name", s.project+"-probe", "--blkio-weight", "300", "dindctl.local/bash")
	shown := strings.Join(s.docker("inspect", "-f", "{{.HostConfig.BlkioWeight}}", s.project+"-probe"), "")
	s.docker("rm", s.project+"-probe")
	with := func(more string) {
		s.as("container \"c\" {\n  image = \"dindctl.local/bash\"\n  command = [\"sleep\", \"1000\"]\n  init = true\n" + more + "}\n")
	}
	said := func() {
		t.Helper()
		if shown == "300" { // this kernel has weights: nothing is left out, and nothing said
			s.applied()
			s.wantInspect("container", "c", "{{if .HostConfig.BlkioWeight}}a weight{{end}}", "a weight")
			return
		}
		r := s.do("plan", "-detailed-exitcode").wants(t, 0).says(t, "No changes", "blkio_config.weight of container.c", "[left-out]")
		if n := strings.Count(r.all(), "blkio_config.weight"); n != 1 {
			t.Errorf("it is said %d times:\n%s", n, r.all())
		}
	}
	with("  blkio_config { weight = 300 }\n")
	s.do("apply", "-auto-approve").wants(t, 0)
	said()
	with("  blkio_config { weight = 400 }\n")
	said()
	with("")
	s.applied()
	if r := s.do("plan").wants(t, 0); strings.Contains(r.all(), "left-out") {
		t.Errorf("it is said of what is not declared:\n%s", r.all())
	}
	s.do("destroy", "-auto-approve").wants(t, 0)

	with("")
	s.applied()
	with("  blkio_config { weight = 300 }\n")
	s.wantChanges("a weight for what runs", "container.c | blkio_config.weight | live | configuration")
	s.do("apply", "-auto-approve").wants(t, 0)
	said()
}

// How somebody else connected a container is seen, on the default bridge too, and
// mended: addresses of the link, links, options of the driver.
func TestHowAContainerIsConnectedByHandIsSeen(t *testing.T) {
	s := newNouns(t)
	s.as(`network "n" {}
container "other" {
  image    = "dindctl.local/bash"
  command  = ["sleep", "1000"]
  init     = true
  networks = [network.n]
}
container "joined" {
  image    = "dindctl.local/bash"
  command  = ["sleep", "1000"]
  init     = true
  networks = [network.n]
}
container "plain" {
  image        = "dindctl.local/bash"
  command      = ["sleep", "1000"]
  init         = true
  network_mode = "bridge"
}
`)
	s.applied()
	for _, by := range []struct{ option, value, path string }{
		{"--link-local-ip", "169.254.7.7", "link_local_ips"},
		{"--link", s.project + "-other:o", "links"},
		{"--driver-opt", "com.docker.network.endpoint.ifname=eth7", "driver_opts"},
		{"--driver-opt", "com.docker.network.endpoint.sysctls=net.ipv4.conf.IFNAME.log_martians=1", "sysctls"},
	} {
		want := []string{}
		for label, network := range map[string]string{"joined": s.project + "-n", "plain": "bridge"} {
			s.docker("network", "disconnect", network, s.project+"-"+label)
			args := []string{"network", "connect", by.option, by.value, network, s.project + "-" + label}
			if label == "joined" {
				args = append(args[:2:2], append([]string{"--alias", "joined"}, args[2:]...)...)
			}
			s.docker(args...)
			want = append(want, "container."+label+` | attach["`+strings.Replace(network, s.project, "P", 1)+`"].`+by.path+" | live | changed outside")
		}
		if want[0] > want[1] {
			want[0], want[1] = want[1], want[0]
		}
		s.wantChanges(by.option+" "+by.value, want...)
		s.applied()
	}
}
