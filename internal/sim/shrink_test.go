package sim_test

import "testing"

// shrink makes a schedule as small as it can while the same promise is broken.
func shrink(t *testing.T, s schedule, out outcome, dir string) schedule {
	t.Helper()
	what := out.violations[0].what
	for tries := 0; tries < 20000; {
		smaller := false
		for _, next := range s.smaller() {
			if next.size() >= s.size() {
				continue
			}
			tries++
			if o := simulate(t, next, dir, false); o.broken() && o.violations[0].what == what {
				s, smaller = next, true
				break
			}
		}
		if !smaller {
			break
		}
	}
	return s
}
