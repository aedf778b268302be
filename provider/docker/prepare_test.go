package docker_test

import (
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// A volume that is only named is the engine's to make; one of the configuration was there
// when the plan was made, and has to be there still.
func TestOnlyVolumesOfTheConfigurationAreLookedFor(t *testing.T) {
	t.Parallel()
	p, err := configured(t, oddEngine(t, nil), "10m")
	if err != nil {
		t.Fatal(err)
	}
	preparer := p.(provider.Preparer) //nolint:forcetypeassert // checked by the compiler elsewhere
	prepare := func(m cty.Value) error {
		return preparer.Prepare(t.Context(), provider.PrepareRequest{Declaration: provider.Declaration{
			Address: "container.web", Kind: provider.Container, Name: "p-web", Declared: cty.ObjectVal(attributes{"mount": cty.ListVal([]cty.Value{m})}),
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
}
