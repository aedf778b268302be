package mount_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/internal/mount"
)

var update = flag.Bool("update", false, "write testdata/rule.golden anew")

// The worlds that most rows start from.
const (
	case2 = `
file /srv/work/sub
volume daemon.root images address=volume.images
volume daemon.root certs address=daemon.dind.certs
engine daemon.dind in=daemon.dind
container daemon.dind on=daemon.root known yields
imagelink /var/run /run
entry /tmp
vol images /var/lib/docker
vol certs /certs/client implied
bind /srv/work /repo line=14
container controller.c on=daemon.root
vol certs /certs/client ro implied
bind /srv/work /repo
`
	case3 = `
file /home/u/work/sub
symlink /var/run /run
file /run/docker.sock
engine daemon.host host=root
container controller.c on=daemon.root
bind /home/u/work /repo
bind /var/run/docker.sock /var/run/docker.sock implied
`
	byDind = " on=daemon.dind by=controller.c"
	byHost = " on=daemon.host by=controller.c"
)

// dind is a world with a daemon and a controller with the mounts given.
func dind(daemon, controller string) string {
	return "file /srv/work\nfile /srv/other\nengine daemon.dind in=daemon.dind\n" +
		"container daemon.dind on=daemon.root known yields\n" + daemon +
		"\ncontainer controller.c on=daemon.root known\n" + controller + "\n"
}

// links are symbolic links of the shared directory, each to the next.
func links(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "symlink /srv/work/l%d ./l%d\n", i, i+1)
	}
	return b.String()
}

type row struct {
	sentence string
	world    string
	want     string // verdict and severity of each entry
}

