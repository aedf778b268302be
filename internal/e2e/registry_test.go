package e2e_test

import (
	"encoding/base64"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

const registryImage = "test/registry"

// registryDockerfile makes an image with the contract of registry:2 from Debian's
// docker-registry, which docker/test-tools.sh fetches.
const registryDockerfile = `FROM ` + bashImage + `
COPY bin/docker-registry /opt/registry/bin/
COPY lib /opt/registry/lib
COPY config.yml /etc/docker/registry/config.yml
ENTRYPOINT ["/opt/registry/lib/ld.so", "--library-path", "/opt/registry/lib", "/opt/registry/bin/docker-registry", "serve"]
CMD ["/etc/docker/registry/config.yml"]
`

const registryConfig = `version: 0.1
storage: {filesystem: {rootdirectory: /var/lib/registry}}
http: {addr: ":5000"}
`

// tools is where docker/test-tools.sh puts programs of the tests.
func tools(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("DINDCTL_TEST_TOOLS")
	if dir == "" {
		t.Fatal("DINDCTL_TEST_TOOLS is not set: it is what docker/test-tools.sh prints, and make sets it")
	}
	return dir
}

// password is long and made of a word that occurs nowhere else, so that every
// trace of it is found.
const password = "Kolibri-w8wort-7c1f"

// newRegistryExample is examples/ci-registry.hcl with a registry image and its users.
func newRegistryExample(t *testing.T) *example {
	t.Helper()
	e := newExample(t, "ci-registry", map[string]string{
		"registry_image": registryImage, "daemon_image": dindImage, "cli_image": controllerBase, "base_image": bashImage,
	})
	copyTree(t, "../../examples/registry-app", filepath.Join(e.dir, "examples/registry-app"))
	buildRegistry(t, e)
	e.allow(password)
	e.setPassword(password)
	return e
}

// registryBuilds lets one test after the other build the registry's image: the later
// build finds the image of the first. Two at once would make two of one name, and
// whoever runs the first would find its image changed.
var registryBuilds sync.Mutex

// buildRegistry makes the registry's image.
func buildRegistry(t *testing.T, e *example) {
	t.Helper()
	registryBuilds.Lock()
	defer registryBuilds.Unlock()
	copyTree(t, filepath.Join(tools(t), "lib"), filepath.Join(e.dir, "registry/lib"))
	e.write("registry/bin/docker-registry", readFile(t, filepath.Join(tools(t), "bin/docker-registry")))
	if err := os.Chmod(filepath.Join(e.dir, "registry/bin/docker-registry"), 0o755); err != nil {
		t.Fatal(err)
	}
	e.write("registry/config.yml", registryConfig)
	e.write("registry/Dockerfile", registryDockerfile)
	e.docker("build", "--quiet", "--tag", registryImage, filepath.Join(e.dir, "registry"))
}

// allow makes the registry's user ci with this password.
func (e *example) allow(password string) {
	e.t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		e.t.Fatal(err)
	}
	e.write("examples/htpasswd", "ci:"+string(hash)+"\n")
}

// setPassword is the password that the configuration gets, by the environment.
func (e *example) setPassword(password string) {
	e.env = append(e.env, "DINDCTL_VAR_registry_password="+password)
}

// An image built and pushed by a nested job with the controller's credentials is
// pulled and run on another daemon. The password is in the files that are meant to
// hold it, and to be seen nowhere else. A new one is written into them as they stand.
func TestCIRegistry(t *testing.T) {
	t.Parallel()
	e := newRegistryExample(t)
	e.env = append(e.env, "DINDCTL_LOG=trace")
	e.up().says(t, "built by ci")
	e.outputs(`{"says": "built by ci\n"}`)
	stored := e.in("controller.ci", "sh", "-c", `stat -c "%a %u" "$DOCKER_CONFIG" "$DOCKER_CONFIG/config.json" && base64 -d <<EOT
$(sed -n 's/.*"auth": "\(.*\)".*/\1/p' "$DOCKER_CONFIG/config.json")
EOT`).wants(t, 0)
	if want := "700 0\n600 0\nci:" + password; stored.stdout != want {
		t.Errorf("in the controller's file: %q, want %q", stored.stdout, want)
	}
	e.said.Reset() // that was the test's own doing
	e.do("plan", "-json").wants(t, 0)
	e.wantNoTrace(password)

	// The registry gets a new password, then the configuration.
	const rotated = "Kolibri-other-90aa2b"
	e.allow(rotated)
	e.setPassword(rotated)
	e.do("plan", "-detailed-exitcode").wants(t, 2).
		says(t, "controller.ci will be updated in-place", "controller.deploy will be updated in-place", "registry_auth")
	e.up()
	e.in("controller.ci", "docker", "push", "registry:5000/team/app:1").wants(t, 0)
	e.wantNoTrace(rotated)

	// The configuration has the wrong one: dindctl's own pull is refused.
	e.setPassword("Kolibri-wrong-3355")
	e.docker("exec", e.project+"-stage", "docker", "rm", e.project+"-run")
	e.docker("exec", e.project+"-stage", "docker", "rmi", "registry:5000/team/app:1")
	e.do("apply", "-auto-approve").wants(t, 1).says(t, "The registry refuses the credentials", "with job.run",
		"registry:5000 does not give registry:5000/team/app:1 to user ci",
		`Check username and password in registry_auth["registry:5000"] of controller.deploy`)
	e.wantNoTrace("Kolibri")
	e.down("registry", "build-data", "build-certs", "stage-data", "stage-certs")
}

// wantNoTrace looks for a secret, as it is and as registries encode it, in all that
// was printed (the log included), in what every engine shows of every object, and
// in what dindctl keeps in files.
func (e *example) wantNoTrace(secret string) {
	e.t.Helper()
	places := map[string]string{"what was printed": e.said.String()}
	for _, prefix := range [][]string{{}, {"exec", e.project + "-build", "docker"}, {"exec", e.project + "-stage", "docker"}} {
		at := func(args ...string) []string { return e.docker(append(slices.Clone(prefix), args...)...) }
		where := strings.Join(append(prefix, "docker"), " ")
		var ours []string // other tests come and go on the root engine
		if len(prefix) == 0 {
			ours = []string{"--filter", "label=dev.dindctl.project=" + e.project}
		}
		for _, id := range at(append([]string{"ps", "-aq"}, ours...)...) {
			places[where+" inspect "+id] = strings.Join(at("inspect", id), "\n")
			places[where+" logs "+id] = strings.Join(at("logs", id), "\n")
		}
		for _, kind := range []string{"volume", "network", "image"} {
			if ids := at(append([]string{kind, "ls", "-q"}, ours...)...); len(ids) > 0 {
				places[where+" "+kind+" inspect"] = strings.Join(at(append([]string{kind, "inspect"}, ids...)...), "\n")
			}
		}
	}
	err := filepath.WalkDir(filepath.Join(e.dir, "state"), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			places[path] = readFile(e.t, path)
		}
		return err
	})
	if err != nil {
		e.t.Fatal(err)
	}
	for place, text := range places {
		for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte("ci:" + secret))} {
			if strings.Contains(text, strings.TrimRight(form, "=")) {
				e.t.Errorf("%s shows the password", place)
			}
		}
	}
	e.said.Reset()
}
