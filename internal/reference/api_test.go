package reference_test

import "testing"

// An engine that is too old for an argument is known by the place that the
// object lives in; one whose revision is not known yet is not judged.
func TestArgumentsOfLaterEngines(t *testing.T) {
	t.Parallel()
	x, problems := expand(t, "testdata/api/api.hcl")
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	speaks := map[string]string{"": "1.41", "daemon.new": "1.45"}
	got := render(x.TooOld(func(inside string) string { return speaks[inside] }).Sorted())
	compare(t, "testdata/api/api.want", got)
}
