package e2e_test

import (
	"slices"
	"strings"
	"testing"
)

// What a job wrote is a value whole or not at all: over the bound, and where its log was
// rotated, whoever refers to it is stopped, in the run of the job and in every later one,
// and what runs stays. A job that writes less makes all good.
func TestWhatAJobWroteIsAValueWholeOrNotAtAll(t *testing.T) {
	s := newNouns(t)
	const file = `
job "said" {
  image   = "dindctl.local/bash"
  command = ["bash", "-c", "echo one"]
  logging {
    driver  = "json-file"
    options = { max-size = "4k", max-file = "2" }
  }
}

locals {
  said = trimspace(job.said.stdout)
}

container "web" {
  image       = "dindctl.local/bash"
  command     = ["sleep", "1000"]
  init        = true
  environment = { SAID = local.said }
}

output "said" { value = job.said.stdout }
`
	s.as(file)
	s.applied()
	running := func() string { return s.inspect("container", "web", "{{.Id}} {{.State.Running}}") }
	before := running()
	for _, row := range []struct{ name, command, says string }{
		{"over the bound", "head -c 1048577 /dev/zero | tr '\\\\0' x", "at most 1 MiB"},
		{"rotated", "for i in {1..400}; do echo $i; done", "its log was rotated"},
	} {
		changed := strings.Replace(file, "echo one", row.command, 1)
		if row.name == "over the bound" {
			changed = strings.Replace(changed, `{ max-size = "4k", max-file = "2" }`, "{}", 1)
		}
		s.as(changed)
		for _, command := range [][]string{{"apply", "-auto-approve"}, {"plan"}, {"apply", "-auto-approve"}} {
			s.do(command[0], command[1:]...).wants(t, 1).says(t, "An output cannot be had whole", "job.said.stdout", row.says)
			if got := running(); got != before {
				t.Errorf("%s: what ran was given up: %s, before %s", row.name, got, before)
			}
		}
	}
	s.as(file)
	s.applied()
}

// What is made anew with what a job says runs until the job has succeeded.
func TestWhatRunsIsKeptUntilTheJobHasSucceeded(t *testing.T) {
	s := newNouns(t)
	const file = `
network "n" {}

job "said" {
  image   = "dindctl.local/bash"
  command = ["bash", "-c", "echo one"]
}

container "web" {
  image       = "dindctl.local/bash"
  command     = ["sleep", "1000"]
  init        = true
  networks    = [network.n]
  environment = { SAID = job.said.stdout }
}

container "beside" {
  image    = "dindctl.local/bash"
  command  = ["sleep", "1000"]
  init     = true
  networks = [network.n]
}
`
	s.as(file)
	s.applied()
	running := func() string {
		return s.inspect("container", "web", "{{.Id}} {{.State.Running}}") + s.inspect("container", "beside", "{{.Id}} {{.State.Running}}")
	}
	before := running()
	fails := strings.Replace(file, "echo one", "echo two; exit 3", 1)
	for _, edited := range []string{fails, strings.Replace(fails, `network "n" {}`, "network \"n\" {\n  internal = true\n}", 1)} {
		s.as(edited)
		s.do("apply", "-auto-approve").wants(t, 1).says(t, "The job failed")
		if got := running(); got != before {
			t.Errorf("what ran was given up: %s, before %s", got, before)
		}
	}
	s.as(strings.Replace(file, "echo one", "echo two", 1))
	s.applied()
	if got := s.docker("exec", s.project+"-web", "bash", "-c", "echo $SAID"); !slices.Equal(got, []string{"two"}) {
		t.Errorf("the container has %q", got)
	}
}
