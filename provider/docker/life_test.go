package docker_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/buildcontext"
)

// A network, a volume and a container on them exist as declared after their
// creation, and are gone after their deletion.
func TestNetworkVolumeContainer(t *testing.T) {
	r := newRig(t)
	network := r.declaration("network.ci", attributes{})
	volume := r.declaration("volume.data", attributes{"labels": cty.MapVal(attributes{"a": text("b")})})
	r.create(provider.Root, network)
	r.create(provider.Root, volume)
	web := r.sleeper(attributes{
		"networks":    cty.ListVal([]cty.Value{reference("network.ci", "network", network.Name)}),
		"environment": cty.MapVal(attributes{"LANG": text("C"), "EMPTY": text("")}),
		"mem_limit":   text("64m"), "cpus": cty.NumberFloatVal(0.5), "working_dir": text("/tmp/../srv/"),
		"cap_add": list("net_admin"), "stop_grace_period": text("3s"), "hostname": text("web"), "read_only": cty.True,
		"tmpfs": list("/run:size=1m"), "extra_hosts": cty.MapVal(attributes{"db": text("10.0.0.1")}),
		"mount": cty.ListVal([]cty.Value{
			mountValue("volume", volume.Name, "/data", false), mountValue("bind", t.TempDir(), "/in", true),
		}),
	})
	object := r.create(provider.Root, web)
	if object.Condition.State != provider.StateRunning || object.Values.Addresses[network.Name] == "" {
		t.Errorf("state %q, addresses %v", object.Condition.State, object.Values.Addresses)
	}
	if got := r.docker("inspect", "-f", `{{json (index .NetworkSettings.Networks "`+network.Name+`").Aliases}}`, web.Name); !strings.Contains(got, `"web"`) {
		t.Errorf("the label is no alias: %s", got)
	}
}

