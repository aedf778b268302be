package providertest

import (
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// Factory is how the suite gets at a provider.
type Factory struct {
	// New returns a fresh connection that is not configured yet. All of them lead to
	// one engine. The suite closes it.
	New func(t *testing.T) provider.Provider
	// Configure chooses the engine.
	Configure provider.ConfigureRequest
	// Project begins the names of the suite's projects; whatever they own is removed
	// at the end. At most 20 characters.
	Project string
	// Image is an image that the root engine has or can get, with sh, cat and sleep in it.
	Image string
	// DaemonImage is an image with a daemon; empty: what is inside daemons is not tested.
	DaemonImage string
	// Daemon holds more attributes for daemons, by name.
	Daemon map[string]cty.Value
	// Stop ends an object behind the provider's back; nil: not tested.
	Stop func(t *testing.T, place provider.Place, id string)
	// Foreign makes a volume that is nobody's, behind the provider's back, has it
	// removed at the end of the test, and returns its id; nil: not tested.
	Foreign func(t *testing.T, name string) string
	// Mutations counts what was changed on the engine so far, by whatever means it can;
	// nil: that reading changes nothing is tested by fingerprints alone.
	Mutations func(t *testing.T) int
}

// obligation is one test: what a provider owes, and how that is seen.
type obligation struct {
	name string
	test func(*harness)
	// configured tells whether the provider is configured before the test.
	configured bool
}

// Run tests every obligation of a provider, each as a subtest.
func Run(t *testing.T, f Factory) {
	t.Helper()
	var all []obligation
	for _, group := range [][]obligation{
		pureObligations(), createObligations(), runObligations(), readObligations(), powerObligations(), insideObligations(),
	} {
		all = append(all, group...)
	}
	for i, o := range all {
		t.Run(o.name, func(t *testing.T) {
			h := newHarness(t, f, i)
			if o.configured {
				h.configure()
			}
			o.test(h)
		})
	}
}
