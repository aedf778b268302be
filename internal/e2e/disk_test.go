package e2e_test

import "testing"

// A daemon whose disk is 64 MiB, and a job that writes more than that.
const smallDisk = `
volume "small" {
  options = { type = "tmpfs", device = "tmpfs", o = "size=64m" }
}

daemon "dind" {
  image = "` + dindImage + `"
  data  = volume.small
}

job "fill" {
  inside  = daemon.dind
  image   = "` + bashImage + `"
  command = ["dd", "if=/dev/zero", "of=/big", "bs=1M", "count=200"]
}
`

// A job that fills the disk of its daemon says whose disk that is, and the
// controller's engine is none the worse.
func TestJobFillsTheInnerDisk(t *testing.T) {
	t.Parallel()
	needEngine(t)
	s := emptyScenario(t)
	file := s.write("disk.hcl", smallDisk)
	s.dindctl("apply", file, "-project", s.project, "-auto-approve").wants(t, 1).
		says(t, "The job failed", "with job.fill", "No space is left on the disk of the engine", "docker system df")
	s.dindctl("destroy", file, "-project", s.project, "-auto-approve", "-volumes").wants(t, 0)
	s.wantList("volumes", s.volumes())
}
