package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

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
