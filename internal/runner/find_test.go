package runner_test

import (
	"testing"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
)

// What somebody types is the configuration's address, in the first place: what is inside
// a daemon and is typed alike is never meant instead, whether the other is there or not.
func TestWhatIsTypedIsTheConfigurationsAddress(t *testing.T) {
	t.Parallel()
	object := func(address string) provider.Object {
		return provider.Object{ID: address, Kind: provider.Container, Owner: provider.Ownership{Project: "p", Address: address}}
	}
	inside := map[string]plan.Snapshot{"daemon.d": {Readable: true, Place: "inside", Objects: []provider.Object{object(`container.web["0"]`), object("container.box")}}}
	sites := map[string]plan.Site{"container.web[0]": {}, "container.box": {Inside: "daemon.d"}, `container.key["a"]`: {}}
	whole := plan.Observed{Root: plan.Snapshot{Readable: true, Objects: []provider.Object{object("container.web[0]"), object(`container.key["a"]`)}}, Inside: inside, Sites: sites}
	twice := plan.Observed{Root: plan.Snapshot{
		Readable: true, Objects: []provider.Object{object(`container.key["a"]`), object(`container.key["a"]`), object(`container.key["b"]`)},
		Stops: diag.List{{Severity: diag.Error, Address: `container.key["a"]`}},
	}}
	gone := plan.Observed{Root: plan.Snapshot{Readable: true}, Inside: inside, Sites: sites}
	for _, row := range []struct {
		what     string
		observed plan.Observed
		typed    string
		one, all string // empty: it is not there
	}{
		{"both there", whole, "container.web[0]", "container.web[0]", "container.web[0]"},
		{"the configuration's is gone", gone, "container.web[0]", "", ""},
		{"with quotes too many", whole, `container.web["0"]`, "container.web[0]", "container.web[0]"},
		{"without quotes", whole, "container.key[a]", `container.key["a"]`, `container.key["a"]`},
		{"inside", whole, "container.box", "container.box", "container.box"},
		{"of two that pass for one, none", twice, "container.key[a]", "", ""},
		{"nor of the block that it is in", twice, "container.key", "", ""},
		{"another of that block", twice, "container.key[b]", `container.key["b"]`, `container.key["b"]`},
		{"a block", whole, "container.key", "", `container.key["a"]`},
	} {
		if found, problems := runner.Find(row.observed, "p", row.typed); found.ID != row.one || problems.HasErrors() != (row.one == "") {
			t.Errorf("%s: Find gives %q, %v", row.what, found.ID, problems)
		}
		all := ""
		list, problems := runner.FindAll(row.observed, "p", []string{row.typed})
		for _, o := range list {
			all += o.ID
		}
		if all != row.all || problems.HasErrors() != (row.all == "") {
			t.Errorf("%s: FindAll gives %q, %v", row.what, all, problems)
		}
	}
}
