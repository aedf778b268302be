package plan

import (
	"slices"

	"github.com/dindctl/dindctl/internal/graph"
	"github.com/dindctl/dindctl/provider"
)

// connect adds the edges between the steps of different addresses.
func (b *builder) connect() {
	known := map[string][]int{}
	for _, address := range sortedKeys(b.makes) {
		if b.m.in.over() {
			return
		}
		for _, before := range b.waits(address, known) {
			if b.running(address) { // it needs nothing that is to come, and what it uses may have to go first
				b.wishes = append(b.wishes, graph.Edge{From: before, To: b.makes[address]})
				continue
			}
			b.need(before, b.makes[address])
			if at, changed := b.updates[address]; changed && at != b.makes[address] {
				b.need(before, at)
			}
		}
	}
	b.sharersLast()
	b.takeOver()
	b.giveBack()
	users := b.users()
	for _, i := range b.removals() {
		if b.m.in.over() {
			return
		}
		b.leave(i, users)
	}
	b.letGo()
	b.letEnd()
	b.keepUntil()
	b.hinge()
}

// removals are the steps that take objects away.
func (b *builder) removals() []int {
	out := make([]int, 0, len(b.objects))
	for i := range b.steps {
		if _, removes := b.objects[i]; removes {
			out = append(out, i)
		}
	}
	return out
}

// waits are the steps that make what an address needs, at once or through what
// stays as it is.
func (b *builder) waits(address string, known map[string][]int) []int {
	if list, done := known[address]; done {
		return list
	}
	known[address] = nil
	r := b.m.resources[address]
	if r == nil || r.After == nil {
		return nil
	}
	var out []int
	for _, dep := range r.After.Deps {
		if made, found := b.makes[dep]; found {
			out = append(out, made)
			continue
		}
		out = append(out, b.waits(dep, known)...)
	}
	slices.Sort(out)
	known[address] = slices.Compact(out)
	return known[address]
}

// takeOver makes what is created wait until that is gone whose place it takes:
// what bears its address or its name, the daemon that has its data.
func (b *builder) takeOver() {
	bearers, daemons := map[name][]int{}, map[name][]int{}
	for _, i := range b.removals() {
		o := b.objects[i]
		bearers[nameOf(o.inside, o.Object)] = append(bearers[nameOf(o.inside, o.Object)], i)
		if o.Kind == provider.Daemon {
			data := name{inside: o.inside, name: recordOf(o.Owner).ref("data")}
			daemons[data] = append(daemons[data], i)
		}
	}
	for _, address := range sortedKeys(b.makes) {
		r, at := b.m.resources[address], b.makes[address]
		if action := b.steps[at].Action; action != Create && action != Run {
			continue
		}
		before := slices.Concat(bearers[name{r.Inside, nameSpace(r.Kind), r.Name}], b.removes[address])
		if data := refOf(r.After.Declared, "data"); r.Kind == provider.Daemon && data != "" {
			before = slices.Concat(before, daemons[name{inside: r.Inside, name: data}])
		}
		for _, i := range before {
			b.need(i, at)
		}
	}
}

// users are the steps that remove something that was seen to use a network or a
// volume, by that one's name; and those that remove images, by imagesIn.
func (b *builder) users() map[name][]int {
	out := map[name][]int{}
	for _, i := range b.removals() {
		o := b.objects[i]
		if o.Kind == provider.Image {
			out[imagesIn(o.inside)] = append(out[imagesIn(o.inside)], i)
		}
		for _, used := range usedBy(o.Object, o.inside) {
			out[used] = append(out[used], i)
		}
	}
	return out
}

// usedBy are the names of the networks and volumes that an object was seen to use.
func usedBy(o provider.Object, inside string) []name {
	var out []name
	for _, v := range o.Views {
		if v.Type == "volume" && v.Source != "" {
			out = append(out, name{inside, nameSpace(provider.Volume), v.Source})
		}
	}
	for _, network := range sortedKeys(o.Values.Addresses) {
		out = append(out, name{inside, nameSpace(provider.Network), network})
	}
	return out
}

// leave orders a removal: what is inside goes before its host, and users go
// before what they use, as it was seen and as it was recorded.
func (b *builder) leave(i int, users map[name][]int) {
	o := b.objects[i]
	for _, inside := range b.m.around(o.inside) {
		for _, host := range b.removes[inside] {
			b.need(i, host)
		}
		if at, made := b.makes[inside]; made && b.steps[at].Action == Restart { // what goes need not come back first
			b.wishes = append(b.wishes, graph.Edge{From: i, To: at})
		}
	}
	for _, user := range users[nameOf(o.inside, o.Object)] {
		b.need(user, i)
	}
	_, returns := b.makes[o.Owner.Address]
	for _, dep := range o.Owner.Deps {
		for _, used := range b.removes[dep] {
			if returns && b.objects[used].Kind == provider.Job {
				continue // a record that nothing uses; what takes it up again waits for the job
			}
			b.soft = append(b.soft, graph.Edge{From: i, To: used})
		}
	}
	if o.Kind == provider.Image || !slices.ContainsFunc(o.Owner.Deps, b.unborne) {
		return
	}
	// It was made from something that is recorded under another address, for the moved
	// block that led there is gone. No engine removes an image that something was made
	// from.
	for _, image := range users[imagesIn(o.inside)] {
		b.soft = append(b.soft, graph.Edge{From: i, To: image})
	}
}

// imagesIn stands for the removals of images in a place, which no name does.
func imagesIn(inside string) name { return name{inside: inside, space: "images that go"} }

// unborne tells of an address that nothing bears.
func (b *builder) unborne(address string) bool {
	_, wanted := b.m.resources[address]
	return !wanted && len(b.m.ours[address]) == 0
}

// letGo makes removals wait for the changes of what used the removed one until now.
func (b *builder) letGo() {
	removals := b.removals()
	if len(removals) == 0 {
		return
	}
	for _, address := range sortedKeys(b.updates) {
		if b.m.in.over() {
			return
		}
		r, at := b.m.resources[address], b.updates[address]
		seen := map[name]bool{}
		for _, used := range usedBy(*r.Before, r.Inside) {
			seen[used] = true
		}
		for _, i := range removals {
			o := b.objects[i]
			switch {
			case slices.Contains(r.After.Deps, o.Owner.Address):
			case seen[nameOf(o.inside, o.Object)]:
				b.need(at, i)
			case slices.Contains(r.Before.Owner.Deps, o.Owner.Address):
				b.soft = append(b.soft, graph.Edge{From: at, To: i})
			}
		}
	}
}

// running tells of an address whether it is a job that runs and is waited for.
func (b *builder) running(address string) bool {
	r := b.m.resources[address]
	return r != nil && r.Action == Start && r.Reason == FromRunning
}

// letEnd makes removals wait for the end of the jobs that run and use what goes.
func (b *builder) letEnd() {
	removals := b.removals()
	for _, address := range sortedKeys(b.makes) {
		if !b.running(address) || b.m.in.over() {
			continue
		}
		r, used := b.m.resources[address], map[name]bool{}
		for _, u := range usesOf(placed{*r.Before, r.Inside}) {
			used[u.name] = true
		}
		for _, i := range removals {
			if o := b.objects[i]; o.Owner.Address != address && slices.ContainsFunc(namesOf(o), func(n name) bool { return used[n] }) {
				b.need(b.makes[address], i)
			}
		}
	}
}
