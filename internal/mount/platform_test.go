package mount_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/internal/mount"
)

// Every spelling of one object has one canonical form, by platform and door; what
// a door does not know is said to be unknown.
func TestPlatformForms(t *testing.T) {
	t.Parallel()
	rows := []struct {
		platform mount.Platform
		door     mount.Door
		written  string
		want     string // empty: unknown
	}{
		{mount.DesktopWindows, mount.HostDoor, `C:\Users\u\x`, "/run/desktop/mnt/host/c/users/u/x"},
		{mount.DesktopWindows, mount.HostDoor, `c:/users/U/x/`, "/run/desktop/mnt/host/c/users/u/x"},
		{mount.DesktopWindows, mount.HostDoor, "/c/Users/u/x", "/run/desktop/mnt/host/c/users/u/x"},
		{mount.DesktopWindows, mount.HostDoor, "//c/Users/u/x", "/run/desktop/mnt/host/c/users/u/x"},
		{mount.DesktopWindows, mount.HostDoor, "/mnt/c/Users/u/x", "/run/desktop/mnt/host/c/users/u/x"},
		{mount.DesktopWindows, mount.HostDoor, "/host_mnt/c/Users/u/x", "/run/desktop/mnt/host/c/users/u/x"},
		{mount.DesktopWindows, mount.RawDoor, "/host_mnt/c/Users/u/x", "/run/desktop/mnt/host/c/users/u/x"},
		{mount.DesktopWindows, mount.RawDoor, "/run/desktop/mnt/host/c/Users/u/x", "/run/desktop/mnt/host/c/users/u/x"},
		{mount.DesktopWindows, mount.RawDoor, "/c/Users/u/x", "/c/Users/u/x"},
		{mount.DesktopWindows, mount.RawDoor, `C:\Users\u\x`, ""},
		{mount.DesktopWindows, mount.HostDoor, `C:x`, ""},
		{mount.DesktopWindows, mount.HostDoor, `C:\a\..\..\x`, "/run/desktop/mnt/host/c/x"},
		{mount.DesktopWindows, mount.HostDoor, `C:\`, "/run/desktop/mnt/host/c"},
		{mount.DesktopWindows, mount.HostDoor, `\\wsl$\Ubuntu\home\U`, "/run/desktop/mnt/host/wsl/ubuntu/home/U"},
		{mount.DesktopWindows, mount.HostDoor, `\\wsl.localhost\Ubuntu\home\U`, "/run/desktop/mnt/host/wsl/ubuntu/home/U"},
		{mount.DesktopWindows, mount.HostDoor, `\\server\share\x`, ""},
		{mount.DesktopWindows, mount.HostDoor, "/var/run/docker.sock", "/var/run/docker.sock"},
		{mount.DesktopMac, mount.HostDoor, "/Users/u/X", "/host_mnt/Users/u/X"},
		{mount.DesktopMac, mount.HostDoor, "/host_mnt/Users/u/X", "/host_mnt/Users/u/X"},
		{mount.DesktopMac, mount.RawDoor, "/host_mnt/Users/u/X", "/host_mnt/Users/u/X"},
		{mount.DesktopMac, mount.RawDoor, "/Users/u/X", ""},
		{mount.DesktopMac, mount.HostDoor, "/tmp/x", "/host_mnt/private/tmp/x"},
		{mount.DesktopMac, mount.HostDoor, "/private/tmp/x", "/host_mnt/private/tmp/x"},
		{mount.DesktopMac, mount.RawDoor, "/tmp/x", ""},
		{mount.DesktopMac, mount.HostDoor, "/var/run/docker.sock", "/var/run/docker.sock"},
		{mount.DesktopMac, mount.HostDoor, `C:\x`, ""},
		{mount.DesktopLinux, mount.HostDoor, "/home/u/x", "/host_mnt/home/u/x"},
		{mount.DesktopLinux, mount.RawDoor, "/home/u/x", "/home/u/x"},
		{mount.WSL, mount.HostDoor, `C:\Users\u`, "/mnt/c/users/u"},
		{mount.WSL, mount.HostDoor, "/mnt/c/Users/u", "/mnt/c/users/u"},
		{mount.WSL, mount.HostDoor, "/c/Users/u", "/c/Users/u"},
		{mount.WSL, mount.HostDoor, `\\wsl$\Ubuntu\home`, ""},
		{mount.Linux, mount.HostDoor, "/mnt/c/Users/../x//y", "/mnt/c/x/y"},
		{mount.Linux, mount.HostDoor, `C:\x`, ""},
		{mount.Rootless, mount.HostDoor, "/home/u/", "/home/u"},
		{mount.Snap, mount.HostDoor, "/home/u/.", "/home/u"},
		{mount.NoPlatform, mount.HostDoor, "/srv/x", "/srv/x"},
		{mount.NoPlatform, mount.HostDoor, "/mnt/c/x", ""},
		{mount.NoPlatform, mount.HostDoor, "/host_mnt/Users/x", ""},
		{mount.NoPlatform, mount.HostDoor, `C:\x`, ""},
		{"", mount.HostDoor, "/mnt/c/x", "/mnt/c/x"},
	}
	for _, row := range rows {
		got, why := row.platform.Canonical(row.door, row.written)
		if got != row.want || (why == "") != (got != "") {
			t.Errorf("%s, %s door: %s = %q (%s), want %q", row.platform, row.door, row.written, got, why, row.want)
		}
	}
}

// An object is spelled as the door knows it.
func TestPlatformSpelling(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, row := range []struct {
		platform  mount.Platform
		canonical string
	}{
		{mount.DesktopWindows, "/run/desktop/mnt/host/c/users/u"},
		{mount.DesktopWindows, "/run/desktop/mnt/host/c"},
		{mount.DesktopWindows, "/run/desktop/mnt/host/wsl/ubuntu/home/U"},
		{mount.DesktopWindows, "/c/users/u"},
		{mount.DesktopWindows, "/var/lib/docker"},
		{mount.DesktopMac, "/host_mnt/Users/u/X"},
		{mount.DesktopMac, "/host_mnt/opt/x"},
		{mount.DesktopLinux, "/host_mnt/home/u"},
		{mount.WSL, "/mnt/c/users"},
		{mount.Linux, "/srv/x"},
	} {
		fmt.Fprintf(&b, "%s %s:", row.platform, row.canonical)
		for _, door := range []mount.Door{mount.HostDoor, mount.RawDoor} {
			spelling, ok := row.platform.Spell(door, row.canonical)
			fmt.Fprintf(&b, " %s %s %v", door, spelling, ok)
		}
		b.WriteString("\n")
	}
	want := `desktop-windows /run/desktop/mnt/host/c/users/u: host C:\users\u true raw /run/desktop/mnt/host/c/users/u true
desktop-windows /run/desktop/mnt/host/c: host C:\ true raw /run/desktop/mnt/host/c true
desktop-windows /run/desktop/mnt/host/wsl/ubuntu/home/U: host \\wsl.localhost\ubuntu\home\U true raw /run/desktop/mnt/host/wsl/ubuntu/home/U false
desktop-windows /c/users/u: host /c/users/u false raw /c/users/u true
desktop-windows /var/lib/docker: host /var/lib/docker true raw /var/lib/docker true
desktop-mac /host_mnt/Users/u/X: host /Users/u/X true raw /host_mnt/Users/u/X true
desktop-mac /host_mnt/opt/x: host /host_mnt/opt/x true raw /host_mnt/opt/x true
desktop-linux /host_mnt/home/u: host /home/u true raw /host_mnt/home/u true
wsl /mnt/c/users: host /mnt/c/users true raw /mnt/c/users true
linux /srv/x: host /srv/x true raw /srv/x true
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

// The platform follows from what an engine says of itself.
func TestDetect(t *testing.T) {
	t.Parallel()
	rows := []struct {
		facts mount.EngineFacts
		want  mount.Platform
	}{
		{mount.EngineFacts{}, mount.NoPlatform},
		{mount.EngineFacts{Client: "linux"}, mount.NoPlatform},
		{mount.EngineFacts{System: "Debian GNU/Linux 12 (bookworm)", Kernel: "6.1.0-18-amd64", RootDir: "/var/lib/docker"}, mount.Linux},
		{mount.EngineFacts{System: "Ubuntu 24.04", Rootless: true}, mount.Rootless},
		{mount.EngineFacts{System: "Ubuntu Core 22", RootDir: "/var/snap/docker/common/var-lib-docker"}, mount.Snap},
		{mount.EngineFacts{System: "Ubuntu 22.04", Kernel: "5.15.153.1-microsoft-standard-WSL2"}, mount.WSL},
		{mount.EngineFacts{System: "Docker Desktop", Name: "docker-desktop", Kernel: "5.15.153.1-microsoft-standard-WSL2"}, mount.DesktopWindows},
		{mount.EngineFacts{System: "Docker Desktop", Kernel: "6.6.12-linuxkit", Client: "windows"}, mount.DesktopWindows},
		{mount.EngineFacts{System: "Docker Desktop", Kernel: "6.6.12-linuxkit", Client: "darwin"}, mount.DesktopMac},
		{mount.EngineFacts{System: "Docker Desktop", Kernel: "6.6.12-linuxkit", Client: "linux"}, mount.DesktopLinux},
		{mount.EngineFacts{System: "Docker Desktop", Kernel: "6.6.12-linuxkit"}, mount.NoPlatform},
		{mount.EngineFacts{System: "Alpine Linux", Kernel: "6.6.12-linuxkit"}, mount.NoPlatform},
	}
	for _, row := range rows {
		if got := mount.Detect(row.facts); got != row.want {
			t.Errorf("%+v: %s, want %s", row.facts, got, row.want)
		}
	}
}

// The rule takes each spelling for the object that it names: a daemon and a
// controller whose sources are spelled differently share it, and what is sent for
// the controller's path is what the door knows.
func TestRuleOnPlatforms(t *testing.T) {
	t.Parallel()
	rows := []struct {
		platform mount.Platform
		daemon   string // source of the daemon's mount
		control  string // source of the controller's
		verdict  mount.Verdict
		send     string // to the host's engine, for the controller's path
	}{
		{mount.DesktopWindows, `C:\Work`, "/mnt/c/work", mount.Visible, `C:\work\sub`},
		{mount.DesktopWindows, `C:\Work`, "//c/WORK", mount.Visible, `C:\work\sub`},
		{mount.DesktopWindows, `C:\Work`, `D:\Work`, mount.Aliased, `D:\work\sub`},
		{mount.DesktopWindows, `\\wsl$\Ubuntu\w`, `\\wsl.localhost\ubuntu\w`, mount.Visible, `\\wsl.localhost\ubuntu\w\sub`},
		{mount.DesktopMac, "/Users/u/w", "/host_mnt/Users/u/w", mount.Visible, "/Users/u/w/sub"},
		{mount.DesktopMac, "/tmp/w", "/private/tmp/w", mount.Visible, "/private/tmp/w/sub"},
		{mount.WSL, `C:\Work`, "/mnt/c/work", mount.Visible, "/mnt/c/work/sub"},
		{mount.Linux, "/srv/w", "/srv/./w/", mount.Visible, "/srv/w/sub"},
		{mount.Linux, `C:\w`, "/mnt/c/w", mount.Unknown, "/mnt/c/w/sub"},
	}
	for _, row := range rows {
		topology := mount.Topology{
			Engines: map[string]mount.Engine{
				"daemon.root": {Address: "daemon.root", Host: "root", Platform: row.platform},
				"daemon.dind": {Address: "daemon.dind", Container: "daemon.dind"},
			},
			Containers: map[string]mount.Container{
				"daemon.dind":  {Address: "daemon.dind", Engine: "daemon.root", Mounts: []mount.Mount{{Type: mount.Bind, Source: row.daemon, Target: "/repo"}}},
				"controller.c": {Address: "controller.c", Engine: "daemon.root", Mounts: []mount.Mount{{Type: mount.Bind, Source: row.control, Target: "/repo"}}},
			},
			Nested: []mount.Nested{
				{Address: "job.a", Kind: "mount", Type: mount.Bind, Source: "/repo/sub", Target: "/x", Daemon: "daemon.dind", Controller: "controller.c"},
				{Address: "job.b", Kind: "mount", Type: mount.Bind, Source: "/repo/sub", Target: "/x", Daemon: "daemon.root", Controller: "controller.c", Resolve: mount.ResolveTranslate},
			},
		}
		there := func(mount.Object, string) (string, bool, error) { return "", true, nil }
		entries := mount.Check(topology, there)
		if entries[0].Verdict != row.verdict {
			t.Errorf("%s, %s and %s: %s", row.platform, row.daemon, row.control, show(entries[0]))
		}
		if entries[1].Send.Source != row.send || entries[1].Verdict != mount.Visible {
			t.Errorf("%s, %s: sent %s, want %s\n%s", row.platform, row.control, entries[1].Send.Source, row.send, show(entries[1]))
		}
	}
}

// What a rootless engine and one from snap see otherwise is unknown, but for its socket.
func TestLimitedHosts(t *testing.T) {
	t.Parallel()
	there := func(mount.Object, string) (string, bool, error) { return "", true, nil }
	for _, row := range []struct {
		engine  mount.Engine
		source  string
		verdict mount.Verdict
	}{
		{mount.Engine{Host: "root", UnknownBelow: []string{"/etc", "/run"}}, "/etc/ssl", mount.Unknown},
		{mount.Engine{Host: "root", UnknownBelow: []string{"/etc", "/run"}}, "/etcetera", mount.Visible},
		{mount.Engine{Host: "root", UnknownBelow: []string{"/etc", "/run"}, Socket: "/run/user/1/docker.sock"}, "/run/user/1/docker.sock", mount.Visible},
		{mount.Engine{Host: "root", UnknownBelow: []string{"/etc", "/run"}, Socket: "/run/user/1/docker.sock"}, "/run/user/1/other", mount.Unknown},
		{mount.Engine{Host: "root", KnownBelow: "/home/u"}, "/home/u/x", mount.Visible},
		{mount.Engine{Host: "root", KnownBelow: "/home/u"}, "/srv/x", mount.Unknown},
	} {
		row.engine.Address = "daemon.root"
		entries := mount.Check(mount.Topology{
			Engines: map[string]mount.Engine{"daemon.root": row.engine},
			Nested:  []mount.Nested{{Address: "job.a", Kind: "mount", Type: mount.Bind, Source: row.source, Target: "/x", Daemon: "daemon.root"}},
		}, there)
		if entries[0].Verdict != row.verdict {
			t.Errorf("%s: want %s, got\n%s", row.source, row.verdict, show(entries[0]))
		}
	}
}

// FuzzPlatform: a canonical form is its own canonical form, and what is spelled
// for a door names the same object through that door.
func FuzzPlatform(f *testing.F) {
	for _, p := range []string{`C:\x`, "/c/x", "//c/x", "/mnt/c/x", "/host_mnt/c/x", "/run/desktop/mnt/host/c/x", "/host_mnt/Users/x", `\\wsl$\u\x`, `\\wsl.localhost\u\x`, "/tmp/../x", "/a\x00", "/run/desktop/mnt/host/c/a\\b"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, written string) {
		for _, platform := range append(mount.Platforms(), "") {
			for _, door := range []mount.Door{mount.HostDoor, mount.RawDoor} {
				canonical, why := platform.Canonical(door, written)
				if (canonical == "") == (why == "") {
					t.Fatalf("%s %s: %q, %q", platform, door, canonical, why)
				}
				if why != "" {
					continue
				}
				if again, _ := platform.Canonical(mount.RawDoor, canonical); again != canonical {
					t.Fatalf("%s: %q is %q, which is %q", platform, written, canonical, again)
				}
				for _, through := range []mount.Door{mount.HostDoor, mount.RawDoor} {
					spelling, ok := platform.Spell(through, canonical)
					if again, why := platform.Canonical(through, spelling); ok && again != canonical {
						t.Fatalf("%s: %q is spelled %q for %s, which is %q (%s)", platform, canonical, spelling, through, again, why)
					}
				}
			}
		}
	})
}
