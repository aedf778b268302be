package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// keeper is a scenario with data: marks in volumes, which have to be there later.
type keeper struct{ nouns }

func newKeeper(t *testing.T) keeper {
	t.Helper()
	needEngine(t)
	return keeper{nouns{emptyScenario(t)}}
}

// volume is a volume's directory on the engine's host; empty where there is none.
func (k keeper) volume(name string) string {
	k.t.Helper()
	out, err := exec.Command("docker", "volume", "inspect", "-f", "{{.Mountpoint}}", name).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// mark puts a mark into each volume.
func (k keeper) mark(names ...string) {
	k.t.Helper()
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(k.volume(name), "mark"), []byte(name), 0o644); err != nil {
			k.t.Fatal(err)
		}
	}
}

// wantMarks demands that the marks are there.
func (k keeper) wantMarks(when string, names ...string) {
	k.t.Helper()
	for _, name := range names {
		if content, err := os.ReadFile(filepath.Join(k.volume(name), "mark")); err != nil || string(content) != name {
			k.t.Errorf("%s: the data of volume %s are lost: %v", when, name, err)
		}
	}
}

// wantLost demands that a volume is gone, or another one.
func (k keeper) wantLost(when, name string) {
	k.t.Helper()
	if _, err := os.Stat(filepath.Join(k.volume(name), "mark")); k.volume(name) != "" && err == nil {
		k.t.Errorf("%s: the data of volume %s are still there", when, name)
	}
}

// anonymous is the name of a container's volume without one.
func (k keeper) anonymous(container, target string) string {
	k.t.Helper()
	return k.docker("inspect", "-f", `{{range .Mounts}}{{if eq .Destination "`+target+`"}}{{.Name}}{{end}}{{end}}`, container)[0]
}

// says answers dindctl's question.
func (k keeper) says(answer, command string, more ...string) result {
	k.t.Helper()
	return k.answer(answer+"\n", append([]string{command, "nouns", "-project", k.project}, more...)...)
}

// refusesToLose demands that a command without an answer does nothing, and says
// what would be lost, although it has -auto-approve.
func (k keeper) refusesToLose(what string, command string, more ...string) {
	k.t.Helper()
	before := k.list("ps", "-aq", "--no-trunc")
	k.do(command, append([]string{"-auto-approve"}, more...)...).wants(k.t, 1).says(k.t, "data loss: "+what, "The question was not answered", "-volumes")
	k.do(command, append([]string{"-auto-approve", "-json"}, more...)...).wants(k.t, 1).says(k.t, "Data would be lost", what)
	k.says("no", command, more...).wants(k.t, 1).says(k.t, "cancelled")
	if after := k.list("ps", "-aq", "--no-trunc"); strings.Join(after, " ") != strings.Join(before, " ") {
		k.t.Errorf("%s %q: the containers are now %q, they were %q", command, more, after, before)
	}
}

const volumes = `
volume "data" {}

container "web" {
  image   = "dindctl.local/bash"
  command = ["sleep", "1000"]
  init    = true
  mount {
    source = volume.data
    target = "/data"
  }
}
`

// Volumes stay: through destroy, through a replacement of what uses them, when
// their block is gone, renamed or wants another engine; each time they are named.
func TestVolumesAreKept(t *testing.T) {
	t.Parallel()
	k := newKeeper(t)
	data := k.project + "-data"
	keeps := "volume " + data + " (volume.data)"
	k.as(volumes)
	k.applied()
	k.mark(data)

	k.do("destroy", "-auto-approve").wants(t, 0).says(t, "Kept:", keeps, "volumes are kept without -volumes")
	k.wantList("containers", k.containers())
	k.wantMarks("after destroy", data)
	k.applied()
	k.wantMarks("after destroy and apply", data)

	k.as(strings.Replace(volumes, `"1000"`, `"2000"`, 1))
	k.applied()
	k.wantMarks("after a replacement of the container", data)

	k.as("")
	k.do("plan").wants(t, 0).says(t, keeps)
	k.do("apply", "-auto-approve").wants(t, 0).says(t, keeps)
	k.do("plan", "-detailed-exitcode").wants(t, 0).says(t, keeps)
	k.wantMarks("as an orphan", data)

	renamed := strings.ReplaceAll(strings.Replace(volumes, `"data"`, `"other"`, 1), "volume.data", "volume.other")
	k.as(renamed)
	k.do("apply", "-auto-approve").wants(t, 0).says(t, keeps, `volume "`+k.project+`-other"`)
	k.wantMarks("beside a renamed block", data)
	k.do("destroy", "-auto-approve", "-volumes", "-target", "volume.other").wants(t, 0)
	k.as(renamed + "moved {\n  from = volume.data\n  to   = volume.other\n}\n")
	k.applied()
	k.wantMarks("after a renaming that moved says", data)
	if got := k.docker("exec", k.project+"-web", "cat", "/data/mark"); got[0] != data {
		t.Errorf("a moved volume holds %q", got)
	}
	k.do("destroy", "-auto-approve").wants(t, 0).says(t, "volume "+data)

	k.as(strings.Replace(renamed, `volume "other" {}`, `volume "other" { name = "`+data+`" }`, 1))
	k.do("apply", "-auto-approve").wants(t, 1).says(t, "The name is taken", data)
	k.wantMarks("when another block wants its name", data)

	k.as("daemon \"dind\" {\n  image = \"dindctl.local/dind\"\n}\nvolume \"data\" {\n  inside = daemon.dind\n}\n")
	k.do("apply", "-auto-approve").wants(t, 0).says(t, "Kept:", keeps, "it is on the root engine")
	k.wantMarks("when it is wanted inside a daemon", data)

	k.as("volume \"data\" {\n  external = true\n  name     = \"" + data + "\"\n}\n")
	k.do("apply", "-auto-approve", "-volumes").wants(t, 0)
	k.do("destroy", "-auto-approve", "-volumes", "-exclude", "volume.data").wants(t, 0)
	k.wantMarks("as something external", data)

	k.as("")
	k.do("apply", "-auto-approve", "-volumes").wants(t, 0)
	k.wantLost("with -volumes", data)
}

