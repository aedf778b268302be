package docker_test

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

func credentials(pairs ...string) cty.Value {
	entries := map[string]cty.Value{}
	for i := 0; i < len(pairs); i += 3 {
		entries[pairs[i]] = cty.ObjectVal(map[string]cty.Value{
			"username": cty.StringVal(pairs[i+1]), "password": cty.StringVal(pairs[i+2]),
		})
	}
	return cty.MapVal(entries).Mark(provider.Sensitive)
}

// Whatever a registry is called by, config.json has it under the name that a
// docker CLI looks for, with user and password as the CLI itself writes them.
func TestCredentialsBecomeAConfigFile(t *testing.T) {
	for _, c := range []struct{ given, want string }{
		{"registry:5000", "registry:5000"},
		{"https://registry.example.com/v2/", "registry.example.com"},
		{"docker.io", "https://index.docker.io/v1/"},
		{"https://index.docker.io/v1/", "https://index.docker.io/v1/"},
	} {
		got, err := docker.DockerConfig(cty.ObjectVal(map[string]cty.Value{"registry_auth": credentials(c.given, "ci", "top secret")}))
		want := "{\n  \"auths\": {\n    \"" + c.want + "\": {\n      \"auth\": \"Y2k6dG9wIHNlY3JldA==\"\n    }\n  }\n}\n"
		if err != nil || got != want {
			t.Errorf("%s: %v\n%s\nwant\n%s", c.given, err, got, want)
		}
	}
}

// Credentials that cannot work are refused with the reason, and without the password.
func TestCredentialsThatCannotWork(t *testing.T) {
	for _, c := range []struct {
		given cty.Value
		want  string
	}{
		{credentials("ci@registry", "ci", "hush-hush"), `"ci@registry" is not a registry`},
		{credentials("", "ci", "hush-hush"), `"" is not a registry`},
		{credentials("r.example", "", "hush-hush"), `"r.example" needs a username and a password, neither empty`},
		{credentials("r.example", "ci", ""), `"r.example" needs a username and a password, neither empty`},
		{credentials("r.example", "ci", "hush-hush", "https://r.example/", "ci", "hush-hush"), `"r.example" is there twice`},
	} {
		_, err := docker.DockerConfig(cty.ObjectVal(map[string]cty.Value{"registry_auth": c.given}))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("error %v, want one that says %s", err, c.want)
		}
	}
}

// A container's user can read its credentials, which are changed as it runs; what
// somebody does to them is seen and repaired.
func TestCredentialsInARunningContainer(t *testing.T) {
	r := newRig(t)
	controller := func(password string) provider.Declaration {
		return r.declaration("controller.ci", attributes{
			"image": text(bashImage), "command": list("sleep", "infinity"), "init": cty.True, "user": text("nobody"),
			"registry_auth": credentials("registry:5000", "ci", password),
		})
	}
	read := func(name string) string {
		return r.docker("exec", name, "sh", "-c", `stat -c "%a %U" $DOCKER_CONFIG/config.json; grep -c '"auth"' $DOCKER_CONFIG/config.json`)
	}
	before := r.create(provider.Root, controller("first-one"))
	if got := read(before.Name); got != "600 nobody\n1" {
		t.Errorf("after the creation: %q", got)
	}
	change := func(when string, wanted provider.Declaration) {
		t.Helper()
		changes := r.diff(wanted, r.observe(t.Context(), provider.Root)[wanted.Address])
		if len(changes) != 1 || changes[0].Path != "registry_auth" || changes[0].Effect != provider.Live || !changes[0].Sensitive {
			t.Fatalf("%s: changes %+v", when, changes)
		}
		resp, err := r.p.Update(t.Context(), provider.UpdateRequest{ID: before.ID, Declaration: wanted, Changes: changes, Project: r.project}, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.same(wanted, resp.Object)
		if got := read(before.Name); got != "600 nobody\n1" {
			t.Errorf("%s: %q", when, got)
		}
	}
	change("another password", controller("second-one"))
	r.docker("exec", before.Name, "sh", "-c", "rm $DOCKER_CONFIG/config.json")
	change("a file that somebody removed", controller("second-one"))

	r.docker("exec", "-u", "0", before.Name, "sh", "-c", "cp -rp $DOCKER_CONFIG /saved; rm -r $DOCKER_CONFIG; echo >$DOCKER_CONFIG")
	other := r.create(provider.Root, r.declaration("container.other", attributes{"image": text(bashImage), "command": list("sleep", "infinity"), "init": cty.True}))
	seen := r.observe(t.Context(), provider.Root)
	unreadable := seen["controller.ci"]
	if len(unreadable.Warnings) != 1 || !strings.Contains(unreadable.Warnings[0], "cannot be read now") || !strings.Contains(unreadable.Warnings[0], "not a directory") {
		t.Errorf("credentials that cannot be read: warnings %q", unreadable.Warnings)
	}
	r.same(controller("second-one"), unreadable)
	if seen["container.other"].ID != other.ID {
		t.Errorf("beside credentials that cannot be read, %v was seen", seen)
	}
	r.docker("exec", "-u", "0", before.Name, "sh", "-c", "rm $DOCKER_CONFIG; mv /saved $DOCKER_CONFIG")

	sealed := r.declaration("controller.sealed", attributes{
		"image": text(bashImage), "read_only": cty.True, "registry_auth": credentials("registry:5000", "ci", "third-one"),
	})
	_, err := r.p.Create(t.Context(), r.request(provider.Root, sealed), r.sink)
	if provider.CodeOf(err) != provider.Invalid || !strings.Contains(err.Error(), "read_only = true forbids") {
		t.Errorf("a read-only root: %v", err)
	}

	through := r.declaration("controller.through", attributes{
		"image": text(bashImage), "registry_auth": credentials("registry:5000", "ci", "third-one"),
		"environment": cty.MapVal(attributes{"DOCKER_CONFIG": text("/home/.docker")}),
		"mount":       cty.ListVal([]cty.Value{mountValue("bind", t.TempDir(), "/home", false)}),
	})
	_, err = r.p.Create(t.Context(), r.request(provider.Root, through), r.sink)
	if provider.CodeOf(err) != provider.Invalid || !strings.Contains(err.Error(), "written to the host, through the mount on /home") {
		t.Errorf("a file of the host: %v", err)
	}
}
