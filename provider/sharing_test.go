package provider_test

import (
	"testing"

	"github.com/dindctl/dindctl/provider"
)

// A run holds the namespaces of an owner's run that is over where it began before the
// owner's present one; what is recorded of their order wins over the clock, and where a
// time is missing nothing is claimed.
func TestWhichRunCameFirst(t *testing.T) {
	t.Parallel()
	const early, late = "2026-12-01T10:00:00.5Z", "2026-12-01T10:00:00.500000001Z"
	for _, c := range []struct {
		what           string
		began, started string
		follows        []string
		want           bool
	}{
		{"the owner was started later", early, late, nil, true},
		{"the owner was started earlier", late, early, nil, false},
		{"both at once", early, early, nil, false},
		{"in another zone", "2026-12-01T12:00:00+02:00", late, nil, true},
		{"recorded to come after", early, late, []string{"x", late}, false},
		{"recorded of an earlier start", early, late, []string{early}, true},
		{"never started", "", late, nil, false},
		{"an owner that was never started", early, "", nil, false},
		{"no time", early, "yesterday", nil, false},
	} {
		sharer := provider.Condition{State: provider.StateRunning, Started: c.began, Follows: c.follows}
		if got := sharer.Precedes(provider.Condition{State: provider.StateRunning, Started: c.started}); got != c.want {
			t.Errorf("%s: precedes = %t, want %t", c.what, got, c.want)
		}
	}
}
