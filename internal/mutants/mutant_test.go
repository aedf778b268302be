package mutants_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// mutant is one command with one answer spoiled.
type mutant struct {
	Seed      uint64 `json:"seed"`
	Recording string `json:"recording"`
	Command   string `json:"command"`
	Class     string `json:"class"`
	Request   string `json:"request"`
	Field     string `json:"field"`
	Kind      string `json:"kind"`

	command command
	spoiled spoiled
	// undecodable says that the whole answer is of another type, which a command has to
	// notice: so it is known that it decodes it. One broken object in it may be
	// somebody else's, and a command may do without a file in a container.
	undecodable bool
}

func (m mutant) String() string {
	return fmt.Sprintf("seed %d: %s, %s: %s, field %s: %s", m.Seed, m.Recording, m.Command, strings.TrimSpace(m.Request), m.Field, m.Kind)
}

// choice is what a seed alone says: which recording, and which command.
func choice(seed uint64, recordings []string) (recording string, c command, random *rand.Rand) {
	random = rand.New(rand.NewPCG(seed, 14))
	recording = pick(random, recordings)
	return recording, pick(random, commands()), random
}

func pick[T any](random *rand.Rand, list []T) T { return list[random.IntN(len(list))] }

// breeder makes mutants of the answers of a site.
type breeder struct {
	*site
	consumed map[string]bool // by class and path: whether the Docker client decodes it
}

// mutantOf is the mutant of a seed. Each kind of answer has the same chance, and in it
// each field, however often it is there.
func (b breeder) mutantOf(seed uint64, recording string, c command, random *rand.Rand) (mutant, baseline, error) {
	honest, err := b.baselineOf(c)
	if err != nil {
		return mutant{}, honest, err
	}
	byClass := map[string][]answer{}
	for _, a := range honest.answers {
		byClass[a.class] = append(byClass[a.class], a)
	}
	a := pick(random, byClass[pick(random, slices.Sorted(maps.Keys(byClass)))])
	m := mutant{Seed: seed, Recording: recording, Command: c.String(), Class: a.class, Request: a.key, Field: "$", command: c}
	if a.whole == nil {
		s := pick(random, spellings(a))
		m.Kind, m.spoiled = s.kind, spoiled{a, s.change}
		return m, honest, nil
	}
	byPath := map[string][]place{}
	unknown := random.IntN(10) == 0 // fields that nobody decodes have their turn, too
	for _, p := range places(a.whole) {
		if unknown || b.decoded(a, p) {
			byPath[p.path] = append(byPath[p.path], p)
		}
	}
	p := pick(random, byPath[pick(random, slices.Sorted(maps.Keys(byPath)))])
	changed := pick(random, mutations(p))
	m.Field, m.Kind = p.path, changed.kind
	m.spoiled = spoiled{a, a.spoil(changed)}
	m.undecodable = a.header == "" && p.path == "$" && json.Unmarshal(a.mutant(changed), a.into()) != nil
	return m, honest, nil
}

// decoded tells whether the Docker client, or dindctl in a record, decodes the field:
// of some type it may not be.
func (b breeder) decoded(a answer, p place) bool {
	if strings.Contains(p.path, "!") || p.path == "$" {
		return true
	}
	key := a.class + " " + p.path
	known, found := b.consumed[key]
	if found {
		return known
	}
	for _, m := range mutations(p) {
		if json.Unmarshal(a.mutant(m), a.into()) != nil {
			known = true
			break
		}
	}
	b.consumed[key] = known
	return known
}

// result is what came of a mutant.
type result struct {
	mutant
	Asked   int    `json:"asked"`  // how often the spoiled answer was asked for
	Served  int    `json:"served"` // and taken to its last byte
	Noticed bool   `json:"noticed"`
	Exit    int    `json:"exit"`
	Memory  int64  `json:"memory"` // the most that the process had, in bytes
	Problem string `json:"problem,omitempty"`
}

var crash = regexp.MustCompile(`panic|goroutine \d|runtime error|fatal error|%!`)

// try runs a mutant.
func (b breeder) try(m mutant, honest baseline) result {
	forgetPeak()
	got, t := b.run(m.command, &m.spoiled, false)
	t.mu.Lock()
	r := result{mutant: m, Asked: t.asked, Served: t.served, Exit: got.code, Memory: peak()}
	t.mu.Unlock()
	r.Noticed = got.said != honest.outcome.said || got.code != honest.outcome.code
	var wrong []error
	if err := b.onlyOurs(m.command, got.changes); err != nil {
		wrong = append(wrong, err)
	}
	if found := crash.FindString(got.said); found != "" {
		wrong = append(wrong, fmt.Errorf("it says %q", found))
	}
	switch {
	case got.code != 0 && got.code != 1:
		wrong = append(wrong, fmt.Errorf("exit code %d", got.code))
	case got.code == 1 && honest.outcome.code == 0 && !strings.Contains(got.said, "Error: "):
		wrong = append(wrong, errors.New("it fails and does not say why"))
	}
	whole := m.spoiled.answer.whole != nil && m.spoiled.answer.header == "" // of bytes a command may take as many as it likes
	if r.Asked == 0 || r.Served == 0 && whole && !r.Noticed {               // it may be given up before its end
		wrong = append(wrong, fmt.Errorf("the answer was asked for %d times, and taken %d times", r.Asked, r.Served))
	}
	if m.undecodable && !r.Noticed {
		wrong = append(wrong, errors.New("nobody noticed an answer that cannot be decoded"))
	}
	if err := errors.Join(wrong...); err != nil {
		r.Problem = fmt.Sprintf("%v\nit said:\n%.4000s", err, got.said)
	}
	return r
}

// forgetPeak makes the system forget how much memory this process had.
func forgetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o600) }

var peakLine = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peak is the most memory that this process had since, in bytes; 0 where the system
// does not say.
func peak() int64 {
	status, _ := os.ReadFile("/proc/self/status")
	match := peakLine.FindSubmatch(status)
	if match == nil {
		return 0
	}
	kilobytes, _ := strconv.ParseInt(string(match[1]), 10, 64)
	return kilobytes << 10
}
