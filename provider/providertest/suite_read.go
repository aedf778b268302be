package providertest

import (
	"context"
	"errors"

	"github.com/dindctl/dindctl/provider"
)

func readObligations() []obligation {
	return []obligation{
		{name: "observing stops at the caller's first error and returns it", test: stopsAtError, configured: true},
		{name: "without a project it observes every project's objects and counts them", test: everyProject, configured: true},
		{name: "it tells the ids of wanted images that are there", test: wantedImages, configured: true},
		{name: "reading changes nothing", test: readsOnly, configured: true},
		{name: "opening what is not there is no error and not readable", test: opensAbsent, configured: true},
		{name: "a context that is done ends every call", test: doneContext, configured: true},
	}
}

func stopsAtError(h *harness) {
	h.create(h.declare(provider.Volume, "a", nil))
	h.create(h.declare(provider.Volume, "b", nil))
	enough := errors.New("enough")
	calls := 0
	_, err := h.p.Observe(h.ctx, provider.ObserveRequest{Project: h.project}, func(provider.Object) error {
		calls++
		return enough
	})
	if !errors.Is(err, enough) || calls != 1 {
		h.Errorf("%d calls, %v", calls, err)
	}
}

func everyProject(h *harness) {
	d := h.declare(provider.Volume, "a", nil)
	id := h.create(d).ID
	found := false
	resp, err := h.p.Observe(h.ctx, provider.ObserveRequest{}, func(o provider.Object) error {
		found = found || o.ID == id
		return nil
	})
	if err != nil || !found || resp.Projects[h.project] != 1 {
		h.Errorf("found is %t, projects are %v, %v", found, resp.Projects, err)
	}
}

func wantedImages(h *harness) {
	h.create(h.sleeper("a", nil)) // so that the image is there
	resp, err := h.p.Observe(h.ctx, provider.ObserveRequest{
		Project: h.project, Images: []string{h.factory.Image, "dindctl.local/no-such-image"},
	}, func(provider.Object) error { return nil })
	if err != nil || resp.Images[h.factory.Image] == "" || len(resp.Images) != 1 {
		h.Errorf("the images are %v, %v", resp.Images, err)
	}
}

func readsOnly(h *harness) {
	volume, container := h.declare(provider.Volume, "a", nil), h.sleeper("b", nil)
	h.create(volume)
	h.create(container)
	mutations := 0
	if h.factory.Mutations != nil {
		mutations = h.factory.Mutations(h.T)
	}
	before := h.observe(provider.Root)
	for address, o := range h.observe(provider.Root) {
		if o.Fingerprint != before[address].Fingerprint {
			h.Errorf("%s changed while it was looked at", address)
		}
		if o.Kind == provider.Container {
			h.diff(container, o)
		}
	}
	_, _ = h.p.Open(h.ctx, provider.OpenRequest{ID: "no-such-object"})
	if h.factory.Mutations != nil {
		if now := h.factory.Mutations(h.T); now != mutations {
			h.Errorf("reading made %d changes", now-mutations)
		}
	}
}

func opensAbsent(h *harness) {
	resp, err := h.p.Open(h.ctx, provider.OpenRequest{ID: "dindctl-no-such-object"})
	if err != nil || resp.Readable || resp.Why == "" {
		h.Errorf("%+v, %v", resp, err)
	}
}

func doneContext(h *harness) {
	ctx, cancel := context.WithCancel(h.ctx)
	cancel()
	d := h.declare(provider.Volume, "a", nil)
	calls := map[string]func() error{
		"Observe": func() error {
			_, err := h.p.Observe(ctx, provider.ObserveRequest{Project: h.project}, func(provider.Object) error { return nil })
			return err
		},
		"Create": func() error {
			_, err := h.p.Create(ctx, provider.CreateRequest{Declaration: d, Owner: h.owner(d)}, h.sink())
			return err
		},
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, context.Canceled) {
			h.Errorf("%s: %v", name, err)
		}
	}
}
