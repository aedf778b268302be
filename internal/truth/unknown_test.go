package truth_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// What can be changed live and is not known yet is announced as a live change, which
// prevent_destroy has nothing against; it is done as far as there is something to do. What
// comes out as something that takes a replacement is refused at its turn, and nothing is
// lost: the next plan knows the value, and says so.
func TestWhatIsNotKnownYetIsNoReplacement(t *testing.T) {
	t.Parallel()
	const network = "network \"n\" {\n  ipam {\n    config { subnet = \"10.9.0.0/24\" }\n  }\n}\n"
	for _, row := range []struct {
		name, first, then string
		// want are the change that is planned, what becomes of it, and the plan after.
		planned, applied, after string
	}{
		{"a limit that comes out as it was", `mem_limit = "64m"`, `mem_limit = length(container.db.id) > 0 ? "64m" : "32m"`, "mem_limit live", "update", ""},
		{"a limit that comes out as another", `mem_limit = "64m"`, `mem_limit = length(container.db.id) > 0 ? "32m" : "64m"`, "mem_limit live", "update", ""},
		{"a limit that comes out as none", `mem_limit = "64m"`, `mem_limit = length(container.db.id) > 0 ? null : "64m"`, "mem_limit live", "A replacement was not shown in the plan", "An object is kept by prevent_destroy"},
		{"swap that comes out as a number", `mem_limit = "64m"`, "mem_limit = \"64m\"\nmemswap_limit = length(container.db.id) > 0 ? \"100m\" : \"-1\"", "memswap_limit live", "update", ""},
		{"processors", `cpus = 1`, `cpus = length(container.db.id) > 0 ? 2 : 1`, "cpus live", "update", ""},
		{
			"an address that comes out as another", "attach {\n network = network.n\n ipv4 = \"10.9.0.7\"\n}", "attach {\n network = network.n\n ipv4 = \"10.9.0.${length(container.db.id) > 0 ? 8 : 7}\"\n}",
			`attach["truth-n"].ipv4 live`, "update", "",
		},
		{
			"an address that comes out as it was", "attach {\n network = network.n\n ipv4 = \"10.9.0.7\"\n}", "attach {\n network = network.n\n ipv4 = \"10.9.0.${length(container.db.id) > 0 ? 7 : 8}\"\n}",
			`attach["truth-n"].ipv4 live`, "update", "",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			m, end, err := newMemory(api285)
			if err != nil {
				t.Fatal(err)
			}
			defer end()
			u, err := newUser(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			defer u.close()
			text := func(command, line string) string {
				return fmt.Sprintf("project { name = %q }\n", project) + network +
					fmt.Sprintf("container \"db\" {\n  image = \"base.local/a\"\n  command = [\"sleep\", %q]\n}\n", command) +
					"container \"app\" {\n  image = \"base.local/a\"\n  depends_on = [container.db]\n  " + line + "\n  lifecycle { prevent_destroy = true }\n}\n"
			}
			planned := func(command, line string) (planned, diag.List) { return u.planText(t.Context(), text(command, line)) }
			p, problems := planned("1", row.first)
			if !problems.HasErrors() {
				problems = u.apply(t.Context(), p)
			}
			if problems.HasErrors() {
				t.Fatal(problemsText(problems))
			}
			p, problems = planned("2", row.then)
			if problems.HasErrors() {
				t.Fatal(problemsText(problems))
			}
			if got := changesOf(p, "container.app"); got != row.planned {
				t.Errorf("planned: %s; want %s", got, row.planned)
			}
			problems = u.apply(t.Context(), p)
			if row.applied == "update" && problems.HasErrors() || row.applied != "update" && (len(problems) != 1 || problems[0].Summary != row.applied) {
				t.Fatalf("applied: %s; want %s", problemsText(problems), row.applied)
			}
			p, problems = planned("2", row.then)
			switch {
			case row.after != "":
				if len(problems) != 1 || problems[0].Summary != row.after {
					t.Errorf("then planned: %s; want %s", problemsText(problems), row.after)
				}
			case problems.HasErrors() || !p.Clean:
				t.Errorf("then planned: %s, %s; want nothing", problemsText(problems), changesOf(p, "container.app"))
			}
		})
	}
}

// changesOf are what is to be changed of an address, each with how.
func changesOf(p planned, address string) string {
	var out []string
	for _, r := range p.Resources {
		for _, c := range r.Changes {
			if r.Address == address && r.Action != plan.None {
				effect := "live"
				if c.Effect == provider.Replace {
					effect = "replace"
				}
				out = append(out, c.Path+" "+effect)
			}
		}
	}
	return strings.Join(out, ", ")
}
