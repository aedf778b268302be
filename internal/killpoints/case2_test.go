package killpoints_test

import (
	"hash/fnv"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

// whole are the operations of case 2 that are killed; its purge is that of the
// small topology.
func whole() []operation { return []operation{apply, replace, destroy} }

// Twelve points of case 2, chosen by the hash of what is committed, so that over time all are
// hit. They are spread over lives that have a point for each operation.
func TestCase2Chosen(t *testing.T) {
	r := newRing(t, case2())
	random := rand.New(rand.NewPCG(treeSeed(t), 0)) //nolint:gosec // a choice that can be repeated
	all := lives(r.points(), faults(), whole())
	full := slices.DeleteFunc(all, func(one []point) bool { return len(one) < len(whole()) })
	random.Shuffle(len(full), func(i, j int) { full[i], full[j] = full[j], full[i] })
	t.Logf("chosen by tree %s: %v", os.Getenv("DINDCTL_TREE"), full[:4])
	r.run(full[:4], 1)
}

// treeSeed is a seed that another content does not have.
func treeSeed(t *testing.T) uint64 {
	t.Helper()
	tree := os.Getenv("DINDCTL_TREE")
	if tree == "" {
		t.Fatal("DINDCTL_TREE says which points are chosen; make sets it")
	}
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(tree))
	return sum.Sum64()
}

// Every point of case 2 with every fault; DINDCTL_KILL=all asks for it, as it
// takes hours. DINDCTL_KILL_FAULTS is a pattern that chooses some of the faults.
func TestCase2All(t *testing.T) {
	if os.Getenv("DINDCTL_KILL") != "all" {
		t.Skip("this takes hours: run it by `make kill`")
	}
	r := newRing(t, case2())
	chosen := chosenFaults(t)
	atOnce := envNumber("DINDCTL_KILL_ATONCE", 2)
	all := lives(r.points(), slices.DeleteFunc(slices.Clone(chosen), func(f fault) bool { return f == restart }), whole())
	r.run(all, atOnce)
	if slices.Contains(chosen, restart) {
		r.run(lives(r.points(), []fault{restart}, whole()), 1)
	}
}
