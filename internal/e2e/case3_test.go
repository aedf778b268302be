package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const hostSocket = "/var/run/docker.sock"

// Case 3: a controller that does not run as root uses the host's socket, and its
// job, a sibling, is given the host's path for the controller's.
func TestCase3(t *testing.T) {
	t.Parallel()
	e := newSample(t, "case3", "controller_base="+controllerBase, "job_image="+bashImage)
	group := socketGroup(t)

	e.on("validate").wants(t, 0)
	e.on("plan", "-detailed-exitcode").wants(t, 2).says(t, `socket_group = "`+group+`"`,
		`mount "`+filepath.Join(e.dir, "examples")+`" -> "/repo"`)
	e.up().says(t, nestedListing, "docker version, run in it: answered")
	e.wantList("containers", e.containers(), "control", "list")

	if got := e.inspect("control", "{{.Config.User}} {{json .HostConfig.GroupAdd}}"); got != `1000:1000 ["`+group+`"]` {
		t.Errorf("user and groups: %s", got)
	}
	if got := e.inspect("control", "{{json .Config.Env}}"); strings.Contains(got, "DOCKER_") {
		t.Errorf("the socket is meant, and yet: %s", got)
	}
	e.exec("controller.control", "docker", "run", "--rm", "-v", filepath.Join(e.dir, "examples")+":/x", bashImage, "ls", "/x").
		wants(t, 0).says(t, nestedListing)
	e.down()
}

// socketGroup is the number of the group of the test engine's socket.
func socketGroup(t *testing.T) string {
	t.Helper()
	s := &scenario{t: t, dir: ".", env: os.Environ()}
	return strings.TrimSpace(s.run("", "stat", "-L", "-c", "%g", hostSocket).wants(t, 0).stdout)
}

// Without the translation case 3 is refused at plan, in the words of the example's
// comment, and each of the fixes works when it is pasted.
func TestBroken(t *testing.T) {
	t.Parallel()
	e := newSample(t, "broken", "controller_base="+controllerBase, "job_image="+bashImage)

	refused := e.on("plan").wants(t, 1)
	said := strings.ReplaceAll(refused.stderr, filepath.Join(e.dir, "examples"), "/home/me/dindctl/examples")
	// Where lines break depends on the length of the path.
	if want, got := fold(quoted(t, "../../examples/broken.hcl")), fold(said); want != got {
		t.Errorf("the comment shows\n%s\nand dindctl says\n%s", want, got)
	}
	e.on("apply", "-auto-approve").wants(t, 1)
	e.wantList("containers", e.containers())

	fixed := e.pasted(e.document(1))
	if len(fixed) != 2 {
		t.Fatalf("fixes: %v", fixed)
	}
	for title, text := range fixed {
		e.write(e.file, text)
		if got := e.document(0); got.Mounts[0].Verdict != "visible" {
			t.Errorf("after the fix %q: %+v", title, got)
		}
		e.up().says(t, nestedListing)
	}
	e.down()
}

// A socket that is none is said to be what it is, before anything is made.
func TestSocketThatIsNone(t *testing.T) {
	t.Parallel()
	e := newSample(t, "case3", "controller_base="+controllerBase, "job_image="+bashImage)
	if err := os.Mkdir(filepath.Join(e.dir, "docker.sock"), 0o755); err != nil {
		t.Fatal(err)
	}
	for path, says := range map[string]string{
		filepath.Join(e.dir, "docker.sock"):           "is a directory: Docker makes an empty one where a mounted socket is missing",
		filepath.Join(e.dir, "nothing"):               "does not exist on this machine",
		filepath.Join(e.dir, "examples", "case3.hcl"): "is a file, not a socket",
	} {
		for _, command := range []string{"plan", "apply"} {
			e.on(command, "-var", "socket="+path).wants(t, 1).says(t, "Socket that is none", path, says, "case3.hcl", hostSocket)
		}
	}
	e.wantList("containers", e.containers())
}

// The engine's socket may lie elsewhere: the controller has it where every CLI looks.
func TestSocketElsewhere(t *testing.T) {
	t.Parallel()
	e := newSample(t, "case3", "controller_base="+controllerBase, "job_image="+bashImage)
	elsewhere := filepath.Join(e.dir, "engine.sock")
	if err := os.Symlink(hostSocket, elsewhere); err != nil {
		t.Fatal(err)
	}
	e.on("plan", "-var", "socket="+elsewhere).wants(t, 1).says(t, "Socket of another engine", "dindctl with -H unix://"+elsewhere)

	e.env = append(e.env, "DOCKER_HOST=unix://"+elsewhere)
	e.on("apply", "-auto-approve", "-var", "socket="+elsewhere).wants(t, 0).says(t, nestedListing)
	e.on("plan", "-detailed-exitcode", "-var", "socket="+elsewhere).wants(t, 0)
	want := regexp.MustCompile(regexp.QuoteMeta(elsewhere) + " " + hostSocket)
	if got := e.inspect("control", `{{range .Mounts}}{{.Source}} {{.Destination}};{{end}}`); !want.MatchString(got) {
		t.Errorf("mounts: %s", got)
	}
	e.on("destroy", "-auto-approve").wants(t, 0)
}

// A controller that runs as root needs no group; what user an image has is not
// known at plan, so that its controller gets the group in any case.
func TestSocketGroupFollowsTheUser(t *testing.T) {
	t.Parallel()
	e := newSample(t, "case3", "controller_base="+controllerBase, "job_image="+bashImage)
	group := socketGroup(t)
	e.edit(`user   = "1000:1000" `, `user   = "root" `)
	if r := e.on("plan").wants(t, 0); strings.Contains(r.stdout, "socket_group") {
		t.Errorf("root is given a group:\n%s", r.stdout)
	}
	e.up()
	e.edit(`user   = "root" `, `group_add = ["44"] #`)
	e.on("plan", "-detailed-exitcode").wants(t, 2).says(t, "group_add = [] -> [", `"44"`, `"`+group+`"`)
	e.up()
	if got := e.inspect("control", "{{json .HostConfig.GroupAdd}}"); got != `["44","`+group+`"]` {
		t.Errorf("groups: %s", got)
	}
	e.down()
}

// An engine that was installed anew may give its socket another group: the next
// plan sees that, and says that nobody changed the configuration.
func TestSocketWhoseGroupChanged(t *testing.T) {
	e := newSample(t, "case3", "controller_base="+controllerBase, "job_image="+bashImage)
	group := socketGroup(t)
	e.up()
	defer func() { e.run("", "chgrp", group, hostSocket).wants(t, 0) }()
	e.exec("controller.control", "docker", "ps").wants(t, 0)
	e.run("", "chgrp", "4711", hostSocket).wants(t, 0)
	e.on("plan", "-detailed-exitcode").wants(t, 2).
		says(t, `group_add = ["`+group+`"] -> ["4711"] # forces replacement (changed outside)`)
	e.up()
	e.exec("controller.control", "docker", "ps").wants(t, 0)
	e.down()
}

// A controller's own DOCKER_HOST beside a socket is a question that dindctl asks aloud.
func TestSocketBesideDockerHost(t *testing.T) {
	t.Parallel()
	e := newSample(t, "case3", "controller_base="+controllerBase, "job_image="+bashImage)
	e.edit("  user   = \"1000:1000\" ", "  environment = { DOCKER_HOST = \"tcp://docker:2375\" }\n  user   = \"1000:1000\" ")
	e.on("validate").wants(t, 0).says(t, "Warning: Controller that calls another daemon than its own", "tcp://docker:2375", "Take the variable")
}
