package docker_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// A build by the classic builder from whose cache an image was removed meanwhile is done once more; one
// that fails otherwise is not.
func TestABuildWhoseCacheWasRemovedIsDoneAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		words string
		tries int
	}{
		{"failed to get digest sha256:0123: open /var/lib/docker/image/overlay2/imagedb/content/sha256/0123: no such file or directory", 2},
		{"The command '/bin/false' returned a non-zero code: 1", 1},
	} {
		tries := 0
		p, err := configured(t, oddEngine(t, map[string]http.HandlerFunc{"POST /build": func(w http.ResponseWriter, r *http.Request) {
			tries++
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(w, `{"error":"`+c.words+`"}`)
		}}), "30s")
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Create(t.Context(), provider.CreateRequest{Declaration: provider.Declaration{
			Address: "image.app", Kind: provider.Image, Name: "p-app",
			Declared: cty.ObjectVal(attributes{"build": cty.ObjectVal(attributes{"dockerfile_inline": text("FROM scratch")})}),
		}}, nil)
		wantProblem(t, err, provider.NoImage, "The image cannot be built", c.words)
		if tries != c.tries {
			t.Errorf("%s: built %d times, want %d", c.words, tries, c.tries)
		}
	}
}
