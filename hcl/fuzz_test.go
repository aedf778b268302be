package hcl_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/dindctl/dindctl/hcl"
)

// Whatever stands in a file: loading and expanding never panic, and every range
// lies within its file.
func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("testdata/spec/*.hcl*")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, filepath.Ext(name) == ".json")
	}
	f.Fuzz(func(t *testing.T, text []byte, isJSON bool) {
		name := "main.hcl"
		if isJSON {
			name = "main.hcl.json"
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
		render(t, hcl.LoadRequest{Cwd: dir, Path: name, MachineID: "m"}, nil)
	})
}
