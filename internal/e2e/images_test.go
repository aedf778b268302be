package e2e_test

import (
	"strings"
	"testing"
)

const imagesFile = `
image "tool" {
  build {
    context    = "build"
    dockerfile = "Other"
    target     = "first"
    args       = { WORD = "hello" }
    labels     = { team = "ci" }
    network    = "none"
    platform   = "linux/amd64"
    no_cache   = true
    cache_from = ["dindctl.local/bash"]
  }
}

image "inline" {
  build {
    dockerfile_inline = <<-EOT
      FROM dindctl.local/bash
      RUN echo inline >/inline
    EOT
  }
}

image "pinned" {
  from = "dindctl.local/bash"
  pull = "never"
}

image "base" {
  external = true
  name     = "dindctl.local/bash"
}

volume "bound" {
  driver  = "local"
  options = { type = "none", o = "bind", device = "/etc" }
  labels  = { keep = "yes" }
}

volume "there" {
  external = true
  name     = "images-there"
}

container "web" {
  name      = "images-web"
  image     = image.tool
  command   = ["sleep", "1000"]
  init      = true
  env_file  = ["./a.env", { path = "./none.env", required = false }, { path = "./secret.env", sensitive = true }]
  environment = { B = "own" }
  mount {
    source = volume.bound
    target = "/bound"
  }
}

container "loop" {
  image   = image.inline
  command = ["sleep", "1000"]
  init    = true
}
`

// Every argument of an image, of a volume and of env_file is found in what the
// engine made; a rename is done on the container as it stands; what changes is
// named; and a container that the engine restarts again and again is said to be one.
func TestImagesVolumesAndEnvFiles(t *testing.T) {
	s := newNouns(t)
	s.project = "images"
	s.as(imagesFile)
	s.write("nouns/build/Other", "FROM dindctl.local/bash AS first\nARG WORD\nRUN echo $WORD $(ls /sys/class/net) >/word\nCOPY . /context\nFROM first\nRUN exit 1\n")
	s.write("nouns/build/.dockerignore", "secret*\n")
	s.write("nouns/build/secret.key", "x")
	s.write("nouns/a.env", "# variables\nexport A='one two'\nB=file\nC=\"${A} three\"\n")
	s.write("nouns/secret.env", "TOKEN=s3cret-value\n")
	s.docker("volume", "create", "images-there")
	defer s.docker("volume", "rm", "images-there")
	s.applied()
	s.wantInspect("image", "tool", `{{index .Config.Labels "team"}} {{.Architecture}}`, "ci amd64")
	in := func(command string) string {
		return strings.Join(s.docker("exec", "images-web", "bash", "-c", command), "\n")
	}
	if got := in(`cat /word; ls -A /context; echo "$A|$B|$C|$TOKEN"; ls /bound/passwd`); got != "hello lo\n.dockerignore\nOther\none two|own|one two three|s3cret-value\n/bound/passwd" {
		t.Errorf("in the container: %s", got)
	}
	s.wantInspect("volume", "bound", `{{index .Options "o"}} {{index .Options "device"}} {{index .Labels "keep"}}`, "bind /etc yes")
	if labels := s.inspect("container", "web", "{{json .Config.Labels}}"); strings.Contains(labels, "s3cret") {
		t.Errorf("the secret of a file of variables is in a record: %s", labels)
	}

	// A rename, live; a file of variables and a build argument, by a new container.
	id := s.inspect("container", "web", "{{.Id}}")
	s.as(strings.Replace(imagesFile, `name      = "images-web"`, `name = "images-other"`, 1))
	s.wantChanges("after a rename", "container.web | name | live | configuration")
	s.applied()
	s.wantInspect("container", "other", "{{.Id}}", id)
	s.docker("rename", "images-other", "images-outside")
	s.wantChanges("after a rename outside", "container.web | name | live | changed outside")
	s.as(imagesFile)
	s.applied()
	s.write("nouns/a.env", "A=changed\nB=file\nC=x\n")
	s.write("nouns/build/more", "a new file")
	s.as(strings.Replace(imagesFile, `WORD = "hello"`, `WORD = "bye"`, 1))
	changes := s.changes()
	for _, want := range []string{
		"container.web | environment.A | replace | configuration", "container.web | environment.C | replace | configuration",
		"image.tool | build.args.WORD | replace | configuration", "image.tool | build.inputs | replace | configuration",
	} {
		if !strings.Contains(strings.Join(changes, "\n"), want) {
			t.Errorf("the plan lacks %q: %q", want, changes)
		}
	}
	s.applied()
	if got := in("cat /word; echo $A; ls /context/more"); got != "bye lo\nchanged\n/context/more" {
		t.Errorf("in the new container: %s", got)
	}

	// A container that ends again and again.
	s.docker("exec", "images-loop", "rm", "/bin/sleep")
	s.docker("restart", "-t", "0", "images-loop")
	until(t, "the plan does not say that a container keeps restarting", func() bool {
		return strings.Contains(s.do("plan").all(), "it keeps restarting")
	})

	// What cannot be.
	s.write("nouns/a.env", "A=1\nnothing\n")
	s.do("validate").wants(t, 1).says(t, "a.env:2", "nothing has no value", "main.hcl")
	s.as(strings.NewReplacer(`"./a.env"`, `"./gone.env"`, `context    = "build"`, "dockerfile_inline = \"FROM x\"").Replace(imagesFile))
	s.do("validate").wants(t, 1).says(t, "gone.env", "required = false", "dockerfile and dockerfile_inline")
}
