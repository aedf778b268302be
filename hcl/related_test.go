package hcl_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/hcl"
	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/provider"
)

// What the engine gave a network counts as what was declared, as long as the
// network stays: addresses inside a daemon are compared with it.
func TestRelatedToWhatIsThere(t *testing.T) {
	t.Parallel()
	cwd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	const overlap = `The bip 172.20.5.0/24 overlaps 172.20.0.0/16 of network.ci, which daemon.dind is on: what is inside daemon.dind could not reach network.ci, nor be answered from there. Choose another range, such as 10.200.0.0/16.`
	there := provider.Values{Addresses: map[string]string{"172.20.0.0/16": "172.20.0.1"}}
	elsewhere := provider.Values{Addresses: map[string]string{"172.21.0.0/16": "172.21.0.1"}}
	for name, test := range map[string]struct {
		known config.Knowledge
		want  []string
	}{
		"overlaps":   {config.Knowledge{Values: there}, []string{overlap}},
		"elsewhere":  {config.Knowledge{Values: elsewhere}, nil},
		"made anew":  {config.Knowledge{Values: there, Pending: true}, nil},
		"not there":  {config.Knowledge{}, nil},
		"no address": {config.Knowledge{Values: provider.Values{ID: "n"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, _, problems := hcl.Load(hcl.LoadRequest{Path: "testdata/related", Cwd: cwd, MachineID: "machine", Project: "ci"})
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			_, problems = config.Expand(cfg, schema(), config.Known{"network.ci": test.known})
			var got []string
			for _, p := range problems {
				got = append(got, p.Detail)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
