package docker_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	imagetypes "github.com/docker/docker/api/types/image"
	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/provider/docker"
)

// archive makes a tar of files, in this order: "name=content", "name>link".
func archive(t *testing.T, files ...string) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, file := range files {
		head := tar.Header{Mode: 0o644}
		name, content, plain := strings.Cut(file, "=")
		if !plain {
			name, head.Linkname, _ = strings.Cut(file, ">")
			head.Typeflag = tar.TypeSymlink
		}
		head.Name, head.Size = name, int64(len(content))
		if err := w.WriteHeader(&head); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b
}

// listed is what archive was given.
func listed(t *testing.T, r io.Reader) []string {
	t.Helper()
	var out []string
	for entries := tar.NewReader(r); ; {
		head, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		content, more := io.ReadAll(entries)
		if err := errors.Join(err, more); err != nil {
			t.Fatal(err)
		}
		if head.Typeflag == tar.TypeSymlink {
			out = append(out, head.Name+">"+head.Linkname)
			continue
		}
		out = append(out, head.Name+"="+string(content))
	}
}

// An archive loses the files that are named, and nothing else.
func TestAnArchiveWithoutFiles(t *testing.T) {
	t.Parallel()
	files := []string{"a/layer.tar=lower", "a/json={}", "b/layer.tar>../a/layer.tar", "c/layer.tar=upper", `manifest.json=[{"Layers":["a/layer.tar","c/layer.tar"]}]`}
	var out bytes.Buffer
	if err := docker.WithoutFiles(&out, archive(t, files...), map[string]bool{"a/layer.tar": true, "nothing": true}); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(files[1:], listed(t, &out)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	layers, err := docker.LayerFiles(archive(t, files...))
	if d := cmp.Diff([]string{"a/layer.tar", "c/layer.tar"}, layers); d != "" || err != nil {
		t.Errorf("%v, (-want +got):\n%s", err, d)
	}
	cut := archive(t, files...)
	cut.Truncate(514) // in the middle of a file
	if err := docker.WithoutFiles(io.Discard, cut, nil); err == nil {
		t.Error("half an archive passes for a whole one")
	}
}

// A layer is left out only where it stands in the other engine as low as in the
// image, on the same layers, and once.
func TestLayersThatMayBeLeftOut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		layers string
		shared int
		want   string
	}{
		{"a b c", 2, "a b"},
		{"a b c", 0, ""},
		{"a b a c", 2, "b"},
		{"a b a c", 3, "b"},
		{"a a", 2, ""},
	} {
		if got := strings.Join(docker.OnlyOnce(strings.Fields(c.layers), c.shared), " "); got != c.want {
			t.Errorf("%s, %d shared: %q, want %q", c.layers, c.shared, got, c.want)
		}
	}
}

// A pull is told as one sum over its layers, whose total grows while it is not known.
func TestAPullIsOneSum(t *testing.T) {
	t.Parallel()
	stream := `{"status":"Pulling from library/bash","id":"5"}
{"status":"Already exists","id":"base"}
{"status":"Downloading","id":"one","progressDetail":{"current":10,"total":100}}
{"status":"Downloading","id":"two","progressDetail":{"current":5,"total":50}}
{"status":"Downloading","id":"one","progressDetail":{"current":90,"total":100}}
{"status":"Extracting","id":"one","progressDetail":{"current":1,"total":100}}
{"status":"Download complete","id":"one"}
{"status":"Download complete","id":"never-told"}
`
	var got []string
	if err := docker.PullSums(strings.NewReader(stream), func(done, total int64) { got = append(got, fmt.Sprint(done, "/", total)) }); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"10/100", "15/150", "95/150", "105/150"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// Two engines have one image where all that counts of it is the same, whatever their
// stores call it and however they write what is empty.
func TestOneImageInTwoStores(t *testing.T) {
	t.Parallel()
	of := func(id, answer string) imagetypes.InspectResponse {
		var i imagetypes.InspectResponse
		if err := json.Unmarshal([]byte(answer), &i); err != nil {
			t.Fatal(err)
		}
		i.ID = id
		return i
	}
	const config, manifest = "sha256:c0", "sha256:a1"
	old := of(config, `{"Os":"linux","Architecture":"amd64","RootFS":{"Layers":["sha256:1","sha256:2"]},"Config":{"Env":null,"Cmd":["a"],"Labels":{"run":"1"},"Image":"","Volumes":null}}`)
	for what, row := range map[string]struct {
		answer string
		want   bool
	}{
		"the same":         {`{"Os":"linux","Architecture":"amd64","RootFS":{"Layers":["sha256:1","sha256:2"]},"Config":{"Cmd":["a"],"Labels":{"run":"1"}}}`, true},
		"another layer":    {`{"Os":"linux","Architecture":"amd64","RootFS":{"Layers":["sha256:1","sha256:3"]},"Config":{"Cmd":["a"],"Labels":{"run":"1"}}}`, false},
		"another build":    {`{"Os":"linux","Architecture":"amd64","RootFS":{"Layers":["sha256:1","sha256:2"]},"Config":{"Cmd":["a"],"Labels":{"run":"2"}}}`, false},
		"another command":  {`{"Os":"linux","Architecture":"amd64","RootFS":{"Layers":["sha256:1","sha256:2"]},"Config":{"Cmd":["b"],"Labels":{"run":"1"}}}`, false},
		"another platform": {`{"Os":"linux","Architecture":"arm64","RootFS":{"Layers":["sha256:1","sha256:2"]},"Config":{"Cmd":["a"],"Labels":{"run":"1"}}}`, false},
		"nothing known":    {`{"Os":"linux","Architecture":"amd64"}`, false},
	} {
		if got := docker.SameContent(old, of(manifest, row.answer)); got != row.want {
			t.Errorf("%s: one image: %v, want %v", what, got, row.want)
		}
	}
}
