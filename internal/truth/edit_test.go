package truth_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/provider"
)

// edit is one change of the configuration, as a value. What it chooses follows from
// Pick and from what there is, so that leaving one edit out does little to the others.
type edit struct {
	What string
	Pick uint64
	// Turn is which argument it is the turn of, so that all have one.
	Turn int
}

// choose takes one of n by the part of a pick; each part is another choice.
func choose(pick uint64, part, n int) int {
	for range part {
		pick = pick*6364136223846793005 + 1442695040888963407
	}
	return int(pick >> 33 % uint64(n))
}

// edits are what can be done to a configuration, by name. Each tells what it was done to,
// or nothing where there was nothing to do it to.
func edits() map[string]func(c *configuration, e edit) string {
	turnless := func(do func(c *configuration, pick uint64) string) func(*configuration, edit) string {
		return func(c *configuration, e edit) string { return do(c, e.Pick) }
	}
	return map[string]func(c *configuration, e edit) string{
		"add": turnless(add), "remove": turnless(remove), "set": set, "unset": turnless(unset), "respell": turnless(respell),
		"network": turnless(joinOrLeave), "mount": turnless(mountOrNot), "move": turnless(move), "relabel": turnless(relabel),
		"name": turnless(name), "share": turnless(share), "image": turnless(useImage), "attach": attach, "exchange": turnless(exchange), "ignore": ignore,
		"configure": configure, "daemon": turnless(addDaemon), "inside": turnless(place), "controller": turnless(addController),
	}
}

var labels = []string{"a", "b", "c", "d", "e", "f", "g", "h"}

// freeLabel is one that no block of the kind has: of what runs none at all, and names
// are free as well.
func (c *configuration) freeLabel(kind provider.Kind, pick uint64) string {
	for i := range labels {
		label := labels[(choose(pick, 7, len(labels))+i)%len(labels)]
		if !slices.ContainsFunc(c.Blocks, func(b block) bool {
			return b.Label == label && b.Kind == kind || b.named() == project+"-"+label && b.Kind.Runs() == kind.Runs()
		}) && !slices.ContainsFunc(c.Moved, func(m [2]string) bool {
			was, from, _ := strings.Cut(m[0], ".") // what moved from there has its name still
			return from == label && (was == string(kind) || provider.Kind(was).Runs() && kind.Runs())
		}) {
			return label
		}
	}
	return ""
}

func add(c *configuration, pick uint64) string {
	kinds := []provider.Kind{provider.Container, provider.Container, provider.Container, provider.Network, provider.Volume, provider.Image, provider.Job}
	kind := kinds[choose(pick, 1, len(kinds))]
	if len(c.Blocks) > 8 || c.add(kind, pick) == nil {
		return ""
	}
	return "add " + string(kind)
}

// add adds a block of a kind; nil where no label is free.
func (c *configuration) add(kind provider.Kind, pick uint64) *block {
	label := c.freeLabel(kind, pick)
	if label == "" {
		return nil
	}
	id := 1
	for _, b := range c.Blocks {
		id = max(id, b.ID+1)
	}
	c.Blocks = append(c.Blocks, block{ID: id, Kind: kind, Label: label, Args: map[string]chosen{}})
	return &c.Blocks[len(c.Blocks)-1]
}

// addDaemon adds a daemon, and something that lives in it.
func addDaemon(c *configuration, pick uint64) string {
	if len(c.of(provider.Daemon)) > 1 || c.add(provider.Daemon, pick) == nil {
		return ""
	}
	daemon := c.Blocks[len(c.Blocks)-1].ID
	kinds := []provider.Kind{provider.Container, provider.Container, provider.Job, provider.Network, provider.Volume}
	if b := c.add(kinds[choose(pick, 8, len(kinds))], pick+1); b != nil {
		b.Inside = daemon
	}
	return "add daemon"
}

func addController(c *configuration, pick uint64) string {
	daemon := c.one(pick, func(b *block) bool { return b.Kind == provider.Daemon })
	if daemon == nil {
		return ""
	}
	id := daemon.ID
	b := c.add(provider.Controller, pick)
	if b == nil {
		return ""
	}
	b.Daemon = id
	b.Networks = slices.Clone(c.byID(id).Networks)
	return "add controller"
}

// place puts something into a daemon, or takes it out, with nothing that it had where it was.
func place(c *configuration, pick uint64) string {
	daemon := c.one(pick, func(b *block) bool { return b.Kind == provider.Daemon })
	used := map[int]bool{}
	for _, b := range c.Blocks {
		for _, id := range slices.Concat(b.Networks, b.Volumes, []int{b.Shares}) {
			used[id] = true
		}
	}
	b := c.one(pick+1, func(b *block) bool {
		return slices.Contains([]provider.Kind{provider.Container, provider.Job, provider.Network, provider.Volume}, b.Kind) && !used[b.ID]
	})
	if daemon == nil || b == nil {
		return ""
	}
	to := daemon.ID
	if b.Inside != 0 {
		to = 0
	}
	b.Inside, b.Networks, b.Volumes, b.Attach, b.Shares, b.Image = to, nil, nil, nil, 0, 0
	return "inside " + string(b.Kind)
}

