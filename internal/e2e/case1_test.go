package e2e_test

import "testing"

// Case 1: a daemon of one's own and a job inside it, which sees the host's files.
func TestCase1(t *testing.T) {
	t.Parallel()
	e := newSample(t, "case1", "daemon_image="+dindImage, "job_image="+bashImage)

	e.on("validate").wants(t, 0)
	e.on("plan", "-detailed-exitcode").wants(t, 2).says(t, "privileged = true", "5 to add")
	e.up().says(t, nestedListing, "case1.hcl")
	e.wantList("containers on the host", e.containers(), "dind")
	e.exec("daemon.dind", "docker", "ps", "-a", "--format", "{{.Names}}").wants(t, 0).says(t, e.project+"-list")
	e.on("output", "-json").wants(t, 0).says(t, nestedListing)
	e.down("dind-certs", "dind-data")

	// On the data that destroy kept, the job's record is still there.
	e.up()
	e.on("destroy", "-auto-approve", "-volumes").wants(t, 0)
	e.wantList("volumes", e.volumes())
}
