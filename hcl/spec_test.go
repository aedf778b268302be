package hcl_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/hcl"
)

var update = flag.Bool("update", false, "rewrite the expected texts")

// Every file of testdata/spec becomes exactly what its .want says: problems with
// their places, or instances, outputs and mounts.
func TestSpec(t *testing.T) {
	t.Parallel()
	cwd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/spec/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, ".want") || strings.HasSuffix(file, ".hclvars") || filepath.Ext(file) == "" {
			continue
		}
		name, _, _ := strings.Cut(filepath.Base(file), ".")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := render(t, hcl.LoadRequest{
				Path: file, Cwd: cwd, MachineID: "machine", Version: "1.2.3", Environment: map[string]string{"DINDCTL_VAR_from_environment": "7"},
			}, nil)
			want := filepath.Join(filepath.Dir(file), name+".want")
			if *update {
				if err := os.WriteFile(want, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			expected, err := os.ReadFile(want)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(expected), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
		})
	}
}
