package reference_test

import (
	"testing"

	"github.com/dindctl/dindctl/provider"
)

// An engine that is too old for an argument is known by the place that the
// object lives in; one whose revision is not known yet is not judged. What only some
// values of an argument need, or some engines do not heed, is told likewise.
func TestArgumentsOfLaterEngines(t *testing.T) {
	t.Parallel()
	x, problems := expand(t, "testdata/api/api.hcl")
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	speaks := map[string]provider.Facts{
		"": {API: "1.41"}, "daemon.new": {API: "1.45", Details: map[string]string{provider.DetailUnheeded + "storage_opt": "It takes storage_opt without heeding it."}},
	}
	got := render(x.TooOld(func(inside string) provider.Facts { return speaks[inside] }).Sorted())
	compare(t, "testdata/api/api.want", got)
}
