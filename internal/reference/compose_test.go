package reference_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/provider"
)

const composeDir = languageDir + "/compose"

// measured are the lines and bytes of a file without blank lines and comments.
func measured(t *testing.T, file string) (lines, bytes int) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		line = strings.TrimRight(line, " \n")
		if text := strings.TrimSpace(line); text != "" && !strings.HasPrefix(text, "#") {
			lines++
			bytes += len(line)
		}
	}
	return lines, bytes
}

// A Compose user's ten services are shorter in this language, in lines and in
// bytes, they are accepted, and they are the same ten services.
func TestTenServicesAreShorterThanInCompose(t *testing.T) {
	t.Parallel()
	theirLines, theirBytes := measured(t, composeDir+"/docker-compose.yml")
	ourLines, ourBytes := measured(t, composeDir+"/shop.hcl")
	t.Logf("Compose: %d lines, %d bytes; here: %d lines, %d bytes", theirLines, theirBytes, ourLines, ourBytes)
	if ourLines >= theirLines || ourBytes >= theirBytes {
		t.Errorf("%d lines and %d bytes are not less than %d and %d", ourLines, ourBytes, theirLines, theirBytes)
	}
	if problems := validate(t, composeDir+"/shop.hcl"); problems.HasErrors() {
		t.Errorf("it is not accepted:\n%s", render(problems))
	}

	content, err := os.ReadFile(composeDir + "/docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	services, _, _ := strings.Cut(string(content), "\nnetworks:")
	var theirs []string
	for _, m := range regexp.MustCompile(`(?m)^  ([a-z]+):\n    image: (\S+)`).FindAllStringSubmatch(services, -1) {
		theirs = append(theirs, m[1]+" "+m[2])
	}
	x, _ := expand(t, composeDir+"/shop.hcl")
	var ours []string
	for _, in := range x.Instances {
		if in.Kind == provider.Container {
			ours = append(ours, in.Label+" "+in.ImageRef)
		}
	}
	slices.Sort(theirs)
	slices.Sort(ours)
	if d := cmp.Diff(theirs, ours); d != "" || len(ours) != 10 {
		t.Errorf("%d services (-Compose +here):\n%s", len(ours), d)
	}
}
