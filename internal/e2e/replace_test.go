package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What runs is not given up for something that cannot be made: an image that
// cannot be had, a source that is not there, a build that fails.
func TestWhatRunsIsKeptUntilItsSuccessorCanBeMade(t *testing.T) {
	s := newNouns(t)
	const file = `
image "tool" {
  build {
    context = "build"
  }
}

container "pulled" {
  image   = "dindctl.local/bash"
  command = ["sleep", "1000"]
  init    = true
  mount {
    source = "./data"
    target = "/data"
  }
}

container "built" {
  image   = image.tool
  command = ["sleep", "1000"]
  init    = true
}
`
	s.as(file)
	if err := os.MkdirAll(filepath.Join(s.dir, "nouns/data"), 0o755); err != nil {
		t.Fatal(err)
	}
	s.write("nouns/build/Dockerfile", "FROM dindctl.local/bash\nRUN echo one >/one\n")
	s.applied()
	running := func() string {
		return s.inspect("container", "pulled", "{{.Id}} {{.State.Running}}") + s.inspect("container", "built", "{{.Id}} {{.State.Running}}")
	}
	before := running()
	keeps := func(what string, says ...string) {
		t.Helper()
		s.do("apply", "-auto-approve").wants(t, 1).says(t, says...)
		if got := running(); got != before {
			t.Errorf("%s: what ran was given up: %s, before %s", what, got, before)
		}
	}
	s.as(strings.Replace(file, `"dindctl.local/bash"`, `"dindctl.invalid/nothing:1"`, 1))
	keeps("an image that cannot be pulled", "The image cannot be had", "dindctl.invalid/nothing:1")
	s.as(strings.Replace(file, `"./data"`, `"./nothing"`, 1))
	keeps("a source that is not there", "A mount's source does not exist", "nouns/nothing")
	s.as(file)
	s.write("nouns/build/Dockerfile", "FROM dindctl.local/bash\nRUN echo the reason; exit 3\n")
	keeps("a build that fails", "The image cannot be built", "the reason")
	s.write("nouns/build/Dockerfile", "FROM dindctl.local/bash\nRUN echo two >/two\n")
	s.applied()
	s.docker("exec", s.project+"-built", "cat", "/two")
}
