package sim_test

import (
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/providertest"
)

// outsider does what somebody else does with other tools, as far as an engine lets
// them: what is used cannot be removed, and nothing happens where no engine runs.
func (w *world) outsider(o outside) {
	things := w.m.Things()
	hand := w.m.Outside(provider.Root)
	pick := func(fits func(providertest.Thing) bool) (providertest.Thing, bool) {
		var all []providertest.Thing
		for _, t := range sorted(things) {
			if t.Owner.Project == project && live(things, t.Engine) && fits(t) {
				all = append(all, t)
			}
		}
		if len(all) == 0 {
			return providertest.Thing{}, false
		}
		return all[o.Pick%uint64(len(all))], true
	}
	lasting := func(t providertest.Thing) bool { return t.Kind.Runs() && t.Kind != provider.Job }
	running := func(t providertest.Thing) bool { return t.Condition.State == provider.StateRunning }
	var t providertest.Thing
	found := false
	switch o.Kind {
	case "stop":
		if t, found = pick(func(t providertest.Thing) bool { return lasting(t) && running(t) }); found {
			hand.Stop(t.ID)
		}
	case "start":
		if t, found = pick(func(t providertest.Thing) bool { return lasting(t) && !running(t) }); found {
			hand.Start(t.ID)
		}
	case "remove":
		if t, found = pick(func(t providertest.Thing) bool { return hand.Free(t.ID) }); found {
			hand.Remove(t.ID)
		}
	case "change":
		if t, found = pick(lasting); found {
			hand.Change(t.ID, "cpus", cty.NumberIntVal(7))
		}
	case "image":
		w.retagged = true
		hand.AddImage("bash", fmt.Sprintf("sha256:%d", o.Pick))
		found = true
	case "unimage":
		w.retagged = true
		hand.RemoveImage("bash")
		found = true
	default:
		found = w.foreigner(o, things)
	}
	if found {
		w.count("outside")
		w.step("outside " + o.Kind + t.ID)
		w.note("somebody: %s %s %s", o.Kind, t.Owner.Address, t.ID)
	}
}

// foreigner makes an object of nobody's, on the root engine or inside a daemon.
func (w *world) foreigner(o outside, things map[string]providertest.Thing) bool {
	places := []providertest.Thing{{Data: "root"}}
	for _, t := range sorted(things) {
		if t.Kind == provider.Daemon && live(things, t.Data) && t.Condition.State == provider.StateRunning {
			places = append(places, t)
		}
	}
	at := places[o.Pick%uint64(len(places))]
	kind, name := provider.Kind(o.Kind), fmt.Sprintf("x%d", o.Pick/16%12)
	if slices.ContainsFunc(sorted(things), func(t providertest.Thing) bool {
		return t.Engine == at.Data && t.Name == name && space(t.Kind) == space(kind)
	}) {
		return false // the engine refuses a name that is taken
	}
	w.m.Outside(provider.Place(at.ID)).AddForeign(kind, name)
	return true
}

// space is the name space of a kind.
func space(kind provider.Kind) provider.Kind {
	if kind.Runs() {
		return provider.Container
	}
	return kind
}

// live tells whether an engine answers: the root, or one in a daemon that runs on
// an engine that answers.
func live(things map[string]providertest.Thing, engine string) bool {
	if engine == "root" {
		return true
	}
	for _, t := range things {
		if t.Kind == provider.Daemon && t.Data == engine && t.Condition.State == provider.StateRunning {
			return live(things, t.Engine)
		}
	}
	return false
}
