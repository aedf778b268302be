package runner_test

import (
	"strings"
	"testing"

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
