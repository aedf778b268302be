package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Two daemons never come onto one data: somebody's own daemon, or container, that may
// write there is named, and nothing is made; also where the directory has two names by a
// link, or one data root lies below the other, at the root and inside a daemon. Who only
// reads is in nobody's way.
func TestDataThatSomebodyElseWritesTo(t *testing.T) {
	t.Parallel()
	k := newKeeper(t)
	data := t.TempDir()
	if err := os.MkdirAll(filepath.Join(data, "real", "below"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(data, "real"), filepath.Join(data, "link")); err != nil {
		t.Fatal(err)
	}
	theirs, volume := k.project+"-theirs", k.project+"-shared"
	t.Cleanup(func() {
		_ = exec.Command("docker", "rm", "-f", theirs).Run()
		_ = exec.Command("docker", "volume", "rm", volume).Run()
	})
	on := func(source string) string {
		return "daemon \"dind\" {\n  image = \"dindctl.local/dind\"\n  mount {\n    source = \"" + source + "\"\n    target = \"/var/lib/docker\"\n  }\n}\n"
	}
	refused := func(what string) {
		t.Helper()
		k.do("plan").wants(t, 1).says(t, "Data of a daemon that something else writes to", "container "+theirs)
		k.do("apply", "-auto-approve").wants(t, 1).says(t, "container "+theirs)
		if got := k.containers(); len(got) > 0 {
			t.Errorf("%s: %q were made", what, got)
		}
	}
	run := func(mount string) {
		t.Helper()
		_ = exec.Command("docker", "rm", "-f", theirs).Run()
		k.docker("run", "-d", "--init", "--name", theirs, "-v", mount, bashImage, "sleep", "1000")
	}
	real, link := filepath.Join(data, "real"), filepath.Join(data, "link")
	for _, c := range []struct{ what, mount, source string }{
		{"one directory", real + ":/var/lib/docker", real},
		{"a link", real + ":/x", link},
		{"below", real + "/below:/x", real},
		{"above", real + ":/var/lib/docker", real + "/below"},
	} {
		run(c.mount)
		k.as(on(c.source))
		refused(c.what)
	}
	_ = exec.Command("docker", "rm", "-f", theirs).Run()
	k.as(on(real) + strings.Replace(on(link), "daemon \"dind\" {", "daemon \"second\" {\n  alias = \"second\"", 1))
	k.do("plan").wants(t, 1).says(t, "daemon.dind")
	external := "volume \"shared\" {\n  name     = \"" + volume + "\"\n  external = true\n}\n"
	run(volume + ":/x")
	k.as(external + strings.Replace(on("X"), `"X"`, "volume.shared", 1))
	refused("a volume")

	run(volume + ":/x:ro")
	k.applied()
	k.do("destroy", "-auto-approve").wants(t, 0)

	outer := outerDaemon + "container \"seed\" {\n  inside  = daemon.outer\n  image   = \"dindctl.local/bash\"\n  command = [\"sleep\", \"1000\"]\n  init    = true\n}\n"
	k.as(outer)
	k.applied()
	k.docker("exec", k.project+"-outer", "docker", "run", "-d", "--init", "--name", "within", "-v", "shared:/x", bashImage, "sleep", "1000")
	k.as(outer + "volume \"shared\" {\n  name     = \"shared\"\n  external = true\n  inside   = daemon.outer\n}\n" +
		strings.Replace(strings.Replace(on("X"), `"X"`, "volume.shared", 1), "mount {", "inside = daemon.outer\n  mount {", 1))
	k.do("apply", "-auto-approve").wants(t, 1).says(t, "Data of a daemon that something else writes to", "container within inside daemon.outer")
	k.docker("exec", k.project+"-outer", "docker", "rm", "-f", "within")
	k.applied()
	k.do("destroy", "-auto-approve", "-volumes").wants(t, 0)
}
