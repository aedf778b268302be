package config

import (
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
)

// noteWithheld notes that a reference asks for a word that its object has and cannot
// give. What is made anew may have it then.
func (e *evaluation) noteWithheld(f *frame, ref Reference) {
	if ref.Attr == "" {
		return
	}
	for _, n := range e.s.named(f.module, ref) {
		for _, o := range n.inFrame[f] {
			if ref.Key != cty.NilVal && (o.each.key == cty.NilVal || !o.each.key.RawEquals(ref.Key)) {
				continue
			}
			known := e.known[o.address]
			if why, withheld := known.Withheld[ref.Attr]; withheld && !known.Pending {
				e.withheld = append(e.withheld, diag.Problem{
					Severity: diag.Error, Code: "output-withheld", Summary: "An output cannot be had whole", Subject: ref.Range,
					Detail: fmt.Sprintf("%s.%s: %s. A part of it would be another value, so there is none. Let the job write less, or into a file that what needs it mounts; `dindctl logs %[1]s` shows what there is.",
						o.address, ref.Attr, why),
				})
			}
		}
	}
}

// again is a value that was evaluated before, with what it could not be given.
func (e *evaluation) again(at slot) (cty.Value, bool) {
	value, done := e.values[at]
	e.withheld = append(e.withheld, e.behind[at]...)
	return value, done
}

// first begins the evaluation of a value; the function that it returns ends it.
func (e *evaluation) first(at slot) func() {
	outer := e.withheld
	e.withheld = nil
	return func() {
		e.behind[at] = e.withheld
		e.withheld = append(outer, e.withheld...)
	}
}

// of are problems of one address.
func of(problems diag.List, address string) diag.List {
	return within(slices.Clone(problems), address)
}

// eachOnce are problems without those that repeat one of the same address and place.
func eachOnce(problems diag.List) diag.List {
	return slices.CompactFunc(problems.Sorted(), func(a, b diag.Problem) bool {
		return a.Address == b.Address && a.Subject == b.Subject && a.Detail == b.Detail
	})
}