func rows() []row {
	return []row{
		{"one host directory at one path in daemon and controller", case2 + "job job.list /repo /repo" + byDind, "visible ok"},
		{"a directory below the shared one", case2 + "job job.list /repo/sub /x" + byDind, "visible ok"},
		{"dots and doubled slashes are cleaned before anything else", case2 + "job job.list /a/..//repo/./sub/ /x" + byDind, "visible ok"},
		{"a name that only begins like the shared one", case2 + "job job.list /repo2 /repo2" + byDind, "hidden error"},
		{"a path that nobody has", case2 + "job job.list /data /data" + byDind, "hidden error"},
		{
			"the controller has a mount that the daemon lacks",
			case2 + "bind /srv/data /data\njob job.list /data /data" + byDind, "hidden error",
		},
		{
			"the whole mount of the controller is offered, with what is mounted in it",
			case2 + "bind /srv/data /data\nbind /srv/cache /data/cache\njob job.list /data/a /data" + byDind +
				"\njob job.two /data /data" + byDind, "hidden error, hidden error",
		},
		{
			"the daemon has another host directory there",
			dind("bind /srv/other /repo line=14", "bind /srv/work /repo") + "job job.list /repo /repo" + byDind, "aliased error",
		},
		{
			"the daemon has the object at another path",
			dind("bind /srv/work /work\nbind /srv/other /repo", "bind /srv/work /repo") + "job job.list /repo/sub /repo" + byDind, "aliased error",
		},
		{
			"an entry mount covers the daemon's mount",
			dind("bind /srv/work /tmp/x\nentry /tmp", "bind /srv/work /tmp/x") + "job job.list /tmp/x/a /x" + byDind, "shadowed error",
		},
		{
			"an entry mount that does not yield cannot be declared away",
			"engine daemon.dind in=daemon.dind\ncontainer daemon.dind on=daemon.root known\nbind /srv/work /tmp/x\nbind /srv/work /work\nentry /tmp\n" +
				"container controller.c on=daemon.root known\nbind /srv/work /tmp/x\njob job.list /tmp/x /x" + byDind, "shadowed error",
		},
		{
			"an entry mount yields to a mount declared at its very place",
			dind("bind /srv/work /tmp\nentry /tmp", "bind /srv/work /tmp") + "job job.list /tmp/x /x" + byDind, "visible ok",
		},
		{
			"an entry mount covers what is declared at its very place unless it yields",
			"engine daemon.dind in=daemon.dind\ncontainer daemon.dind on=daemon.root\nbind /srv/work /tmp\nentry /tmp\njob job.list /tmp/x /x on=daemon.dind", "shadowed error",
		},
		{
			"nothing declared below an entry mount",
			dind("entry /tmp", "bind /srv/work /tmp/x") + "job job.list /tmp/x /x" + byDind, "hidden error",
		},
		{
			"nothing declared below an entry mount that yields",
			"engine daemon.dind in=daemon.dind\ncontainer daemon.dind on=daemon.root known yields\nentry /tmp\n" +
				"container controller.c on=daemon.root known\nbind /srv/work /tmp/x\njob job.list /tmp/x /x" + byDind, "hidden error",
		},
		{
			"the controller has a mount below that the daemon lacks",
			case2 + "vol cache /repo/cache\njob job.list /repo /repo" + byDind +
				"\nvolume daemon.root cache address=volume.cache", "partial warning",
		},
		{
			"the daemon has a mount below that the controller lacks",
			dind("bind /srv/work /repo\ntmp /repo/tmp", "bind /srv/work /repo") + "job job.list /repo /repo" + byDind, "partial warning",
		},
		{
			"what is mounted below is the same object all the same",
			dind("bind /srv/work /repo\nbind /srv/work/a /repo/a", "bind /srv/work /repo") + "job job.list /repo /repo" + byDind, "visible ok",
		},
		{"no controller, in a daemon's mount", case2 + "job job.list /repo/new /x on=daemon.dind", "visible ok"},
		{"no controller, in the daemon's own root", case2 + "job job.list /data /x on=daemon.dind", "hidden error"},
		{"no controller, and the host has that path", case2 + "file /srv/data\njob job.list /srv/data /x on=daemon.dind", "hidden error"},
		{"no controller, made where it is missing", case2 + "job job.list /data /x on=daemon.dind create", "visible ok"},
		{"with a controller, making it would not make it the controller's", case2 + "job job.list /data /x create" + byDind, "hidden error"},
		{"the daemon's own path is meant", case2 + "job job.list /data /x resolve=daemon" + byDind, "visible ok"},
		{"the daemon's own socket, under either name", case2 + "job job.a /run/docker.sock /s" + byDind + "\njob job.b /var/run/docker.sock /s" + byDind, "visible ok, visible ok"},
		{
			"the daemon's socket where the controller has the host's",
			case2 + "bind /var/run/docker.sock /var/run/docker.sock\njob job.a /var/run/docker.sock /s" + byDind, "aliased error",
		},
		{"what the kernel makes", case2 + "job job.a /proc /p" + byDind + "\njob job.b /sys/fs/cgroup /s" + byDind + "\njob job.c /dev/kvm /k" + byDind, "visible ok, visible ok, visible ok"},
		{"what is private in every container", case2 + "job job.a /dev/shm/x /s" + byDind + "\njob job.b /etc/hosts /h" + byDind, "hidden error, hidden error"},
		{"a tmpfs of the daemon is private", dind("tmp /scratch", "bind /srv/work /scratch") + "job job.a /scratch/x /s" + byDind, "hidden error"},
		{"an anonymous volume of the daemon is private", dind("vol - /scratch\nimagevol /data", "") + "job job.a /scratch/x /s" + byDind + "\njob job.b /data /d" + byDind, "hidden error, hidden error"},
		{"a named volume of both", dind("vol v /v", "vol v /v") + "job job.a /v/x /s" + byDind, "visible ok"},
		{"a named volume of both, another sub-directory", dind("vol v /v subpath=a", "vol v /v subpath=b") + "job job.a /v/x /s" + byDind, "aliased error"},
		{
			"a volume that is a host directory",
			dind("vol v /v", "bind /srv/work /v") + "volume daemon.root v device=/srv/work\njob job.a /v/x /s" + byDind, "visible ok",
		},
		{
			"a host path below a volume's mountpoint is the volume",
			dind("vol v /v", "bind /var/lib/docker/volumes/v/_data/a /v/a") + "volume daemon.root v mountpoint=/var/lib/docker/volumes/v/_data\njob job.a /v/a /s" + byDind, "visible ok",
		},
		{
			"the controller's own root does not count",
			dind("bind /srv/work /repo", "") + "job job.a /repo /s" + byDind, "visible warning",
		},
		{
			"the controller has the object elsewhere",
			dind("bind /srv/work /repo", "bind /srv /srv") + "job job.a /repo/a /s" + byDind, "visible ok",
		},
		{
			"the controller has a directory whose name only begins like the object's",
			dind("bind /srv/work2 /repo", "bind /srv/work /w") + "job job.a /repo /s" + byDind, "visible warning",
		},
		{
			"read-only in the daemon",
			dind("bind /srv/work /repo ro", "bind /srv/work /repo") + "job job.a /repo /s" + byDind + "\njob job.b /repo /s ro" + byDind, "visible warning, visible ok",
		},
		{
			"read-only does not reach below on an old engine",
			dind("bind /srv /srv\nbind /srv/other /srv/work/o", "bind /srv /srv\nbind /srv/other /srv/work/o") + "engine daemon.dind in=daemon.dind api=1.43\njob job.a /srv/work /s ro" + byDind, "visible warning",
		},
		{
			"a link in the shared directory that stays in it",
			case2 + "symlink /srv/work/link sub\njob job.a /repo/link/x /s" + byDind, "visible ok",
		},
		{
			"a link out of the shared directory is followed in each view",
			case2 + "symlink /srv/work/link /data\njob job.a /repo/link /s" + byDind, "hidden error",
		},
		{
			"a relative link out of the shared directory meets another object in the daemon",
			dind("bind /srv/work /repo\nbind /srv/other /data", "bind /srv/work /repo\nbind /srv/third /data") +
				"symlink /srv/work/link ../data/x\njob job.a /repo/link /s" + byDind, "aliased error",
		},
		{"as many links as the kernel follows", case2 + links(40) + "job job.a /repo/l0 /s" + byDind, "visible ok"},
		{"one link more", case2 + links(41) + "job job.a /repo/l0 /s" + byDind, "unknown warning"},
		{
			"a mount that a later one covers, because links lead them to one place",
			dind("imagelink /l /\nimagelink /q /a/b\nbind /srv/other /q\nbind /srv/work /l/a", "") + "job job.a /a/b /s on=daemon.dind", "visible ok",
		},
		{"more links than the kernel follows", case2 + "symlink /srv/work/link link\njob job.a /repo/link /s" + byDind, "unknown warning"},
		{
			"links in the sources of mounts are resolved",
			dind("bind /srv/link /repo", "bind /srv/work /repo") + "symlink /srv/link work\njob job.a /repo /s" + byDind, "visible ok",
		},
		{
			"sources that may be one through links that cannot be read",
			dind("bind /srv/link /repo", "bind /srv/work /repo") + "blind\njob job.a /repo /s" + byDind, "unknown warning",
		},
		{
			"equal sources are one even if no file can be looked at",
			dind("bind /srv/work /repo", "bind /srv/work /repo") + "blind\njob job.a /repo /s" + byDind, "visible ok",
		},
		{
			"a target that leads through a link of the image",
			dind("imagelink /work /data\nbind /srv/work /work", "bind /srv/work /data") + "job job.a /data/x /s" + byDind + "\njob job.b /work/x /s on=daemon.dind", "visible ok, visible ok",
		},
		{
			"two mounts of the daemon that meet through a link",
			dind("imagelink /var/run /run\nbind /srv/work /var/run/x\nbind /srv/other /run/x", "bind /srv/work /run/x") + "job job.a /run/x /s" + byDind, "unknown warning",
		},
		{"what a rootless entrypoint rebuilds", dind("rebuilt /run\nbind /srv/work /run/x", "bind /srv/work /run/x") + "job job.a /run/x /s" + byDind, "unknown warning"},

		{"a socket daemon whose host lacks the path", case3 + "job job.list /repo /repo" + byHost, "hidden error"},
		{"a socket daemon whose host has another directory there", case3 + "file /repo\njob job.list /repo /repo" + byHost, "aliased error"},
		{"a socket daemon, translated", case3 + "job job.list /repo /repo resolve=translate" + byHost, "visible ok"},
		{"a socket daemon, translated below the mount", case3 + "job job.list /repo/sub /repo resolve=translate" + byHost, "visible ok"},
		{"a translated source that does not exist", case3 + "job job.list /repo/none /repo resolve=translate" + byHost, "hidden error"},
		{"the host's path written for a socket daemon", case3 + "job job.list /home/u/work /repo" + byHost, "visible ok"},
		{"a host path that no mount of the controller holds", case3 + "file /tmp/x\njob job.list /tmp/x /x" + byHost, "visible warning"},
		{"what an earlier failure may have left", case3 + "empty /home/u/work/e\njob job.list /home/u/work/e /x" + byHost, "visible warning"},
		{"below what is a file", dind("plain /srv/work/f\nbind /srv/work/f /repo", "bind /srv/work/f /repo") + "job job.a /repo/src /s" + byDind, "visible warning"},
		{"a directory is made below what is a file", case3 + "plain /home/u/work/f\njob job.list /home/u/work/f/new /x create" + byHost, "visible warning"},
		{"a directory is made for what looks like a file", case3 + "job job.list /home/u/work/new.json /x create" + byHost, "visible warning"},
		{
			"a file over a directory, a directory over a file, and each over its like",
			case3 + "plain /home/u/work/f\nplain /home/u/work/g\nfile /home/u/work/d\nfile /home/u/work/e\njob job.a /home/u/work /w" + byHost +
				"\njob job.a /home/u/work/f /w/d" + byHost + "\njob job.a /home/u/work/d /w/f" + byHost +
				"\njob job.a /home/u/work/d /w/e" + byHost + "\njob job.a /home/u/work/f /w/g" + byHost + "\njob job.a /home/u/work/f /w/new" + byHost,
			"visible ok, visible warning, visible ok, visible warning, visible ok, visible ok",
		},
		{"a host path that does not exist yet", case3 + "job job.list /home/u/work/out /x earlier=/home/u/work" + byHost, "unknown warning"},
		{"a missing host path that the engine shall make", case3 + "job job.list /new /x create" + byHost, "visible warning"},
		{"nobody has it, and the host is the daemon's", case3 + "job job.list /new /x" + byHost, "hidden error"},
		{"the files of the daemon's host are not known", case3 + "engine daemon.host host=root unknown=it_is_reached_over_ssh\njob job.list /repo /repo" + byHost, "unknown warning"},
		{"translated on a host whose files are not known", case3 + "engine daemon.host host=root unknown=it_is_reached_over_ssh\njob job.list /repo /repo resolve=translate" + byHost, "unknown warning"},
		{"the socket itself, mounted into a job", case3 + "job job.list /var/run/docker.sock /s" + byHost, "visible ok"},
		{"a read-only mount is read-only when translated", case3 + "file /ro\nbind /ro /ro-here ro\njob job.list /ro-here /x resolve=translate" + byHost, "visible ok"},
		{
			"a volume of the controller on the daemon's own engine, translated",
			case3 + "volume daemon.root v address=volume.v\nengine daemon.root host=root api=1.45\nvol v /v\njob job.a /v /x resolve=translate" + byHost + "\njob job.b /v/a /x resolve=translate" + byHost, "visible ok, visible ok",
		},
		{
			"a part of a volume where nobody knows yet whether the engine can mount parts",
			case3 + "volume daemon.root v address=volume.v\nvol v /v\njob job.a v /x subpath=a vol" + byHost + "\njob job.b /v/a /x resolve=translate" + byHost + "\njob job.c /v/a /x" + byHost,
			"unknown warning, unknown warning, hidden error",
		},
		{
			"a sub-directory of a volume below API 1.45, translated",
			case3 + "volume daemon.root v mountpoint=/var/lib/docker/volumes/v/_data\nfile /var/lib/docker/volumes/v/_data/a\nengine daemon.host host=root api=1.44\nvol v /v\njob job.a /v/a /x resolve=translate" + byHost, "visible ok",
		},
		{
			"a sub-directory of a volume whose place is not known, below API 1.45",
			case3 + "volume daemon.root v\nengine daemon.host host=root api=1.44\nvol v /v\njob job.a /v/a /x resolve=translate" + byHost, "hidden error",
		},
		{"translation of what lies in the controller's own root", case3 + "job job.list /opt /x resolve=translate" + byHost, "hidden error"},
		{
			"translation with a daemon in a container: the writable, then the longest target",
			dind("bind /srv/work /a ro\nbind /srv /b\nbind /srv/work /c/d", "bind /srv/work /repo") + "job job.a /repo/x /x resolve=translate" + byDind, "visible ok",
		},
		{
			"translation with a daemon in a container: a writable mount before a read-only one with a longer target",
			dind("bind /srv/work /c/d ro\nbind /srv /b", "bind /srv/work /repo") + "job job.a /repo/x /x resolve=translate" + byDind, "visible ok",
		},
		{"translation that the daemon has no source for", dind("", "bind /srv/work /repo") + "job job.a /repo/x /x resolve=translate" + byDind, "hidden error"},
		{
			"translation to what differs below",
			dind("bind /srv/work /work\ntmp /work/t", "bind /srv/work /repo") + "job job.a /repo /x resolve=translate" + byDind, "partial warning",
		},
		{
			"a controller that lives inside its daemon",
			"file /srv/work\nengine daemon.dind in=daemon.dind\ncontainer daemon.dind on=daemon.root\nbind /srv/work /work\n" +
				"container controller.c on=daemon.dind\nbind /work/a /repo\njob job.a /repo /x" + byDind + "\njob job.b /repo /x resolve=translate" + byDind, "hidden error, visible ok",
		},
		{
			"a daemon in a daemon, seen down to the host",
			"file /srv/work\nengine daemon.outer in=daemon.outer\nengine daemon.inner in=daemon.inner\n" +
				"container daemon.outer on=daemon.root\nbind /srv /outer\ncontainer daemon.inner on=daemon.outer\nbind /outer/work /inner\n" +
				"container controller.c on=daemon.root\nbind /srv/work /inner\njob job.a /inner/x /x on=daemon.inner by=controller.c", "visible ok",
		},
		{
			"a daemon in a daemon that lacks the controller's object",
			"file /srv/work\nfile /srv/other\nengine daemon.outer in=daemon.outer\nengine daemon.inner in=daemon.inner\n" +
				"container daemon.outer on=daemon.root\nbind /srv /outer\ncontainer daemon.inner on=daemon.outer\nbind /outer/other /other\n" +
				"container controller.c on=daemon.outer\nbind /outer/work /repo\njob job.a /repo/x /x on=daemon.inner by=controller.c", "hidden error",
		},
		{"a container that lies inside itself", "engine daemon.d in=daemon.d\ncontainer daemon.d on=daemon.d\nbind /x /x\njob job.a /x /x on=daemon.d", "unknown warning"},
		{"an engine that nobody knows", "job job.a /x /x on=daemon.none", "unknown warning"},
		{"a path in another platform's form", case2 + "job job.a C:\\work /x" + byDind, "unknown warning"},
		{"a nested path that both have", case2 + "path controller.c /repo on=daemon.dind", "visible ok"},
		{"a nested path that the daemon lacks", case2 + "bind /srv/data /data\npath controller.c /data on=daemon.dind", "hidden error"},

		{"a volume that the daemon has", case2 + "volume daemon.dind v\njob job.a v /x vol" + byDind, "visible ok"},
		{"a volume that the daemon lacks", case2 + "job job.a v /x vol" + byDind, "hidden error"},
		{"a volume of the controller's engine under that name", case2 + "bind /x /x\nvol images /images\njob job.a images /x vol" + byDind, "aliased error"},
		{"a volume's sub-directory on an engine that ignores it", "engine daemon.root host=root api=1.44\nvolume daemon.root v\njob job.a v /x vol subpath=s on=daemon.root", "aliased error"},
		{"a volume of an engine of which nothing is known", "engine daemon.far unknown=it_is_external\njob job.a v /x vol on=daemon.far", "unknown warning"},
	}
}

