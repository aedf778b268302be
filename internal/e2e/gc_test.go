package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// atQuestion begins a command, lets do happen while it waits at its question, and answers yes.
func (s *scenario) atQuestion(do func(), args ...string) result {
	s.t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		s.t.Fatal(err)
	}
	p := s.begin(func(cmd *exec.Cmd) { cmd.Stdin = read }, args...)
	p.prints("Enter a value")
	_ = read.Close()
	do()
	if _, err := write.WriteString("yes\n"); err != nil {
		s.t.Fatal(err)
	}
	_ = write.Close()
	return p.ends()
}

const keeps = `
volume "keep" {}
container "web" {
  image   = "` + bashImage + `"
  command = ["sleep", "1000"]
  init    = true
  mount {
    source = volume.keep
    target = "/keep"
  }
}
`

// What another run works on is left alone by gc, and what a run stands on is looked at
// again before it is used.
func TestGcLeavesWhatARunWorksOn(t *testing.T) {
	t.Parallel()
	needEngine(t)
	s := nouns{emptyScenario(t)}
	s.as(keeps)
	s.applied()
	s.dindctl("exec", "-project", s.project, "container.web", "sh", "-c", "echo mine >/keep/file").wants(t, 0)
	s.dindctl("destroy", "-project", s.project, "-auto-approve").wants(t, 0)
	s.wantList("volumes", s.volumes(), "keep")

	s.atQuestion(func() {
		got := s.dindctl("gc", "-project", s.project, "-auto-approve", "-volumes").wants(t, 0)
		got.says(t, "Nothing is left over, but for what is left out: project "+s.project, "The project is locked", "with `dindctl apply` (process ", "is left out")
		s.dindctl("gc", "-project", s.project, "-auto-approve", "-volumes", "-lock-timeout", "1ms").wants(t, 0).says(t, "The project is locked")
	}, "apply", "nouns", "-project", s.project).wants(t, 0)
	s.dindctl("exec", "-project", s.project, "container.web", "cat", "/keep/file").wants(t, 0).says(t, "mine")
	s.do("plan", "-detailed-exitcode").wants(t, 0)
	s.dindctl("destroy", "-project", s.project, "-auto-approve").wants(t, 0)

	// While gc waits at its question nobody else begins.
	s.atQuestion(func() {
		s.do("apply", "-auto-approve").wants(t, 1).says(t, "The project is locked", "with `dindctl gc` (process ")
	}, "gc", "-project", s.project).wants(t, 0).says(t, "1 removed")
	s.wantList("volumes", s.volumes())

	// A volume that somebody else removes meanwhile is not made anew by the engine.
	s.as("volume \"keep\" {}\n")
	s.applied()
	s.as(keeps)
	s.atQuestion(func() { s.docker("volume", "rm", s.project+"-keep") }, "apply", "nouns", "-project", s.project).
		wants(t, 1).says(t, "A volume of the plan is gone", "volume.keep (volume "+s.project+"-keep)", "[plan-stale]")
	s.wantList("containers", s.containers())
	if left := s.docker("volume", "ls", "-q", "--filter", "name="+s.project+"-keep"); len(left) > 0 {
		t.Errorf("the engine made %q", left)
	}
	s.applied()
	s.dindctl("destroy", "-project", s.project, "-auto-approve").wants(t, 0)

	// Nor is another one mounted that somebody made under its name.
	s.atQuestion(func() {
		s.docker("volume", "rm", s.project+"-keep")
		s.docker("volume", "create", s.project+"-keep")
	}, "apply", "nouns", "-project", s.project).
		wants(t, 1).says(t, "A volume of the plan is another one now", "volume.keep (volume "+s.project+"-keep)", "[plan-stale]")
	s.wantList("containers", s.containers())
	s.docker("volume", "rm", s.project+"-keep")
	s.applied()

	// Nor is what runs given up for a successor that would stand on nothing.
	s.as(strings.Replace(keeps, `command = ["sleep", "1000"]`, `command = ["sleep", "2000"]`, 1) + "volume \"more\" {}\n")
	s.do("apply", "-auto-approve", "-target", "volume.more").wants(t, 0)
	s.as(strings.Replace(keeps, "  mount {", "  mount {\n    source = volume.more\n    target = \"/more\"\n  }\n  mount {", 1) + "volume \"more\" {}\n")
	before := s.docker("ps", "-q", "--no-trunc", "--filter", "label=dev.dindctl.project="+s.project)
	s.atQuestion(func() { s.docker("volume", "rm", s.project+"-more") }, "apply", "nouns", "-project", s.project).
		wants(t, 1).says(t, "A volume of the plan is gone", "volume.more")
	if after := s.docker("ps", "-q", "--no-trunc", "--filter", "label=dev.dindctl.project="+s.project); strings.Join(after, " ") != strings.Join(before, " ") {
		t.Errorf("%q runs, and %q ran before", after, before)
	}
	s.applied()
	s.leavesNothing()
}

