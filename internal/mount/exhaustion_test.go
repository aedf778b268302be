package mount_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/internal/mount"
)

// situation is one row of the table: everything that the verdict depends on.
type situation struct {
	daemon  string // container, host
	top     string // kind of the object that D has at the path
	covered bool   // an entry mount covers it
	exists  string // yes, no, create: no, but create_source
	control string // none, same, other, own
	below   string // same, differs
	resolve mount.Resolve
}

// situations are all combinations that can be built.
func situations() []situation {
	var out []situation
	tops := map[string][]string{
		"container": {"bind", "volume", "subpath", "device", "tmpfs", "anonymous", "image", "root", "kernel", "engine-made", "socket", "unreadable"},
		"host":      {"path", "socket", "unreadable"},
	}
	for _, daemon := range []string{"container", "host"} {
		for _, top := range tops[daemon] {
			for _, covered := range []bool{false, true} {
				if covered && daemon == "host" {
					continue
				}
				for _, exists := range []string{"yes", "no", "create"} {
					for _, control := range []string{"none", "same", "other", "own"} {
						for _, below := range []string{"same", "differs"} {
							for _, resolve := range []mount.Resolve{mount.ResolveSame, mount.ResolveTranslate, mount.ResolveDaemon} {
								out = append(out, situation{daemon, top, covered, exists, control, below, resolve})
							}
						}
					}
				}
			}
		}
	}
	return out
}

// path is where the source lies, for each kind of top object.
func (s situation) path() string {
	switch {
	case s.top == "kernel":
		return "/proc/sys"
	case s.top == "engine-made":
		return "/dev/shm"
	case s.top == "socket":
		return "/var/run/docker.sock"
	case s.daemon == "host":
		return "/srv/work/x"
	}
	return "/repo/x"
}

// build makes the topology in the notation of the other tables.
func (s situation) build() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("file /srv/work\nfile /srv/other/x\nfile /var/run/docker.sock\nvolume daemon.root v address=volume.v mountpoint=/vol/v")
	line("file /vol/v\nvolume daemon.root d address=volume.d device=/srv/work")
	if s.exists == "yes" {
		line("file /srv/work/x\nfile /vol/v/x\nfile /vol/v/part/x")
	}
	on := "daemon.host"
	same := "bind /srv/work /srv/work"
	if s.daemon == "container" {
		on = "daemon.dind"
		same = s.buildDaemon(line)
	} else {
		unknown := ""
		if s.top == "unreadable" {
			unknown = " unknown=nobody_has_looked"
		}
		line("engine daemon.host host=root%s", unknown)
	}
	s.buildController(line, same)
	options := ""
	if s.control != "none" {
		options = " by=controller.c"
	}
	if s.exists == "create" {
		options += " create"
	}
	line("job job.a %s /x on=%s%s resolve=%s", s.path(), on, options, s.resolve)
	return b.String()
}

// buildDaemon writes the daemon's container, and returns what gives the
// controller the same object.
func (s situation) buildDaemon(line func(string, ...any)) (same string) {
	unknown := ""
	if s.top == "unreadable" {
		unknown = " unknown=nobody_has_looked"
	}
	line("engine daemon.dind in=daemon.dind%s\ncontainer daemon.dind on=daemon.root known", unknown)
	mounts := map[string]string{
		"bind": "bind /srv/work /repo", "volume": "vol v /repo", "subpath": "vol v /repo subpath=part", "device": "vol d /repo",
		"tmpfs": "tmp /repo", "anonymous": "vol - /repo", "image": "imagevol /repo", "unreadable": "bind /srv/work /repo",
	}
	if mounts[s.top] != "" {
		line("%s", mounts[s.top])
	}
	if s.below == "differs" {
		line("bind /srv/below %s/below", s.path())
	}
	if s.covered {
		line("entry %s", strings.TrimSuffix(s.path(), "/x"))
	}
	switch s.top {
	case "bind", "volume", "subpath", "device", "unreadable":
		return mounts[s.top]
	case "socket":
		// Nobody else has a daemon's own socket at the same path.
		return ""
	}
	return ""
}

