package e2e_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// planned are the changes of a plan, each as "address: actions (reason)", without
// what stays; and what a moved block says of an address.
func (s nouns) planned(more ...string) []string {
	s.t.Helper()
	r := s.do("plan", append([]string{"-json"}, more...)...).wants(s.t, 0)
	var document struct {
		Changes []struct {
			Address, Reason string
			Previous        string `json:"previous_address"`
			Change          struct{ Actions []string }
		} `json:"resource_changes"`
	}
	if err := json.Unmarshal([]byte(r.stdout), &document); err != nil {
		s.t.Fatalf("plan -json: %v\n%s", err, r.stdout)
	}
	var out []string
	for _, c := range document.Changes {
		actions := strings.Join(c.Change.Actions, "+")
		switch {
		case c.Previous != "":
			out = append(out, strings.TrimSpace(c.Address+" was "+c.Previous+": "+actions+" "+c.Reason))
		case actions != "no-op":
			out = append(out, c.Address+": "+actions+" ("+c.Reason+")")
		}
	}
	return out
}

func (s nouns) wantPlanned(what string, got []string, want ...string) {
	s.t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		s.t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

const beforeMove = `
network "n" {}
volume "v" {}
container "a" {
  image    = "` + bashImage + `"
  command  = ["sleep", "1000"]
  init     = true
  networks = [network.n]
  mount {
    source = volume.v
    target = "/v"
  }
}
job "j" {
  image   = "` + bashImage + `"
  command = ["echo", "hello"]
}
`

const moves = `
moved {
  from = network.n
  to   = network.net
}
moved {
  from = volume.v
  to   = volume.store
}
moved {
  from = container.a
  to   = container.web["x"]
}
moved {
  from = job.j
  to   = job.list
}
`

// What a moved block names is renamed where Docker can rename, keeps its name
// where it cannot, and is the same object in either case: nothing is replaced, no job
// runs again, also when something changes live meanwhile.
func TestMovedRenamesWithoutReplacing(t *testing.T) {
	s := newNouns(t)
	s.as(beforeMove)
	s.applied()
	ids := func() []string {
		return []string{
			strings.Join(s.docker("ps", "-aq", "--no-trunc", "--filter", "label=dev.dindctl.project="+s.project), " "),
			strings.Join(s.docker("network", "ls", "-q", "--no-trunc", "--filter", "label=dev.dindctl.project="+s.project), " "),
			strings.Join(s.volumes(), " "),
		}
	}
	before := ids()
	after := strings.NewReplacer(
		`"n"`, `"net"`, `"v"`, `"store"`, `"a" {`, `"web" {`+"\n  for_each = toset([\"x\"])\n  mem_limit = \"64m\"", `"j"`, `"list"`, "network.n", "network.net", "volume.v", "volume.store",
	).Replace(beforeMove)
	s.as(after + moves)
	moved := []string{
		`container.web["x"] was container.a: update configuration`,
		`job.list was job.j: update configuration`,
		`network.net was network.n: no-op`,
		`volume.store was volume.v: no-op`,
	}
	s.wantPlanned("after a move", s.planned(), moved...)
	s.wantChanges("after a move",
		`container.web["x"] | attach["P-n"].aliases | live | configuration`, `container.web["x"] | mem_limit | live | configuration`, `container.web["x"] | name | live | configuration`, `job.list | name | live | configuration`)
	s.do("plan").wants(t, 0).says(t, "container.a has moved to container.web", "leave the moved block in the file until then")
	s.applied().says(t, "0 created")
	if d := cmp.Diff(before, ids()); d != "" {
		t.Errorf("something was replaced (-before +after):\n%s", d)
	}
	s.wantList("containers", s.containers(), "list", "web-x")

	// The moved name is not taken for somebody else's, and somebody else's is.
	s.docker("rename", s.project+"-web-x", s.project+"-other")
	s.wantChanges("after a renaming outside", `container.web["x"] | name | live | changed outside`)
	s.applied()
	s.wantList("containers", s.containers(), "list", "web-x")

	// Without the block the recorded address counts again.
	s.as(after)
	s.wantPlanned("without the moved blocks", s.planned(),
		`container.a: delete (orphan)`, `container.web["x"]: create (absent)`, `job.j: delete (orphan)`, `job.list: create (no_record)`,
		`network.n: delete (orphan)`, `network.net: create (absent)`, `volume.store: create (absent)`)
}

const withOrphans = `
network "ci" {}
network "stays" {}
volume "data" {}
daemon "dind" {
  image    = "` + dindImage + `"
  networks = [network.ci]
}
container "in" {
  inside  = daemon.dind
  image   = "` + bashImage + `"
  command = ["sleep", "1000"]
  init    = true
}
container "web" {
  image    = "` + bashImage + `"
  command  = ["sleep", "1000"]
  init     = true
  networks = [network.ci]
  mount {
    source = volume.data
    target = "/data"
  }
}
`

// What the configuration has no longer goes from the inside out and users first,
// volumes are kept and named, and a network with foreign members stays: the plan
// names them before, the error afterwards.
func TestOrphansGoInOrder(t *testing.T) {
	s := newNouns(t)
	s.as(withOrphans)
	s.applied()
	foreign := s.project + "-foreign"
	s.docker("run", "-d", "--init", "--name", foreign, "--network", s.project+"-ci", bashImage, "sleep", "1000")
	t.Cleanup(func() { _ = exec.Command("docker", "rm", "-f", foreign).Run() })

	s.as("network \"stays\" {}\n")
	s.wantPlanned("what is no longer declared", s.planned(),
		"container.in: delete (orphan)", "container.web: delete (orphan)", "daemon.dind: delete (orphan)", "network.ci: delete (orphan)")
	s.do("plan").wants(t, 0).says(t, "in use by others, and cannot go before they do", foreign,
		"Kept:", "volume "+s.project+"-data (volume.data): volumes are kept without -volumes", "(daemon.dind.data)")
	r := s.do("apply", "-auto-approve").wants(t, 1).says(t, foreign)
	inOrder(t, r.stderr, "container.in: removed", "daemon.dind: removed")
	s.wantList("containers", s.containers())
	s.wantList("networks", s.networks(), "ci", "stays")
	if got := s.docker("inspect", "-f", "{{.State.Running}}", foreign); got[0] != "true" {
		t.Errorf("the foreign container runs: %s", got[0])
	}
	s.docker("rm", "-f", foreign)
	s.applied()
	s.wantList("networks", s.networks(), "stays")
	s.wantList("volumes", s.volumes(), "data", "dind-certs", "dind-data")
}

// What is external has to be there, is used, and is neither changed nor removed.
func TestExternalIsUsedAndLeft(t *testing.T) {
	s := newNouns(t)
	name := s.project + "-theirs"
	s.as(`
network "theirs" {
  external = true
  name     = "` + name + `"
}
container "web" {
  image    = "` + bashImage + `"
  command  = ["sleep", "1000"]
  init     = true
  networks = [network.theirs]
}
`)
	s.do("plan").wants(t, 1).says(t, "Something external is not there", "network.theirs", name)
	id := s.docker("network", "create", name)[0]
	t.Cleanup(func() { _ = exec.Command("docker", "network", "rm", name).Run() })
	s.wantPlanned("beside something external", s.planned(), "container.web: create (absent)")
	s.applied()
	s.wantInspect("container", "web", "{{range .NetworkSettings.Networks}}{{.NetworkID}}{{end}}", id)

	// Made anew by its owner, it is another network under the name.
	s.docker("network", "disconnect", "-f", name, s.project+"-web")
	s.docker("network", "rm", name)
	again := s.docker("network", "create", name)[0]
	s.wantChanges("off what was made anew", "container.web | networks | live | changed outside")
	s.applied()
	s.wantInspect("container", "web", "{{range .NetworkSettings.Networks}}{{.NetworkID}}{{end}}", again)
	s.do("destroy", "-auto-approve").wants(t, 0)
	if got := s.docker("network", "inspect", "-f", "{{.Id}}", name)[0]; got != again {
		t.Errorf("the external network is %s, want %s", got, again)
	}
}

const withSecret = `
variable "token" {
  type      = string
  sensitive = true
}
variable "mode" {
  type    = string
  default = "a"
}
container "web" {
  image       = "` + bashImage + `"
  command     = ["sleep", "1000"]
  init        = true
  environment = { TOKEN = var.token, MODE = var.mode }
}
container "far" {
  image      = "` + bashImage + `"
  command    = ["sleep", "1000"]
  init       = true
  depends_on = [container.web]
}
container "apart" {
  image   = "` + bashImage + `"
  command = ["sleep", "1000"]
  init    = true
}
`

// A plan can be written without its secrets, shown without an engine, and applied
// with them; it is refused as soon as something moved, with its name, and nothing
// is done then. Parts, requests and exit codes are those that were asked for.
func TestPlanFileOnAnEngine(t *testing.T) {
	s := newNouns(t)
	s.as(withSecret)
	// What the docker CLI puts into containers by itself is none of what is declared.
	s.write("client/config.json", `{"proxies":{"default":{"httpProxy":"http://proxy.example:3128"}}}`)
	s.env = append(s.env, "DOCKER_CONFIG="+s.dir+"/client")
	const secret = "hunter2hunter2"
	token := []string{"-var", "token=" + secret}
	do := func(command string, more ...string) result {
		t.Helper()
		r := s.do(command, slices.Concat(more, token)...)
		search(t, "a screen", r.all(), []string{secret})
		return r
	}
	planned := func(more ...string) []string { t.Helper(); return s.planned(slices.Concat(more, token)...) }

	do("plan", "-out", "one.plan", "-detailed-exitcode").wants(t, 2)
	search(t, "the plan file", readFile(t, s.dir+"/one.plan"), []string{secret})
	s.dindctl("show", "one.plan").wants(t, 0).says(t, "container.web will be created", "4 to add")
	s.dindctl("apply", "one.plan").wants(t, 1).says(t, "token")
	s.wantList("containers", s.containers())
	s.dindctl(append([]string{"apply", "one.plan"}, token...)...).wants(t, 0).says(t, "4 created")
	do("plan", "-detailed-exitcode").wants(t, 0).says(t, "No changes")
	s.wantInspect("container", "web", `{{index .Config.Env 0}} {{index .Config.Env 1}}`, "MODE=a TOKEN="+secret)
	if got := s.inspect("container", "web", "{{.Config.Env}}"); strings.Contains(strings.ToLower(got), "proxy") {
		t.Errorf("the environment has a proxy that nobody declared: %s", got)
	}

	// Somebody changes something between plan and apply.
	do("plan", "-var", "mode=b", "-out", "two.plan").wants(t, 0)
	s.docker("update", "--memory", "64m", "--memory-swap", "128m", s.project+"-apart")
	s.dindctl(append([]string{"apply", "two.plan"}, token...)...).wants(t, 1).
		says(t, "The plan is stale", "container.apart: the plan leaves it as it is", "mem_limit", "changed outside")
	s.wantInspect("container", "web", `{{index .Config.Env 0}}`, "MODE=a")
	s.docker("rm", "-f", s.project+"-far")
	s.dindctl(append([]string{"apply", "two.plan"}, token...)...).wants(t, 1).says(t, "container.far: ", "would be: create")
	s.wantPlanned("both", planned(), "container.apart: delete+create (changed_outside)", "container.far: create (absent)")
	do("apply", "-auto-approve").wants(t, 0)

	// Parts.
	s.docker("stop", "-t", "0", s.project+"-web", s.project+"-far", s.project+"-apart")
	s.wantPlanned("all", planned(), "container.apart: update (stopped)", "container.far: update (stopped)", "container.web: update (stopped)")
	s.wantPlanned("a target with what it needs", planned("-target", "container.far"), "container.far: update (stopped)", "container.web: update (stopped)")
	s.wantPlanned("without one, and what needs it", planned("-exclude", "container.web"), "container.apart: update (stopped)")
	do("apply", "-auto-approve").wants(t, 0)

	// By request.
	s.wantPlanned("a replacement", planned("-replace", "container.apart"), "container.apart: delete+create (by_request)")
	s.wantPlanned("a removal", planned("-destroy", "-target", "container.apart"), "container.apart: delete (by_request)")
	do("plan", "-destroy", "-out", "gone.plan", "-detailed-exitcode").wants(t, 2).says(t, "4 to destroy")
	s.dindctl(append([]string{"apply", "gone.plan"}, token...)...).wants(t, 0)
	s.wantList("containers", s.containers())
	do("plan", "-destroy", "-detailed-exitcode").wants(t, 0).says(t, "Nothing to destroy")
}

// Old engines let two networks bear one name, and then refuse the name as
// ambiguous: ours is told from the other by its id, in reading and in writing.
func TestTwoNetworksOfOneName(t *testing.T) {
	s := newNouns(t)
	s.as(`
network "n" {}
container "web" {
  image    = "` + bashImage + `"
  command  = ["sleep", "1000"]
  init     = true
  networks = [network.n]
}
`)
	s.applied()
	ours, name := s.inspect("network", "n", "{{.Id}}"), s.project+"-n"
	theirs := s.duplicate(name)
	if theirs == "" {
		return // there is nothing to tell apart
	}
	t.Cleanup(func() { _ = exec.Command("docker", "network", "rm", theirs).Run() })
	s.wantPlanned("beside another network of the name", s.planned())
	s.docker("network", "disconnect", "-f", ours, s.project+"-web")
	s.wantChanges("off its network", "container.web | networks | live | changed outside")
	s.applied()
	s.wantInspect("container", "web", "{{range .NetworkSettings.Networks}}{{.NetworkID}}{{end}}", ours)
	s.do("destroy", "-auto-approve").wants(t, 0)
	if got := s.docker("network", "ls", "-q", "--no-trunc", "--filter", "name="+name); !slices.Equal(got, []string{theirs}) {
		t.Errorf("networks of the name after destroy: %q, want %q", got, theirs)
	}
}

// duplicate makes a network of a name that is taken, which the docker CLI does not
// do; empty where the engine refuses it, as they do since API 1.44.
func (s nouns) duplicate(name string) string {
	s.t.Helper()
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", strings.TrimPrefix(os.Getenv("DOCKER_HOST"), "unix://"))
	}}}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, "http://engine/v1.41/networks/create", strings.NewReader(`{"Name":"`+name+`"}`))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusConflict {
		return ""
	}
	var made struct{ ID string }
	if err := json.NewDecoder(resp.Body).Decode(&made); err != nil || made.ID == "" {
		s.t.Fatalf("%s: %v", resp.Status, err)
	}
	return made.ID
}
