package reference_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/dindctl/dindctl/hcl"
	"github.com/dindctl/dindctl/internal/reference"
	"github.com/dindctl/dindctl/provider/docker"
)

const (
	languagePage = "../../docs/language.md"
	languageDir  = "../../docs/language"
)

func exampleFile(section string) string {
	return filepath.Join(languageDir, strings.ReplaceAll(section, " ", "-")+".hcl")
}

func example(section string) string {
	content, err := os.ReadFile(exampleFile(section))
	if err != nil {
		return ""
	}
	return string(content)
}

// The page says what the program goes by. Where this fails, `make docs` writes it anew.
func TestLanguagePageIsFresh(t *testing.T) {
	t.Parallel()
	compare(t, languagePage, reference.Language(docker.Schema(), hcl.FunctionNames(), example))
}

// Every section of the page has an example, which the loader and the whole of
// validate accept, and no example is there for nothing.
func TestEverySectionHasAnExampleThatValidates(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, section := range reference.Sections() {
		t.Run(section.Name, func(t *testing.T) {
			file := exampleFile(section.Name)
			used[filepath.Base(file)] = true
			text := example(section.Name)
			if text == "" && section.Name == "guard" {
				guardIsNotThereYet(t)
				return
			}
			if text == "" {
				t.Fatalf("%s is missing", file)
			}
			if problems := validate(t, file); len(problems) > 0 {
				t.Errorf("it is not accepted:\n%s", render(problems))
			}
			for _, argument := range section.Arguments {
				if !regexp.MustCompile(`(?m)^\s*` + argument + `\b`).MatchString(text) {
					t.Errorf("the page documents %s, and the example does not use it", argument)
				}
			}
		})
	}
	files, err := filepath.Glob(filepath.Join(languageDir, "*.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !used[filepath.Base(file)] {
			t.Errorf("%s belongs to no section", file)
		}
	}
}

// guardIsNotThereYet fails as soon as guards are: then they need an example.
func guardIsNotThereYet(t *testing.T) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "guard.hcl")
	if err := os.WriteFile(file, []byte("guard \"g\" {\n  image = \"x\"\n}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, p := range validate(t, file) {
		if p.Code == "not-supported" {
			return
		}
	}
	t.Errorf("%s is missing", exampleFile("guard"))
}
