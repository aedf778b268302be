package runner

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/mount"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// helperLife is how long a helper waits for its end by itself, in seconds.
const helperLife = 600

// helper is a nested container that mounts what the entries mount.
type helper struct {
	object provider.Object
	// probe is the command of dindctl in it; nil where the image has a shell.
	probe []string
}

// nested looks at the entries from containers inside a daemon: one that mounts
// everything, or, where the daemon refuses that, one for each entry.
func (v *verifier) nested(ctx context.Context, inside string, s plan.Snapshot, entries []mount.Entry) []witness {
	out := make([]witness, len(entries))
	var indices []int
	var mounted []mount.Entry
	for i, e := range entries {
		if e.Send.Type == mount.Volume && !volumeThere(s, e.Send.Volume) {
			// An engine makes what is missing, without a word.
			out[i].Sight = Sight{State: hidden, Why: "the volume " + e.Send.Volume + " is not known to be there; run apply"}
			continue
		}
		indices, mounted = append(indices, i), append(mounted, e)
	}
	if len(mounted) == 0 {
		return out
	}
	seen, err := v.witness(ctx, inside, s, mounted)
	if err != nil {
		seen = v.oneByOne(ctx, inside, s, mounted)
	}
	for n, i := range indices {
		out[i] = seen[n]
	}
	return out
}

// volumeThere tells whether a place has a volume of this name, ours or not.
func volumeThere(s plan.Snapshot, name string) bool {
	return slices.ContainsFunc(s.Objects, func(o provider.Object) bool { return o.Kind == provider.Volume && o.Name == name })
}

// oneByOne looks at each entry from a container of its own.
func (v *verifier) oneByOne(ctx context.Context, inside string, s plan.Snapshot, entries []mount.Entry) []witness {
	out := make([]witness, len(entries))
	for i, e := range entries {
		one, err := v.witness(ctx, inside, s, []mount.Entry{e})
		switch {
		case err != nil && provider.CodeOf(err) == provider.NoImage:
			out[i].Sight = Sight{State: hidden, Why: err.Error()}
		case err != nil:
			out[i].refused = err.Error()
		default:
			out[i] = one[0]
		}
	}
	return out
}

// witness makes a helper, looks, and removes it.
func (v *verifier) witness(ctx context.Context, inside string, s plan.Snapshot, entries []mount.Entry) ([]witness, error) {
	h, err := v.makeHelper(ctx, inside, s, entries)
	// What was made is removed although the run was interrupted.
	leave, cancel := context.WithTimeout(context.WithoutCancel(ctx), commandLimit)
	defer cancel()
	defer func() { v.remove(leave, h.object) }()
	if err != nil {
		return nil, err
	}
	paths := make([]string, len(entries))
	for i := range entries {
		paths[i] = helperTarget(i)
	}
	out := make([]witness, len(entries))
	for i, sight := range v.look(ctx, h.object, h.probe, paths) {
		out[i].Sight = sight
	}
	if v.Write {
		for i, e := range entries {
			out[i].canary = v.canary(ctx, h, e, paths[i], out[i].Sight)
		}
	}
	return out, nil
}

func helperTarget(i int) string { return fmt.Sprintf("/.dindctl-verify/%d", i) }

// helperScript takes away the canaries of a run that was killed when it ends.
const helperScript = `trap 'rm -f /.dindctl-verify/*/.dindctl-verify-*; exit 0' TERM INT; sleep %d & wait`

// makeHelper starts a helper from an image that is there and has a shell, else
// from the probe. The object is set as soon as there is something to remove.
func (v *verifier) makeHelper(ctx context.Context, inside string, s plan.Snapshot, entries []mount.Entry) (helper, error) {
	shell := []string{"sh", "-c", fmt.Sprintf(helperScript, helperLife)}
	if image, found := v.imageFor(s, entries); found {
		object, err := v.create(ctx, inside, s, image, shell, entries)
		if err == nil || !withoutShell(err) {
			return helper{object: object}, err
		}
		v.remove(ctx, object)
	}
	probe, err := v.probeFor(ctx)
	if err != nil {
		return helper{}, err
	}
	object, err := v.create(ctx, inside, s, cty.StringVal(probe.name), append(slices.Clone(probe.command), "wait", strconv.Itoa(helperLife)), entries)
	probe.carriedTo(s.Place)
	return helper{object: object, probe: probe.command}, err
}

// withoutShell tells whether an image cannot run the helper's command, by the
// words of OCI runtimes, or by its end.
func withoutShell(err error) bool {
	return strings.Contains(err.Error(), "executable file not found") || strings.Contains(err.Error(), `exec: "sh"`) ||
		provider.CodeOf(err) == provider.NotReady
}