// A volume that has the name of a record, and is none by its whole content, is nobody's to
// remove: not unlock's, not stop's, not start's, not destroy's, not gc's.
func TestWhatIsNoRecordStays(t *testing.T) {
	t.Parallel()
	needEngine(t)
	s := nouns{emptyScenario(t)}
	s.as(idle)
	lock := "dindctl.lock." + s.project
	for _, labels := range [][]string{
		nil,
		{"--label", "dev.dindctl.lock=" + s.project},
		{"--label", "dev.dindctl.lock=" + s.project, "--label", "dev.dindctl.lock.nonce="},
	} {
		mine := s.foreign(lock, labels...)
		s.dindctl("unlock", "-project", s.project, "-auto-approve").wants(t, 1).says(t, "The name is taken", "no such record")
		s.do("apply", "-auto-approve").wants(t, 1).says(t, "The name is taken", "docker volume rm "+lock)
		s.dindctl("gc", "-project", s.project, "-auto-approve", "-volumes").wants(t, 0).says(t, "Nothing is left over")
		mine()
		s.docker("volume", "rm", lock)
	}
	s.applied()
	id := s.docker("ps", "-q", "--no-trunc", "--filter", "label=dev.dindctl.project="+s.project)[0]
	var stay []func()
	for _, kind := range []string{"stopped", "changed", "follows"} {
		stay = append(stay, s.foreign("dindctl."+kind+"."+id, "--label", "dev.dindctl."+kind+".id="+id))
	}
	s.dindctl("stop", "-project", s.project).wants(t, 1).says(t, "The name is taken", "dindctl.stopped."+id)
	s.dindctl("start", "-project", s.project).wants(t, 0)
	s.dindctl("gc", "-project", s.project, "-auto-approve", "-volumes").wants(t, 0)
	s.dindctl("destroy", "-project", s.project, "-auto-approve").wants(t, 0)
	s.dindctl("gc", "-project", s.project, "-auto-approve", "-volumes").wants(t, 0)
	for _, there := range stay {
		there()
	}
	for _, kind := range []string{"stopped", "changed", "follows"} {
		s.docker("volume", "rm", "dindctl."+kind+"."+id)
	}
}

// foreign makes somebody's volume with a file in it, and returns what makes sure that both
// are there still.
func (s *scenario) foreign(name string, labels ...string) func() {
	s.t.Helper()
	s.docker(append(append([]string{"volume", "create"}, labels...), name)...)
	s.t.Cleanup(func() { _ = exec.Command("docker", "volume", "rm", "-f", name).Run() })
	file := filepath.Join(s.docker("volume", "inspect", "-f", "{{.Mountpoint}}", name)[0], "file") // the engine's files are ours
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return func() {
		s.t.Helper()
		if at := s.docker("volume", "inspect", "-f", "{{.Mountpoint}}", name); filepath.Join(at[0], "file") != file || readFile(s.t, file) != "mine" {
			s.t.Errorf("the volume %s is not what it was", name)
		}
	}
}

// Two engines deep.
const keepsInside = `
volume "root" {}
daemon "outer" {
  image = "` + dindImage + `"
}
volume "deep" {
  inside = daemon.outer
}
daemon "inner" {
  inside = daemon.outer
  image  = "` + dindImage + `"
}
volume "deeper" {
  inside = daemon.inner
}
`

