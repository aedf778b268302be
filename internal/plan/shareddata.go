package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/mount"
	"github.com/dindctl/dindctl/provider"
)

// checkSharedData refuses to start a daemon on data that something else, which runs then,
// may write to: another daemon on it, or above or below it, destroys both. That is what is
// not the project's, what this plan makes or starts, and daemons of the project that it
// leaves running, on the data that they have. What is one directory is seen through links,
// volumes and daemons around.
func (m *maker) checkSharedData(acts map[string]bool) diag.List {
	t := m.expanded.Topology(m.places())
	daemons := m.startsOnData(&t, acts)
	if len(daemons) == 0 {
		return nil
	}
	users := slices.Concat(daemons, m.leftRunning(&t, acts), m.othersIn(&t))
	var spots []mount.Spot
	for _, u := range users {
		spots = append(spots, u.spot)
	}
	objects := m.files().At(t, spots)
	var problems diag.List
	for i, d := range daemons {
		var names []string
		for j, u := range users {
			if objects[i].Lasting() && !m.oneInOther(d, u) && u.meets(objects[i], objects[j]) && !slices.Contains(names, u.words) {
				names = append(names, u.words)
			}
		}
		if len(names) == 0 {
			continue
		}
		r := m.resources[d.address]
		problems = append(problems, diag.Problem{
			Severity: diag.Error, Code: "shared-data", Address: d.address, Subject: r.After.Header, Context: r.After.Header,
			Summary: "Data of a daemon that something else writes to",
			Detail: fmt.Sprintf("The data of %s lie %s, and %s may write there, too: two daemons on one data destroy it. "+
				"It stays as it is, with what needs it. Stop or remove that first, or give %s data of its own.",
				d.address, d.data.Words(), strings.Join(names, " and "), d.address),
		})
	}
	return problems
}

// dataUser is one place that something writes to, or may write to.
type dataUser struct {
	words string
	// address is that of a daemon of the project; empty for what is not the project's.
	address string
	inside  string // the daemon that it is inside
	spot    mount.Spot
	data    provider.Data
	// hosts says that it keeps a daemon's data there itself.
	hosts bool
}

// meets tells whether what it has there gets into the way of data: it is in them, or, for
// a daemon, around them.
func (u dataUser) meets(data, theirs mount.Object) bool {
	return data.Holds(theirs) || u.hosts && theirs.Holds(data)
}

// oneInOther tells of a daemon and something else whether they are one, or one is inside
// the other, at any depth: all that is inside a daemon lies on its data.
func (m *maker) oneInOther(d, u dataUser) bool {
	within := func(inside, daemon string) bool {
		return daemon != "" && (slices.Contains(m.around(inside), daemon) || slices.Contains(m.expanded.Around(inside), daemon))
	}
	return d.address == u.address || within(u.inside, d.address) || within(d.inside, u.address)
}

// startsOnData are the daemons that the plan makes or starts on data which others can
// have, too: where they are declared to have them, or, of what stands, where it has them.
func (m *maker) startsOnData(t *mount.Topology, acts map[string]bool) []dataUser {
	var out []dataUser
	for _, address := range sortedKeys(m.declaredData) {
		r := m.resources[address]
		u := dataUser{words: address + " (of this configuration)", address: address, inside: r.Inside, hosts: true}
		switch {
		case !acts[address]:
			continue
		case r.Action == Create, r.Action == Replace:
			u.data = m.declaredData[address].Data
			u.spot = mount.Spot{Container: address, Path: u.data.At}
		case r.Action == Start, r.Action == Restart:
			u.data = r.Before.Data
			u.spot = standing(t, placed{*r.Before, r.Inside})
		}
		if u.data.Source != "" {
			out = append(out, u)
		}
	}
	return out
}

// leftRunning are the daemons of the project that run, and that no step takes down.
func (m *maker) leftRunning(t *mount.Topology, acts map[string]bool) []dataUser {
	var out []dataUser
	for _, o := range m.daemons() {
		address := o.Owner.Address
		r, known := m.resources[address]
		goes := known && r.Before != nil && r.Before.ID == o.ID && (r.Action == Replace || r.Action == Delete)
		goes = goes || slices.ContainsFunc(m.extra, func(s surplus) bool { return s.ID == o.ID && s.inside == o.inside })
		if !runsNow(o.Object) || o.Data.Source == "" || goes && acts[address] {
			continue
		}
		out = append(out, dataUser{
			words: address + " (of this project, as it runs now)", address: address, inside: o.inside, hosts: true, data: o.Data, spot: standing(t, o),
		})
	}
	return out
}

