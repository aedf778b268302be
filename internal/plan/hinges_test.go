package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
	"golang.org/x/tools/txtar"

	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/providertest"
)

// What is there only because images are made anew says on which it hinges, also through
// something that hinges on them itself; a change that is known hinges on nothing, and
// what is asked for by name is made from its beginnings.
func TestStepsSayOnWhichImagesTheyHinge(t *testing.T) {
	t.Parallel()
	archive, err := txtar.ParseFile("testdata/image-chain.txtar")
	if err != nil {
		t.Fatal(err)
	}
	s := &story{t: t, sections: map[string]string{"script": "apply\nuse other.hcl\n"}, memory: providertest.NewMemory(providertest.Options{})}
	for _, section := range archive.Files {
		if section.Name != "script" {
			s.sections[section.Name] = string(section.Data)
		}
	}
	s.use("main.hcl")
	s.tell()
	type step struct {
		Hinges         []string
		Replaces, Anew bool
	}
	told := func(words ...string) map[string]step {
		p := s.plan(append([]string{"plan"}, words...))
		if p == nil {
			t.Fatal("there is no plan")
		}
		out := map[string]step{}
		for _, s := range p.Steps {
			out[string(s.Action)+" "+s.Address] = step{s.Hinges, s.Replaces != "", s.Anew}
		}
		return out
	}
	app, base := []string{"image.app"}, []string{"image.base"}
	want := map[string]step{
		"create image.base":       {Replaces: true},
		"create image.app":        {Hinges: base, Replaces: true},
		"delete container.web":    {Hinges: app},
		"create container.web":    {Hinges: app},
		"delete container.beside": {Hinges: app},
		"create container.beside": {Hinges: app},
	}
	if diff := cmp.Diff(want, told()); diff != "" {
		t.Errorf("after a change (-want +got):\n%s", diff)
	}
	want["create image.app"] = step{Replaces: true, Anew: true}
	want["create image.alone"] = step{Replaces: true, Anew: true}
	if diff := cmp.Diff(want, told("replace=image.app", "replace=image.alone")); diff != "" {
		t.Errorf("with -replace (-want +got):\n%s", diff)
	}
	want = map[string]step{"create image.alone": {Replaces: true, Anew: true}}
	if diff := cmp.Diff(want, told("target=image.alone", "replace=image.alone")); diff != "" {
		t.Errorf("a part (-want +got):\n%s", diff)
	}
}

// A trigger that an earlier run did not come to, for it ended before or did only a part, is
// not used up: what shows is only that another image was there, and it is made from its
// beginnings all the same. An image that is used, or of which an argument is watched, that
// stays what it was, is none.
func TestATriggerIsNotUsedUpByAPart(t *testing.T) {
	t.Parallel()
	s := &story{t: t, memory: providertest.NewMemory(providertest.Options{}), sections: map[string]string{"script": "apply\n", "main.hcl": `
image "base" {
  build {
    dockerfile_inline = "FROM bash"
  }
}
image "triggered" {
  build {
    dockerfile_inline = "FROM x"
  }
  lifecycle {
    replace_triggered_by = [image.base]
  }
}
image "id" {
  build {
    dockerfile_inline = "FROM x"
  }
  lifecycle {
    replace_triggered_by = [image.base.id]
  }
}
image "name" {
  build {
    dockerfile_inline = "FROM x"
  }
  lifecycle {
    replace_triggered_by = [image.base.name]
  }
}
image "uses" {
  build {
    dockerfile_inline = "FROM x"
    args              = { BASE = image.base.ref }
  }
}
`}}
	s.use("main.hcl")
	s.tell()
	if p := s.plan([]string{"plan"}); p == nil || len(p.Steps) > 0 {
		t.Fatalf("%+v", p)
	}
	compare := s.in.Diff
	s.in.Diff = func(items []provider.DiffItem) ([]provider.Difference, error) {
		out, err := compare(items)
		for i, item := range items {
			if item.Declaration.Address != "image.base" {
				out[i].Changes = append(out[i].Changes, provider.Change{
					Path: `build["image.base"]`, From: cty.StringVal("old"), To: cty.StringVal("new"), Effect: provider.Replace, Cause: provider.Configured,
				})
			}
		}
		return out, err
	}
	p, problems := plan.Make(s.in)
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	got := map[string]bool{}
	for _, step := range p.Steps {
		got[string(step.Action)+" "+step.Address] = step.Anew
	}
	want := map[string]bool{"create image.triggered": true, "create image.id": true, "create image.name": false, "create image.uses": false}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
