package providertest

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

func halts(h *harness) {
	halter := power[provider.Halter](h, provider.PowerHalt)
	d := h.sleeper("a", nil)
	id := h.create(d).ID
	want := func(when string, o provider.Object, state provider.State, requested bool) {
		h.Helper()
		if o.ID != id || o.Condition.State != state || o.Condition.Requested != requested {
			h.Errorf("%s it is %s, %+v; want %s, requested %t", when, o.ID, o.Condition, state, requested)
		}
	}
	seen := func() provider.Object { return h.observe(provider.Root)[d.Address] }
	for range 2 { // the second time there is nothing to do
		resp, err := halter.Halt(h.ctx, provider.HaltRequest{ID: id, Project: h.project}, h.sink())
		if err != nil {
			h.Fatal(err)
		}
		want("halted", resp.Object, provider.StateExited, true)
		want("looked at", seen(), provider.StateExited, true)
	}
	resp, err := halter.Wake(h.ctx, provider.WakeRequest{ID: id, Project: h.project}, h.sink())
	if err != nil {
		h.Fatal(err)
	}
	want("woken", resp.Object, provider.StateRunning, false)
	_, err = halter.Halt(h.ctx, provider.HaltRequest{ID: id, Project: h.project + "x"}, h.sink())
	h.wantCode(err, provider.NotOurs, "halting another project's object")
	want("after that", seen(), provider.StateRunning, false)
	if h.factory.Stop != nil {
		h.factory.Stop(h.T, provider.Root, id)
		want("stopped by somebody else", seen(), provider.StateExited, false)
	}
	if _, err := halter.Halt(h.ctx, provider.HaltRequest{ID: id, Project: h.project}, h.sink()); err != nil {
		h.Fatal(err)
	}
	again, err := h.p.Resume(h.ctx, provider.ResumeRequest{ID: id, Declaration: d, Project: h.project}, h.sink())
	if err != nil {
		h.Fatal(err)
	}
	want("resumed", again.Object, provider.StateRunning, false)
}

func haltsNoJob(h *harness) {
	halter := power[provider.Halter](h, provider.PowerHalt)
	id := h.create(h.job("a", "true")).ID
	_, err := halter.Halt(h.ctx, provider.HaltRequest{ID: id, Project: h.project}, h.sink())
	h.wantCode(err, provider.Invalid, "halting a job")
	_, err = halter.Wake(h.ctx, provider.WakeRequest{ID: id, Project: h.project}, h.sink())
	h.wantCode(err, provider.Invalid, "waking a job")
}

func copies(h *harness) {
	copier := power[provider.Copier](h, provider.PowerCopy)
	id := h.create(h.sleeper("a", nil)).ID
	content := bytes.Repeat([]byte{0, 0xff, '\n', '\r'}, 64<<10) // more than one message, and no text
	var in bytes.Buffer
	archive := tar.NewWriter(&in)
	for _, entry := range []*tar.Header{
		{Name: "d/", Typeflag: tar.TypeDir, Mode: 0o755},
		{Name: "d/f", Typeflag: tar.TypeReg, Mode: 0o640, Size: int64(len(content))},
	} {
		if err := archive.WriteHeader(entry); err != nil {
			h.Fatal(err)
		}
		if entry.Size > 0 {
			_, _ = archive.Write(content)
		}
	}
	if err := archive.Close(); err != nil {
		h.Fatal(err)
	}
	whole := in.Bytes()
	if err := copier.CopyIn(h.ctx, provider.CopyInRequest{ID: id, Path: "/tmp", From: bytes.NewReader(whole)}); err != nil {
		h.Fatal(err)
	}
	var out bytes.Buffer
	if err := copier.CopyOut(h.ctx, provider.CopyOutRequest{ID: id, Path: "/tmp/d", To: &out}); err != nil {
		h.Fatal(err)
	}
	got := map[string][]byte{}
	for r := tar.NewReader(&out); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			h.Fatal(err)
		}
		if got[header.Name], err = io.ReadAll(r); err != nil {
			h.Fatal(err)
		}
	}
	if len(got) != 2 || len(got["d/"]) != 0 || !bytes.Equal(got["d/f"], content) {
		h.Errorf("%d entries came out, d/f with %d bytes of %d", len(got), len(got["d/f"]), len(content))
	}
	h.wantCode(copier.CopyOut(h.ctx, provider.CopyOutRequest{ID: id, Path: "/no/such", To: io.Discard}), provider.NotFound, "copying what is not there")
	h.wantCode(copier.CopyIn(h.ctx, provider.CopyInRequest{ID: id, Path: "/no/such", From: bytes.NewReader(whole)}),
		provider.NotFound, "copying to a directory that is not there")
}

func sweeps(h *harness) {
	stocker := power[provider.Stocker](h, provider.PowerStock)
	v := h.create(h.declare(provider.Volume, "v", nil))
	user := h.create(h.sleeper("a", map[string]cty.Value{"mount": cty.ListVal([]cty.Value{Mount(map[string]cty.Value{
		"type": cty.StringVal("volume"), "source": cty.StringVal(v.Object.Name), "target": cty.StringVal("/v"),
		"written": cty.StringVal(v.Object.Name), "read_only": cty.False, "resolve": cty.StringVal("same"),
	})})}))
	stored := func() (provider.Stored, bool) {
		h.Helper()
		resp, err := stocker.Stock(h.ctx, provider.Root)
		if err != nil {
			h.Fatal(err)
		}
		i := slices.IndexFunc(resp.Stored, func(s provider.Stored) bool { return s.Kind == provider.Volume && s.ID == v.ID })
		if i < 0 {
			return provider.Stored{}, false
		}
		return resp.Stored[i], true
	}
	used, listed := stored()
	if !listed || len(used.Users) != 1 || used.Owner.Address != "volume.v" || used.Name != v.Object.Name {
		h.Errorf("in use it is listed (%t) as %+v", listed, used)
	}
	h.wantCode(stocker.Sweep(h.ctx, provider.Root, used, h.sink()), provider.InUse, "sweeping what is used")
	h.delete(provider.Root, provider.Container, user.ID)
	if free, listed := stored(); !listed || len(free.Users) != 0 {
		h.Errorf("without a user it is listed (%t) as %+v", listed, free)
	}
	if err := stocker.Sweep(h.ctx, provider.Root, used, h.sink()); err != nil {
		h.Fatal(err)
	}
	if _, listed := stored(); listed {
		h.Error("it is still there")
	}
	if err := stocker.Sweep(h.ctx, provider.Root, used, h.sink()); err != nil {
		h.Errorf("sweeping what is gone: %v", err)
	}
}
