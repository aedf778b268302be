package providertest

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

func insideObligations() []obligation {
	return []obligation{
		{name: "what is inside a daemon is made, seen and run there", test: worksInside, configured: true},
		{name: "what is inside a daemon lives as long as its data", test: livesWithData, configured: true},
		{name: "a stopped daemon is not readable, and is again when it is resumed", test: stoppedDaemon, configured: true},
	}
}

// daemon makes a daemon with a data volume and returns its declaration and id.
func (h *harness) daemon() (d provider.Declaration, id string) {
	h.Helper()
	if h.factory.DaemonImage == "" {
		h.Skip("the factory has no image with a daemon")
	}
	volume := h.declare(provider.Volume, "data", nil)
	h.create(volume)
	ref := Ref(volume.Address, provider.Volume, volume.Name)
	given := map[string]cty.Value{
		"image": cty.StringVal(h.factory.DaemonImage), "data": ref, "tls": cty.False, "alias": cty.StringVal("docker"),
		"mount": cty.ListVal([]cty.Value{Mount(map[string]cty.Value{
			"type": cty.StringVal("volume"), "source": cty.StringVal(volume.Name), "written": cty.StringVal(volume.Name),
			"target": cty.StringVal("/var/lib/docker"), "volume": ref, "read_only": cty.False,
			"resolve": cty.StringVal("same"), "implied": cty.True,
		})}),
	}
	for name, v := range h.factory.Daemon {
		given[name] = v
	}
	d = h.declare(provider.Daemon, "dind", given)
	d.Related[volume.Address] = provider.Related{
		Address: volume.Address, Kind: volume.Kind, Name: volume.Name, Declared: volume.Declared,
	}
	return d, h.create(d).ID
}

// open opens a daemon that has to be readable.
func (h *harness) open(id string) provider.OpenResponse {
	h.Helper()
	resp, err := h.p.Open(h.ctx, provider.OpenRequest{ID: id})
	if err != nil || !resp.Readable {
		h.Fatalf("opening %s: %+v, %v", id, resp, err)
	}
	return resp
}

func worksInside(h *harness) {
	d, id := h.daemon()
	first, second := h.open(id), h.open(id)
	if first.Place != second.Place || first.Place == provider.Root || first.Facts.ID != second.Facts.ID || first.Facts.ID == "" {
		h.Errorf("opened twice: %+v and %+v", first, second)
	}
	job := h.job("inner", "echo inside")
	resp := h.createIn(first.Place, job)
	if out := resp.Object.Values.Stdout; out == nil || *out != "inside\n" {
		h.Errorf("the job's output is %v", out)
	}
	if _, there := h.observe(first.Place)[job.Address]; !there {
		h.Error("the job is not seen inside")
	}
	if _, there := h.observe(provider.Root)[job.Address]; there {
		h.Error("the job is seen outside")
	}
	if changes := h.diff(d, h.observe(provider.Root)[d.Address]); len(changes) > 0 {
		h.Errorf("the daemon differs right after its creation:\n%s", changesText(changes))
	}
	h.delete(first.Place, provider.Job, resp.ID)
	if left := h.observe(first.Place); len(left) != 0 {
		h.Errorf("left inside: %v", left)
	}
}

func livesWithData(h *harness) {
	d, id := h.daemon()
	job := h.job("inner", "echo inside")
	inner := h.createIn(h.open(id).Place, job).ID
	h.delete(provider.Root, provider.Daemon, id)
	again := h.create(d).ID
	place := h.open(again).Place
	if got := h.observe(place)[job.Address].ID; got != inner {
		h.Errorf("inside is %q, want %q", got, inner)
	}
}

func stoppedDaemon(h *harness) {
	if h.factory.Stop == nil {
		h.Skip("the factory cannot stop objects")
	}
	d, id := h.daemon()
	h.open(id)
	h.factory.Stop(h.T, provider.Root, id)
	resp, err := h.p.Open(h.ctx, provider.OpenRequest{ID: id})
	if err != nil || resp.Readable || resp.Why == "" {
		h.Errorf("%+v, %v", resp, err)
	}
	if _, err := h.p.Resume(h.ctx, provider.ResumeRequest{ID: id, Declaration: d, Project: h.project}, h.sink()); err != nil {
		h.Fatal(fmt.Errorf("resuming: %w", err))
	}
	h.open(id)
}
