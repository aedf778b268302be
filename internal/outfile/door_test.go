package outfile_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Nothing of dindctl writes a file but through this package. What serves tests alone does
// not count, nor a file that is opened to be read.
func TestFilesAreWrittenThroughOneDoor(t *testing.T) {
	t.Parallel()
	writes := regexp.MustCompile(`\b(os\.(WriteFile|Create|CreateTemp|OpenFile|Rename|Link|Symlink|Truncate|OpenRoot)|unix\.(Mknod|Open)|syscall\.(Mknod|Open)|archive\.(CopyTo|CopyResource|Untar|UntarUncompressed|Unpack))\(`)
	ofTests := regexp.MustCompile(`^(internal/(outfile|replay|bench|killpoints|sim|truth|mutants|hostile|upgrade|engineproxy|e2e|floors)|provider/providertest)/`)
	looked := 0
	for _, below := range []string{"cmd", "hcl", "internal", "provider"} {
		err := filepath.WalkDir(filepath.Join("../..", below), func(path string, _ os.DirEntry, err error) error {
			name, _ := filepath.Rel("../..", path)
			name = filepath.ToSlash(name)
			if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || ofTests.MatchString(name) {
				return err
			}
			looked++
			text, err := os.ReadFile(path)
			for i, line := range strings.Split(string(text), "\n") {
				if writes.MatchString(line) && !strings.Contains(line, "os.O_RDONLY") {
					t.Errorf("%s:%d writes a file on its own; package outfile does: %s", name, i+1, strings.TrimSpace(line))
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if looked < 300 {
		t.Errorf("only %d files were looked at", looked)
	}
}
