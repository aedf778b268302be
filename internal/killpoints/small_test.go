package killpoints_test

import (
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

// Every point of the small topology, with every fault but the engine's restart,
// which would hit all lives of one engine. DINDCTL_KILL=half asks for half of them.
func TestSmall(t *testing.T) {
	r := newRing(t, small())
	chosen := slices.DeleteFunc(faults(), func(f fault) bool { return f == restart })
	r.run(portion(t, lives(r.points(), chosen, operations())), envNumber("DINDCTL_KILL_ATONCE", 3))
}

// Every point of the small topology with a restart of the engine.
func TestSmallRestart(t *testing.T) {
	r := newRing(t, small())
	r.run(portion(t, lives(r.points(), []fault{restart}, operations())), 1)
}

// portion is all lives; or, where DINDCTL_KILL is half, half of them, chosen by the
// commit, so that over time all are led.
func portion(t *testing.T, all [][]point) [][]point {
	t.Helper()
	if os.Getenv("DINDCTL_KILL") != "half" {
		return all
	}
	random := rand.New(rand.NewPCG(treeSeed(t), 1)) //nolint:gosec // a choice that can be repeated
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	t.Logf("half of %d lives, chosen by what is committed", len(all))
	return all[:(len(all)+1)/2]
}
