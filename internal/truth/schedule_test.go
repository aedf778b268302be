package truth_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// schedule is all that is done to one engine, as a value: what fails once is done again,
// with less of it, until nothing can be left out.
type schedule struct {
	Seed   uint64
	API    string
	Begin  []edit
	Rounds []round
}

// round is one case: edits of the configuration, or changes outside, in states that the
// containers were brought into; then a plan, its apply, and a plan.
type round struct {
	Edits   []edit
	States  []edit
	Outside []edit
	Restart bool
	// Act is what is done with the configuration of a life, and Fault what becomes of one
	// of the calls of that.
	Act, Fault edit
}

// roundsOf is how many cases one engine sees.
const roundsOf = 5

// generate makes the schedule of a seed: of edits, or of changes outside.
func generate(seed uint64, outside bool) schedule {
	random := rand.New(rand.NewPCG(seed, 29))
	s := schedule{Seed: seed, API: []string{api2010, api285}[random.IntN(2)]}
	turn := int(seed % 1e6 * 11) // about as many as a schedule takes
	some := func(n int, among ...string) []edit {
		var out []edit
		for range n {
			e := edit{What: among[random.IntN(len(among))], Pick: random.Uint64()}
			if slices.Contains([]string{"set", "update", "attach", "ignore", "configure"}, e.What) {
				turn++
				e.Turn = turn
			}
			out = append(out, e)
		}
		return out
	}
	s.Begin = slices.Concat(some(3+random.IntN(4), "add"), some(2+random.IntN(6), "network", "mount", "share", "image", "name", "attach", "attach", "ignore", "set", "set", "set", "set"))
	if outside && random.IntN(4) == 0 {
		s.Begin = append(s.Begin, some(2, "attach")...)
	}
	// Engines inside cost as much as the one that they are in.
	nested := random.IntN(8) == 0
	daemons := []string{"daemon", "inside", "inside", "controller"}
	if nested {
		s.Begin = append(s.Begin, some(1, "daemon")...)
		s.Begin = append(s.Begin, some(2, daemons...)...)
	}
	for range roundsOf {
		r := round{Restart: random.IntN(6) == 0}
		if outside {
			r.Outside = some(1+random.IntN(3)/2, append(sortedKeys(outsiders()), "update", "update", "update", "update", "alias", "alias", "address", "address", "address", "network", "owner")...)
		} else {
			r.Edits = some(1+random.IntN(4), "add", "remove", "set", "set", "set", "set", "set", "set", "set", "set", "set", "unset", "unset", "respell", "network", "mount", "move", "move", "relabel", "name", "share", "image", "attach", "attach", "attach", "exchange", "ignore")
			if nested {
				r.Edits = append(r.Edits, some(1, append([]string{"configure", "configure", "configure", "remove", "relabel", "move"}, daemons...)...)...)
			}
			if random.IntN(10) == 0 {
				r.Edits = some(1, "respell")
			}
			r.States = some(random.IntN(3), states...)
		}
		s.Rounds = append(s.Rounds, r)
	}
	return s
}

func (s schedule) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "API %s\nbegin %v\n", s.API, s.Begin)
	for i, r := range s.Rounds {
		fmt.Fprintf(&out, "round %d: edits %v, states %v, outside %v, restart %t, act %v, fault %v\n", i, r.Edits, r.States, r.Outside, r.Restart, r.Act, r.Fault)
	}
	return out.String()
}

// smaller are schedules with one thing less.
func (s schedule) smaller() []schedule {
	var out []schedule
	for i := range s.Rounds {
		next := s
		next.Rounds = slices.Delete(slices.Clone(s.Rounds), i, i+1)
		out = append(out, next)
	}
	for i := range s.Begin {
		next := s
		next.Begin = slices.Delete(slices.Clone(s.Begin), i, i+1)
		out = append(out, next)
	}
	for i, r := range s.Rounds {
		with := func(change func(*round)) {
			next := s
			next.Rounds = slices.Clone(s.Rounds)
			change(&next.Rounds[i])
			out = append(out, next)
		}
		for j := range r.Edits {
			with(func(r *round) { r.Edits = slices.Delete(slices.Clone(r.Edits), j, j+1) })
		}
		for j := range r.States {
			with(func(r *round) { r.States = slices.Delete(slices.Clone(r.States), j, j+1) })
		}
		for j := range r.Outside {
			with(func(r *round) { r.Outside = slices.Delete(slices.Clone(r.Outside), j, j+1) })
		}
		if r.Restart {
			with(func(r *round) { r.Restart = false })
		}
		if r.Fault.What != "" {
			with(func(r *round) { r.Fault = edit{} })
		}
	}
	return out
}