// What is changed outside is shown, exactly, with its cause; what is declared
// otherwise too.
func TestDriftAndConfigurationAreToldApart(t *testing.T) {
	r := newRig(t)
	web := r.sleeper(attributes{"mem_limit": text("64m")})
	r.create(provider.Root, web)
	r.docker("update", "--memory", "128m", "--memory-swap", "256m", "--restart", "always", web.Name)
	other := r.sleeper(attributes{"mem_limit": text("64m"), "environment": cty.MapVal(attributes{"A": text("1")})})
	got := r.diff(other, r.observe(t.Context(), provider.Root)[web.Address])
	var lines []string
	for _, c := range got {
		lines = append(lines, c.Path+" "+string(c.Effect)+" "+string(c.Cause))
	}
	want := []string{"environment.A replace configuration", "mem_limit live changed outside", "restart live changed outside"}
	if d := cmp.Diff(want, lines); d != "" {
		t.Error(d)
	}
	resp, err := r.p.Update(t.Context(), provider.UpdateRequest{ID: r.observe(t.Context(), provider.Root)[web.Address].ID, Declaration: web, Changes: got[1:], Project: r.project}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.same(web, resp.Object)
}

// A container joins and leaves networks as it runs, but for the one that it was
// created in.
func TestNetworksChangeLive(t *testing.T) {
	r := newRig(t)
	one, two := r.declaration("network.one", attributes{}), r.declaration("network.two", attributes{})
	r.create(provider.Root, one)
	r.create(provider.Root, two)
	refs := func(list ...provider.Declaration) attributes {
		var out []cty.Value
		for _, n := range list {
			out = append(out, reference(n.Address, "network", n.Name))
		}
		return attributes{"networks": cty.ListVal(out)}
	}
	before := r.create(provider.Root, r.sleeper(refs(one, two)))
	if changes := r.diff(r.sleeper(refs(two)), before); len(changes) != 1 || changes[0].Path != "networks" || changes[0].Effect != provider.Replace {
		t.Fatalf("leaving its own network: changes %+v", changes)
	}
	after := r.sleeper(refs(one))
	changes := r.diff(after, before)
	if len(changes) != 1 || changes[0].Path != "networks" || changes[0].Effect != provider.Live {
		t.Fatalf("leaving another: changes %+v", changes)
	}
	resp, err := r.p.Update(t.Context(), provider.UpdateRequest{ID: before.ID, Declaration: after, Changes: changes, Project: r.project}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.same(after, resp.Object)
}

// An image is built under its name, adopted when asked again, and what is made
// from it is not taken for ours.
func TestImageIsBuiltAndItsHeirsAreForeign(t *testing.T) {
	r := newRig(t)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "Dockerfile"), "FROM "+bashImage+"\nARG WORD\nCOPY . /content\nRUN test ! -e /content/secret && echo $WORD >/word\n")
	write(t, filepath.Join(dir, ".dockerignore"), "secret\n")
	write(t, filepath.Join(dir, "secret"), "x")
	files, err := buildcontext.Open(buildcontext.Source{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	inputs, err := files.Hash()
	if err != nil {
		t.Fatal(err)
	}
	decl := r.declaration("image.tool", attributes{"build": cty.ObjectVal(attributes{
		"context": text(dir), "dockerfile": cty.NullVal(cty.String), "target": cty.NullVal(cty.String),
		"args": cty.MapVal(attributes{"WORD": text("hello")}), "inputs": text(inputs),
	})})
	object := r.create(provider.Root, decl)
	resp, err := r.p.Create(t.Context(), r.request(provider.Root, decl), r.sink)
	if err != nil || !resp.Adopted || resp.ID != object.ID {
		t.Errorf("again: %+v, %v", resp, err)
	}
	if got := r.docker("run", "--name", r.project+"-heir", decl.Name, "cat", "/word"); got != "hello" {
		t.Errorf("the build says %q", got)
	}
	r.docker("commit", r.project+"-heir", r.project+"-heir")
	defer func() {
		r.docker("rm", r.project+"-heir")
		r.docker("rmi", r.project+"-heir")
	}()
	if got := len(r.observe(t.Context(), provider.Root)); got != 1 {
		t.Errorf("%d objects, want the image alone", got)
	}

	write(t, filepath.Join(dir, "Dockerfile"), "FROM "+bashImage+"\nRUN echo the reason; exit 3\n")
	broken := r.declaration("image.broken", attributes{"build": cty.ObjectVal(attributes{"context": text(dir)})})
	_, err = r.p.Create(t.Context(), r.request(provider.Root, broken), r.sink)
	wantCode(t, err, provider.NoImage, "exit 3")
	var problem *provider.Problem
	if !errors.As(err, &problem) || !strings.Contains(strings.Join(problem.Log, "\n"), "the reason") {
		t.Errorf("the build's output is not kept: %+v", problem)
	}
}

// An object that an interrupted apply left is taken over; a foreign one of the
// name, and one made from another configuration, are conflicts that say whose they are.
func TestAdoptAndConflict(t *testing.T) {
	r := newRig(t)
	web := r.sleeper(nil)
	request := r.request(provider.Root, web)
	first, err := r.p.Create(t.Context(), request, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.docker("stop", "-t", "0", web.Name)
	for _, run := range []string{request.Owner.Run, "another"} {
		request.Owner.Run = run
		again, err := r.p.Create(t.Context(), request, nil)
		if err != nil || !again.Adopted || again.ID != first.ID || again.Object.Condition.State != provider.StateRunning {
			t.Errorf("nonce %s: %+v, %v", run, again, err)
		}
	}
	_, err = r.p.Create(t.Context(), r.request(provider.Root, r.sleeper(attributes{"user": text("1")})), nil)
	wantCode(t, err, provider.Conflict, "earlier configuration")

	foreign := r.declaration("container.foreign", attributes{"image": text(bashImage)})
	r.docker("create", "--name", foreign.Name, bashImage)
	defer r.docker("rm", foreign.Name)
	_, err = r.p.Create(t.Context(), r.request(provider.Root, foreign), nil)
	wantCode(t, err, provider.Conflict, foreign.Name, "not dindctl's")
	_, err = r.p.Delete(t.Context(), provider.DeleteRequest{Kind: provider.Container, ID: foreign.Name, Project: r.project}, nil)
	wantCode(t, err, provider.NotOurs, foreign.Name)

	var found provider.Object
	_, err = r.p.Observe(t.Context(), provider.ObserveRequest{Project: r.project, Names: map[provider.Kind][]string{provider.Job: {foreign.Name}}}, func(o provider.Object) error {
		if o.Name == foreign.Name {
			found = o
		}
		return nil
	})
	if err != nil || found.ID == "" || found.Owner.Project != "" {
		t.Errorf("a foreign container with a wanted name: %+v, %v", found, err)
	}
}

// Bad luck is explained: with the image, the port, the path, the command.
func TestBadLuckIsExplained(t *testing.T) {
	r := newRig(t)
	fails := func(more attributes) error {
		_, err := r.p.Create(t.Context(), r.request(provider.Root, r.sleeper(more)), nil)
		if o, there := r.observe(t.Context(), provider.Root)["container.web"]; there {
			if _, err := r.p.Delete(t.Context(), provider.DeleteRequest{Kind: o.Kind, ID: o.ID, Project: r.project}, nil); err != nil {
				t.Fatal(err)
			}
		}
		return err
	}
	wantCode(t, fails(attributes{"image": text("dindctl.invalid/nothing:1")}), provider.NoImage, "dindctl.invalid/nothing:1", "registry")
	wantCode(t, fails(attributes{"image": text("not a name")}), provider.Invalid, "not a name")
	wantCode(t, fails(attributes{"mem_limit": text("much")}), provider.Invalid, "much")
	wantCode(t, fails(attributes{"command": list("no-such-command"), "init": cty.False}), provider.Invalid, "no-such-command")
	wantCode(t, fails(attributes{"mount": cty.ListVal([]cty.Value{mountValue("bind", "/no/such", "/x", false)})}), provider.Invalid, "/no/such")
	never := cty.ListVal([]cty.Value{cty.ObjectVal(attributes{"log": text("^nothing")})}) // what ends while it is waited for
	ended := fails(attributes{"command": list("sh", "-c", "echo the reason; exit 3"), "ready": never})
	wantCode(t, ended, provider.NotReady, "exit code 3")
	var problem *provider.Problem
	if errors.As(ended, &problem); strings.Join(problem.Log, "") != "the reason" {
		t.Errorf("log %q", problem.Log)
	}

	holder := r.project + "-holder"
	r.docker("run", "-d", "--init", "--name", holder, "-p", "18081:80", bashImage, "sleep", "1000")
	defer r.docker("rm", "-f", holder)
	ports := cty.ListVal([]cty.Value{cty.ObjectVal(attributes{"target": cty.NumberIntVal(80), "published": cty.NumberIntVal(18081)})})
	wantCode(t, fails(attributes{"ports": ports}), provider.Conflict, "18081")
}

// A privileged container that an old engine refuses for want of capabilities is
// explained by them.
func TestPrivilegedThatTheHostRefuses(t *testing.T) {
	r := newRig(t)
	if !strings.Contains(r.docker("info", "-f", "{{json .Runtimes}}"), `"bare"`) {
		t.Skip("the engine has no runtime called bare, which would keep the capabilities that the host lacks")
	}
	_, err := r.p.Create(t.Context(), r.request(provider.Root, r.sleeper(attributes{"privileged": cty.True, "runtime": text("bare")})), nil)
	if err == nil {
		t.Skip("this host lacks no capability")
	}
	wantCode(t, err, provider.Refused, "privileged", "capabilities", "runtime-fit")
}

// A network with a foreign member and a volume that something uses stay, and
// the error names the users.
func TestWhatIsInUseStays(t *testing.T) {
	r := newRig(t)
	network, volume := r.declaration("network.ci", attributes{}), r.declaration("volume.data", attributes{})
	n, v := r.create(provider.Root, network), r.create(provider.Root, volume)
	foreign := r.project + "-foreign"
	r.docker("run", "-d", "--init", "--name", foreign, "--network", network.Name, "-v", volume.Name+":/data", bashImage, "sleep", "1000")
	for _, o := range []provider.Object{n, v} {
		_, err := r.p.Delete(t.Context(), provider.DeleteRequest{Kind: o.Kind, ID: o.ID, Project: r.project}, nil)
		wantCode(t, err, provider.InUse, foreign)
	}
	for address, o := range r.observe(t.Context(), provider.Root) {
		if d := cmp.Diff([]string{"container " + foreign}, o.Users); d != "" {
			t.Errorf("users of %s: %s", address, d)
		}
	}
	r.docker("rm", "-f", foreign)
}

// A lock has one holder, is freed by it alone, and is no object of the project.
func TestLock(t *testing.T) {
	r := newRig(t)
	locker := r.p.(provider.Locker)
	mine := provider.Holder{Nonce: "one", Who: "me@here", Boot: "b", PID: 7, Since: "2026-01-01T00:00:00Z", Command: "apply"}
	if got, held, err := locker.Lock(t.Context(), r.project, mine); err != nil || !held || got != mine {
		t.Fatalf("%+v, %v, %v", got, held, err)
	}
	if got, held, err := locker.Lock(t.Context(), r.project, provider.Holder{Nonce: "two"}); err != nil || held || got != mine {
		t.Errorf("a second holder: %+v, %v, %v", got, held, err)
	}
	if got := r.observe(t.Context(), provider.Root); len(got) != 0 {
		t.Errorf("the lock is observed: %v", got)
	}
	for _, nonce := range []string{"two", "one", "one"} {
		if err := locker.Unlock(t.Context(), r.project, nonce); err != nil {
			t.Fatal(err)
		}
		_, held, err := locker.Lock(t.Context(), r.project, provider.Holder{Nonce: "three"})
		if err != nil || held != (nonce == "one") {
			t.Errorf("after unlocking with %s: held %v, %v", nonce, held, err)
		}
		if err := locker.Unlock(context.Background(), r.project, "three"); err != nil {
			t.Fatal(err)
		}
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
