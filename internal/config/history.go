package config

import (
	"math/big"
	"slices"

	"github.com/dindctl/dindctl/internal/mount"
)

// history tells which host paths were mounted writable before an object: by
// anything that it needs, over any number of steps.
type history struct {
	s     *state
	paths []string // sorted
	bit   map[string]int
	// before are the paths of each object, by their number, made when asked for.
	before map[*noun]*big.Int
}

func (s *state) history() *history {
	h := &history{s: s, bit: map[string]int{}, before: map[*noun]*big.Int{}}
	for _, n := range s.nouns {
		h.paths = append(h.paths, n.writes()...)
	}
	slices.Sort(h.paths)
	h.paths = slices.Compact(h.paths)
	for i, path := range h.paths {
		h.bit[path] = i
	}
	return h
}

// writes are the host paths that an object mounts writable.
func (n *noun) writes() []string {
	if n.inside != "" {
		return nil
	}
	var out []string
	for _, m := range n.mounts {
		if m.kind == mount.Bind && !m.readOnly && !m.implied() {
			out = append(out, m.source)
		}
	}
	return out
}

// of are the paths before an object, sorted.
func (h *history) of(n *noun) []string {
	if len(h.paths) == 0 {
		return nil
	}
	found := h.follow(n)
	var out []string
	for i, path := range h.paths {
		if found.Bit(i) == 1 {
			out = append(out, path)
		}
	}
	return out
}

// follow goes through everything that an object needs, each once.
func (h *history) follow(n *noun) *big.Int {
	if found := h.before[n]; found != nil {
		return found
	}
	found := new(big.Int)
	h.before[n] = found // in a cycle, which was reported, the rest is left out
	for _, address := range n.deps {
		needed := h.s.nouns[address]
		if needed == nil {
			continue
		}
		found.Or(found, h.follow(needed))
		for _, path := range needed.writes() {
			found.SetBit(found, h.bit[path], 1)
		}
	}
	return found
}
