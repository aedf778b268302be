package e2e_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const buildkitFile = `
variable "token" {
  type      = string
  sensitive = true
}

daemon "dind" {
  image = "dindctl.local/dind"
}

image "base" {
  inside = daemon.dind
  from   = "dindctl.local/bash"
}

image "outer" {
  build {
    context = "build"
    target  = "app"
    args    = { WORD = "hello" }
    secrets = { token = var.token, netrc = file("netrc") }
  }
}

image "inner" {
  inside     = daemon.dind
  depends_on = [image.base]
  build {
    context = "build"
    target  = "app"
    args    = { WORD = "hello" }
    secrets = { token = var.token, netrc = file("netrc") }
  }
}
`

const buildkitRecipe = `FROM dindctl.local/bash AS app
ARG WORD
COPY . /context
RUN --mount=type=secret,id=token,required=true --mount=type=secret,id=netrc,target=/root/.netrc \
    --mount=type=cache,target=/cache \
    cat /run/secrets/token /root/.netrc | sha256sum >/sum && echo "$WORD" >/word && touch /cache/kept
FROM app
RUN exit 1
`

// Builds go through BuildKit, on the root engine and in a daemon: it mounts secrets
// and caches. A secret is in nothing that stays or is printed, and another one is no
// reason to build.
func TestBuildsThroughBuildKitWithSecrets(t *testing.T) {
	needEngine(t)
	s := emptyScenario(t)
	first, second := "Kolibri7f3a and more", "Nachtigall55e1"
	const netrc = "machine example login ci password Zeisig90bb2d"
	fragments := []string{"Kolibri7f3a", "Nachtigall55e1", "Zeisig90bb2d"}
	s.write("main.hcl", buildkitFile)
	s.write("netrc", netrc+"\n")
	s.write("build/Dockerfile", buildkitRecipe)
	s.write("build/.dockerignore", "nothing\n")
	s.write("build/Dockerfile.dockerignore", "*.key\nDockerfile.*\n")
	s.write("build/private.key", "x")
	given := func(token string, args ...string) result {
		return s.dindctl(append(args, "-project", s.project, "-var", "token="+token)...)
	}
	given(first, "plan").wants(t, 0).says(t, "image.inner", "image.outer")
	given(first, "apply", "-auto-approve").wants(t, 0)
	given(first, "plan", "-detailed-exitcode").wants(t, 0)
	sum := sha256.Sum256([]byte(first + netrc + "\n"))
	want := hex.EncodeToString(sum[:]) + "  -\nhello\n.dockerignore\nDockerfile"
	outer := s.run("", "docker", "run", "--rm", "--network=none", s.project+"-outer", "bash", "-c", "cat /sum /word; ls -A /context; cat /run/secrets/* /cache/* 2>/dev/null; true").wants(t, 0)
	inner := s.run("", "docker", "exec", s.project+"-dind", "docker", "run", "--rm", "--network=none", s.project+"-inner", "bash", "-c", "cat /sum /word; ls -A /context; cat /run/secrets/* /cache/* 2>/dev/null; true").wants(t, 0)
	for where, r := range map[string]result{"on the root engine": outer, "in the daemon": inner} {
		if got := strings.TrimSpace(r.stdout); got != want {
			t.Errorf("%s: %q, want %q", where, got, want)
		}
	}

	// What stays: layers, history, labels.
	saved := filepath.Join(t.TempDir(), "image.tar")
	s.docker("save", "-o", saved, s.project+"-outer")
	search(t, "the image", readFile(t, saved), fragments)
	search(t, "its history", s.run("", "docker", "history", "--no-trunc", s.project+"-outer").wants(t, 0).all(), fragments)
	s.labels(fragments)

	// Another secret is no reason to build; none at all is a failure that says what to do.
	id := s.run("", "docker", "image", "inspect", "-f", "{{.Id}}", s.project+"-outer").wants(t, 0).stdout
	given(second, "plan", "-detailed-exitcode").wants(t, 0)
	given(second, "apply", "-auto-approve").wants(t, 0)
	if now := s.run("", "docker", "image", "inspect", "-f", "{{.Id}}", s.project+"-outer").wants(t, 0).stdout; now != id {
		t.Errorf("another secret built another image: %s, was %s", now, id)
	}
	s.write("main.hcl", strings.NewReplacer("token = var.token, ", "", `"hello"`, `"bye"`).Replace(buildkitFile))
	given(second, "apply", "-auto-approve", "-target", "image.outer").wants(t, 1).says(t, "The image cannot be built", "token", "Give the build that secret")

	// A failure shows the steps and what they printed, without the secret.
	s.write("main.hcl", strings.Replace(buildkitFile, `"app"`, `"broken"`, 1))
	s.write("build/Dockerfile", "FROM dindctl.local/bash AS app\nFROM app AS broken\nRUN --mount=type=secret,id=token echo before the end && cat /run/secrets/token && exit 7\n")
	given(second, "apply", "-auto-approve", "-target", "image.outer").wants(t, 1).
		says(t, "The image cannot be built", "RUN --mount=type=secret", "before the end", "exit code: 7", "main.hcl")

	// The classic builder has none.
	s.env = append(s.env, "DOCKER_BUILDKIT=0")
	given(second, "apply", "-auto-approve", "-target", "image.outer").wants(t, 1).says(t, "Secrets in a build without BuildKit", "DOCKER_BUILDKIT")
	s.write("main.hcl", "image \"outer\" {\n  build {\n    context = \"build\"\n  }\n}\n")
	s.write("build/Dockerfile", "FROM dindctl.local/bash\nRUN --mount=type=cache,target=/cache true\n")
	s.dindctl("apply", "-auto-approve", "-project", s.project, "-target", "image.outer").wants(t, 1).says(t, "The image cannot be built", "BuildKit does")
	s.write("build/Dockerfile", "FROM dindctl.local/bash\nRUN echo classic >/word\n")
	s.dindctl("apply", "-auto-approve", "-project", s.project, "-target", "image.outer").wants(t, 0)

	s.dindctl("destroy", "-auto-approve", "-volumes", "-images", "-project", s.project).wants(t, 0)
	search(t, "what was printed", s.said.String(), fragments)
	s.files(filepath.Join(s.dir, "state"), fragments)
	if _, err := os.Stat(filepath.Join(s.dir, "run")); err == nil {
		s.files(filepath.Join(s.dir, "run"), fragments)
	}
}
