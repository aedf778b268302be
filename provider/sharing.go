package provider

import (
	"slices"
	"time"
)

// Precedes tells whether the run began before the present run of an owner, that is of
// something whose namespaces the object has: it then holds those of a run that is over.
// Start times decide, but for those that Follows names. Where one is missing nothing is
// known, and the answer is false.
func (c Condition) Precedes(owner Condition) bool {
	return len(c.Contradicting([]string{owner.Started})) > 0
}

// Contradicting are those of the moments, in their order, that the clock puts after the
// start of the run, and that Follows does not name. A provider that has just started the
// run after all of them adds these to Follows.
func (c Condition) Contradicting(moments []string) []string {
	began, err := time.Parse(time.RFC3339Nano, c.Started)
	if err != nil {
		return nil
	}
	var out []string
	for _, text := range moments {
		moment, err := time.Parse(time.RFC3339Nano, text)
		if err == nil && moment.After(began) && !slices.Contains(c.Follows, text) {
			out = append(out, text)
		}
	}
	return out
}