// A volume inside a daemon is not left over while its project lives, at any depth; a
// daemon that does not run is named; and what a step stands on inside is looked at again.
func TestGcAndWhatIsInside(t *testing.T) {
	t.Parallel()
	needEngine(t)
	s := nouns{emptyScenario(t)}
	s.as(keepsInside)
	s.applied()
	s.dindctl("gc", "-project", s.project, "-auto-approve", "-volumes").wants(t, 0).says(t, "Nothing is left over")
	outer, inner := s.project+"-outer", s.project+"-inner"
	s.docker("exec", outer, "docker", "volume", "inspect", s.project+"-deep")
	s.docker("exec", outer, "docker", "exec", inner, "docker", "volume", "inspect", s.project+"-deeper")

	with := keepsInside
	for label, inside := range map[string]string{"deep": "outer", "deeper": "inner"} {
		with += fmt.Sprintf(`
container %q {
  inside  = daemon.%s
  image   = %q
  command = ["sleep", "1000"]
  init    = true
  mount {
    source = volume.%s
    target = "/keep"
  }
}
`, label, inside, bashImage, label)
	}
	s.as(with)
	s.atQuestion(func() {
		s.docker("exec", outer, "docker", "volume", "rm", s.project+"-deep")
		s.docker("exec", outer, "docker", "exec", inner, "docker", "volume", "rm", s.project+"-deeper")
	}, "apply", "nouns", "-project", s.project).wants(t, 1).
		says(t, "A volume of the plan is gone", "volume.deep (volume "+s.project+"-deep)", "volume.deeper (volume "+s.project+"-deeper)")
	list := func(chain ...string) string {
		return strings.Join(s.docker(append(append([]string{"exec", outer}, chain...), "docker", "volume", "ls", "-q", "--filter", "name="+s.project+"-deep")...), " ")
	}
	if left := list() + list("docker", "exec", inner); left != "" {
		t.Errorf("the engines made %q", left)
	}
	s.do("apply", "-auto-approve", "-target", "volume.deep", "-target", "volume.deeper").wants(t, 0)
	s.atQuestion(func() {
		s.docker("exec", outer, "sh", "-c", "docker volume rm $0 && docker volume create $0", s.project+"-deep")
		s.docker("exec", outer, "docker", "exec", inner, "sh", "-c", "docker volume rm $0 && docker volume create $0", s.project+"-deeper")
	}, "apply", "nouns", "-project", s.project).wants(t, 1).
		says(t, "A volume of the plan is another one now", "volume.deep (volume "+s.project+"-deep)", "volume.deeper (volume "+s.project+"-deeper)")
	s.docker("exec", outer, "docker", "volume", "rm", s.project+"-deep")
	s.docker("exec", outer, "docker", "exec", inner, "docker", "volume", "rm", s.project+"-deeper")
	s.applied()

	s.dindctl("stop", "-project", s.project, "daemon.inner").wants(t, 0)
	s.dindctl("gc", "-project", s.project, "-auto-approve", "-volumes").wants(t, 0).
		says(t, "Nothing is left over", "Not looked into, and nothing inside is judged:", "daemon.inner of project "+s.project+" in "+outer+": it does not run")
	s.dindctl("stop", "-project", s.project).wants(t, 0)
	s.dindctl("gc", "-project", s.project, "-auto-approve", "-volumes").wants(t, 0).
		says(t, "Nothing is left over", "daemon.outer of project "+s.project+": it does not run")
}

// A volume that is only named, and declared nowhere, is made by the engine, as docker run does.
func TestAVolumeThatIsOnlyNamedIsTheEnginesToMake(t *testing.T) {
	t.Parallel()
	needEngine(t)
	s := nouns{emptyScenario(t)}
	name := s.project + "-there-already"
	s.as(strings.NewReplacer("volume \"keep\" {}", "", "source = volume.keep", "type   = \"volume\"\n    source = \""+name+"\"").Replace(keeps))
	s.applied()
	if got := s.docker("volume", "ls", "-q", "--filter", "name="+name); strings.Join(got, " ") != name {
		t.Errorf("there is %q, want %s", got, name)
	}
	s.do("destroy", "-auto-approve").wants(t, 0)
	s.docker("volume", "rm", name) // nobody's, so that destroy leaves it
	s.leavesNothing()
}
