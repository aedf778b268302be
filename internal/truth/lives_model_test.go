package truth_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/provider"
)

// thing is a block of a configuration that lives: it moves, also into modules, becomes
// several and one again, is switched off, kept, and ignores what changes.
type thing struct {
	ID     int // stays, whatever the block is called
	Kind   provider.Kind
	Module string // whose block it is; empty for the root
	Label  string
	Keys   []string // of for_each; none for a block without
	Off    bool     // enabled = false
	Keep   bool     // prevent_destroy
	Ignore string   // one argument, or "all"; empty for none
	Name   string   // of an explicit name
	Mark   int      // a label
	Rev    int      // what changes by replacement alone
	Cpus   int      // what changes live
	Port   int      // of the host; 0 for none
	Subnet int      // of a network; 0 for none of its own
	IP     int      // in the first of its networks, if that has a subnet; 0 for none
	Uses   []int    // networks and volumes, by their IDs
}

func (t thing) block() string {
	at := string(t.Kind) + "." + t.Label
	if t.Module != "" {
		at = "module." + t.Module + "." + at
	}
	return at
}

// instances are the keys of its objects: one that is empty for a block without for_each.
func (t thing) instances() []string {
	switch {
	case t.Off:
		return nil
	case t.Keys == nil:
		return []string{""}
	}
	return t.Keys
}

func (t thing) address(key string) string {
	if key == "" {
		return t.block()
	}
	return fmt.Sprintf("%s[%q]", t.block(), key)
}

// ref is how another block of the same module names it: its first instance.
func (t thing) ref() string {
	at := string(t.Kind) + "." + t.Label
	if len(t.Keys) > 0 {
		at += fmt.Sprintf("[%q]", t.Keys[0])
	}
	return at
}

// lifetime is a whole configuration.
type lifetime struct {
	Things []thing
	Moved  [][2]string
	serial int
}

func (l lifetime) clone() lifetime {
	out := lifetime{Moved: slices.Clone(l.Moved), serial: l.serial}
	for _, t := range l.Things {
		t.Keys, t.Uses = slices.Clone(t.Keys), slices.Clone(t.Uses)
		out.Things = append(out.Things, t)
	}
	return out
}

func (l *lifetime) byID(id int) *thing {
	for i := range l.Things {
		if l.Things[i].ID == id {
			return &l.Things[i]
		}
	}
	return nil
}

// at is the thing whose block an address is of; nil for none.
func (l *lifetime) at(address string) *thing {
	block, _, _ := strings.Cut(address, `["`)
	for i := range l.Things {
		if l.Things[i].block() == block {
			return &l.Things[i]
		}
	}
	return nil
}

// files are the texts of the configuration, by the directory of their module.
func (l *lifetime) files() map[string]string {
	out := map[string]string{"": "project {\n  name = \"" + project + "\"\n}\n"}
	for _, t := range l.Things {
		if _, known := out[t.Module]; !known {
			out[""] += fmt.Sprintf("module %q {\n  source = \"./%s\"\n}\n", t.Module, t.Module)
		}
		out[t.Module] += l.text(t)
	}
	for _, m := range l.Moved {
		out[""] += fmt.Sprintf("moved {\n  from = %s\n  to   = %s\n}\n", m[0], m[1])
	}
	return out
}

func (l *lifetime) text(t thing) string {
	var out strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&out, "  "+format+"\n", args...) }
	fmt.Fprintf(&out, "%s %q {\n", t.Kind, t.Label)
	if t.Keys != nil {
		line("for_each = toset([%s])", quotedList(t.Keys))
	} else if t.Off {
		line("enabled = false")
	}
	if t.Name != "" {
		line("name = %q", t.Name)
	}
	line("labels = { mark = \"%d\" }", t.Mark)
	switch t.Kind {
	case provider.Network:
		if t.Subnet != 0 {
			line("ipam {\n    config {\n      subnet = \"10.20.%d.0/24\"\n    }\n  }", t.Subnet)
		}
	case provider.Container:
		l.containerText(t, line)
	default:
	}
	if t.Keep || t.Ignore != "" {
		line("lifecycle {")
		if t.Keep {
			line("  prevent_destroy = true")
		}
		if t.Ignore == "all" {
			line("  ignore_changes = all")
		} else if t.Ignore != "" {
			line("  ignore_changes = [%s]", t.Ignore)
		}
		line("}")
	}
	out.WriteString("}\n")
	return out.String()
}

func (l *lifetime) containerText(t thing, line func(string, ...any)) {
	line("image = \"base.local/a\"\n  command = [\"sleep\", \"%d\"]", 1000+t.Rev)
	line("cpus = %g", 0.5+0.5*float64(t.Cpus))
	if t.Port != 0 {
		line("ports {\n    target    = 80\n    published = %d\n  }", 8000+t.Port)
	}
	var networks []string
	for _, id := range t.Uses {
		used := l.byID(id)
		switch {
		case used.Kind == provider.Volume:
			line("mount {\n    source = volume.%s\n    target = \"/v%d\"\n  }", strings.TrimPrefix(used.ref(), "volume."), id)
		case t.IP != 0 && used.Subnet != 0 && len(networks) == 0 && len(t.Keys) < 2:
			line("attach {\n    network = %s\n    ipv4    = \"10.20.%d.%d\"\n  }", used.ref(), used.Subnet, 10+t.IP)
			networks = append(networks, used.ref())
		default:
			networks = append(networks, used.ref())
		}
	}
	if len(networks) > 0 {
		line("networks = [%s]", strings.Join(networks, ", "))
	}
}

