package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// rebuiltFile has images that are made from one another, in every way, and what runs
// on them. PLACE stands in each block that lives where the test wants it.
const rebuiltFile = `
variable "word" {
  default = "one"
}

image "base" {
  PLACE
  build {
    context = "base"
    args    = { WORD = var.word }
  }
}

image "byref" {
  PLACE
  build {
    context = "app"
    args    = { BASE = image.base.ref }
  }
}

image "byname" {
  PLACE
  build {
    context = "app"
    args    = { BASE = image.base.name }
  }
}

image "byid" {
  PLACE
  build {
    context = "app"
    args    = { BASE = image.base.id }
  }
}

image "byline" {
  PLACE
  build {
    dockerfile_inline = "FROM ${image.base.id}\nRUN cat /base /made >/app\n"
  }
}

image "from" {
  PLACE
  from = image.base.ref
}

image "triggered" {
  PLACE
  build {
    context = "alone"
  }
  lifecycle {
    replace_triggered_by = [image.base]
  }
}

container "web" {
  PLACE
  image   = image.byref
  command = ["sleep", "1000"]
  init    = true
}

container "keeps" {
  PLACE
  image   = image.byref
  command = ["sleep", "1000"]
  init    = true
  lifecycle {
    ignore_changes = [image]
  }
}

container "keepsall" {
  PLACE
  image   = image.byref
  command = ["sleep", "1000"]
  init    = true
  lifecycle {
    ignore_changes = all
  }
}
`

// A replacement builds: what is made from an image that is made anew has the new one in
// it, in whatever way it refers to it, and so has what runs on it; what is made anew by
// request or by a trigger is built without the cache; what ignores its image keeps it.
// Where a run ended in between, or only a part was asked for, the next plan makes up for
// it. Each builder and each place is tried; what they have to do with each other,
// TestWhatIsSentIsRecorded looks at.
func TestAReplacementBuilds(t *testing.T) {
	t.Run("buildkit-inside", func(t *testing.T) { rebuilt(t, "buildkit", "inside") })
	t.Run("classic-root", func(t *testing.T) { rebuilt(t, "classic", "root") })
}

