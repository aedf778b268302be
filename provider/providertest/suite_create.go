package providertest

import (
	"bytes"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

func createObligations() []obligation {
	return []obligation{
		{name: "what was created is observed, with its ownership to the byte", test: ownershipComesBack, configured: true},
		{name: "a specification longer than 4 KiB comes back too", test: longSpec, configured: true},
		{name: "the same nonce makes no second object", test: sameNonce, configured: true},
		{name: "an object with an equal specification is adopted", test: adopts, configured: true},
		{name: "an object with another specification is a conflict", test: otherSpec, configured: true},
		{name: "a name that is somebody else's is a conflict that says so", test: foreignName, configured: true},
		{name: "a wanted name that is somebody else's is reported, unowned", test: reportsForeign, configured: true},
		{name: "deleting what is gone is no error", test: deleteTwice, configured: true},
		{name: "it does not delete what is another project's", test: deleteOthers, configured: true},
		{name: "it does not delete what is nobody's", test: deleteForeign, configured: true},
		{name: "after a creation nothing differs", test: nothingDiffers, configured: true},
		{name: "what changes live is changed and read back", test: updates, configured: true},
	}
}

func ownershipComesBack(h *harness) {
	for _, kind := range []provider.Kind{provider.Network, provider.Volume, provider.Container} {
		d := h.declare(kind, "a", nil)
		if kind == provider.Container {
			d = h.sleeper("a", nil)
		}
		owner := h.owner(d)
		resp, err := h.p.Create(h.ctx, provider.CreateRequest{Declaration: d, Owner: owner}, h.sink())
		if err != nil {
			h.Fatalf("%s: %v", kind, err)
		}
		o, ok := h.observe(provider.Root)[d.Address]
		if !ok {
			h.Fatalf("%s was created and is not observed", d.Address)
		}
		if diff := cmp.Diff(owner, o.Owner); diff != "" {
			h.Errorf("%s: the ownership changed (-recorded +observed):\n%s", kind, diff)
		}
		got := []string{o.ID, string(o.Kind), o.Name, string(o.Place)}
		if diff := cmp.Diff([]string{resp.ID, string(kind), d.Name, ""}, got); diff != "" {
			h.Errorf("%s:\n%s", kind, diff)
		}
		if o.Fingerprint == "" {
			h.Errorf("%s has no fingerprint", kind)
		}
		if kind.Runs() && o.Condition.State != provider.StateRunning {
			h.Errorf("%s is %q", kind, o.Condition.State)
		}
	}
}

func longSpec(h *harness) {
	var text strings.Builder
	for i := range 4096 {
		text.WriteString(string(rune('a'+i%26)) + "ä" + string(rune('0'+(i*i)%10)))
	}
	d := h.sleeper("long", map[string]cty.Value{
		"environment": cty.MapVal(map[string]cty.Value{"LONG": cty.StringVal(text.String())}),
	})
	owner := h.owner(d)
	if _, err := h.p.Create(h.ctx, provider.CreateRequest{Declaration: d, Owner: owner}, h.sink()); err != nil {
		h.Fatal(err)
	}
	if got := h.observe(provider.Root)[d.Address].Owner.Spec; !bytes.Equal(got, owner.Spec) {
		h.Errorf("a specification of %d bytes came back as one of %d", len(owner.Spec), len(got))
	}
}

func sameNonce(h *harness) {
	for _, d := range []provider.Declaration{h.declare(provider.Volume, "a", nil), h.sleeper("b", nil)} {
		req := provider.CreateRequest{Declaration: d, Owner: h.owner(d)}
		first, err := h.p.Create(h.ctx, req, h.sink())
		if err != nil {
			h.Fatal(err)
		}
		second, err := h.p.Create(h.ctx, req, h.sink())
		if err != nil {
			h.Fatalf("the second call: %v", err)
		}
		if first.ID != second.ID {
			h.Errorf("%s: the first call made %s and the second %s", d.Address, first.ID, second.ID)
		}
	}
	if n := len(h.observe(provider.Root)); n != 2 {
		h.Errorf("there are %d objects, want 2", n)
	}
}

func adopts(h *harness) {
	for _, d := range []provider.Declaration{
		h.declare(provider.Network, "a", nil), h.declare(provider.Volume, "a", nil), h.sleeper("b", nil),
	} {
		first := h.create(d)
		second := h.create(d) // another nonce
		if first.ID != second.ID || !second.Adopted {
			h.Errorf("%s: %s was made, then %s, adopted is %t", d.Address, first.ID, second.ID, second.Adopted)
		}
	}
}

func otherSpec(h *harness) {
	h.create(h.sleeper("a", nil))
	other := h.sleeper("a", map[string]cty.Value{
		"environment": cty.MapVal(map[string]cty.Value{"A": cty.StringVal("1")}),
	})
	_, err := h.p.Create(h.ctx, provider.CreateRequest{Declaration: other, Owner: h.owner(other)}, h.sink())
	h.wantCode(err, provider.Conflict, "creating it otherwise")
}

func (h *harness) foreign(label string) (id, name string) {
	h.Helper()
	if h.factory.Foreign == nil {
		h.Skip("the factory cannot make foreign objects")
	}
	name = h.project + "-" + label
	return h.factory.Foreign(h.T, name), name
}

func foreignName(h *harness) {
	h.foreign("a")
	d := h.declare(provider.Volume, "a", nil)
	resp, err := h.p.Create(h.ctx, provider.CreateRequest{Declaration: d, Owner: h.owner(d)}, h.sink())
	h.wantCode(err, provider.Conflict, "creating a volume whose name is taken")
	if resp.Adopted {
		h.Error("it was adopted")
	}
}

func reportsForeign(h *harness) {
	_, name := h.foreign("a")
	var seen []provider.Object
	if _, err := h.p.Observe(h.ctx, provider.ObserveRequest{
		Project: h.project, Names: map[provider.Kind][]string{provider.Volume: {name}},
	}, func(o provider.Object) error {
		seen = append(seen, o)
		return nil
	}); err != nil {
		h.Fatal(err)
	}
	if len(seen) != 1 || seen[0].Name != name || seen[0].Owner.Project != "" {
		h.Errorf("observed %+v", seen)
	}
}

func deleteTwice(h *harness) {
	for _, d := range []provider.Declaration{
		h.declare(provider.Network, "a", nil), h.declare(provider.Volume, "a", nil), h.sleeper("b", nil),
	} {
		id := h.create(d).ID
		h.delete(provider.Root, d.Kind, id)
		h.delete(provider.Root, d.Kind, id)
	}
	if left := h.observe(provider.Root); len(left) != 0 {
		h.Errorf("left: %v", left)
	}
}

func deleteOthers(h *harness) {
	d := h.declare(provider.Volume, "a", nil)
	id := h.create(d).ID
	_, err := h.p.Delete(h.ctx, provider.DeleteRequest{Kind: d.Kind, ID: id, Project: h.project + "-other"}, ignore)
	h.wantCode(err, provider.NotOurs, "deleting for another project")
	if _, there := h.observe(provider.Root)[d.Address]; !there {
		h.Error("it is gone")
	}
}

func deleteForeign(h *harness) {
	id, _ := h.foreign("a")
	_, err := h.p.Delete(h.ctx, provider.DeleteRequest{Kind: provider.Volume, ID: id, Project: h.project}, ignore)
	h.wantCode(err, provider.NotOurs, "deleting what is nobody's")
}

func nothingDiffers(h *harness) {
	network := h.declare(provider.Network, "a", nil)
	volume := h.declare(provider.Volume, "a", nil)
	joined := Made(Ref(network.Address, provider.Network, network.Name), h.create(network).ID)
	h.create(volume)
	all := []provider.Declaration{
		network, volume,
		h.sleeper("plain", nil),
		h.sleeper("rich", map[string]cty.Value{
			"environment": cty.MapVal(map[string]cty.Value{"A": cty.StringVal("1"), "B": cty.StringVal("")}),
			"networks":    cty.ListVal([]cty.Value{joined}),
			"restart":     cty.StringVal("on-failure"), "mem_limit": cty.StringVal("64m"),
			"working_dir": cty.StringVal("/"), "hostname": cty.StringVal("rich"),
			"mount": cty.ListVal([]cty.Value{Mount(map[string]cty.Value{
				"type": cty.StringVal("volume"), "source": cty.StringVal(volume.Name), "target": cty.StringVal("/data"),
				"written": cty.StringVal(volume.Name), "read_only": cty.False, "resolve": cty.StringVal("same"),
			})}),
		}),
		h.job("done", "exit 0"),
	}
	for _, d := range all[2:] {
		h.create(d)
	}
	observed := h.observe(provider.Root)
	for _, d := range all {
		if changes := h.diff(d, observed[d.Address]); len(changes) > 0 {
			h.Errorf("%s differs right after its creation:\n%s", d.Address, changesText(changes))
		}
	}
}

func updates(h *harness) {
	h.create(h.sleeper("a", map[string]cty.Value{"restart": cty.StringVal("no")}))
	d := h.sleeper("a", map[string]cty.Value{"restart": cty.StringVal("always")})
	before := h.observe(provider.Root)[d.Address]
	changes := h.diff(d, before)
	if len(changes) != 1 || changes[0].Path != "restart" || changes[0].Effect != provider.Live || changes[0].Cause != provider.Configured {
		h.Fatalf("the changes are:\n%s", changesText(changes))
	}
	resp, err := h.p.Update(h.ctx, provider.UpdateRequest{
		ID: before.ID, Declaration: d, Changes: changes, Project: h.project,
	}, h.sink())
	if err != nil {
		h.Fatal(err)
	}
	after := h.observe(provider.Root)[d.Address]
	if left := h.diff(d, after); len(left) > 0 || resp.Object.ID != before.ID {
		h.Errorf("after the update of %s, of which %s came back:\n%s", before.ID, resp.Object.ID, changesText(left))
	}
	if after.Fingerprint == before.Fingerprint {
		h.Error("it changed and its fingerprint did not")
	}
}
