package docker_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// What dindctl changed on a running container is known afterwards: the next
// change of the configuration, also back to what it was made with, is not taken for
// somebody else's, and somebody else's is. The record of it goes with its container, and is
// left by nothing but a removal outside.
func TestALiveChangeIsRemembered(t *testing.T) {
	r := newRig(t)
	limit := func(size string) provider.Declaration { return r.sleeper(attributes{"mem_limit": text(size)}) }
	now := func() provider.Object { t.Helper(); return r.observe(t.Context(), provider.Root)["container.web"] }
	causes := func(d provider.Declaration) string {
		t.Helper()
		var out []string
		for _, c := range r.diff(d, now()) {
			out = append(out, c.Path+": "+string(c.Cause)+", created as "+show(c.Created))
		}
		return strings.Join(out, "; ")
	}
	update := func(d provider.Declaration) {
		t.Helper()
		o := now()
		resp, err := r.p.Update(t.Context(), provider.UpdateRequest{ID: o.ID, Declaration: d, Changes: r.diff(d, o), Project: r.project}, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.same(d, resp.Object)
		if d := cmp.Diff(string(resp.Object.Owner.Spec), string(now().Owner.Spec)); d != "" {
			t.Errorf("the update and the next look have other records:\n%s", d)
		}
	}
	records := func() int {
		t.Helper()
		return len(strings.Fields(r.docker("volume", "ls", "-q", "--filter", "label=dev.dindctl.changed="+r.project)))
	}
	expect := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}

	r.create(provider.Root, limit("64m"))
	update(limit("128m"))
	expect("raised again", causes(limit("256m")), `mem_limit: configuration, created as "128m"`)
	expect("lowered to what it was made with", causes(limit("64m")), `mem_limit: configuration, created as "128m"`)
	expect("as it was changed", causes(limit("128m")), "")

	r.docker("update", "--memory", "512m", "--memory-swap", "1g", limit("").Name)
	expect("changed outside", causes(limit("128m")), `mem_limit: changed outside, created as "128m"`)
	expect("changed on both sides", causes(limit("256m")), `mem_limit: both, created as "128m"`)

	update(limit("256m"))
	expect("after both were mended", causes(limit("64m")), `mem_limit: configuration, created as "256m"`)
	if n := records(); n != 1 {
		t.Errorf("%d records of one container", n)
	}
	update(limit("64m"))
	if n := records(); n != 0 {
		t.Errorf("what is as at its creation has %d records", n)
	}

	update(limit("128m"))
	o := now()
	if _, err := r.p.Delete(t.Context(), provider.DeleteRequest{Kind: o.Kind, ID: o.ID, Project: r.project}, nil); err != nil {
		t.Fatal(err)
	}
	if n := records(); n != 0 {
		t.Errorf("%d records outlive their container", n)
	}

	r.create(provider.Root, limit("64m"))
	update(limit("128m"))
	r.docker("rm", "-f", limit("").Name)
	stocker := r.p.(provider.Stocker)
	stock, err := stocker.Stock(t.Context(), provider.Root)
	if err != nil {
		t.Fatal(err)
	}
	for _, stored := range stock.Stored {
		if stored.Record && stored.Owner.Project == r.project {
			expect("a record without its container", stored.Owner.Address, "container.web")
			if err := stocker.Sweep(t.Context(), provider.Root, stored, nil); err != nil {
				t.Error(err)
			}
		}
	}
	if n := records(); n != 0 {
		t.Errorf("%d records are left", n)
	}
}

// A record of changes is written anew with each live change: what is a secret by now stands
// in it no longer.
func TestARecordOfChangesForgetsSecrets(t *testing.T) {
	t.Parallel()
	type parts = map[string]json.RawMessage
	const secret = `{"sensitive":true}`
	got := docker.Remembered(
		parts{"mem_limit": []byte(`"64m"`), "cpuset": []byte(`"0"`), "restart": []byte(`"no"`)},
		parts{"mem_limit": []byte(secret), "cpuset": []byte(`"0"`), "pids_limit": []byte(`7`)},
		parts{"mem_limit": []byte(`"32m"`), "user": []byte(`"u"`)}, "pids_limit",
	)
	want := parts{"mem_limit": []byte(secret), "cpuset": []byte(`"0"`), "restart": []byte(`"no"`), "pids_limit": []byte(`7`)}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
