package e2e_test

import (
	"strings"
	"syscall"
	"testing"
)

// A job that runs when its network and its volume leave the configuration is waited for:
// both are there until it has ended, and go then, in the same apply; and it runs again with
// the next one.
func TestARunningJobIsWaitedForBeforeWhatItUsesGoes(t *testing.T) {
	t.Parallel()
	needEngine(t)
	s := newNouns(t)
	job := func(uses string) string {
		return "job \"slow\" {\n  image   = \"dindctl.local/bash\"\n  command = [\"sh\", \"-c\", \"while [ ! -e /go ]; do sleep 0.1; done; ls /v\"]\n" + uses + "}\n"
	}
	s.as("network \"n\" {}\nvolume \"v\" {}\n" + job("  networks = [network.n]\n  mount {\n    source = volume.v\n    target = \"/v\"\n  }\n"))
	p := s.begin(nil, "apply", "nouns", "-project", s.project, "-auto-approve")
	slow := s.project + "-slow"
	running := func() bool { return strings.Join(s.docker("ps", "-q", "--filter", "name="+slow), "") != "" }
	until(t, "the job does not run", running)
	p.signal(syscall.SIGKILL)
	p.ends()

	s.as(strings.ReplaceAll(job(""), "; ls /v", ""))
	p = s.begin(nil, "apply", "nouns", "-project", s.project, "-auto-approve", "-volumes")
	p.prints("job.slow: ") // it has begun
	before := s.docker("inspect", "-f", "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}} {{range .Mounts}}{{.Name}}{{end}}", slow)
	s.wantList("what the job uses while it is waited for", before, "n "+s.project+"-v")
	s.docker("exec", slow, "touch", "/go")
	p.ends().wants(t, 0)
	s.wantList("networks", s.networks())
	s.wantList("volumes", s.volumes())
	s.do("plan").wants(t, 0).says(t, "job.slow", "no record of a run")
}
