package e2e_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// example is one file of examples/ in a directory of its own.
type example struct {
	*scenario
	file   string // "examples/sandbox.hcl"
	source string // what stands in it
}

// newExample copies the example, with a file that lies on the host beside it, and
// gives its variables the values that this engine can serve.
func newExample(t *testing.T, name string, variables map[string]string) *example {
	t.Helper()
	needEngine(t)
	e := &example{scenario: emptyScenario(t), file: "examples/" + name + ".hcl"}
	e.source = readFile(t, "../../"+e.file)
	e.write(e.file, e.source)
	e.write("examples/marker.txt", "a file that lies on the host\n")
	var lines []string
	for variable, value := range variables {
		lines = append(lines, fmt.Sprintf("%s = %q\n", variable, value))
	}
	slices.Sort(lines)
	e.write("examples/local.auto.hclvars", strings.Join(lines, ""))
	return e
}

// do runs a command about the example, under the project name of the test.
func (e *example) do(command string, more ...string) result {
	e.t.Helper()
	return e.dindctl(append([]string{command, e.file, "-project", e.project}, more...)...)
}

// in runs a command in an object of the example.
func (e *example) in(address string, command ...string) result {
	e.t.Helper()
	return e.dindctl(append([]string{"exec", address, "-project", e.project, "--"}, command...)...)
}

// up applies the example, which then has nothing to change any more.
func (e *example) up() result {
	e.t.Helper()
	r := e.do("apply", "-auto-approve").wants(e.t, 0)
	e.do("plan", "-detailed-exitcode").wants(e.t, 0).says(e.t, "No changes")
	return r
}

// down destroys the example: no container and no network remains, and of the
// volumes just those that are named.
func (e *example) down(volumes ...string) {
	e.t.Helper()
	e.do("destroy", "-auto-approve").wants(e.t, 0)
	e.wantList("containers", e.containers())
	e.wantList("networks", e.networks())
	e.wantList("volumes", e.volumes(), volumes...)
}

// mistakes turns on each mistake (and what cannot be known) that a comment of the
// example shows beside the line that is right, and compares what dindctl says with
// what the comment says.
func (e *example) mistakes(want int) {
	e.t.Helper()
	form := regexp.MustCompile(`(?m)^( *)(\S.*)\n +# (Mistake|Not known):\n +#   (.*)\n +# dindctl:\n((?: +#   .*\n)+)`)
	found := form.FindAllStringSubmatchIndex(e.source, -1)
	if len(found) != want {
		e.t.Fatalf("%s shows %d mistakes, want %d", e.file, len(found), want)
	}
	for _, at := range found {
		group := func(n int) string { return e.source[at[2*n]:at[2*n+1]] }
		wrong := e.source[:at[0]] + group(1) + group(4) + "\n" + e.source[at[1]:]
		said := strings.Join(strings.Fields(strings.ReplaceAll(group(5), "#", "")), " ")
		code := map[string]int{"Mistake": 1, "Not known": 0}[group(3)]
		e.write("examples/mistake.hcl", wrong)
		project := strings.TrimSuffix(filepath.Base(e.file), ".hcl") // as a user has it, and as the comment says it
		e.dindctl("plan", "examples/mistake.hcl", "-project", project).wants(e.t, code).says(e.t, said)
	}
}

// outputs compares the values of the example's outputs, as JSON.
func (e *example) outputs(want string) {
	e.t.Helper()
	type document map[string]struct{ Value any }
	var got document
	r := e.do("output", "-json").wants(e.t, 0)
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil {
		e.t.Fatalf("output -json: %v\n%s", err, r.stdout)
	}
	values, wanted := map[string]any{}, map[string]any{}
	for name, output := range got {
		values[name] = output.Value
	}
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		e.t.Fatal(err)
	}
	if diff := cmp.Diff(wanted, values); diff != "" {
		e.t.Errorf("outputs (-want +got):\n%s", diff)
	}
}

// GitLab's service docker:dind shares /builds with the job's container and nothing
// else: a nested container sees a checkout there, and a source elsewhere is refused.
func TestGitLabRunner(t *testing.T) {
	t.Parallel()
	e := newExample(t, "gitlab-runner", map[string]string{"daemon_image": dindImage, "build_image": controllerBase, "job_image": bashImage})
	e.mistakes(1)
	e.up().says(t, "state = checked out")
	e.in("controller.build", "docker", "run", "--rm", "-v", "/builds/group/project:/app", bashImage, "cat", "/app/state").
		wants(t, 0).says(t, "checked out")
	e.down("builds", "docker-certs", "docker-data")
}

// The pod of Actions Runner Controller: a step of a workflow sees the runner's
// work, externals and tools, and a daemon without one of them is refused.
func TestGitHubARC(t *testing.T) {
	t.Parallel()
	e := newExample(t, "github-arc", map[string]string{"daemon_image": dindImage, "runner_image": controllerBase, "step_image": bashImage})
	e.mistakes(1)
	e.up()
	e.outputs(`{"step": "externals\ntools\nwork\n"}`)
	e.down("work", "externals", "tools", "dind-certs", "dind-data")
}

// A dev container with the host's socket: the project's path in the container is
// turned into the host's, and the path that LOCAL_WORKSPACE_FOLDER gives to scripts works.
func TestDevContainer(t *testing.T) {
	t.Parallel()
	e := newExample(t, "devcontainer", map[string]string{"dev_image": controllerBase, "job_image": bashImage})
	e.mistakes(1)
	e.up().says(t, "marker.txt")
	e.in("controller.dev", "sh", "-c", `docker run --rm -v "$LOCAL_WORKSPACE_FOLDER:/app" `+bashImage+" ls /app").
		wants(t, 0).says(t, "marker.txt")
	e.down()
}

// A sandbox sees its one directory. Nothing else of the host is in what a nested
// container gets of the daemon's root, and there is no way out of the network.
func TestSandbox(t *testing.T) {
	t.Parallel()
	e := newExample(t, "sandbox", map[string]string{"daemon_image": dindImage, "agent_image": controllerBase, "job_image": bashImage})
	e.write("secret.txt", "not for the agent\n")
	e.mistakes(1)
	e.up().says(t, "marker.txt")
	seen := e.in("controller.agent", "docker", "run", "--rm", "-v", "/:/host", bashImage, "find", "/host", "-xdev",
		"(", "-name", "marker.txt", "-o", "-name", "secret.txt", ")").wants(t, 0)
	if seen.stdout != "" {
		t.Errorf("in the daemon's own root an agent finds %s", seen.stdout)
	}
	e.in("controller.agent", "docker", "run", "--rm", "-v", e.dir+":/x", bashImage, "cat", "/x/secret.txt").wants(t, 1)
	if got := e.docker("network", "inspect", "--format", "{{.Internal}}", e.project+"-box"); !slices.Equal(got, []string{"true"}) {
		t.Errorf("the network is internal: %q", got)
	}
	e.down("box-certs", "box-data")
}
