package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dindctl/dindctl/provider/providertest"
)

// A password that stands in an address is shown by no problem with that address: neither
// in what the problem says nor in the line that it shows, on screens and as JSON, however
// long it is.
func TestPasswordsInAddressesAreInNoProblem(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("Zeisig", 12)
	for _, row := range []struct{ password, block, says string }{
		{"Zeisig90", `image = "dind"
  registry_mirrors = ["https://u:%s@mirror"]`, `"https://u:***@mirror"`},
		{long, `image = "dind"
  registry_mirrors = ["https://u:%s@mirror"]`, `"https://u:***@mirror"`},
		{long, `image = "dind"
  registry_mirrors = ["u:%s@mirror"]`, `"u:***@mirror"`},
		{"Z9%s", `image = "dind"
  registry_mirrors = ["u:%s@mirror"]`, `"u:***@mirror"`},
		{"Zeisig90", `endpoint = "tcp://u:%s@h:2376"`, "tcp://u:***@h:2376"},
	} {
		dir, home := t.TempDir(), t.TempDir()
		text := fmt.Sprintf("project { name = \"hush\" }\ndaemon \"d\" {\n  "+row.block+"\n}\n", row.password)
		if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"validate"}, {"validate", "-json"}} {
			e := command(t, providertest.NewMemory(providertest.Options{}), dir, home, args...)
			all := e.stdout + e.stderr
			plain := strings.NewReplacer("\n", "", "│", "", " ", "", `\"`, `"`).Replace(all)
			if e.code == 0 || strings.Contains(plain, row.password[:min(8, len(row.password))]) || !strings.Contains(plain, row.says) || !strings.Contains(all, "(sensitive)") {
				t.Errorf("%v of %s, exit code %d:\n%s", args, text, e.code, all)
			}
		}
	}
}
