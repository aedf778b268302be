package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// What a plan says of the inside of a daemon follows from where that lies before and after:
// it goes, it is left behind, or it stays; consent is asked where something is lost.
func TestWhatBecomesOfTheInsideOfADaemon(t *testing.T) {
	t.Parallel()
	type told struct {
		Loss, Hidden, Stays string
		Goes                bool
	}
	own := provider.Data{On: provider.DataOwn, At: "/data"}
	text := daemonText("dind", "/srv/dind")
	with := func(change func(*provider.Object)) provider.Object {
		o := daemonOn("dind", "/srv/dind")
		change(&o)
		return o
	}
	in := func(data provider.Data) provider.Object { return with(func(o *provider.Object) { o.Data = data }) }
	extra := func(o *provider.Object) {
		o.Views = append(o.Views, provider.View{Type: "volume", Target: "/cache"})
	}
	web := map[string]plan.Snapshot{"daemon.dind": {Readable: true, Others: []provider.Other{{Kind: provider.Container, Name: "web", Running: true}}}}
	const cache, lost = "the data in its volumes without a name at /cache", "all that is inside daemon.dind, which lies in its own files, at /data"
	to := func(d provider.Difference) map[string]provider.Difference {
		return map[string]provider.Difference{"daemon.dind": d}
	}
	anew := []string{"daemon.dind"}
	memory := provider.Data{On: provider.DataMemory, At: "/var/lib/docker"}
	for name, c := range map[string]struct {
		hosting
		want told
	}{
		"as before": {hosting{root: []provider.Object{daemonOn("dind", "/srv/dind")}, declared: to(declaredOn("/srv/dind"))}, told{Stays: "/srv/dind of the host"}},
		"one more volume without a name": {
			hosting{root: []provider.Object{with(extra)}, declared: to(declaredOn("/srv/dind"))},
			told{Loss: cache, Stays: "/srv/dind of the host"},
		},
		"into its own files": {
			hosting{root: []provider.Object{daemonOn("dind", "/srv/dind")}, declared: to(provider.Difference{Data: own})},
			told{Hidden: "its data will be in its own files, at /data"},
		},
		"nobody knows where": {
			hosting{root: []provider.Object{daemonOn("dind", "/srv/dind")}, declared: to(provider.Difference{Hides: "nobody knows"})},
			told{Hidden: "nobody knows"},
		},
		"not known yet": {hosting{root: []provider.Object{daemonOn("dind", "/srv/dind")}}, told{}},
		"lost":          {hosting{root: []provider.Object{in(own)}, declared: to(provider.Difference{Data: own})}, told{Loss: lost + ": container web (not the project's)", Goes: true}},
		"never started": {hosting{root: []provider.Object{with(func(o *provider.Object) {
			o.Data, o.Condition = own, provider.Condition{State: provider.StateCreated}
			extra(o)
		})}, declared: to(provider.Difference{Data: own})}, told{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.config, c.anew, c.inside = text, anew, web
			p, _ := c.plan(t)
			for _, r := range p.Resources {
				if r.Address != "daemon.dind" {
					continue
				}
				if diff := cmp.Diff(c.want, told{r.DataLoss, r.Inner.Hidden, r.Inner.Stays, r.Inner.Goes}); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}

	// A twin that was left by an earlier run is not the one that was looked into.
	twin := in(own)
	twin.ID, twin.Condition.State = "twin", provider.StateExited
	p, _ := hosting{config: text, root: []provider.Object{daemonOn("dind", "/srv/dind"), twin}, declared: to(declaredOn("/srv/dind")), inside: web}.plan(t)
	if len(p.Steps) == 0 || p.Steps[0].DataLoss != lost+": what that is cannot be seen" {
		t.Errorf("the twin goes with %q:\n%s", p.Steps[0].DataLoss, p)
	}

	// A daemon that is started again keeps its volumes without a name; its memory goes.
	outer := daemonText("outer", "/srv/outer")
	inner := in(memory)
	extra(&inner)
	p, _ = hosting{
		config: outer + "daemon \"dind\" {\n  image = \"docker:28-dind\"\n  inside = daemon.outer\n}\n", root: []provider.Object{daemonOn("outer", "/srv/outer")}, anew: []string{"daemon.outer"},
		declared: map[string]provider.Difference{"daemon.outer": declaredOn("/srv/outer"), "daemon.dind": {Data: memory}},
		inside:   map[string]plan.Snapshot{"daemon.outer": {Readable: true, Objects: []provider.Object{inner}}, "daemon.dind": web["daemon.dind"]},
	}.plan(t)
	for _, r := range p.Resources {
		want := "all that is inside daemon.dind, which lies in memory, at /var/lib/docker: container web (not the project's)"
		if r.Address == "daemon.dind" && (r.Action != plan.Start || r.DataLoss != want) {
			t.Errorf("%s loses %q, want %q", r.Action, r.DataLoss, want)
		}
	}
}

// Where the data of a daemon lie it says itself, if it was looked into: that counts before
// what is read from how it was started.
func TestTheWordOfADaemonCountsOfItsData(t *testing.T) {
	t.Parallel()
	text := daemonText("dind", "/srv/dind")
	for root, want := range map[string]provider.Data{
		"":                  {On: provider.DataPath, At: "/var/lib/docker", Source: "/srv/dind"},
		"/var/lib/docker/x": {On: provider.DataPath, At: "/var/lib/docker/x", Source: "/srv/dind", Rest: "x"},
		"/data":             {On: provider.DataOwn, At: "/data"},
		"/cache":            {On: provider.DataAnonymous, At: "/cache"},
	} {
		there := daemonOn("dind", "/srv/dind")
		there.Views = append(there.Views, provider.View{Type: "volume", Source: "0123", Target: "/cache"})
		said := provider.Facts{Details: map[string]string{provider.DetailDataRoot: root}}
		p, _ := hosting{
			config: text, root: []provider.Object{there}, declared: map[string]provider.Difference{"daemon.dind": declaredOn("/srv/dind")}, anew: []string{"daemon.dind"},
			inside: map[string]plan.Snapshot{"daemon.dind": {Readable: true, Facts: said}},
		}.plan(t)
		for _, r := range p.Resources {
			if r.Address == "daemon.dind" && r.Before.Data != want {
				t.Errorf("it says %q: %+v, want %+v", root, r.Before.Data, want)
			}
		}
	}
}