func rebuilt(t *testing.T, builder, place string) {
	t.Helper()
	s := newNouns(t)
	if builder == "classic" {
		s.env = append(s.env, "DOCKER_BUILDKIT=0")
	}
	file := strings.ReplaceAll(rebuiltFile, "  PLACE\n", "")
	docker := s.docker
	if place == "inside" {
		file = "daemon \"dind\" {\n  image = \"dindctl.local/dind\"\n}\nimage \"bash\" {\n  inside = daemon.dind\n  from   = \"dindctl.local/bash\"\n}\n" +
			strings.Replace(strings.ReplaceAll(rebuiltFile, "  PLACE\n", "  inside = daemon.dind\n"), "context = \"base\"", "context = \"base\"\n    labels  = { bash = image.bash.ref }", 1)
		docker = func(args ...string) []string {
			return s.docker(append([]string{"exec", s.project + "-dind", "docker"}, args...)...)
		}
	}
	s.as(file)
	s.write("nouns/base/Dockerfile", "FROM dindctl.local/bash\nARG WORD\nRUN echo $WORD >/base; echo $RANDOM$RANDOM >/made\n")
	s.write("nouns/app/Dockerfile", "ARG BASE\nFROM ${BASE}\nRUN cat /base /made >/app\n")
	s.write("nouns/alone/Dockerfile", "FROM dindctl.local/bash\nRUN echo $RANDOM$RANDOM >/made\n")
	s.applied()
	read := func(image string, names ...string) string {
		return strings.Join(docker(append([]string{"run", "--rm", "--network=none", s.project + "-" + image, "cat"}, names...)...), " ")
	}
	id := func(kind, label string) string {
		return strings.Join(docker(kind, "inspect", "-f", "{{.Id}}", s.project+"-"+label), "")
	}
	made := []string{"byref", "byname", "byid", "byline"}
	current := func(what string) {
		t.Helper()
		want := read("base", "/base", "/made")
		for _, image := range made {
			if got := read(image, "/app"); got != want {
				t.Errorf("%s: image.%s was made from %q, image.base is %q", what, image, got, want)
			}
		}
		if got := read("from", "/base", "/made"); got != want {
			t.Errorf("%s: image.from is %q, image.base is %q", what, got, want)
		}
		if got := strings.Join(docker("exec", s.project+"-web", "cat", "/app"), " "); got != want {
			t.Errorf("%s: container.web has %q, image.base is %q", what, got, want)
		}
	}
	current("at first")
	kept := id("container", "keeps") + id("container", "keepsall")

	// A change of the image at the root of all: in the words of the plan, each way shows.
	before := read("triggered", "/made")
	s.do("plan", "-var", "word=two").wants(t, 0).says(t, "image.byref must be replaced (because image.base is replaced)",
		"image.byname must be replaced (because image.base is replaced)", "image.byid must be replaced (because image.base is replaced)",
		"image.from must be replaced (because image.base is replaced)")
	s.do("apply", "-auto-approve", "-var", "word=two").wants(t, 0)
	s.do("plan", "-detailed-exitcode", "-var", "word=two").wants(t, 0).says(t, "No changes")
	current("after a change")
	if got := read("base", "/base"); got != "two" {
		t.Errorf("image.base says %q", got)
	}
	if read("triggered", "/made") == before {
		t.Error("what a trigger replaces came from the cache")
	}
	if now := id("container", "keeps") + id("container", "keepsall"); now != kept {
		t.Error("a container that ignores its image was made anew")
	}

	// By request: without the cache, and with all that follows.
	before = read("base", "/made")
	s.do("apply", "-auto-approve", "-var", "word=two", "-replace", "image.base").wants(t, 0)
	s.do("plan", "-detailed-exitcode", "-var", "word=two").wants(t, 0).says(t, "No changes")
	if read("base", "/made") == before {
		t.Error("what is replaced by request came from the cache")
	}
	current("after -replace")

	// A part: what was not asked for is not forgotten, nor is a trigger.
	before = read("triggered", "/made")
	s.do("apply", "-auto-approve", "-var", "word=three", "-target", "image.base").wants(t, 0)
	s.do("plan", "-detailed-exitcode", "-var", "word=three").wants(t, 2).says(t, "image.byname must be replaced", "image.byref must be replaced")
	s.do("apply", "-auto-approve", "-var", "word=three").wants(t, 0)
	s.do("plan", "-detailed-exitcode", "-var", "word=three").wants(t, 0).says(t, "No changes")
	current("after a part")
	if read("triggered", "/made") == before {
		t.Error("what a trigger replaces came from the cache after a part")
	}
	if now := id("container", "keeps") + id("container", "keepsall"); now != kept {
		t.Error("a container that ignores its image was made anew")
	}
	s.do("destroy", "-auto-approve", "-volumes", "-images").wants(t, 0)
}

// What is sent is what is recorded: files that a job writes before the build, that
// change while a question waits, or that lie behind a link; and nothing but the files.
func TestWhatIsSentIsRecorded(t *testing.T) {
	for _, builder := range []string{"buildkit", "classic"} {
		for _, place := range []string{"root", "inside"} {
			t.Run(builder+"-"+place, func(t *testing.T) { sent(t, builder, place) })
		}
	}
}

const sentFile = `
job "make" {
  image   = "dindctl.local/bash"
  command = ["bash", "-c", "echo made >/out/made"]
  mount {
    source = "./out"
    target = "/out"
  }
}

image "made" {
  PLACE
  depends_on = [job.make]
  build {
    context    = "out"
    dockerfile = "../Copied"
  }
}

image "linked" {
  PLACE
  build {
    context    = "current"
    dockerfile = "../Copied"
  }
}

image "inline" {
  PLACE
  build {
    context           = "plain"
    dockerfile_inline = "FROM dindctl.local/bash\nCOPY . /context\n"
  }
}

image "picked" {
  PLACE
  build {
    context           = "picked"
    dockerfile_inline = "FROM dindctl.local/bash\nCOPY . /context\n"
  }
}

image "hidden" {
  PLACE
  build {
    context = "hidden"
  }
}

image "alone" {
  PLACE
  build {
    dockerfile_inline = "FROM dindctl.local/bash\nRUN mkdir /context\nCOPY . /context\n"
  }
}
`

