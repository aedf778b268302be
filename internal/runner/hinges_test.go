package runner_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
)

// What is to be made anew only because an image is, stays as it stands where the image
// comes out under the id that it has; what stays is known to all that needs it.
func TestWhatHingesOnAnImageThatStaysIsLeftAlone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		same          map[string]bool
		result, calls string
	}{
		{
			map[string]bool{"image.base": true, "image.app": true},
			`done create image.base
done create container.other
dropped create image.app
dropped delete container.web
dropped create container.web`,
			"create image.base\ncreate container.other",
		},
		{
			map[string]bool{"image.app": true},
			`done create image.base
done create image.app
done create container.other
dropped delete container.web
dropped create container.web`,
			"create image.base\ncreate image.app\ncreate container.other",
		},
		{
			nil,
			`done create image.base
done create image.app
done delete container.web
done create container.web
done create container.other`,
			"create image.base\ncreate image.app\ndelete container.web\ncreate container.web\ncreate container.other",
		},
	} {
		e := newEngine()
		e.same = c.same
		base, app := e.put(provider.Image, "image.base", "", ""), e.put(provider.Image, "image.app", "", "")
		web := e.put(provider.Container, "container.web", "", provider.StateRunning)
		result, problems := apply(t, e, configured("image.base", "image.app later=image.base", "container.web later=image.app", "container.other later=container.web"),
			steps(t, "create image.base replaces="+base, "create image.app replaces="+app+" hinges=image.base needs=1",
				"delete container.web hinges=image.app needs=2 object="+web, "create container.web hinges=image.app needs=2,3",
				"create container.other needs=4"))
		want(t, "problems", problems, "")
		want(t, "result", account(result), c.result)
		want(t, "calls", strings.Join(e.called(), "\n"), c.calls)
	}
}

// What stays as it stands because its image does, and has to be ready, is waited for in the
// place of being made anew, before what needs it.
func TestWhatStaysAsItStandsHasToBeReady(t *testing.T) {
	t.Parallel()
	e := newEngine()
	e.same = map[string]bool{"image.app": true}
	app := e.put(provider.Image, "image.app", "", "")
	web := e.put(provider.Container, "container.web", "", provider.StateRunning)
	e.before = func(_ context.Context, op, _ string) error {
		if op == "resume" {
			return &provider.Problem{Code: provider.NotReady, Address: "container.web", Summary: "It did not get ready in time", Detail: "At all."}
		}
		return nil
	}
	result, problems := apply(t, e, configured("image.app", "container.web later=image.app ready=soon", "container.other later=container.web"),
		steps(t, "create image.app replaces="+app, "delete container.web hinges=image.app needs=1 object="+web,
			"create container.web hinges=image.app needs=1,2", "create container.other needs=3"))
	if !strings.Contains(problems, "It did not get ready in time") {
		t.Errorf("problems %s", problems)
	}
	want(t, "result", account(result), "done create image.app\nfailed wait container.web\nskipped create container.other: container.web failed\ndropped delete container.web")
	want(t, "calls", strings.Join(e.called(), "\n"), "create image.app\nresume container.web")
}

// What hinges on an image that stays is made as planned all the same where, now that the
// image is known, something else of it differs: its image is another block's by now, or a
// text around an id. What is left out of the configuration or ignored is no difference, and
// all steps of an object go one way.
func TestWhatDiffersIsMadeThoughItsImageStays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		change provider.Change
		err    error
		made   bool
	}{
		{change: provider.Change{Path: "environment", Effect: provider.Replace, Cause: provider.Configured}, made: true},
		{change: provider.Change{Path: "cpus", Effect: provider.Live, Cause: provider.Outside}, made: true},
		{err: errors.New("no comparison"), made: true},
		{change: provider.Change{Path: "blkio_config.weight", Effect: provider.Replace, Cause: provider.LeftOut}},
	} {
		e := newEngine()
		e.same = map[string]bool{"image.b": true}
		b := e.put(provider.Image, "image.b", "", "")
		web := e.put(provider.Container, "container.web", "", provider.StateRunning)
		var compared []string
		result, problems := apply(t, e, configured("image.b", "container.web later=image.b"),
			steps(t, "create image.b replaces="+b, "delete container.web hinges=image.b needs=1 object="+web, "create container.web hinges=image.b needs=1,2"),
			func(req *runner.ApplyRequest) {
				req.Differ = func(items []provider.DiffItem) ([]provider.Difference, error) {
					for _, item := range items {
						compared = append(compared, item.Declaration.Address)
						if !item.Declaration.Declared.IsWhollyKnown() {
							t.Errorf("%s is compared before all of it is known", item.Declaration.Address)
						}
					}
					return []provider.Difference{{Changes: []provider.Change{c.change}}}, c.err
				}
			})
		want(t, "problems", problems, "")
		verb := map[bool]string{true: "done", false: "dropped"}[c.made]
		want(t, "result", account(result), "done create image.b\n"+verb+" delete container.web\n"+verb+" create container.web")
		want(t, "compared", strings.Join(compared, " "), "container.web")
	}
}
