package reference_test

import (
	"path/filepath"
	"testing"

	"github.com/dindctl/dindctl/hcl"
	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/provider/docker"
)

// An engine that is too old for an argument is known by the place that the
// object lives in; one whose revision is not known yet is not judged.
func TestArgumentsOfLaterEngines(t *testing.T) {
	t.Parallel()
	dir, err := filepath.Abs("testdata/api")
	if err != nil {
		t.Fatal(err)
	}
	cfg, _, problems := hcl.Load(hcl.LoadRequest{Path: "api.hcl", Cwd: dir, MachineID: "machine"})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	x, problems := config.Expand(cfg, docker.Schema(), config.Known{})
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	speaks := map[string]string{"": "1.41", "daemon.new": "1.45"}
	got := render(x.TooOld(func(inside string) string { return speaks[inside] }).Sorted())
	compare(t, "testdata/api/api.want", got)
}
