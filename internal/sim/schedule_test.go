package sim_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// schedule is all that happens, as a value: what it leaves open (which of several
// calls goes on first) follows from the seed and the name of each call, so that
// leaving something out of a schedule changes nothing else in it.
type schedule struct {
	Seed   uint64
	Rounds []round
}

// round is one run of a configuration, perhaps with another one beside it.
type round struct {
	Blocks []block
	// Destroy removes everything instead; Consent is -volumes.
	Destroy, Consent bool
	Parallelism      int
	// Machine is where the run is started.
	Machine int
	// Rival is a second run of the same configuration, or nil.
	Rival *rival
	// Reads says that others may act between two looks of a run, too.
	Reads   bool
	Faults  []fault
	Outside []outside
}

// rival is a run that begins while another one works.
type rival struct{ At, Machine int }

// fault is something that goes wrong at the event with the number At: a call that
// is taken then fails, or a run or an engine does.
type fault struct {
	At   int
	Kind string
	Run  int // whose, for kill, provider, stop and cancel
}

// outside is what somebody else does at the event with the number At, to the
// object that Pick chooses among those that are there.
type outside struct {
	At   int
	Kind string
	Pick uint64
}

// generate makes the schedule of a seed.
func generate(seed uint64) schedule {
	random := rand.New(rand.NewPCG(seed, 23))
	s := schedule{Seed: seed}
	var blocks []block
	for i := range 1 + random.IntN(3) {
		if i == 0 || random.IntN(2) == 0 {
			most := 6
			if random.IntN(8) == 0 {
				most = 12 // what takes many blocks is rare; so that it is cheap, too
			}
			blocks = draw(random, 2+random.IntN(most), true)
		} else {
			blocks = edit(random, blocks)
		}
		s.Rounds = append(s.Rounds, generateRound(random, blocks, i))
	}
	return s
}

func generateRound(random *rand.Rand, blocks []block, i int) round {
	r := round{
		Blocks: blocks, Parallelism: []int{1, 2, 4, 10}[random.IntN(4)], Machine: random.IntN(2),
		Destroy: i > 0 && random.IntN(6) == 0, Consent: random.IntN(3) == 0, Reads: random.IntN(4) == 0,
	}
	if random.IntN(4) == 0 {
		r.Rival = &rival{At: random.IntN(20), Machine: random.IntN(2)}
	}
	length := 8 * (len(blocks) + 1)
	kinds := []string{"kill", "provider", "error", "error", "reset", "timeout", "late", "restart", "stop", "cancel"}
	for range random.IntN(4) {
		r.Faults = append(r.Faults, fault{At: random.IntN(length), Kind: kinds[random.IntN(len(kinds))], Run: random.IntN(2)})
	}
	acts := []string{"stop", "start", "remove", "remove", "change", "network", "volume", "container", "image", "unimage"}
	for range random.IntN(4) {
		r.Outside = append(r.Outside, outside{At: random.IntN(length), Kind: acts[random.IntN(len(acts))], Pick: random.Uint64()})
	}
	return r
}

func (s schedule) String() string {
	var out strings.Builder
	for i, r := range s.Rounds {
		fmt.Fprintf(&out, "round %d: destroy=%t consent=%t parallelism=%d machine=%d reads=%t", i, r.Destroy, r.Consent, r.Parallelism, r.Machine, r.Reads)
		if r.Rival != nil {
			fmt.Fprintf(&out, " rival at %d on machine %d", r.Rival.At, r.Rival.Machine)
		}
		out.WriteString("\n")
		for _, b := range r.Blocks {
			fmt.Fprintf(&out, "  block %s\n", b)
		}
		for _, f := range r.Faults {
			fmt.Fprintf(&out, "  fault at %d: %s (run %d)\n", f.At, f.Kind, f.Run)
		}
		for _, o := range r.Outside {
			fmt.Fprintf(&out, "  outside at %d: %s %d\n", o.At, o.Kind, o.Pick)
		}
	}
	return out.String()
}

// size is what shrinking makes smaller.
func (s schedule) size() int {
	n := 0
	for _, r := range s.Rounds {
		n += 10 + len(r.Blocks) + 3*len(r.Faults) + 3*len(r.Outside) + r.Parallelism
		for _, b := range r.Blocks {
			n += len(b.refs()) + b.Rev + b.Cpus
		}
		for _, set := range []bool{r.Destroy, r.Reads, r.Rival != nil, r.Machine > 0} {
			if set {
				n++
			}
		}
	}
	return n
}

// smaller are schedules with one thing less.
func (s schedule) smaller() []schedule {
	var out []schedule
	with := func(i int, change func(*round)) {
		next := s
		next.Rounds = slices.Clone(s.Rounds)
		change(&next.Rounds[i])
		out = append(out, next)
	}
	for _, address := range s.addresses() {
		next := s
		next.Rounds = slices.Clone(s.Rounds)
		for j := range next.Rounds {
			next.Rounds[j].Blocks = without(next.Rounds[j].Blocks, address)
		}
		out = append(out, next)
	}
	for i, r := range s.Rounds {
		if len(s.Rounds) > 1 {
			next := s
			next.Rounds = slices.Delete(slices.Clone(s.Rounds), i, i+1)
			out = append(out, next)
		}
		for j := range r.Faults {
			with(i, func(r *round) { r.Faults = slices.Delete(slices.Clone(r.Faults), j, j+1) })
		}
		for j := range r.Outside {
			with(i, func(r *round) { r.Outside = slices.Delete(slices.Clone(r.Outside), j, j+1) })
		}
		for _, b := range r.Blocks {
			with(i, func(r *round) { r.Blocks = without(r.Blocks, b.Address) })
		}
		for j := range r.Blocks {
			plainer(r.Blocks[j], func(b block) {
				with(i, func(r *round) {
					r.Blocks = slices.Clone(r.Blocks)
					r.Blocks[j] = b
				})
			})
		}
		with(i, func(r *round) { r.Rival = nil })
		with(i, func(r *round) { r.Reads = false })
		with(i, func(r *round) { r.Destroy = false })
		with(i, func(r *round) { r.Machine = 0 })
		with(i, func(r *round) { r.Parallelism = 1 })
	}
	return out
}

func (s schedule) addresses() []string {
	var out []string
	for _, r := range s.Rounds {
		for _, b := range r.Blocks {
			out = append(out, b.Address)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// plainer gives variants of a block that refer to less.
func plainer(b block, each func(block)) {
	for _, change := range []func(*block){
		func(b *block) { b.Networks = nil },
		func(b *block) { b.Volumes = nil },
		func(b *block) { b.After = nil },
		func(b *block) { b.Image = "" },
		func(b *block) { b.Rev, b.Cpus = 0, 0 },
		func(b *block) { b.Fails, b.Slow = false, false },
	} {
		next := b
		change(&next)
		each(next)
	}
}
