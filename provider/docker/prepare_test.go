package docker_test

import (
	"net/http"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// A volume that is only named is the engine's to make; one of the configuration was there
// when the plan was made, and has to be there still.
func TestOnlyVolumesOfTheConfigurationAreLookedFor(t *testing.T) {
	t.Parallel()
	p, err := configured(t, oddEngine(t, map[string]http.HandlerFunc{"GET /volumes/another": says(`{"Name":"another","Driver":"local"}`)}), "10m")
	if err != nil {
		t.Fatal(err)
	}
	preparer := p.(provider.Preparer) //nolint:forcetypeassert // checked by the compiler elsewhere
	var related map[string]provider.Related
	prepare := func(m cty.Value) error {
		return preparer.Prepare(t.Context(), provider.PrepareRequest{Declaration: provider.Declaration{
			Address: "container.web", Kind: provider.Container, Name: "p-web", Related: related, Declared: cty.ObjectVal(attributes{"mount": cty.ListVal([]cty.Value{m})}),
		}}, nil)
	}
	named := mountValue("volume", "there-already", "/data", false)
	if err := prepare(named); err != nil {
		t.Errorf("a volume that nobody declares: %v", err)
	}
	of := named.AsValueMap()
	declared := reference("volume.keep", "volume", "there-already").AsValueMap()
	declared["id"] = text("there-already")
	of["volume"] = cty.ObjectVal(declared)
	wantProblem(t, prepare(cty.ObjectVal(of)), provider.NotFound, "A volume of the plan is gone", "volume.keep (volume there-already) is to be mounted on /data.")

	// Nor is it another one, which somebody made since under its name; one that is external is.
	declared["ref"], declared["name"], declared["id"], of["source"] = text("another"), text("another"), text("another"), text("another")
	of["volume"] = cty.ObjectVal(declared)
	for external, summary := range map[cty.Value]string{cty.False: "A volume of the plan is another one now", cty.True: ""} {
		related = map[string]provider.Related{"volume.keep": {Address: "volume.keep", Kind: provider.Volume, Name: "another", Declared: cty.ObjectVal(attributes{"external": external})}}
		if err := prepare(cty.ObjectVal(of)); summary != "" || err != nil {
			wantProblem(t, err, provider.NotOurs, summary, "volume.keep (volume another) is to be mounted on /data.")
		}
	}
}

// A volume that another project made meanwhile is not the one that was planned with.
func TestAVolumeOfAnotherProjectIsAnother(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		owner, project string
		want           bool
	}{{"p", "p", false}, {"q", "p", true}, {"", "p", true}, {"q", "", false}, {"", "", true}} {
		if got := docker.Anothers(c.owner, c.project); got != c.want {
			t.Errorf("of %q, asked for by %q: another's is %v", c.owner, c.project, got)
		}
	}
}