// The rule, row by row: the verdicts stand here, the whole entries in the golden file.
func TestRule(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for _, r := range rows() {
		all.WriteString("== " + r.sentence + "\n")
		var got []string
		for _, e := range parse(t, r.world).check() {
			got = append(got, string(e.Verdict)+" "+string(e.Severity))
			all.WriteString(show(e))
			if e.Chain == nil || e.Fixes == nil {
				t.Errorf("%s: chain and fixes are lists, even without elements", r.sentence)
			}
		}
		all.WriteString("\n")
		if diff := cmp.Diff(r.want, strings.Join(got, ", ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s\n%s", r.sentence, diff, show(parse(t, r.world).check()[0]))
		}
	}
	golden(t, "testdata/rule.golden", all.String())
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got; -update writes it anew):\n%s", file, diff)
	}
}

// What stands behind one path is said for every view.
func TestStand(t *testing.T) {
	t.Parallel()
	w := parse(t, case2+"container container.web on=daemon.root known\nbind /srv /all\n")
	var got []string
	for _, l := range mount.Stand(w.Topology, w.look, "controller.c", "/repo/sub") {
		got = append(got, l.View+" "+l.Path+" = "+l.Object)
	}
	want := []string{
		"host /srv/work/sub = host:/srv/work/sub",
		"controller.c /repo/sub = host:/srv/work/sub",
		"container.web /all/work/sub = host:/srv/work/sub",
		"daemon.dind /repo/sub = host:/srv/work/sub",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A fix is HCL that means the path itself, whatever is in it.
func TestFixQuotesPaths(t *testing.T) {
	t.Parallel()
	w := parse(t, case2)
	c := w.Containers["controller.c"]
	c.Mounts = append(c.Mounts, mount.Mount{Type: mount.Bind, Source: "/srv/${x}", Target: `/a "b"\%{c}`})
	w.Containers["controller.c"] = c
	w.Nested = []mount.Nested{{
		Address: "job.list", Kind: "mount", Type: mount.Bind, Source: `/a "b"\%{c}`, Target: "/x", Daemon: "daemon.dind", Controller: "controller.c",
	}}
	want := []mount.Fix{{
		Title: `Mount host:/srv/${x} at /a "b"\%{c} into daemon.dind`, File: "main.hcl", Line: 9,
		HCL: "  mount {\n    source = \"/srv/$${x}\"\n    target = \"/a \\\"b\\\"\\\\%%{c}\"\n  }",
	}}
	if diff := cmp.Diff(want, w.check()[0].Fixes); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Two mounts that meet at one place are found, whatever they are called.
func TestClashes(t *testing.T) {
	t.Parallel()
	w := parse(t, "container container.web on=daemon.root\nimagelink /var/run /run\nbind /a /run/x\nbind /b /var/run/x\nbind /c /y\nbind /d /y/\n")
	want := []mount.Clash{
		{Container: "container.web", Targets: [2]string{"/y", "/y"}, At: "/y"},
		{Container: "container.web", Targets: [2]string{"/run/x", "/var/run/x"}, At: "/run/x"},
	}
	if diff := cmp.Diff(want, mount.Clashes(w.Topology, w.look)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
