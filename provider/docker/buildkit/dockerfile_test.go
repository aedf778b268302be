package buildkit_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/provider/docker/buildkit"
)

// An id that a Dockerfile takes an image from becomes a name wherever it stands and
// however it comes there; as data it stays what it is, and so do all other lines and
// their numbers.
func TestAnImageIsRenamedWhereItIsTakenFrom(t *testing.T) {
	t.Parallel()
	args := map[string]string{"BASE": "sha256:1", "HEX": "1", "OTHER": "x"}
	for _, c := range []struct {
		dockerfile, want string
		images           []string
	}{
		{"ARG BASE\nFROM ${BASE}\nARG BASE\nLABEL base=$BASE\n", "ARG BASE\nFROM base:dev\nARG BASE\nLABEL base=$BASE\n", []string{"sha256:1"}},
		{"FROM sha256:1 AS a\nFROM a\n", "FROM base:dev AS a\nFROM a\n", []string{"sha256:1", "a"}},
		{"ARG BASE=alpine HEX\nFROM --platform=linux/amd64 \\\n  \"sha256:$HEX\" \\\n  as b\nRUN x\n", "ARG BASE=alpine HEX\nFROM --platform=linux/amd64 base:dev as b\n\n\nRUN x\n", []string{"sha256:1"}},
		{"# escape=`\narg D=${BASE:-sha256:1}\nfrom `\n$D\nRUN dir C:\\", "# escape=`\narg D=${BASE:-sha256:1}\nFROM base:dev\n\nRUN dir C:\\", []string{"sha256:1"}},
		{"FROM $BASE\nFROM x\n", "FROM $BASE\nFROM x\n", []string{"", "x"}}, // not declared: it is nothing
		{
			"FROM x\nCOPY --chown=1 --from=sha256:1 /sha256:1 /\nRUN --mount=type=bind,from=sha256:1,target=/m ls\n",
			"FROM x\nCOPY --chown=1 --from=base:dev /sha256:1 /\nRUN --mount=type=bind,from=base:dev,target=/m ls\n",
			[]string{"x", "sha256:1", "sha256:1"},
		},
		{"FROM x\nRUN <<END\nFROM sha256:1\nEND\n", "FROM x\nRUN <<END\nFROM sha256:1\nEND\n", []string{"x"}},
		{"FROM x\r\nFROM sha256:2\r\n", "FROM x\r\nFROM sha256:2\r\n", []string{"x", "sha256:2"}},
		{"", "", nil},
		{"FROM\nRUN <<", "FROM\nRUN <<", nil},
	} {
		got := buildkit.Renamed([]byte(c.dockerfile), args, func(name string) string { return strings.Replace(name, "sha256:1", "base:dev", 1) })
		if diff := cmp.Diff(c.want, string(got)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.dockerfile, diff)
		}
		if diff := cmp.Diff(c.images, buildkit.Images([]byte(c.dockerfile), args)); diff != "" {
			t.Errorf("images of %q (-want +got):\n%s", c.dockerfile, diff)
		}
	}
}
