package truth_test

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/provider"
)

// keeps is what objects are, where their blocks ignore that they should be otherwise.
type keeps struct {
	made map[int]standing // by the number of the block
	// touched are the ids of objects that somebody else changed for good.
	touched map[string]bool
}

// standing is one object: with which arguments it stands there.
type standing struct {
	id   string
	args map[string]chosen
}

// note notes what became of a configuration: what was made in this apply is as it is
// declared, and what stayed is so but for what its block ignores.
func (k *keeps) note(c configuration, after planned) {
	ids := map[string]string{}
	for _, res := range after.Resources {
		if res.Before != nil {
			ids[res.Address] = res.Before.ID
		}
	}
	made := map[int]standing{}
	for _, b := range c.Blocks {
		now := standing{ids[b.address()], maps.Clone(b.Args)}
		if was, there := k.made[b.ID]; there && was.id == now.id {
			for _, name := range b.Ignores {
				delete(now.args, name)
				if value, had := was.args[name]; had {
					now.args[name] = value
				}
			}
		}
		made[b.ID] = now
	}
	k.made = made
}

// of is a configuration as it stands there: with what is ignored as it was. It tells
// which objects cannot be made so from nothing.
func (k *keeps) of(c configuration) (configuration, []string) {
	out := c.clone()
	var other []string
	for i := range out.Blocks {
		b := &out.Blocks[i]
		made := k.made[b.ID]
		// An image under a name that was given to another one, which is no difference to it.
		if k.touched[made.id] || slices.Contains(b.Ignores, "image") {
			other = append(other, b.address())
		}
		if made.args != nil {
			b.Args = made.args
		}
		b.Ignores = nil
	}
	return out, other
}

// ignores tells whether a block ignores what somebody else changed.
func (r *run) ignores(c change) bool {
	b := target{config: r.c}.block(c.address)
	root, _, _ := strings.Cut(c.path, ".")
	return b != nil && c.path != "" && slices.Contains(b.Ignores, root)
}

// meant is what has to be there after the next apply: what was before somebody else
// changed it, and, of what that is ignored of, what there is now.
func (r *run) meant(ctx context.Context, before map[string][]string, changes []change) map[string][]string {
	ignored := slices.DeleteFunc(slices.Clone(changes), func(c change) bool { return !r.ignores(c) })
	if len(ignored) == 0 {
		return before
	}
	r.count("ignored outside")
	meant, now := maps.Clone(before), r.snapshot(ctx)
	for _, o := range r.target(ctx, 0).all {
		if !slices.ContainsFunc(ignored, func(c change) bool { return c.address == o.Owner.Address }) {
			continue
		}
		if r.kept.touched == nil {
			r.kept.touched = map[string]bool{}
		}
		r.kept.touched[o.ID] = true
		for _, name := range []string{r.names[o.Owner.Address], o.Name} { // it may have been renamed
			delete(meant, string(provider.Container)+" "+name)
		}
		name := string(provider.Container) + " " + o.Name
		meant[name] = now[name]
	}
	return meant
}
