package e2e_test

import (
	"testing"
)

// One image has one id in the store of containerd and another in that of a storage
// driver. What is made inside a daemon, from an image that is built outside or named by a
// string, is made once, whichever store the two engines have, also where its image lost
// its name inside; and is made anew once the image is another one.
func TestAnImageInsideIsOneImage(t *testing.T) {
	t.Parallel()
	needEngine(t)
	s := emptyScenario(t)
	text := func(label string) string {
		return "project {\n  name = \"" + s.project + "\"\n}\n" + `
daemon "dind" {
  image = "` + dindImage + `"
}
image "own" {
  build {
    dockerfile_inline = "FROM ` + bashImage + `\nLABEL made=` + label + `"
  }
}
container "built" {
  inside  = daemon.dind
  image   = image.own
  init    = true
  command = ["sleep", "infinity"]
}
container "named" {
  inside  = daemon.dind
  image   = "` + bashImage + `"
  init    = true
  command = ["sleep", "infinity"]
}
job "once" {
  inside  = daemon.dind
  image   = image.own
  command = ["true"]
}
`
	}
	s.write("ci.hcl", text("one"))
	s.dindctl("apply", "-auto-approve").wants(t, 0)
	s.dindctl("plan", "-detailed-exitcode").wants(t, 0)
	inside := func(args ...string) { s.docker(append([]string{"exec", s.project + "-dind", "docker"}, args...)...) }
	inside("rmi", "--force", bashImage)
	s.dindctl("plan", "-detailed-exitcode").wants(t, 0)
	inside("rmi", "--force", s.project+"-own")
	s.dindctl("plan", "-detailed-exitcode").wants(t, 0)
	s.write("ci.hcl", text("two"))
	s.dindctl("plan", "-detailed-exitcode").wants(t, 2).says(t, "container.built must be replaced", "job.once will be run", "Plan: 3 to add, 0 to change, 2 to destroy")
	s.dindctl("apply", "-auto-approve").wants(t, 0)
	s.dindctl("plan", "-detailed-exitcode").wants(t, 0)
	s.dindctl("destroy", "-volumes", "-images", "-auto-approve").wants(t, 0)
}
