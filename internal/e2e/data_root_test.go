package e2e_test

import (
	"strings"
	"testing"
)

// elsewhereData is a daemon, OUTER in which one, whose data lie where DATA says.
const elsewhereData = `
daemon "dind" {
  image = "dindctl.local/dind"
  OUTER
  DATA
}

volume "inner" {
  inside = daemon.dind
}

container "inner" {
  inside  = daemon.dind
  image   = "dindctl.local/bash"
  command = ["sleep", "1000"]
  init    = true
  mount {
    source = volume.inner
    target = "/data"
  }
}
`

const outerDaemon = `
daemon "outer" {
  image = "dindctl.local/dind"
}
`

// Where the data of a daemon do not outlive it, because its data root is not on its data
// volume or that is memory, what removes it or makes it anew says so before, names what is
// inside, of the project and of others, and takes consent, as for a data volume.
// prevent_destroy of what is inside holds.
func TestDataThatEndWithTheirDaemon(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, data, outer, words, more string }{
		{
			name: "own-files", words: "in its own files, at /data",
			data: `flags = ["--data-root", "/data", "--storage-driver=vfs"]`,
		},
		{
			name: "inside", words: "in memory, at /var/lib/docker", outer: "inside = daemon.outer",
			data: "mount {\n    type   = \"tmpfs\"\n    target = \"/var/lib/docker\"\n  }", more: outerDaemon,
		},
		{
			name: "memory-volume", words: "in memory (the volume PROJECT-ram), at /var/lib/docker",
			data: "data = volume.ram",
			more: "volume \"ram\" {\n  options = { type = \"tmpfs\", device = \"tmpfs\" }\n}\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := newKeeper(t)
			file := strings.NewReplacer("OUTER", c.outer, "DATA", c.data).Replace(elsewhereData) + c.more
			in := func(args ...string) []string {
				t.Helper()
				command := []string{"exec", k.project + "-dind"}
				if c.outer != "" {
					command = append([]string{"exec", k.project + "-outer", "docker"}, command...)
				}
				return k.docker(append(command, args...)...)
			}
			k.as(file)
			k.applied()
			in("docker", "run", "-d", "--init", "--name", "theirs", "-v", "theirs:/theirs", bashImage, "sleep", "1000")

			words := strings.ReplaceAll(c.words, "PROJECT", k.project)
			loss := "all that is inside daemon.dind, which lies " + words +
				": container.inner, volume.inner, container theirs (not the project's), volume theirs (not the project's)"
			k.refusesToLose(loss, "apply", "-replace", "daemon.dind")
			k.refusesToLose(loss, "destroy")
			if plan := k.do("plan", "-destroy"); strings.Contains(plan.stdout, "inner inside daemon.dind (volume.inner): volumes are kept") {
				t.Errorf("what is lost is said to be kept:\n%s", plan.stdout)
			}

			protected := strings.Replace(file, "volume \"inner\" {\n", "volume \"inner\" {\n  lifecycle {\n    prevent_destroy = true\n  }\n", 1)
			k.as(protected)
			k.do("apply", "-auto-approve", "-volumes", "-replace", "daemon.dind").wants(t, 1).says(t, "An object is kept by prevent_destroy", "volume.inner")
			k.do("destroy", "-auto-approve").wants(t, 1).says(t, "An object is kept by prevent_destroy", "volume.inner")
			if got := in("docker", "volume", "ls", "-q"); len(got) == 0 || !strings.Contains(strings.Join(got, " "), "theirs") {
				t.Errorf("without consent the volumes inside are %q", got)
			}

			k.as(file)
			k.says("yes", "apply", "-replace", "daemon.dind").wants(t, 0)
			k.do("plan", "-detailed-exitcode").wants(t, 0)
			k.says("yes", "destroy").wants(t, 0)
			k.wantList("containers", k.containers())
		})
	}
}