// beside are the blocks of a kind that are where another one is.
func (c *configuration) beside(b *block, kind provider.Kind) []*block {
	return slices.DeleteFunc(c.of(kind), func(o *block) bool { return b != nil && o.Inside != b.Inside })
}

func remove(c *configuration, pick uint64) string {
	if len(c.Blocks) < 2 {
		return ""
	}
	at := choose(pick, 1, len(c.Blocks))
	gone := c.Blocks[at]
	c.Blocks = slices.Delete(c.Blocks, at, at+1)
	other := func(id int) bool { return id == gone.ID }
	for i := range c.Blocks {
		b := &c.Blocks[i]
		b.Networks, b.Volumes = slices.DeleteFunc(b.Networks, other), slices.DeleteFunc(b.Volumes, other)
		delete(b.Attach, gone.ID)
		if other(b.Inside) {
			b.Inside, b.Networks, b.Volumes, b.Attach, b.Shares = 0, nil, nil, nil, 0
		}
		if other(b.Image) {
			b.Image = 0
		}
		if other(b.Shares) {
			b.Shares = 0
		}
	}
	c.Moved = slices.DeleteFunc(c.Moved, func(m [2]string) bool { return m[1] == gone.address() })
	c.Blocks = slices.DeleteFunc(c.Blocks, func(b block) bool { return b.Kind == provider.Controller && other(b.Daemon) })
	return "remove " + string(gone.Kind)
}

