package docker_test

import (
	"archive/tar"
	"io"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// A build has to have the images that it takes something from, by whatever word it does;
// one that is only made before it, or watched, is not looked for where it is built.
func TestABuildHasWhatItTakesSomethingFrom(t *testing.T) {
	t.Parallel()
	const id = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	args := func(value string) cty.Value { return cty.MapVal(attributes{"BASE": text(value)}) }
	for what, c := range map[string]struct {
		declared attributes
		taken    bool
	}{
		"its order":         {attributes{"build": cty.ObjectVal(attributes{"dockerfile_inline": text("FROM other\nRUN echo p-x")})}, false},
		"a label":           {attributes{"build": cty.ObjectVal(attributes{"dockerfile_inline": text("FROM other"), "labels": args(id)})}, false},
		"FROM":              {attributes{"build": cty.ObjectVal(attributes{"dockerfile_inline": text("FROM p-x:latest")})}, true},
		"FROM an id":        {attributes{"build": cty.ObjectVal(attributes{"dockerfile_inline": text("FROM " + id)})}, true},
		"COPY":              {attributes{"build": cty.ObjectVal(attributes{"dockerfile_inline": text("FROM other\nCOPY --from=p-x /a /b")})}, true},
		"an argument":       {attributes{"build": cty.ObjectVal(attributes{"dockerfile_inline": text("FROM other"), "args": args("p-x")})}, true},
		"parts of FROM":     {attributes{"build": cty.ObjectVal(attributes{"dockerfile_inline": text("ARG BASE\nFROM p-$BASE"), "args": args("x")})}, true},
		"from":              {attributes{"from": text("p-x")}, true},
		"from an id":        {attributes{"from": text(id)}, true},
		"another one, from": {attributes{"from": text("other")}, false},
	} {
		built := false
		p, err := configured(t, oddEngine(t, map[string]http.HandlerFunc{
			"POST /build": func(w http.ResponseWriter, r *http.Request) {
				built = true
				_, _ = io.Copy(io.Discard, r.Body)
				_, _ = io.WriteString(w, `{"error":"enough"}`)
			},
			"GET /images/other/json": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"Id":"sha256:other"}`) },
		}), "30s")
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Create(t.Context(), provider.CreateRequest{Declaration: provider.Declaration{
			Address: "image.app", Kind: provider.Image, Name: "p-app", Declared: cty.ObjectVal(c.declared),
			Related: map[string]provider.Related{"image.x": {Address: "image.x", Kind: provider.Image, Name: "p-x", ID: id}},
		}}, nil)
		if built == c.taken || provider.CodeOf(err) != provider.NoImage {
			t.Errorf("%s: built without it: %t, and %v", what, built, err)
		}
	}
}

// The classic builder has the Dockerfile and the arguments as they are: it finds an image
// by its id, and what is data there stays data.
func TestTheClassicBuilderHasIdsAsTheyAre(t *testing.T) {
	t.Parallel()
	const id = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	var args, recipe string
	p, err := configured(t, oddEngine(t, map[string]http.HandlerFunc{
		"POST /build": func(w http.ResponseWriter, r *http.Request) {
			args = r.URL.Query().Get("buildargs")
			for files := tar.NewReader(r.Body); ; {
				head, err := files.Next()
				if err != nil {
					break
				}
				if content, _ := io.ReadAll(files); head.Name == r.URL.Query().Get("dockerfile") {
					recipe = string(content)
				}
			}
			_, _ = io.WriteString(w, `{"error":"enough"}`)
		},
		"GET /images/p-x/json": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"Id":"`+id+`"}`) },
	}), "30s")
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Create(t.Context(), provider.CreateRequest{Declaration: provider.Declaration{
		Address: "image.app", Kind: provider.Image, Name: "p-app",
		Declared: cty.ObjectVal(attributes{"build": cty.ObjectVal(attributes{
			"dockerfile_inline": text("ARG BASE\nFROM ${BASE}\nFROM " + id), "args": cty.MapVal(attributes{"BASE": text(id)}),
		})}),
		Related: map[string]provider.Related{"image.x": {Address: "image.x", Kind: provider.Image, Name: "p-x", ID: id}},
	}}, nil)
	wantProblem(t, err, provider.NoImage, "The image cannot be built", "enough")
	if diff := cmp.Diff([]string{`{"BASE":"` + id + `"}`, "ARG BASE\nFROM ${BASE}\nFROM " + id}, []string{args, recipe}); diff != "" {
		t.Errorf("(-want +sent):\n%s", diff)
	}
}

// A run that is asked to end while the files of a build are looked at was interrupted: its
// configuration is not to blame.
func TestAnInterruptionWhileFilesAreLookedAtIsOne(t *testing.T) {
	t.Parallel()
	p, err := configured(t, oddEngine(t, nil), "30s")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = p.Create(t.Context(), provider.CreateRequest{Declaration: provider.Declaration{
		Address: "image.app", Kind: provider.Image, Name: "p-app",
		Declared: cty.ObjectVal(attributes{"build": cty.ObjectVal(attributes{"context": text(t.TempDir()), "dockerfile_inline": text("FROM scratch")})}),
	}}, nil)
	wantProblem(t, err, provider.Interrupted, "Waiting was interrupted", "Looking at what p-app is built from was given up")
}
