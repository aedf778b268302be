package e2e_test

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// socketWithoutCLI is case 3 with a controller whose image has no docker CLI, and
// with more arguments.
func socketWithoutCLI(t *testing.T, image, arguments string) *sample {
	t.Helper()
	e := newSample(t, "case3", "controller_base="+controllerBase, "job_image="+bashImage)
	e.edit("  image  = image.controller\n", "  image  = "+image+"\n  stop_grace_period = \"1s\"\n"+arguments)
	return e
}

// withoutCLI is an image with a C library and without a docker CLI; more is run in it.
func (e *sample) withoutCLI(more string) {
	e.t.Helper()
	e.write("docker/bare/Dockerfile", "FROM "+controllerBase+"\nRUN rm -f $(command -v docker)"+more+"\nCMD [\"sleep\", \"infinity\"]\n")
	e.edit("context = \"../docker/controller\"", "context = \"../docker/bare\"")
	e.edit("    args = {\n      BASE_IMAGE = var.controller_base\n    }\n", "")
	e.write("examples/local.auto.hclvars", "job_image = \""+bashImage+"\"\n")
}

// The host's CLI and /etc/docker are bound into a controller that has none, and
// it works there; nothing of it is writable.
func TestSocketDockerCLI(t *testing.T) {
	t.Parallel()
	e := socketWithoutCLI(t, "image.controller", "  docker_cli = true\n")
	e.withoutCLI("")
	host, err := exec.LookPath("docker")
	if err != nil {
		t.Fatal(err)
	}
	e.on("plan").wants(t, 0).says(t, `mount "`+host+`" -> "/usr/local/bin/docker" (read-only)`, `mount "/etc/docker" -> "/etc/docker" (read-only)`)
	e.up().says(t, nestedListing, "docker version, run in it: answered")
	e.exec("controller.control", "docker", "ps").wants(t, 0)
	e.down()
}

// hostCLI makes a program of this host, linked dynamically, its docker CLI.
func (e *sample) hostCLI(program string) {
	e.t.Helper()
	content, err := os.ReadFile(program)
	if err != nil {
		e.t.Fatal(err)
	}
	cli := e.write("bin/docker", string(content))
	if err := os.Chmod(cli, 0o755); err != nil { //nolint:gosec // it is a program
		e.t.Fatal(err)
	}
	e.env = append(e.env, "PATH="+filepath.Dir(cli)+":"+os.Getenv("PATH"))
}

// A CLI that the image has no dynamic loader for is refused before the start, in
// words that name the loader, and nothing is left of the controller.
func TestSocketDockerCLIWithoutItsLoader(t *testing.T) {
	t.Parallel()
	e := socketWithoutCLI(t, "var.job_image", "  command = [\"sleep\", \"1000\"]\n  docker_cli = true\n")
	e.hostCLI("/bin/ls")
	e.on("apply", "-auto-approve").wants(t, 1).
		says(t, "The host's docker CLI cannot run in the controller", "bin/docker, which is linked dynamically and needs /lib", "docker:28-cli", "case3.hcl")
	e.wantList("containers", e.containers())
}

// The loader is there and a library is not: that shows when the CLI is run.
func TestSocketDockerCLIWithoutALibrary(t *testing.T) {
	t.Parallel()
	e := socketWithoutCLI(t, "image.controller", "  docker_cli = true\n")
	e.withoutCLI(" && find / -xdev -name 'libselinux.so*' -delete")
	e.hostCLI("/bin/ls")
	e.on("apply", "-auto-approve").wants(t, 1).
		says(t, "The host's docker CLI cannot run in the controller", "it does not run in controller.control", "libselinux.so.1")
	e.on("destroy", "-auto-approve").wants(t, 0)
}

// Without a CLI in the controller its way is proved from a container in its place,
// as its user and with its groups; afterwards nothing of that is left.
func TestSocketProvedWithoutCLI(t *testing.T) {
	e := socketWithoutCLI(t, "var.job_image", "  command = [\"sleep\", \"1000\"]\n")
	e.up().says(t, "it has no docker CLI: called from a container in its place: answered", nestedListing)
	e.wantList("containers", e.containers(), "control", "list")
	if images := e.docker("image", "ls", "-q", "dindctl.helper"); len(images) > 0 {
		t.Errorf("the helper's image is left: %q", images)
	}
	e.down()
}

