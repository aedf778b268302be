package runner

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/outfile"
	"github.com/dindctl/dindctl/provider"
)

// probeImage is an image that holds dindctl and nothing else, for daemons that
// have no image with a shell. It is made in the root engine and carried from there.
type probeImage struct {
	name    string
	command []string
	object  provider.Object
	dir     string

	mu     sync.Mutex
	places []provider.Place
}

// carriedTo notes a place that may have the image now.
func (p *probeImage) carriedTo(place provider.Place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.places = append(p.places, place)
}

// probeFor makes the probe when it is first needed.
func (v *verifier) probeFor(ctx context.Context) (*probeImage, error) {
	v.probeOnce.Do(func() { v.probe, v.probeErr = v.buildProbe(ctx) })
	return v.probe, v.probeErr
}

func (v *verifier) buildProbe(ctx context.Context) (*probeImage, error) {
	if v.Self == "" {
		return nil, &provider.Problem{Code: provider.NoImage, Summary: "The image cannot be had", Detail: "No image of a job is there, and dindctl's own program was not found."}
	}
	nonce := v.Nonce()
	label := "verify-" + nonce[:min(len(nonce), 8)]
	p := &probeImage{name: v.Project + "-" + label, command: []string{"/dindctl", "probe"}}
	var err error
	if p.dir, err = os.MkdirTemp("", "dindctl-probe-"); err != nil {
		return nil, fmt.Errorf("making a directory for the probe: %w", err)
	}
	if err := fillContext(p.dir, v.Self); err != nil {
		return p, err
	}
	declared := cty.ObjectVal(map[string]cty.Value{"build": cty.ObjectVal(map[string]cty.Value{
		"context": cty.StringVal(p.dir), "dockerfile": cty.NullVal(cty.String), "args": cty.NullVal(cty.Map(cty.String)),
		"target": cty.NullVal(cty.String), "inputs": cty.StringVal(nonce),
	})})
	spec, err := provider.Spec(declared)
	if err != nil {
		return p, err
	}
	resp, err := v.Provider.Create(ctx, provider.CreateRequest{
		Place: provider.Root,
		Declaration: provider.Declaration{
			Address: "image." + label, Kind: provider.Image, Name: p.name, Declared: declared, Related: map[string]provider.Related{},
		},
		Owner: provider.Ownership{
			Project: v.Project, Address: "image." + label, Kind: provider.Image, Origin: v.Origin, Spec: spec, Run: nonce, Schema: provider.OwnershipSchema, Name: p.name,
		},
	}, func(provider.Event) {})
	p.object = resp.Object
	p.object.ID, p.object.Kind, p.object.Place = firstOf(resp.ID, resp.Object.ID), provider.Image, provider.Root
	return p, err
}

// fillContext writes what the probe's image is built from.
func fillContext(dir, self string) error {
	if err := outfile.Replace(filepath.Join(dir, "Dockerfile"), []byte("FROM scratch\nCOPY dindctl /dindctl\n")); err != nil {
		return fmt.Errorf("writing the probe's Dockerfile: %w", err)
	}
	from, err := os.Open(self) //nolint:gosec // this program
	if err != nil {
		return fmt.Errorf("reading this program: %w", err)
	}
	defer func() { _ = from.Close() }()
	to, err := outfile.Create(filepath.Join(dir, "dindctl"), 0o700) // it is run
	if err != nil {
		return fmt.Errorf("writing the probe: %w", err)
	}
	if _, err := io.Copy(to, from); err != nil {
		_ = to.Close()
		return fmt.Errorf("writing the probe: %w", err)
	}
	if err := to.Close(); err != nil {
		return fmt.Errorf("writing the probe: %w", err)
	}
	return nil
}

// removeProbe takes the image away from everywhere. One that stays bears the
// project's labels.
func (v *verifier) removeProbe(ctx context.Context) {
	p := v.probe
	if p == nil {
		return
	}
	_ = os.RemoveAll(p.dir)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commandLimit)
	defer cancel()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, place := range append(p.places, provider.Root) {
		image := p.object
		image.Place, image.ID = place, firstOf(v.probeIn(ctx, place), image.ID)
		v.remove(ctx, image)
	}
}

// probeIn is the id of the probe's image in a place, or empty. It is not the one that
// the root engine gave it: ids come from how an engine stores images.
func (v *verifier) probeIn(ctx context.Context, place provider.Place) string {
	resp, err := v.Provider.Observe(ctx, provider.ObserveRequest{Place: place, Project: v.Project, Images: []string{v.probe.name}}, func(provider.Object) error { return nil })
	if err != nil {
		return ""
	}
	return resp.Images[v.probe.name]
}
