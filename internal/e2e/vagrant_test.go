package e2e_test

import (
	"os"
	"os/exec"
	"testing"
)

// The Vagrantfile is one that Vagrant accepts, whatever provider is installed.
func TestVagrantfile(t *testing.T) {
	t.Parallel()
	vagrant, err := exec.LookPath("vagrant")
	if err != nil {
		if os.Getenv("DINDCTL_E2E") == "require" {
			t.Fatal("vagrant is not there: run `docker/install.sh --no-start --only vagrant`, as make does")
		}
		t.Skip("vagrant is not installed")
	}
	validate := exec.CommandContext(t.Context(), vagrant, "validate", "--ignore-provider")
	validate.Dir = "../.."
	validate.Env = append(os.Environ(), "VAGRANT_HOME="+t.TempDir(), "VAGRANT_CHECKPOINT_DISABLE=1", "VAGRANT_DOTFILE_PATH="+t.TempDir())
	capture(t, validate).wants(t, 0).says(t, "Vagrantfile validated successfully")
}