// What a run that was killed leaves of its helper goes with the next apply.
func TestSocketHelperOfAKilledRun(t *testing.T) {
	e := socketWithoutCLI(t, "var.job_image", "  command = [\"sleep\", \"1000\"]\n")
	e.up()
	e.docker("rm", "-f", e.project+"-list")

	trip := newTripwire(t, "/wait")
	killed := exec.Command(os.Getenv("DINDCTL_BIN"), "apply", e.file, "-project", e.project, "-auto-approve", "-H", "tcp://"+overTCP(t, trip.socket))
	killed.Dir, killed.Env = e.dir, e.env
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	<-trip.tripped
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = killed.Wait()
	trip.release()
	e.wantList("containers after the kill", e.containers(), "control", "control-helper")
	until(t, "the provider outlives its host", func() bool { return len(e.processes()) == 0 })

	e.on("plan").wants(t, 0).says(t, "controller.control.helper will be destroyed")
	e.up().says(t, nestedListing)
	e.wantList("containers", e.containers(), "control", "list")
	e.down()
}

// Over a network nobody can look at the socket from here: its group is read by a
// container that has it mounted, and kept.
func TestSocketOfARemoteEngine(t *testing.T) {
	t.Parallel()
	e := newSample(t, "case3", "controller_base="+controllerBase, "job_image="+bashImage)
	local, remote := append([]string{}, e.env...), append(e.env, "DOCKER_HOST=tcp://"+overTCP(t, hostSocket))
	e.env = remote
	e.on("plan", "-detailed-exitcode").wants(t, 2).says(t, `socket_group = "read at creation"`)
	e.up().says(t, "reading the group of "+hostSocket, nestedListing)
	if got := e.inspect("control", "{{json .HostConfig.GroupAdd}}"); got != `["`+socketGroup(t)+`"]` {
		t.Errorf("groups: %s", got)
	}
	e.env = local
	e.on("plan", "-detailed-exitcode").wants(t, 0).says(t, "No changes")
	e.down()
}

// overTCP is an address at which the engine behind a socket answers without TLS.
func overTCP(t *testing.T, socket string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = client.Close() }()
				server, err := net.Dial("unix", socket)
				if err != nil {
					return
				}
				defer func() { _ = server.Close() }()
				go func() {
					_, _ = io.Copy(server, client)
					_ = server.(*net.UnixConn).CloseWrite() //nolint:forcetypeassert // as it was dialled
				}()
				_, _ = io.Copy(client, server)
			}()
		}
	}()
	return listener.Addr().String()
}

// A DOCKER_HOST of the image is told, and an engine that is not the socket's is refused.
func TestSocketBesideAnImagesDockerHost(t *testing.T) {
	t.Parallel()
	e := socketWithoutCLI(t, "image.controller", "")
	e.edit("context = \"../docker/controller\"", "context = \"../docker/lost\"")
	e.edit("    args = {\n      BASE_IMAGE = var.controller_base\n    }\n", "")
	e.write("examples/local.auto.hclvars", "job_image = \""+bashImage+"\"\n")
	e.write("docker/lost/Dockerfile", "FROM dindctl.local/controller\nENV DOCKER_HOST=tcp://127.0.0.1:2375\n")
	r := e.on("apply", "-auto-approve").wants(t, 1).
		says(t, "its image sets DOCKER_HOST to tcp://127.0.0.1:2375", "Its daemon does not answer it", "Its DOCKER_HOST is tcp://127.0.0.1:2375")
	if strings.Contains(r.stdout, nestedListing) {
		t.Error("the job ran")
	}
	e.on("destroy", "-auto-approve").wants(t, 0)
}

// A controller inside a daemon has that daemon's socket, whose group is another
// than the host's: it is read there. A job without a daemon of its own joins no
// network of the project.
func TestSocketInsideADaemon(t *testing.T) {
	t.Parallel()
	e := newSample(t, "case1", "daemon_image="+dindImage, "job_image="+bashImage)
	e.edit("job \"list\" {", `job "outside" {
  image   = var.job_image
  command = ["true"]
}

controller "inner" {
  inside  = daemon.dind
  daemon  = daemon.dind
  image   = "dindctl.local/controller"
  user    = "1000:1000"
}

job "list" {`)
	e.edit("  inside  = daemon.dind       # created", "  controller = controller.inner # created")
	e.edit("    target = \"/repo\"\n  }\n}\n\noutput", "    target = \"/repo\"\n    resolve = \"daemon\"\n  }\n}\n\noutput")
	e.up().says(t, nestedListing, "reading the group of "+hostSocket, "docker version, run in it: answered")
	e.exec("controller.inner", "docker", "ps").wants(t, 0)
	if got := e.inspect("outside", "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}};{{end}}"); got != "bridge;" {
		t.Errorf("networks of a job on the host: %s", got)
	}
	e.on("destroy", "-auto-approve", "-volumes").wants(t, 0)
}