// one chooses a block that fits; nil where none does.
func (c *configuration) one(pick uint64, fits func(*block) bool) *block {
	var all []*block
	for i := range c.Blocks {
		if fits(&c.Blocks[i]) {
			all = append(all, &c.Blocks[i])
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all[choose(pick, 1, len(all))]
}

// turns are the arguments whose turn it can be: those of a container more often than
// those of others.
func turns() []struct {
	kind provider.Kind
	argument
} {
	var out []struct {
		kind provider.Kind
		argument
	}
	for _, kind := range []provider.Kind{provider.Container, provider.Network, provider.Volume, provider.Image, provider.Job} {
		for _, a := range arguments(kind) {
			out = append(out, struct {
				kind provider.Kind
				argument
			}{kind, a})
		}
	}
	return out
}

// set gives an argument a value, in a block of its kind where there is one.
func set(c *configuration, e edit) string {
	all := turns()
	turn := all[e.Turn%len(all)]
	b := c.one(e.Pick, func(b *block) bool { return b.Kind == turn.kind })
	if b == nil {
		if b = c.add(turn.kind, e.Pick); b == nil {
			return ""
		}
	}
	return b.set(turn.argument, e.Pick)
}

// configure gives an argument of a daemon or a controller a value.
func configure(c *configuration, e edit) string {
	b := c.one(e.Pick, func(b *block) bool { return b.Kind == provider.Daemon || b.Kind == provider.Controller })
	if b == nil {
		return ""
	}
	all := arguments(b.Kind)
	return b.set(all[e.Turn%len(all)], e.Pick)
}

func (b *block) set(a argument, pick uint64) string {
	if _, beside := b.Args[a.after]; a.after != "" && !beside {
		b.Args[a.after] = chosen{}
	}
	before, had := b.Args[a.name]
	value := choose(pick, 3, len(a.values))
	if had && before.Value == value {
		value = (value + 1) % len(a.values)
	}
	b.Args[a.name] = chosen{value, choose(pick, 4, len(a.values[value]))}
	return fmt.Sprintf("%s %s", b.Kind, a.name)
}

func unset(c *configuration, pick uint64) string {
	b := c.one(pick, func(b *block) bool { return len(b.Args) > 0 })
	if b == nil {
		return ""
	}
	names := sortedKeys(b.Args)
	name := names[choose(pick, 2, len(names))]
	delete(b.Args, name)
	for _, a := range arguments(b.Kind) {
		if a.after == name {
			delete(b.Args, a.name)
		}
	}
	return fmt.Sprintf("%s %s unset", b.Kind, name)
}

// respell writes one value in another way.
func respell(c *configuration, pick uint64) string {
	type place struct {
		b    *block
		name string
		n    int
	}
	var all []place
	for i := range c.Blocks {
		b := &c.Blocks[i]
		for _, name := range sortedKeys(b.Args) {
			if values := argumentOf(b.Kind, name).values; len(values[b.Args[name].Value]) > 1 {
				all = append(all, place{b, name, len(values[b.Args[name].Value])})
			}
		}
	}
	if len(all) == 0 {
		return ""
	}
	at := all[choose(pick, 1, len(all))]
	was := at.b.Args[at.name]
	at.b.Args[at.name] = chosen{was.Value, (was.Spelling + 1 + choose(pick, 2, at.n-1)) % at.n}
	return "respell " + at.name
}

func toggle(list []int, id int) []int {
	if slices.Contains(list, id) {
		return slices.DeleteFunc(list, func(has int) bool { return has == id })
	}
	return append(list, id)
}

func joinOrLeave(c *configuration, pick uint64) string {
	b := c.one(pick, func(b *block) bool { return b.Kind.Runs() && b.Shares == 0 })
	all := c.beside(b, provider.Network)
	if b == nil || len(all) == 0 {
		return ""
	}
	n := all[choose(pick, 2, len(all))].ID
	b.Networks = toggle(b.Networks, n)
	delete(b.Attach, n)
	return "networks"
}

// attach says an option of a network that a block joins, or takes it back.
func attach(c *configuration, e edit) string {
	pick, a := e.Pick, attachArguments[e.Turn%len(attachArguments)]
	if c.one(pick, func(b *block) bool { return b.Kind == provider.Network }) == nil {
		c.add(provider.Network, pick)
	}
	member := c.one(pick, func(b *block) bool { return b.Kind.Runs() && b.Shares == 0 })
	n := c.one(pick+1, func(b *block) bool { return b.Kind == provider.Network && member != nil && b.Inside == member.Inside })
	if member == nil || n == nil {
		return ""
	}
	options := optionsIn(member, n, a, pick)
	before, had := options[a.name]
	if had && choose(pick, 5, 4) == 0 {
		delete(options, a.name)
		return "attach " + a.name + " unset"
	}
	value := choose(pick, 3, len(a.values))
	if had && before.Value == value {
		value = (value + 1) % len(a.values)
	}
	c.takeAddress(member, n.ID, a, value)
	options[a.name] = chosen{value, choose(pick, 4, len(a.values[value]))}
	return "attach " + a.name
}

// optionsIn are the options of a member in a network, which it joins for them.
func optionsIn(member, n *block, a argument, pick uint64) map[string]chosen {
	if a.after != "" {
		ranged(n, a, pick)
	}
	if !slices.Contains(member.Networks, n.ID) {
		member.Networks = append(member.Networks, n.ID)
	}
	if member.Attach == nil {
		member.Attach = map[int]map[string]chosen{}
	}
	if member.Attach[n.ID] == nil {
		member.Attach[n.ID] = map[string]chosen{}
	}
	return member.Attach[n.ID]
}

func mountOrNot(c *configuration, pick uint64) string {
	b := c.one(pick, func(b *block) bool { return b.Kind.Runs() })
	all := c.beside(b, provider.Volume)
	if b == nil || len(all) == 0 {
		return ""
	}
	b.Volumes = toggle(b.Volumes, all[choose(pick, 2, len(all))].ID)
	return "mount"
}

// ranged gives a network a range in which an address can be chosen, where it has none.
func ranged(n *block, a argument, pick uint64) {
	has, said := n.Args["ipam"]
	switch {
	case a.name == "ipv6" && has.Value != dualStack:
		n.Args["ipam"] = chosen{dualStack, choose(pick, 6, 2)}
	case !said:
		n.Args["ipam"] = chosen{}
	}
}

// takeAddress takes an address from whoever has it in a network: that one gets what the
// member had, or the engine's choice.
func (c *configuration) takeAddress(member *block, network int, a argument, value int) {
	if a.after == "" {
		return
	}
	for i := range c.Blocks {
		other := c.Blocks[i].Attach[network]
		if has, said := other[a.name]; !said || has.Value != value || c.Blocks[i].ID == member.ID {
			continue
		}
		if own, had := member.Attach[network][a.name]; had {
			other[a.name] = own
		} else {
			delete(other, a.name)
		}
	}
}

// exchange lets two blocks exchange their addresses in a network. Where no two have any,
// two get some, for the next time.
func exchange(c *configuration, pick uint64) string {
	for _, n := range c.of(provider.Network) {
		var members []*block
		for i := range c.Blocks {
			if _, said := c.Blocks[i].Attach[n.ID]["ipv4"]; said {
				members = append(members, &c.Blocks[i])
			}
		}
		if len(members) > 1 {
			i := choose(pick, 1, len(members))
			one, other := members[i].Attach[n.ID], members[(i+1)%len(members)].Attach[n.ID]
			one["ipv4"], other["ipv4"] = other["ipv4"], one["ipv4"]
			return "addresses exchanged"
		}
	}
	n := c.one(pick, func(b *block) bool { return b.Kind == provider.Network })
	at := slices.IndexFunc(attachArguments, func(a argument) bool { return a.name == "ipv4" })
	if n == nil {
		return ""
	}
	given := 0
	for i := range c.Blocks {
		if member := &c.Blocks[i]; given < 2 && member.Kind.Runs() && member.Shares == 0 && member.Inside == n.Inside {
			options := optionsIn(member, n, attachArguments[at], pick)
			c.takeAddress(member, n.ID, attachArguments[at], given)
			options["ipv4"] = chosen{given, 0}
			given++
		}
	}
	if given == 0 {
		return ""
	}
	return "attach ipv4"
}

// ignore lets a block leave changes of an argument alone, or heed them again.
func ignore(c *configuration, e edit) string {
	b := c.one(e.Pick, func(*block) bool { return true })
	var names []string
	for _, a := range arguments(b.Kind) {
		if _, said := b.Args[a.name]; said || a.name == arguments(b.Kind)[e.Turn%len(arguments(b.Kind))].name {
			names = append(names, a.name)
		}
	}
	if b.Kind.Runs() {
		names = append(names, "name")
	}
	name := names[choose(e.Pick, 2, len(names))]
	if other := c.one(e.Pick, func(b *block) bool { return len(b.Ignores) > 0 }); other != nil && choose(e.Pick, 3, 2) == 0 {
		b, name = other, other.Ignores[0]
	}
	if i := slices.Index(b.Ignores, name); i >= 0 {
		b.Ignores = slices.Delete(b.Ignores, i, i+1)
		return "heed again"
	}
	b.Ignores = append(b.Ignores, name)
	return "ignore " + string(b.Kind)
}

// move gives a block another label, and says so.
func move(c *configuration, pick uint64) string {
	from, to := c.rename(pick)
	if from == "" {
		return ""
	}
	c.Moved = slices.DeleteFunc(c.Moved, func(m [2]string) bool { return m[0] == to })
	c.Moved = append(c.Moved, [2]string{from, to})
	return "moved " + from[:strings.Index(from, ".")]
}

// relabel gives a block another label without a word: its object goes, and another comes.
func relabel(c *configuration, pick uint64) string {
	from, _ := c.rename(pick)
	if from == "" {
		return ""
	}
	c.Moved = slices.DeleteFunc(c.Moved, func(m [2]string) bool { return m[1] == from })
	return "relabel " + from[:strings.Index(from, ".")]
}

func (c *configuration) rename(pick uint64) (from, to string) {
	b := c.one(pick, func(*block) bool { return true })
	label := c.freeLabel(b.Kind, pick)
	if label == "" {
		return "", ""
	}
	from = b.address()
	b.Label = label
	return from, b.address()
}

// name gives a block a name of its own, or takes it away.
func name(c *configuration, pick uint64) string {
	b := c.one(pick, func(*block) bool { return true })
	if b.Name != "" && choose(pick, 2, 2) == 0 {
		if b.Name = ""; slices.ContainsFunc(c.Blocks, func(o block) bool {
			return o.ID != b.ID && o.Kind.Runs() == b.Kind.Runs() && o.named() == b.named()
		}) {
			return ""
		}
		return "name unset"
	}
	b.Name = fmt.Sprintf("named-%d-%d", b.ID, choose(pick, 3, 3))
	return "name " + string(b.Kind)
}

// share gives a container the network namespace of another one, or one of its own.
func share(c *configuration, pick uint64) string {
	shared := func(id int) bool {
		return slices.ContainsFunc(c.Blocks, func(b block) bool { return b.Shares == id })
	}
	b := c.one(pick, func(b *block) bool { return b.Kind == provider.Container && !shared(b.ID) })
	if b == nil {
		return ""
	}
	if b.Shares != 0 {
		b.Shares = 0
		return "share unset"
	}
	var owners []*block
	for _, o := range c.beside(b, provider.Container) {
		if o.Shares == 0 && o.ID != b.ID {
			owners = append(owners, o)
		}
	}
	if len(owners) == 0 {
		return ""
	}
	b.Shares, b.Networks, b.Attach = owners[choose(pick, 2, len(owners))].ID, nil, nil
	for _, name := range []string{"mac_address", "hostname", "domainname", "dns", "dns_opt", "dns_search", "extra_hosts", "expose", "ports", "sysctls", "uts"} {
		delete(b.Args, name)
	}
	return "share"
}

func useImage(c *configuration, pick uint64) string {
	b := c.one(pick, func(b *block) bool { return b.Kind.Runs() })
	all := c.of(provider.Image)
	switch {
	case b == nil:
		return ""
	case b.Image != 0:
		b.Image = 0
	case len(all) == 0:
		return ""
	default:
		b.Image = all[choose(pick, 2, len(all))].ID
	}
	return "image"
}