// daemons are all that were seen of the project's, in any place.
func (m *maker) daemons() []placed {
	var out []placed
	for _, objects := range []map[string][]placed{m.ours, m.astray} {
		for _, address := range sortedKeys(objects) {
			for _, o := range objects[address] {
				if o.Kind == provider.Daemon {
					out = append(out, o)
				}
			}
		}
	}
	return out
}

func runsNow(o provider.Object) bool {
	return o.Condition.State == provider.StateRunning || o.Condition.State == provider.StatePaused || o.Condition.State == provider.StateRestarting
}

// standing adds a daemon that stands to a topology, as it stands, and returns where its
// data are in it.
func standing(t *mount.Topology, o placed) mount.Spot {
	address := "\x00" + o.inside + " " + o.ID
	t.Containers[address] = containerOf(address, o.inside, o.Views)
	return mount.Spot{Container: address, Path: o.Data.At}
}

func containerOf(address, inside string, views []provider.View) mount.Container {
	c := mount.Container{Address: address, Engine: inside, ImageKnown: true}
	if inside == "" {
		c.Engine = rootDaemon
	}
	for _, v := range views {
		c.Mounts = append(c.Mounts, mountOfView(v))
	}
	return c
}

// othersIn adds what runs and is not the project's to a topology, and returns what that
// may write to.
func (m *maker) othersIn(t *mount.Topology) []dataUser {
	var out []dataUser
	for _, inside := range m.in.Observed.places() {
		for i, o := range m.in.Observed.snapshot(inside).Others {
			if !o.Running || len(o.Views) == 0 {
				continue
			}
			address, words := "\x00"+inside+" other "+strconv.Itoa(i), Inhabitant{o, inside}.Words("")
			t.Containers[address] = containerOf(address, inside, o.Views)
			for _, v := range o.Views {
				out = append(out, dataUser{words: words, inside: inside, spot: mount.Spot{Container: address, Path: v.Target}})
			}
			if o.Data.Source != "" {
				out = append(out, dataUser{words: words, inside: inside, spot: mount.Spot{Container: address, Path: o.Data.At}, hosts: true})
			}
		}
	}
	return out
}

func mountOfView(v provider.View) mount.Mount {
	out := mount.Mount{Type: mount.Type(v.Type), Target: v.Target, Subpath: v.Subpath, ReadOnly: v.ReadOnly}
	if out.Type == mount.Volume {
		out.Volume = v.Source
	} else {
		out.Source = v.Source
	}
	return out
}

// takeOverData makes daemons wait until those are gone whose data they get, or data above
// or below: two on one data would destroy it. Where data lie counts, whatever they are
// called: as they were seen, and as they are declared.
func (b *builder) takeOverData() {
	if b.m.expanded == nil {
		return
	}
	var leaving []int
	for _, i := range b.removals() {
		if b.objects[i].Kind == provider.Daemon && b.objects[i].Data.Source != "" {
			leaving = append(leaving, i)
		}
	}
	acts := map[string]bool{}
	for address := range b.makes {
		if slices.ContainsFunc(leaving, func(i int) bool { return b.objects[i].Owner.Address != address }) {
			acts[address] = true
		}
	}
	if len(acts) == 0 {
		return
	}
	t := b.m.expanded.Topology(b.m.places())
	coming := b.m.startsOnData(&t, acts)
	if len(coming) == 0 {
		return
	}
	var spots []mount.Spot
	for _, d := range coming {
		spots = append(spots, d.spot)
	}
	for _, i := range leaving {
		spots = append(spots, standing(&t, b.objects[i]))
	}
	objects := b.m.files().At(t, spots)
	for i, d := range coming {
		for j, leaves := range leaving {
			o := b.objects[leaves]
			if u := (dataUser{address: o.Owner.Address, inside: o.inside}); objects[i].Lasting() && !b.m.oneInOther(d, u) && objects[i].Overlaps(objects[len(coming)+j]) {
				b.need(leaves, b.makes[d.address])
			}
		}
	}
}
