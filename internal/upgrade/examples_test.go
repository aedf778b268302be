package upgrade_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dindctl/dindctl/internal/replay"
)

// prepare makes what an example needs on a real engine first.
func prepare() map[string]func(s *site) {
	return map[string]func(s *site){"ci-registry": registryImage, "jenkins": jenkinsImages}
}

// notApplied are the files of examples/ that no build ever applies, and why.
func notApplied() map[string]string {
	return map[string]string{
		"broken": "it shows what a plan refuses",
	}
}

// addedAfter are the files of examples/ that came after a commit whose answers are
// kept.
func addedAfter() map[string][]string {
	return map[string][]string{
		"ada8b22": {},
	}
}

// site is an example in a directory of its own.
type site struct {
	*replay.Site
	t *testing.T
}

// newSite makes the directory from the files of a build.
func newSite(t *testing.T, e replay.Example, files string) *site {
	t.Helper()
	s, err := replay.NewSite(e, files, certificates)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return &site{Site: s, t: t}
}

// configure gives the example's variables their values.
func (s *site) configure() {
	s.t.Helper()
	if err := s.Configure(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) write(name, content string) {
	s.t.Helper()
	if err := s.Write(name, content); err != nil {
		s.t.Fatal(err)
	}
}

// result is how a command ended.
type result struct {
	command string
	code    int
	said    string
}

// dindctl runs a command about the example.
func (s *site) dindctl(binary, command string, more ...string) result {
	s.t.Helper()
	return run(s.t, s.Dir, s.Environ, binary, s.Args(command, more...)...)
}

func run(t *testing.T, dir string, env []string, name string, args ...string) result {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = dir, env
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatalf("%s: %v", cmd, err)
	}
	return result{filepath.Base(name) + " " + strings.Join(args, " "), cmd.ProcessState.ExitCode(), said.String()}
}

// wants fails the test unless the command ended with the code and said all texts.
func (r result) wants(t *testing.T, code int, texts ...string) result {
	t.Helper()
	if r.code != code {
		t.Fatalf("%s: exit code %d, want %d\n%s", r.command, r.code, code, r.said)
	}
	for _, text := range texts {
		if !strings.Contains(r.said, text) {
			t.Fatalf("%s: does not say %q\n%s", r.command, text, r.said)
		}
	}
	return r
}

// docker runs the docker CLI on the real engine and returns its output's words.
func (s *site) docker(args ...string) []string {
	s.t.Helper()
	return strings.Fields(run(s.t, s.Dir, os.Environ(), "docker", args...).wants(s.t, 0).said)
}

// registryImage makes an image with the contract of registry:2 from Debian's
// docker-registry, which docker/test-tools.sh fetches.
func registryImage(s *site) {
	s.t.Helper()
	tools := os.Getenv("DINDCTL_TEST_TOOLS")
	if tools == "" {
		s.t.Fatal("DINDCTL_TEST_TOOLS is not set: it is what docker/test-tools.sh prints, and docker/upgrade-check sets it")
	}
	s.write("registry/config.yml", "version: 0.1\nstorage: {filesystem: {rootdirectory: /var/lib/registry}}\nhttp: {addr: \":5000\"}\n")
	s.write("registry/Dockerfile", `FROM `+replay.BashImage+`
COPY bin/docker-registry /opt/registry/bin/
COPY lib /opt/registry/lib
COPY config.yml /etc/docker/registry/config.yml
ENTRYPOINT ["/opt/registry/lib/ld.so", "--library-path", "/opt/registry/lib", "/opt/registry/bin/docker-registry", "serve"]
CMD ["/etc/docker/registry/config.yml"]
`)
	run(s.t, s.Dir, os.Environ(), "cp", "-rL", filepath.Join(tools, "lib"), filepath.Join(tools, "bin"), "registry").wants(s.t, 0)
	s.docker("build", "--quiet", "--tag", "dindctl.local/test-registry", "registry")
}

// jenkinsImages makes what stands for Jenkins' image, with its contract (home, user
// 1000, port 8080, no docker CLI), and for an image with a CLI to copy.
func jenkinsImages(s *site) {
	s.t.Helper()
	s.write("jenkins-base/Dockerfile", `FROM `+replay.BashImage+` AS tools
FROM `+replay.ControllerBase+`
RUN rm -f $(command -v docker) && useradd -u 1000 -m -d /var/jenkins_home jenkins && mkdir -p /usr/share/jenkins && echo Jenkins > /usr/share/jenkins/index.html
COPY --from=tools /bin/busybox /usr/local/bin/busybox
ENV JENKINS_HOME=/var/jenkins_home
VOLUME /var/jenkins_home
EXPOSE 8080
USER jenkins
ENTRYPOINT ["busybox", "httpd", "-f", "-p", "8080", "-h", "/usr/share/jenkins"]
`)
	s.write("cli-base/Dockerfile", "FROM "+replay.ControllerBase+"\nRUN cp $(command -v docker) /usr/local/bin/docker\n")
	for _, name := range []string{"jenkins-base", "cli-base"} {
		s.docker("build", "--quiet", "--tag", "dindctl.local/test-"+name, name)
	}
}
