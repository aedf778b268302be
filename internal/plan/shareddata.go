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

// checkSharedData refuses to start a daemon on data that something else, which runs and is
// not the project's, may write to: another daemon on it, or above or below it, destroys
// both. What is one directory is seen through links, volumes and daemons around.
func (m *maker) checkSharedData(acts map[string]bool) diag.List {
	daemons := m.startsOnData(acts)
	if len(daemons) == 0 {
		return nil
	}
	t := m.expanded.Topology(m.places())
	var spots []mount.Spot
	for _, address := range daemons {
		spots = append(spots, mount.Spot{Container: address, Path: m.declaredData[address].Data.At})
	}
	users := m.othersIn(&t)
	for _, u := range users {
		spots = append(spots, u.spot)
	}
	declared := sortedKeys(m.declaredData)
	for _, address := range declared {
		spots = append(spots, mount.Spot{Container: address, Path: m.declaredData[address].Data.At})
	}
	objects := m.files().At(t, spots)
	var problems diag.List
	for i, address := range daemons {
		var names []string
		for j, other := range declared {
			if other != address && objects[i].Lasting() && objects[i].Overlaps(objects[len(daemons)+len(users)+j]) {
				names = append(names, other+" (of this configuration)")
			}
		}
		for j, u := range users {
			if theirs := objects[len(daemons)+j]; objects[i].Lasting() && u.meets(objects[i], theirs) && !slices.Contains(names, u.words) {
				names = append(names, u.words)
			}
		}
		if len(names) == 0 {
			continue
		}
		r := m.resources[address]
		problems = append(problems, diag.Problem{
			Severity: diag.Error, Code: "shared-data", Address: address, Subject: r.After.Header, Context: r.After.Header,
			Summary: "Data of a daemon that something else writes to",
			Detail: fmt.Sprintf("The data of %s lie %s, and %s may write there, too: two daemons on one data destroy it. "+
				"It stays as it is, with what needs it. Stop or remove that first, or give %s data of its own.",
				address, m.declaredData[address].Data.Words(), strings.Join(names, " and "), address),
		})
	}
	return problems
}

// startsOnData are the daemons that are to be started on data which others can have, too.
func (m *maker) startsOnData(acts map[string]bool) []string {
	return slices.DeleteFunc(sortedKeys(m.declaredData), func(address string) bool {
		r := m.resources[address]
		starts := r.Action == Create || r.Action == Replace || r.Action == Start || r.Action == Restart
		return !acts[address] || !starts || m.declaredData[address].Data.Source == ""
	})
}

// dataUser is one place that something foreign may write to.
type dataUser struct {
	words string
	spot  mount.Spot
	// hosts says that it keeps a daemon's data there itself.
	hosts bool
}

// meets tells whether what it has there gets into the way of data: it is in them, or, for
// a daemon, around them.
func (u dataUser) meets(data, theirs mount.Object) bool {
	return data.Holds(theirs) || u.hosts && theirs.Holds(data)
}

// othersIn adds what runs and is not the project's to a topology, and returns what that
// may write to.
func (m *maker) othersIn(t *mount.Topology) []dataUser {
	var out []dataUser
	for _, inside := range m.in.Observed.places() {
		engine := inside
		if engine == "" {
			engine = rootDaemon
		}
		for i, o := range m.in.Observed.snapshot(inside).Others {
			if !o.Running || len(o.Views) == 0 {
				continue
			}
			c := mount.Container{Address: "\x00" + engine + " " + strconv.Itoa(i), Engine: engine, ImageKnown: true}
			words := Inhabitant{o, inside}.Words("")
			for _, v := range o.Views {
				c.Mounts = append(c.Mounts, mountOfView(v))
				out = append(out, dataUser{words: words, spot: mount.Spot{Container: c.Address, Path: v.Target}})
			}
			if o.Data.Source != "" {
				out = append(out, dataUser{words: words, spot: mount.Spot{Container: c.Address, Path: o.Data.At}, hosts: true})
			}
			t.Containers[c.Address] = c
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
