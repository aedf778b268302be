package docker_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

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

// A live change that was begun and not ended is the cause of what it can have left, and of
// nothing else: not of another argument, nor of a value that it has neither found nor set.
func TestAMarkExcusesWhatItsChangeCanHaveLeft(t *testing.T) {
	t.Parallel()
	declared := attributes{"cpus": cty.NumberIntVal(2), "pids_limit": cty.NumberIntVal(7)}
	change := func(path string, from, to int64) provider.Change {
		return provider.Change{Path: path, From: cty.NumberIntVal(from), To: cty.NumberIntVal(to), Effect: provider.Live}
	}
	first := docker.MarksOf(cty.ObjectVal(declared), []provider.Change{change("cpus", 1, 2)})
	second := docker.MarksOf(cty.ObjectVal(declared), []provider.Change{change("cpus", 2, 3)})
	secret := docker.MarksOf(cty.ObjectVal(attributes{"cpus": cty.NumberIntVal(2).Mark(provider.Sensitive)}), []provider.Change{change("cpus", 1, 2)})
	networks := docker.MarksOf(cty.ObjectVal(declared), []provider.Change{{Path: "networks"}})
	for _, row := range []struct {
		name, mark string
		cpus, pids int64
		want       string
	}{
		{"no mark", "", 1, 7, `cpus live changed outside 1 -> 2`},
		{"as it was", first, 1, 7, `cpus live configuration 1 -> 2`},
		{"somebody else's", first, 5, 7, `cpus live changed outside 5 -> 2`},
		{"another argument", first, 2, 9, `pids_limit live changed outside 9 -> 7`},
		{"begun twice", docker.MarksAnd(first, second), 3, 7, `cpus live configuration 3 -> 2`},
		{"a secret, of which nothing is told", secret, 5, 7, `cpus live configuration 5 -> 2`},
		{"of networks", networks, 1, 7, `cpus live changed outside 1 -> 2`},
		{"a mark that says nothing", "{}", 1, 7, `cpus live changed outside 1 -> 2`},
	} {
		it := item(t, declared, declared, func(c *container.InspectResponse) {
			c.HostConfig.NanoCPUs, c.HostConfig.PidsLimit = row.cpus*1e9, &row.pids
		}, "1.51")
		if row.mark != "" {
			it.Created = []byte(docker.Amended(string(it.Created), map[string]json.RawMessage{"_changing": json.RawMessage(row.mark)}))
		}
		if got := diffText(t, it); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}
