package e2e_test

import (
	"strings"
	"testing"
)

// jenkinsImages builds what stands for Jenkins' image, with its contract (home,
// user 1000, port 8080, no docker CLI), and for an image with a CLI to copy.
func jenkinsImages(e *sample) {
	e.t.Helper()
	e.write("jenkins-base/Dockerfile", `FROM `+bashImage+` AS tools
FROM `+controllerBase+`
RUN rm -f $(command -v docker) && useradd -u 1000 -m -d /var/jenkins_home jenkins && mkdir -p /usr/share/jenkins && echo Jenkins > /usr/share/jenkins/index.html
COPY --from=tools /bin/busybox /usr/local/bin/busybox
ENV JENKINS_HOME=/var/jenkins_home
VOLUME /var/jenkins_home
EXPOSE 8080
USER jenkins
ENTRYPOINT ["busybox", "httpd", "-f", "-p", "8080", "-h", "/usr/share/jenkins"]
`)
	e.write("cli-base/Dockerfile", "FROM "+controllerBase+"\nRUN cp $(command -v docker) /usr/local/bin/docker\n")
	for _, name := range []string{"jenkins-base", "cli-base"} {
		tag := "dindctl.local/test-" + name
		e.docker("build", "-q", "-t", tag, name)
	}
}

func newJenkins(t *testing.T) *sample {
	t.Helper()
	e := newSample(t, "jenkins", "daemon_image="+dindImage, "jenkins_image=dindctl.local/test-jenkins-base", "cli_image=dindctl.local/test-cli-base")
	copyTree(t, "../../examples/jenkins", e.dir+"/examples/jenkins")
	return e
}

// The topology of Jenkins' documentation: a build in the shared home is seen by
// the containers that it starts.
func TestJenkins(t *testing.T) {
	t.Parallel()
	e := newJenkins(t)
	jenkinsImages(e)
	e.on("validate").wants(t, 0)
	e.up().says(t, `url = "http://localhost:8080"`)

	if got := e.inspect("jenkins", `{{range .Mounts}}{{.Destination}} {{.RW}};{{end}}`); !strings.Contains(got, "/certs/client false;") ||
		!strings.Contains(got, "/var/jenkins_home true;") {
		t.Errorf("mounts: %s", got)
	}
	e.exec("controller.jenkins", "sh", "-c", "id -u; env").wants(t, 0).
		says(t, "1000", "DOCKER_HOST=tcp://docker:2376", "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=/certs/client")
	e.run("", "bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3").wants(t, 0).says(t, "Jenkins")
	e.run("", "bash", "-c", "docker save "+bashImage+" | docker exec -i "+e.project+"-docker docker load").wants(t, 0)

	e.exec("controller.jenkins", "sh", "-c", "mkdir -p /var/jenkins_home/workspace/x && echo compiled > /var/jenkins_home/workspace/x/state").wants(t, 0)
	e.exec("controller.jenkins", "docker", "run", "--rm", "-v", "/var/jenkins_home/workspace/x:/x", bashImage,
		"sh", "-c", "cat /x/state; echo tested > /x/result").wants(t, 0).says(t, "compiled")
	e.exec("controller.jenkins", "cat", "/var/jenkins_home/workspace/x/result").wants(t, 0).says(t, "tested")
	e.down("docker-certs", "docker-data", "home")
}

// A home that only the controller has, or that the daemon has elsewhere, is
// refused, and each fix that is printed works when it is pasted.
func TestJenkinsWithAHomeOfItsOwn(t *testing.T) {
	t.Parallel()
	const shared = "  mount {\n" +
		"    source = volume.home              # the same volume at the same path as in the controller:\n" +
		"    target = \"/var/jenkins_home\"      # this daemon resolves what pipelines mount\n" +
		"  }\n"
	for name, instead := range map[string]string{
		"private":   "",
		"elsewhere": "  mount {\n    source = volume.home\n    target = \"/home\"\n  }\n",
	} {
		t.Run(name, func(t *testing.T) {
			e := newJenkins(t)
			e.edit(shared, instead)
			for _, command := range []string{"validate", "plan"} {
				e.on(command).wants(t, 1).says(t, "Mount source is hidden from the daemon", "/var/jenkins_home/workspace", "daemon.docker", "nested_paths")
			}
			document := e.document(1)
			fixed := e.pasted(document)
			if len(fixed) == 0 {
				t.Fatalf("no fix: %+v", document)
			}
			for title, text := range fixed {
				e.write(e.file, text)
				if got := e.document(0); got.Mounts[0].Verdict != "visible" {
					t.Errorf("after the fix %q the verdict is %s", title, got.Mounts[0].Verdict)
				}
				e.on("validate").wants(t, 0)
			}
		})
	}
}
