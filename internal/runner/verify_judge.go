package runner

import (
	"fmt"

	"github.com/dindctl/dindctl/internal/mount"
)

// witness is what a nested container says of one entry.
type witness struct {
	Sight
	// refused is what the daemon said instead of mounting it.
	refused string
	canary  string
}

// judge compares what a nested container sees with the other sides.
func (v *verifier) judge(e mount.Entry, nested witness, p *Proof) {
	for _, key := range v.sidesOf(e) {
		v.mu.Lock()
		sight := v.seen[key]
		v.mu.Unlock()
		p.Sides = append(p.Sides, Side{View: key.view, Path: key.path, Sight: sight})
	}
	others := p.Sides
	if nested.refused == "" {
		p.Sides = append(p.Sides, Side{View: "a container of " + e.Daemon, Path: e.Target, Sight: nested.Sight})
	}
	p.Canary = nested.canary
	switch e.Verdict {
	case mount.Visible, mount.Partial:
		judgeVisible(e, nested, others, p)
	case mount.Hidden, mount.Aliased, mount.Shadowed:
		judgeHidden(e, nested, others, p)
	case mount.Unknown:
		judgeVisible(e, nested, others, p)
		if p.Result == Contradicted {
			p.Result, p.Why = NotProved, "The rule could not say. "+p.Why
		}
	}
}

// judgeVisible expects the same object on every side.
func judgeVisible(e mount.Entry, nested witness, others []Side, p *Proof) {
	switch {
	case nested.refused != "" && e.Exists != nil && !*e.Exists:
		p.Result, p.Why = NotProved, fmt.Sprintf("%s is not there yet: it is made when %s runs.", e.Source, e.Address)
		return
	case nested.refused != "":
		p.Result, p.Why = Contradicted, fmt.Sprintf("%s did not mount it: %s.", e.Daemon, nested.refused)
		return
	case nested.State == hidden:
		p.Result, p.Why = NotProved, "The nested container could not look: "+nested.Why+"."
		return
	case nested.State == missing:
		p.Result, p.Why = Contradicted, "A container that mounts it finds nothing there."
		return
	}
	p.Result = Proved
	for _, side := range others {
		same, comparable, why := side.same(nested.Sight)
		switch {
		case !comparable && p.Result == Proved:
			p.Result, p.Why = NotProved, fmt.Sprintf("It cannot be compared with %s: %s.", side.View, why)
		case comparable && !same:
			p.Result, p.Why = Contradicted, fmt.Sprintf("A container that mounts it sees %s, and %s has at %s: %s.", nested.Sight, side.View, side.Path, side.Sight)
			return
		}
	}
	if nested.canary != "" && nested.canary != canarySeen && nested.canary != canaryKept {
		p.Result, p.Why = Contradicted, "The canary file was lost: "+nested.canary+"."
	}
}

// judgeHidden expects another object than the controller's, or none.
func judgeHidden(e mount.Entry, nested witness, others []Side, p *Proof) {
	switch {
	case nested.refused != "" || nested.State == missing:
		p.Result = Proved
		return
	case nested.State == hidden:
		p.Result, p.Why = NotProved, "The nested container could not look: "+nested.Why+"."
		return
	case len(others) == 0:
		p.Result, p.Why = NotProved, fmt.Sprintf("There is nothing to compare with: nobody but %s has a path %s.", e.Daemon, e.Source)
		return
	}
	p.Result = Proved
	for _, side := range others {
		same, comparable, why := side.same(nested.Sight)
		switch {
		case !comparable:
			p.Result, p.Why = NotProved, fmt.Sprintf("It cannot be compared with %s: %s.", side.View, why)
		case same:
			p.Result, p.Why = Contradicted, fmt.Sprintf("A container that mounts it sees the same as %s has at %s: %s.", side.View, side.Path, nested.Sight)
			return
		}
	}
}
