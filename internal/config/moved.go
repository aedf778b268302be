package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
)

// Move says that what is recorded under the address From is meant by To now. Both
// are those of objects, blocks or modules.
type Move struct{ From, To string }

// apply is the address that is meant by a recorded one; false where the move says
// nothing of it. A block or a module takes its instances along, unless a key is
// given to what had none.
func (m Move) apply(address string) (string, bool) {
	rest, found := strings.CutPrefix(address, m.From)
	switch {
	case !found:
		return "", false
	case rest == "", rest[0] == '.', rest[0] == '[' && !keyed(m.From) && !keyed(m.To):
		return m.To + rest, true
	}
	return "", false
}

func keyed(address string) bool { return strings.HasSuffix(address, "]") }

// Now is the address that is meant by a recorded one.
func Now(moves []Move, address string) string {
	for range moves { // no address moves more often than there are moves
		again := false
		for _, m := range moves {
			if to, moved := m.apply(address); moved {
				address, again = to, true
				break
			}
		}
		if !again {
			break
		}
	}
	return address
}

// Recorded are the addresses under which an object may have been recorded, its own first.
func Recorded(moves []Move, address string) []string {
	out := []string{address}
	for i := 0; i < len(out) && len(out) <= len(moves); i++ {
		for _, m := range moves {
			if from, moved := (Move{From: m.To, To: m.From}).apply(out[i]); moved && !slices.Contains(out, from) {
				out = append(out, from)
			}
		}
	}
	return out
}

// placedMove is a moved block in one instance of its module.
type placedMove struct {
	Move
	of Moved
}

// moves are those of all instances of all modules.
func (s *state) moves() ([]Move, diag.List) {
	var all []placedMove
	for _, m := range s.modules {
		for _, f := range m.frames {
			for _, of := range m.content.Moved {
				all = append(all, placedMove{Move{join(f.path, of.From.Address), join(f.path, of.To.Address)}, of})
			}
		}
	}
	var problems diag.List
	var out []Move
	froms, tos := map[string]placedMove{}, map[string]placedMove{}
	for _, p := range all {
		found := s.checkMove(p, all)
		if other, twice := froms[p.From]; twice && found == nil {
			found = p.problem("Two moves of one address", "%s is said to be %s already, at %s. Take one of them away.", p.From, other.To, line(other.of.Range))
		}
		if other, twice := tos[p.To]; twice && found == nil {
			found = p.problem("Two moves to one address", "%s is said to be %s already, at %s. One object cannot be two.", other.From, p.To, line(other.of.Range))
		}
		froms[p.From], tos[p.To] = p, p
		problems = append(problems, found...)
		out = append(out, p.Move)
	}
	if list := moveCycles(all, froms); list != nil {
		return nil, append(problems, list...)
	}
	if problems.HasErrors() {
		return nil, problems
	}
	return out, nil
}

func (p placedMove) problem(summary, detail string, args ...any) diag.List {
	return diag.List{{
		Severity: diag.Error, Code: "invalid-move", Summary: summary, Detail: fmt.Sprintf(detail, args...),
		Address: p.To, Subject: p.of.From.Range, Context: p.of.Range,
	}}
}

// checkMove is what can be said of one move.
func (s *state) checkMove(p placedMove, all []placedMove) diag.List {
	switch {
	case p.of.From.Kind != p.of.To.Kind:
		return p.problem("Move to another kind", "%s is a %s and %s a %s. An object does not become one of another kind.",
			p.From, targetWord(p.of.From), p.To, targetWord(p.of.To))
	case p.From == p.To:
		return p.problem("Move that goes nowhere", "from and to are both %s.", p.From)
	}
	for _, address := range keys(s.nouns) {
		if _, moves := p.apply(address); moves {
			return p.problem("Move of something that is still declared",
				"%s is declared, and is said to be %s now. Take the moved block away, or the declaration.", address, p.To)
		}
	}
	if s.declares(p.To) || slices.ContainsFunc(all, func(o placedMove) bool { _, further := o.apply(p.To); return further }) {
		return nil
	}
	list := p.problem("Move to something that is not declared", "There is no %s. Write the address that the object has in this configuration.", p.To)
	list[0].Subject = p.of.To.Range
	return list
}

func targetWord(t Target) string {
	if t.Kind == "" {
		return "module"
	}
	return string(t.Kind)
}

// declares tells whether an address is that of a block or a module, whatever its keys.
func (s *state) declares(address string) bool {
	return s.nodes[blockOf(address)] != nil
}

// moveCycles names each hop of moves that lead back to where they began.
func moveCycles(all []placedMove, froms map[string]placedMove) diag.List {
	var problems diag.List
	told := map[string]bool{}
	for _, first := range all {
		if first.From == first.To {
			continue // said of the move itself
		}
		var hops []string
		seen := map[string]bool{}
		for at, found := froms[first.From]; found && !told[at.From]; at, found = froms[at.To] {
			if seen[at.From] {
				if at.From == first.From {
					problems = append(problems, first.problem("Moves that lead back to where they began", "%s.\nTake one of these blocks away.", strings.Join(hops, ";\n"))...)
					for from := range seen {
						told[from] = true
					}
				}
				break
			}
			seen[at.From] = true
			hops = append(hops, fmt.Sprintf("%s is %s now (%s)", at.From, at.To, line(at.of.Range)))
		}
	}
	return problems
}