func quotedList(texts []string) string {
	var out []string
	for _, text := range texts {
		out = append(out, fmt.Sprintf("%q", text))
	}
	return strings.Join(out, ", ")
}

// one chooses a thing that fits; nil where none does.
func (l *lifetime) one(pick uint64, fits func(*thing) bool) *thing {
	var all []*thing
	for i := range l.Things {
		if fits(&l.Things[i]) {
			all = append(all, &l.Things[i])
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all[choose(pick, 1, len(all))]
}

func isContainer(t *thing) bool { return t.Kind == provider.Container }
func anything(*thing) bool      { return true }

// lifeEdits are what becomes of a configuration, by name. Each tells whether there was
// something that it could be done to.
func lifeEdits() map[string]func(l *lifetime, pick uint64) bool {
	some := func(fits func(*thing) bool, do func(t *thing, pick uint64)) func(*lifetime, uint64) bool {
		return func(l *lifetime, pick uint64) bool {
			t := l.one(pick, fits)
			if t != nil {
				do(t, pick)
			}
			return t != nil
		}
	}
	return map[string]func(*lifetime, uint64) bool{
		"add": (*lifetime).add, "drop": (*lifetime).drop, "use": (*lifetime).use, "move": (*lifetime).moves,
		"relabel": (*lifetime).relabels, "exchange": (*lifetime).exchange, "several": (*lifetime).several,
		"mark": some(anything, func(t *thing, pick uint64) { t.Mark = 1 + choose(pick, 2, 3) }),
		"rev":  some(isContainer, func(t *thing, _ uint64) { t.Rev++ }),
		"cpus": some(isContainer, func(t *thing, _ uint64) { t.Cpus = 1 - t.Cpus }),
		"off": func(l *lifetime, pick uint64) bool {
			t := l.one(pick, func(t *thing) bool { return t.Keys == nil })
			if t != nil {
				t.Off = !t.Off
				l.unuse(t.ID)
			}
			return t != nil
		},
		"keep": some(anything, func(t *thing, _ uint64) { t.Keep = !t.Keep }),
		"ignore": some(anything, func(t *thing, pick uint64) {
			words := []string{"", "labels", "all", "name"}
			if t.Kind == provider.Container {
				words = append(words, "networks", "cpus", "mount", "command", "ports", "attach")
			}
			t.Ignore = words[choose(pick, 2, len(words))]
		}),
		"name": some(func(t *thing) bool { return len(t.Keys) < 2 }, func(t *thing, pick uint64) {
			t.Name = []string{"", "one", "two", "three"}[choose(pick, 2, 4)]
		}),
		"port":   some(isContainer, func(t *thing, pick uint64) { t.Port = choose(pick, 2, 4) }),
		"ip":     some(isContainer, func(t *thing, pick uint64) { t.IP = choose(pick, 2, 4) }),
		"subnet": some(func(t *thing) bool { return t.Kind == provider.Network }, func(t *thing, pick uint64) { t.Subnet = choose(pick, 2, 4) }),
	}
}

func (l *lifetime) newLabel() string {
	l.serial++
	return fmt.Sprintf("t%d", l.serial)
}

func (l *lifetime) add(pick uint64) bool {
	if len(l.Things) > 6 {
		return false
	}
	kinds := []provider.Kind{provider.Container, provider.Container, provider.Network, provider.Volume}
	t := thing{Label: l.newLabel(), Kind: kinds[choose(pick, 1, len(kinds))], Module: []string{"", "", "left", "right"}[choose(pick, 2, 4)]}
	t.ID = l.serial
	if choose(pick, 3, 4) == 0 {
		t.Keys = []string{"x"}
	}
	l.Things = append(l.Things, t)
	return true
}

// unuse takes a thing away from what uses it.
func (l *lifetime) unuse(id int) {
	for i := range l.Things {
		l.Things[i].Uses = slices.DeleteFunc(l.Things[i].Uses, func(used int) bool { return used == id })
	}
}

func (l *lifetime) drop(pick uint64) bool {
	if len(l.Things) < 2 {
		return false
	}
	gone := *l.one(pick, anything)
	l.Things = slices.DeleteFunc(l.Things, func(t thing) bool { return t.ID == gone.ID })
	l.unuse(gone.ID)
	l.forgetMoves(gone.block())
	return true
}

// forgetMoves drops the moves that lead to a block, from wherever they began.
func (l *lifetime) forgetMoves(block string) {
	blockOf := func(address string) string { at, _, _ := strings.Cut(address, `["`); return at }
	gone := map[string]bool{block: true}
	for n := -1; n != len(gone); {
		n = len(gone)
		for _, m := range l.Moved {
			if gone[blockOf(m[1])] {
				gone[blockOf(m[0])] = true
			}
		}
	}
	l.Moved = slices.DeleteFunc(l.Moved, func(m [2]string) bool { return gone[blockOf(m[1])] })
}

func (l *lifetime) use(pick uint64) bool {
	t := l.one(pick, isContainer)
	if t == nil {
		return false
	}
	other := l.one(pick*3+1, func(o *thing) bool { return o.Kind != provider.Container && o.Module == t.Module && !o.Off })
	if other == nil {
		return false
	}
	t.Uses = toggle(t.Uses, other.ID)
	return true
}

// moves gives a block another label, or another module, and says so.
func (l *lifetime) moves(pick uint64) bool {
	t := l.one(pick, anything)
	if t == nil {
		return false
	}
	from := t.block()
	l.place(t, pick)
	l.Moved = append(l.Moved, [2]string{from, t.block()})
	return true
}

// relabels is a move without a word: its object goes, and another comes.
func (l *lifetime) relabels(pick uint64) bool {
	t := l.one(pick, anything)
	if t == nil {
		return false
	}
	l.forgetMoves(t.block())
	l.place(t, pick)
	was := t.ID
	t.ID = l.serial
	for i := range l.Things {
		for j, id := range l.Things[i].Uses {
			if id == was {
				l.Things[i].Uses[j] = t.ID
			}
		}
	}
	return true
}

func (l *lifetime) place(t *thing, pick uint64) {
	t.Label = l.newLabel()
	if choose(pick, 2, 3) > 0 {
		return
	}
	t.Module = []string{"", "left", "right"}[choose(pick, 3, 3)]
	l.unuse(t.ID)
	t.Uses = slices.DeleteFunc(t.Uses, func(id int) bool { return l.byID(id).Module != t.Module })
}

// several makes one block several objects, or adds or takes away one of them.
func (l *lifetime) several(pick uint64) bool {
	t := l.one(pick, func(t *thing) bool { return !t.Off && t.Name == "" })
	if t == nil {
		return false
	}
	key := []string{"x", "y", "z"}[choose(pick, 2, 3)]
	switch {
	case t.Keys == nil:
		t.Keys = []string{key}
		l.Moved = append(l.Moved, [2]string{t.block(), t.address(key)})
	case slices.Contains(t.Keys, key) && len(t.Keys) > 1:
		address := t.address(key)
		t.Keys = slices.DeleteFunc(t.Keys, func(has string) bool { return has == key })
		l.Moved = slices.DeleteFunc(l.Moved, func(m [2]string) bool { return m[1] == address })
	default:
		t.Keys = append(t.Keys, key)
		slices.Sort(t.Keys)
		t.Keys = slices.Compact(t.Keys)
	}
	if len(t.Keys) > 1 {
		t.Port, t.IP = 0, 0
	}
	return true
}

// exchange lets two containers, or two networks, have what the other one had.
func (l *lifetime) exchange(pick uint64) bool {
	a := l.one(pick, func(t *thing) bool { return t.Kind != provider.Volume })
	if a == nil {
		return false
	}
	b := l.one(pick*3+1, func(t *thing) bool { return t.Kind == a.Kind && t.ID != a.ID })
	if b == nil {
		return false
	}
	switch what := choose(pick, 3, 3); {
	case a.Kind == provider.Network && what > 0:
		a.Subnet, b.Subnet = b.Subnet, a.Subnet
	case what == 0:
		if a.Name, b.Name = b.Name, a.Name; a.Name == b.Name {
			return false
		}
	case what == 1:
		a.Port, b.Port = b.Port, a.Port
	default:
		a.IP, b.IP = b.IP, a.IP
	}
	return true
}

// sound tells whether nothing is claimed twice: what the loader does not look at.
func (l *lifetime) sound() bool {
	claims := map[string]int{}
	for _, t := range l.Things {
		if len(t.instances()) == 0 {
			continue
		}
		if len(t.Keys) > 1 && (t.Name != "" || t.Port != 0 || t.Subnet != 0 || t.IP != 0) {
			return false
		}
		claim := func(what string, n int) {
			if n != 0 {
				claims[fmt.Sprint(what, n)]++
			}
		}
		claim("port", t.Port)
		claim("subnet", t.Subnet)
		if used := slices.IndexFunc(t.Uses, func(id int) bool { u := l.byID(id); return u.Kind == provider.Network && u.Subnet != 0 }); used >= 0 && t.IP != 0 {
			claim(fmt.Sprintf("%d in %d, ", t.IP, t.Uses[used]), 1)
		}
		for _, id := range t.Uses {
			if u := l.byID(id); u.Off || u.Module != t.Module {
				return false
			}
		}
	}
	return !slices.ContainsFunc(slices.Collect(maps.Values(claims)), func(n int) bool { return n > 1 })
}
