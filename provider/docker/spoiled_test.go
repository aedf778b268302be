package docker_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// A record can hold anything that is JSON and within bounds: whoever shares the
// engine writes it. Comparing it with what is declared never panics, nor does it take
// long; nor does a note of changes.
func TestSpoiledRecordsAreCompared(t *testing.T) {
	t.Parallel()
	p := docker.New(nil)
	cases := 0
	for _, example := range []string{"case1", "case2", "nested-twice"} {
		all := recorded(t, "28.5", example)
		good := look(t, readyProvider(t, all), "upgrade-"+example, false)
		done := map[string]bool{}
		for _, o := range good.objects {
			var record any
			if json.Unmarshal(o.Owner.Spec, &record) != nil {
				continue
			}
			declared := declaredIn(o.Owner.Spec)
			for _, at := range spots(record, nil) {
				if alike := alike(string(o.Kind), at); done[alike] {
					continue
				} else {
					done[alike] = true
				}
				for _, instead := range []any{nil, "other", -1, 1.5, true, []any{nil}, []any{[]any{}, "x"}, map[string]any{"": nil}, map[string]any{"ref": 7}, map[string]any{"sensitive": true}, json.Number(strings.Repeat("9", 400))} {
					content, err := json.Marshal(changedAt(record, at, instead))
					if err != nil {
						t.Fatal(err)
					}
					cases++
					for _, item := range []provider.DiffItem{
						{Declaration: provider.Declaration{Address: o.Owner.Address, Kind: o.Kind, Name: o.Name, Declared: declared}, Created: content},
						{Declaration: provider.Declaration{Address: o.Owner.Address, Kind: o.Kind, Name: o.Name, Declared: declaredIn(content)}, Created: o.Owner.Spec},
					} {
						item.Actual, item.Condition = o.Actual, o.Condition
						_, _ = p.Diff(t.Context(), provider.DiffRequest{Items: []provider.DiffItem{item}}) // an error or not: it comes back
					}
				}
			}
		}
	}
	t.Logf("%d records", cases)
	if cases < 1000 {
		t.Errorf("%d records are too few to prove anything", cases)
	}
}