// imageFor is the image of one of the jobs that the daemon has.
func (v *verifier) imageFor(s plan.Snapshot, entries []mount.Entry) (cty.Value, bool) {
	for _, e := range entries {
		in, found := v.Expanded.Instance(e.Address)
		if !found || e.Kind != "mount" {
			continue
		}
		if in.ImageRef != "" && s.Images[in.ImageRef] != "" {
			return cty.StringVal(in.ImageRef), true
		}
		if image, built := v.Expanded.Instance(in.ImageAddress); built && s.Images[image.Name] != "" {
			return cty.StringVal(image.Name), true
		}
	}
	return cty.NilVal, false
}

// create asks the provider for a container that is gone soon. Its labels make it an
// orphan of the project, so that the next run finds what a killed one left.
func (v *verifier) create(ctx context.Context, inside string, s plan.Snapshot, image cty.Value, entrypoint []string, entries []mount.Entry) (provider.Object, error) {
	nonce := v.Nonce()
	name := "verify-" + nonce[:min(len(nonce), 8)]
	words := make([]cty.Value, len(entrypoint))
	for i, word := range entrypoint {
		words[i] = cty.StringVal(word)
	}
	declared := cty.ObjectVal(map[string]cty.Value{
		"image": image, "entrypoint": cty.ListVal(words[:1]), "command": cty.ListVal(words[1:]), "user": cty.StringVal("0:0"),
		"restart": cty.StringVal("no"), "mount": v.mountsOf(entries),
	})
	spec, err := provider.Spec(declared)
	if err != nil {
		return provider.Object{}, err
	}
	declaration := provider.Declaration{
		Address: "container." + name, Kind: provider.Container, Name: v.Project + "-" + name, Declared: declared,
		Related: map[string]provider.Related{},
	}
	var deps []string
	if inside != "" {
		deps = []string{inside}
	}
	resp, err := v.Provider.Create(ctx, provider.CreateRequest{
		Place: s.Place, Declaration: declaration, ImageFrom: v.placesAbove(inside),
		Owner: provider.Ownership{
			Project: v.Project, Address: declaration.Address, Kind: provider.Container, Origin: v.Origin,
			Spec: spec, Deps: deps, Run: nonce, Schema: provider.OwnershipSchema,
			Name: declaration.Name, Place: inside,
		},
	}, func(provider.Event) {})
	object := resp.Object
	object.Place, object.Kind, object.Name = s.Place, provider.Container, declaration.Name
	object.ID = firstOf(resp.ID, object.ID)
	return object, err
}

// placesAbove are the places that an image may be carried from, nearest first.
func (v *verifier) placesAbove(inside string) []provider.Place {
	var out []provider.Place
	for _, daemon := range v.Expanded.Around(inside) {
		if in, found := v.Expanded.Instance(daemon); found {
			out = append(out, v.snapshot(in.Inside).Place)
		}
	}
	return out
}

// remove takes a helper away; one that is gone is no error, and one that stays is
// found by its labels.
func (v *verifier) remove(ctx context.Context, object provider.Object) {
	if object.ID == "" {
		return
	}
	_, _ = v.Provider.Delete(ctx, provider.DeleteRequest{Place: object.Place, Kind: object.Kind, ID: object.ID, Project: v.Project}, func(provider.Event) {})
}

// mountsOf are the entries' mounts as they are sent, at targets of the helper.
func (v *verifier) mountsOf(entries []mount.Entry) cty.Value {
	values := make([]cty.Value, len(entries))
	for i, e := range entries {
		send := e.Send
		if send.Type == "" {
			send = mount.Mount{Type: mount.Bind, Source: e.Source}
		}
		source := send.Source
		if send.Type == mount.Volume {
			source = send.Volume
		}
		values[i] = cty.ObjectVal(map[string]cty.Value{
			"type": cty.StringVal(string(send.Type)), "source": cty.StringVal(source), "volume": cty.NullVal(provider.RefType()),
			"written": cty.StringVal(e.Source), "target": cty.StringVal(helperTarget(i)), "read_only": cty.BoolVal(!v.Write || send.ReadOnly),
			"subpath": textOrNull(send.Subpath), "propagation": cty.NullVal(cty.String), "create_source": cty.False,
			"resolve": cty.StringVal("same"), "implied": cty.False,
		})
	}
	return cty.ListVal(values)
}

func textOrNull(s string) cty.Value {
	if s == "" {
		return cty.NullVal(cty.String)
	}
	return cty.StringVal(s)
}
