package mount

import (
	"cmp"
	"slices"
	"strings"
)

// Empty tells whether a directory on a host is empty and belongs to root: what
// Docker leaves where a source was missing. Arguments are those of a [Look].
// Where it cannot be known the answer is no.
type Empty func(object Object, path string) bool

// File tells whether what is at a path of a host is no directory: a file, a socket, a
// device. Arguments are those of a [Look], and links have been followed. Where it
// cannot be known, or nothing is there, the answer is no.
type File func(object Object, path string) bool

// Checker applies the rule with what can be asked of file systems.
type Checker struct {
	Look  Look  // nil: no file is looked at
	Empty Empty // nil: no directory is taken for left over
	File  File  // nil: nothing is known to be a file
	// Interrupted tells, by an error, that nobody waits for the result any more: the
	// rest is then left out. Nil: it is not asked.
	Interrupted func() error
}

// Check applies the rule to every nested source, in the order of addresses,
// targets and sources. Chain and Fixes of an entry are never nil.
func Check(t Topology, look Look) []Entry { return Checker{Look: look}.Check(t) }

// Check is the function [Check] with everything that can be asked.
func (k Checker) Check(t Topology) []Entry {
	r := newResolver(t, k.Look)
	r.empty, r.file = k.Empty, k.File
	entries := make([]Entry, 0, len(t.Nested))
	for _, n := range t.Nested {
		if k.Interrupted != nil && k.Interrupted() != nil {
			break
		}
		entries = append(entries, r.entry(n))
	}
	slices.SortStableFunc(entries, func(a, b Entry) int {
		return cmp.Or(
			strings.Compare(a.Address, b.Address), strings.Compare(a.Target, b.Target),
			strings.Compare(a.Source, b.Source), strings.Compare(a.Kind, b.Kind),
		)
	})
	return entries
}

// entry is the result for one nested source.
func (r *resolver) entry(n Nested) Entry {
	q := r.question(n)
	f := r.find(q)
	e := Entry{
		Address: n.Address, Kind: n.Kind, Target: n.Target, Source: n.Source,
		Resolve: cmp.Or(n.Resolve, ResolveSame), Daemon: n.Daemon,
		Verdict: f.verdict, Severity: f.severity(),
		Message: strings.Join(append([]string{f.message}, f.warnings...), " "),
		Chain:   r.chain(q, f), Fixes: r.fixes(q, f), Send: f.send,
	}
	if n.Controller != "" {
		e.Controller = &n.Controller
	}
	if f.side.exists != nil {
		exists := *f.side.exists
		e.Exists = &exists
	}
	return e
}

func (f finding) severity() Severity {
	switch f.verdict {
	case Hidden, Shadowed, Aliased:
		return Failure
	case Partial, Unknown:
		return Warning
	case Visible:
	}
	if len(f.warnings) > 0 {
		return Warning
	}
	return OK
}

// Clash is a place of a container at which two of its mounts meet. Which of the
// two wins is decided anew at each start, so that it is always an error.
type Clash struct {
	Container string
	Targets   [2]string // as declared, cleaned
	At        string    // where both lead
}

// Clashes returns the clashes of all containers, by container and place.
func Clashes(t Topology, look Look) []Clash {
	r := newResolver(t, look)
	var out []Clash
	for _, address := range sortedKeys(t.Containers) {
		out = append(out, r.view(address).clashes...)
	}
	return out
}