func sent(t *testing.T, builder, place string) {
	t.Helper()
	s := newNouns(t)
	if builder == "classic" {
		s.env = append(s.env, "DOCKER_BUILDKIT=0")
	}
	file := strings.ReplaceAll(sentFile, "  PLACE\n", "")
	docker := s.docker
	if place == "inside" {
		file = "daemon \"dind\" {\n  image = \"dindctl.local/dind\"\n}\nimage \"bash\" {\n  inside = daemon.dind\n  from   = \"dindctl.local/bash\"\n}\n" +
			strings.NewReplacer("  PLACE\n  depends_on = [", "  inside = daemon.dind\n  depends_on = [image.bash, ", "  PLACE\n", "  inside = daemon.dind\n  depends_on = [image.bash]\n").Replace(sentFile)
		docker = func(args ...string) []string {
			return s.docker(append([]string{"exec", s.project + "-dind", "docker"}, args...)...)
		}
	}
	s.as(file)
	const copied = "FROM dindctl.local/bash\nCOPY . /context\n"
	s.write("nouns/Copied", copied)
	s.write("nouns/out/there", "there\n")
	s.write("nouns/releases/7/seven", "seven\n")
	s.write("nouns/plain/file", "file\n")
	s.write("nouns/plain/secret.key", "key\n")
	s.write("nouns/plain/.dockerignore", "*.key\n.dockerignore\n")
	s.write("nouns/picked/src/deep/file", "file\n")
	s.write("nouns/picked/other/file", "other\n")
	s.write("nouns/picked/.dockerignore", "*\n!src/**\n")
	s.write("nouns/hidden/file", "file\n")
	s.write("nouns/hidden/.dockerignore", "Dockerfile\n")
	s.write("nouns/hidden/Dockerfile", copied)
	link := filepath.Join(s.dir, "nouns/current")
	if err := os.Symlink("releases/7", link); err != nil {
		t.Fatal(err)
	}
	s.applied() // although a job wrote into a context after the plan
	has := func(image, want string) {
		t.Helper()
		script := `cd /context; for f in $(find . -type f | sort); do echo $f; cat $f; done`
		if got := strings.Join(docker("run", "--rm", "--network=none", s.project+"-"+image, "bash", "-c", script), " "); got != want {
			t.Errorf("image.%s has %q, want %q", image, got, want)
		}
	}
	has("made", "./made made ./there there")
	has("linked", "./seven seven")
	has("inline", "./file file")
	has("picked", "./src/deep/file file")
	has("hidden", "./.dockerignore Dockerfile ./file file")
	has("alone", "")

	// Another end of the link, a change behind it, and a pipe that comes and goes.
	s.write("nouns/releases/7/seven", "seven again\n")
	s.do("plan", "-detailed-exitcode").wants(t, 2).says(t, "image.linked must be replaced")
	s.applied()
	has("linked", "./seven seven again")
	s.run("", "mkfifo", filepath.Join(s.dir, "nouns/plain/pipe")).wants(t, 0)
	s.do("plan", "-detailed-exitcode").wants(t, 0).says(t, "No changes")

	// The configuration's own directory behind a link.
	if err := os.Symlink("hidden", filepath.Join(s.dir, "nouns/behind")); err != nil {
		t.Fatal(err)
	}
	s.as(strings.Replace(file, `context = "hidden"`, `context = "behind"`, 1))
	s.do("plan", "-detailed-exitcode").wants(t, 0).says(t, "No changes") // where it lies does not count
	s.do("destroy", "-auto-approve", "-volumes", "-images").wants(t, 0)
}
