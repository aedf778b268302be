package mutants_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strconv"
)

// asWorker is the variable that makes this program try mutants: it reads seeds, one a
// line, and writes what it begins with and what came of it. A crash ends it, and who
// started it knows of which mutant.
const asWorker = "DINDCTL_MUTANTS_WORKER"

// As the program has them, see cmd/dindctl.
const (
	gcPercent  = 2400
	softMemory = 160 << 20
)

// event is a line of a worker.
type event struct {
	Begin  *mutant `json:"begin,omitempty"`
	Result *result `json:"result,omitempty"`
}

// work tries the mutants of seeds.
func work(seeds io.Reader, events io.Writer) error {
	debug.SetGCPercent(gcPercent)
	debug.SetMemoryLimit(softMemory)
	recordings, err := names()
	if err != nil {
		return err
	}
	tell := json.NewEncoder(events)
	b := breeder{consumed: map[string]bool{}}
	at := ""
	defer func() { b.leave() }()
	lines := bufio.NewScanner(seeds)
	for lines.Scan() {
		seed, err := strconv.ParseUint(lines.Text(), 10, 64)
		if err != nil {
			return err
		}
		recording, c, random := choice(seed, recordings)
		if recording != at {
			b.leave()
			if b.site, err = newSite(recording); err != nil {
				return err
			}
			at = recording
		}
		if err := tell.Encode(event{Begin: &mutant{Seed: seed, Recording: recording, Command: c.String(), Kind: "none: the answers as they are"}}); err != nil {
			return err
		}
		m, honest, err := b.mutantOf(seed, recording, c, random)
		if err != nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
		if err := tell.Encode(event{Begin: &m}); err != nil {
			return err
		}
		r := b.try(m, honest)
		if err := tell.Encode(event{Result: &r}); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (b breeder) leave() {
	if b.site != nil {
		b.Close()
	}
}

// worker is this program when it is one.
func worker() int {
	if err := work(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