func (s situation) buildController(line func(string, ...any), same string) {
	if s.control == "none" {
		return
	}
	line("container controller.c on=daemon.root known")
	switch {
	case s.control == "same" && s.daemon == "host" && s.top == "socket":
		line("bind /var/run/docker.sock /var/run/docker.sock")
	case s.control == "same" && same != "":
		line("%s", same)
	case s.control == "other" || s.control == "same":
		// What is private to D can be no object of C's: same and other are one.
		line("bind /srv/other %s", strings.TrimSuffix(s.path(), "/x"))
	}
	if s.daemon == "host" && s.below == "differs" {
		line("bind /srv/below %s/below", s.path())
	}
}

// Over all that the verdict depends on, each situation has exactly one verdict,
// the same whenever it is asked, with the severity that belongs to it, a message,
// a chain and, for an error, a fix or none: the committed table.
func TestExhaustion(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	tally := map[mount.Verdict]int{}
	for _, s := range situations() {
		w := parse(t, s.build())
		entries := w.check()
		if len(entries) != 1 {
			t.Fatalf("%+v has %d entries", s, len(entries))
		}
		e := entries[0]
		tally[e.Verdict]++
		fmt.Fprintf(&b, "%-9s %-11s %-9s %-6s %-5s %-7s %-9s = %-8s %s\n",
			s.daemon, s.top, map[bool]string{true: "covered", false: "open"}[s.covered], s.exists, s.control, s.below, s.resolve, e.Verdict, e.Severity)
		if e.Message == "" || len(e.Chain) == 0 || !severityFits(e) {
			t.Errorf("%+v: %s", s, show(e))
		}
		checkInvariants(t, s, e)
	}
	for _, v := range []mount.Verdict{mount.Visible, mount.Hidden, mount.Aliased, mount.Shadowed, mount.Partial, mount.Unknown} {
		if tally[v] == 0 {
			t.Errorf("no situation is %s", v)
		}
	}
	const file = "testdata/exhaustion.golden"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); diff != "" {
		t.Errorf("%s (-want +got; -update writes it anew):\n%s", file, diff)
	}
}

func severityFits(e mount.Entry) bool {
	switch e.Verdict {
	case mount.Hidden, mount.Aliased, mount.Shadowed:
		return e.Severity == mount.Failure
	case mount.Partial, mount.Unknown:
		return e.Severity == mount.Warning
	case mount.Visible:
		return e.Severity != mount.Failure
	}
	return false
}

// checkInvariants says of each row what the words of the rule demand, without
// going through the procedure.
func checkInvariants(t *testing.T, s situation, e mount.Entry) {
	t.Helper()
	wrong := func(why string) { t.Errorf("%+v: %s\n%s", s, why, show(e)) }
	switch {
	case s.top == "unreadable" && e.Verdict != mount.Unknown:
		wrong("nothing is known of the engine")
	case e.Verdict == mount.Aliased && (s.control == "none" || s.control == "own" || s.resolve != mount.ResolveSame):
		wrong("only another object of a controller that is compared is an alias")
	case e.Verdict == mount.Shadowed && !s.covered:
		wrong("nothing covers it")
	case e.Verdict == mount.Partial && (s.below == "same" || s.resolve == mount.ResolveDaemon):
		wrong("nothing below is compared or differs")
	case s.resolve == mount.ResolveDaemon && s.control == "none" && s.top == "bind" && !s.covered && e.Verdict != mount.Visible:
		wrong("what is in a mount is visible")
	case s.top == "tmpfs" && e.Verdict == mount.Visible && s.resolve != mount.ResolveDaemon && s.exists != "create":
		wrong("a tmpfs is private")
	}
}
