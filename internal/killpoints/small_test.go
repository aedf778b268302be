package killpoints_test

import (
	"slices"
	"testing"
)

// Every point of the small topology, with every fault but the engine's restart,
// which would hit all lives of one engine.
func TestSmall(t *testing.T) {
	r := newRing(t, small())
	chosen := slices.DeleteFunc(faults(), func(f fault) bool { return f == restart })
	r.run(lives(r.points(), chosen, operations()), envNumber("DINDCTL_KILL_ATONCE", 3))
}

// Every point of the small topology with a restart of the engine.
func TestSmallRestart(t *testing.T) {
	r := newRing(t, small())
	r.run(lives(r.points(), []fault{restart}, operations()), 1)
}
