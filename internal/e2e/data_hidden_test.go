package e2e_test

import (
	"strings"
	"testing"
)

// Another storage driver, or other users, hide what is inside a daemon: the plan names it,
// of the project and of others, and says until when; what is declared is created, in one
// apply, unless it is there already. With the driver as before it is there again. Whoever
// is inside a daemon that is made anew or removed is named as well.
func TestWhatADaemonHides(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, outer, more, hide, why string }{
		{name: "driver", hide: `storage_driver = "vfs"`, why: "its storage driver will be vfs, and not overlay2"},
		{
			name: "inside", outer: "inside = daemon.outer", more: outerDaemon,
			hide: `config = { userns-remap = "default" }`, why: "its users will be remapped to dockremap (userns-remap), and are not remapped now",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := newKeeper(t)
			with := func(setting string) {
				k.as(strings.NewReplacer("OUTER", c.outer, "DATA", setting).Replace(elsewhereData) + c.more)
			}
			in := func(args ...string) string {
				t.Helper()
				command := []string{"exec", k.project + "-dind"}
				if c.outer != "" {
					command = append([]string{"exec", k.project + "-outer", "docker"}, command...)
				}
				return strings.Join(k.docker(append(command, args...)...), "\n")
			}
			with("")
			k.applied()
			in("docker", "run", "-d", "--init", "--name", "theirs", "--restart", "always", "-v", "theirs:/theirs", bashImage, "sleep", "1000")
			before := in("docker", "inspect", "-f", "{{.Id}}", "theirs", k.project+"-inner")

			k.do("plan", "-replace", "daemon.dind").wants(t, 0).says(t, "ends with it: container.inner (started again), volume.inner (stays as it is), container theirs (not the project's)")
			k.do("plan", "-destroy").wants(t, 0).says(t, "ends with it: container theirs (not the project's)")

			with(c.hide)
			k.do("plan").wants(t, 0).says(t,
				"what is inside it is hidden until that is as before ("+c.why+"): container.inner, volume.inner, container theirs (not the project's), volume theirs (not the project's)",
				"container.inner will be created, unless already there")
			k.do("apply", "-auto-approve").wants(t, 0)
			k.do("plan", "-detailed-exitcode").wants(t, 0)
			if got := in("docker", "ps", "--format", "{{.Names}}"); got != k.project+"-inner" {
				t.Errorf("what is hidden is seen: %q", got)
			}

			with("")
			k.do("apply", "-auto-approve").wants(t, 0).says(t, "what is inside it is hidden until that is as before")
			k.do("plan", "-detailed-exitcode").wants(t, 0)
			if after := in("docker", "inspect", "-f", "{{.Id}}", "theirs", k.project+"-inner"); after != before {
				t.Errorf("as before there are %q, there were %q", after, before)
			}
			k.do("destroy", "-auto-approve", "-volumes").wants(t, 0)
		})
	}
}
