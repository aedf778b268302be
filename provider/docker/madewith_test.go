package docker_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// What an image was made with is known under the address of today, or under one that the
// other image had then; where nothing says it, that is said, and nothing is replaced for it.
func TestWhatAnImageWasMadeWith(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		label         string
		changed, told []string
	}{
		{`{"image.base":"sha256:1"}`, nil, nil},
		{`{"image.base":"sha256:0"}`, []string{`build["image.base"]`}, nil},
		{`{"image.former":"sha256:1"}`, nil, nil},
		{`{"image.former":"sha256:0"}`, []string{`build["image.base"]`}, nil},
		{`{"image.former":"sha256:1","image.other":"sha256:2"}`, nil, nil},
		{`{}`, nil, nil},
		{"", nil, []string{`build["image.base"]`}},
	} {
		resp, err := docker.New(nil).Diff(t.Context(), provider.DiffRequest{Items: []provider.DiffItem{{
			Declaration: provider.Declaration{
				Address: "image.app", Kind: provider.Image, Name: "p-app",
				Declared: cty.ObjectVal(attributes{"build": cty.ObjectVal(attributes{"dockerfile_inline": text("FROM p-base")})}),
				Related:  map[string]provider.Related{"image.base": {Address: "image.base", Kind: provider.Image, Name: "p-base", ID: "sha256:1"}},
			},
			Created: []byte(`{"build":{"dockerfile_inline":"FROM p-base"}}`),
			Actual:  cty.ObjectVal(attributes{"tags": cty.ListValEmpty(cty.String), "platform": text("linux/amd64"), "_images": text(c.label)}),
		}}})
		if err != nil {
			t.Fatal(err)
		}
		var changed, told []string
		for _, change := range resp.Differences[0].Changes {
			changed = append(changed, change.Path)
		}
		for _, n := range resp.Differences[0].NotCompared {
			told = append(told, n.Path)
		}
		if diff := cmp.Diff([][]string{c.changed, c.told}, [][]string{changed, told}); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.label, diff)
		}
	}
}

// An image that an argument stands for is told of at that argument, so that
// ignore_changes = [build.args] holds for what it stands for too.
func TestAnImageIsToldOfAtItsArgument(t *testing.T) {
	t.Parallel()
	args := cty.MapVal(attributes{"ONE": text("p-base"), "TWO": text("p-base:latest"), "DATA": text("x").Mark(provider.Sensitive)})
	resp, err := docker.New(nil).Diff(t.Context(), provider.DiffRequest{Items: []provider.DiffItem{{
		Declaration: provider.Declaration{
			Address: "image.app", Kind: provider.Image, Name: "p-app",
			Declared: cty.ObjectVal(attributes{"build": cty.ObjectVal(attributes{"dockerfile_inline": text("FROM x"), "args": args})}),
			Related: map[string]provider.Related{
				"image.base":  {Address: "image.base", Kind: provider.Image, Name: "p-base", ID: "sha256:1"},
				"image.order": {Address: "image.order", Kind: provider.Image, Name: "p-order", ID: "sha256:2"},
			},
		},
		Created: []byte(`{"build":{"dockerfile_inline":"FROM x","args":{"ONE":"p-base","TWO":"p-base:latest","DATA":"x"}}}`),
		Actual:  cty.ObjectVal(attributes{"tags": cty.ListValEmpty(cty.String), "platform": text("linux/amd64"), "_images": text(`{"image.base":"sha256:0","image.order":"sha256:0"}`)}),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, change := range resp.Differences[0].Changes {
		got = append(got, change.Path)
	}
	want := []string{`build.args["ONE"]["image.base"]`, `build.args["TWO"]["image.base"]`, `build["image.order"]`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
