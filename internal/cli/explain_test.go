package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	errorpages "github.com/dindctl/dindctl/docs/errors"
	"github.com/dindctl/dindctl/internal/cli"
	"github.com/dindctl/dindctl/internal/diag"
)

// The configuration that a page shows leads to the problem that the page is about.
func TestPagesShowWhatTheyExplain(t *testing.T) {
	t.Parallel()
	shown := 0
	for _, kind := range diag.Catalogue() {
		page, _ := errorpages.Page(kind.Code)
		_, rest, found := strings.Cut(page, "```hcl\n")
		if !found {
			continue
		}
		shown++
		example, _, _ := strings.Cut(rest, "```")
		if got := codesOf(t, example); !slices.Contains(got, kind.Code) {
			t.Errorf("the example of %s leads to %v:\n%s", kind.Code, got, example)
		}
	}
	if shown < 40 {
		t.Errorf("only %d pages have a configuration as their example", shown)
	}
}

// codesOf are the codes of what validate says of a configuration.
func codesOf(t *testing.T, text string) []string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	cli.Run(context.Background(), cli.Env{
		Args: []string{"validate", "-json"}, Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr,
		Cwd: dir, Version: "1.2.3", Stop: make(chan struct{}), Now: time.Now,
	})
	var document struct {
		Diagnostics []struct{ Code string }
	}
	if err := json.Unmarshal(stdout.Bytes(), &document); err != nil {
		t.Fatalf("%v: %s%s", err, stdout.String(), stderr.String())
	}
	var out []string
	for _, d := range document.Diagnostics {
		out = append(out, d.Code)
	}
	return out
}