// What would lose data is shown as such and not done without consent: -volumes,
// there or when a plan file is made, or a typed yes. -auto-approve is none, and
// neither is a plan file.
func TestLossOfDataTakesConsent(t *testing.T) {
	t.Parallel()
	k := newKeeper(t)
	data := k.project + "-data"
	all := "everything in the volume " + data
	k.as(volumes)
	k.applied()
	k.mark(data)

	k.refusesToLose(all, "apply", "-replace", "volume.data")
	k.wantMarks("without consent", data)
	k.as(strings.Replace(volumes, `volume "data" {}`, `volume "data" { labels = { a = "b" } }`, 1))
	k.do("plan", "-detailed-exitcode").wants(t, 2).says(t, "data loss: "+all, "volume.data is to be replaced (labels.a: configuration)", "-auto-approve")
	k.refusesToLose(all, "apply")
	k.do("plan", "-out", "plan").wants(t, 0).says(t, "data loss: "+all)
	k.dindctl("apply", "plan").wants(t, 1).says(t, "The question was not answered")
	k.dindctl("apply", "plan", "-auto-approve").wants(t, 1).says(t, "The question was not answered")
	k.wantMarks("with a plan file", data)
	k.answer("yes\n", "apply", "plan").wants(t, 0).says(t, "to lose that data?")
	k.wantLost("after a yes", data)

	k.mark(data)
	k.as(volumes)
	k.do("plan", "-volumes", "-out", "plan").wants(t, 0).says(t, "data loss: "+all)
	k.wantMarks("planned", data)
	k.dindctl("apply", "plan").wants(t, 0)
	k.wantLost("after a plan file made with -volumes", data)

	k.mark(data)
	k.as(strings.Replace(volumes, `volume "data" {}`, `volume "data" { name = "`+k.project+`-new" }`, 1))
	k.refusesToLose(all, "apply")
	k.wantMarks("when its name changes", data)
	k.do("apply", "-auto-approve", "-volumes").wants(t, 0)
	k.wantLost("when its name changes, with -volumes", data)
}

// The data in volumes without a name go with their container: that is shown and
// asked about, in a replacement, a removal and a destroy.
func TestAnonymousVolumesAreData(t *testing.T) {
	t.Parallel()
	k := newKeeper(t)
	const file = `
image "store" {
  build {
    context = "build"
  }
}

container "store" {
  image   = image.store
  command = ["sleep", "1000"]
  init    = true
  mount {
    type   = "volume"
    target = "/own"
  }
}
`
	k.write("nouns/build/Dockerfile", "FROM dindctl.local/bash\nVOLUME /store\n")
	k.as(file)
	k.applied()
	name := k.project + "-store"
	marked := func() []string {
		t.Helper()
		both := []string{k.anonymous(name, "/store"), k.anonymous(name, "/own")}
		k.mark(both...)
		return both
	}
	both := marked()
	const what = "the data in its volumes without a name at /own and /store"
	for _, row := range []struct{ file, command string }{
		{strings.Replace(file, `"1000"`, `"2000"`, 1), "apply"}, {"", "apply"}, {file, "destroy"},
	} {
		k.as(row.file)
		k.refusesToLose(what, row.command)
		k.wantMarks(row.command, both...)
	}
	k.as(strings.Replace(file, `"1000"`, `"2000"`, 1))
	k.says("yes", "apply").wants(t, 0).says(t, "data loss: "+what)
	k.wantLost("after a yes", both[0])
	both = marked()
	k.docker("stop", name)
	k.applied()
	k.wantMarks("after a restart", both...)
	k.docker("rm", "-f", name) // leaves them, as docker does without -v
	k.applied()
	k.wantMarks("of a container that somebody removed", both...)
	k.docker(append([]string{"volume", "rm"}, both...)...)
	k.do("destroy", "-auto-approve", "-volumes").wants(t, 0)
}
