// Package upgrade_test holds the promise of upgrades: what an earlier build made, this
// one plans without a difference.
//
// testdata/COMMIT/ENGINE/EXAMPLE.jsonl is what an engine answered about an example
// that the build of that commit had applied: the engine's facts, every object as lists
// and inspects show it, the labels among it, and the files and logs that a plan read,
// in every engine inside a daemon, too. testdata/COMMIT/files are the examples as they
// were. The tests serve the answers and plan against them; they need no engine.
//
// TestUpgrade does it for real, in docker/test-engine: `make upgrade`. With -record it
// also writes the answers; the older build has to be given by DINDCTL_OLD, its
// sources by DINDCTL_OLD_TREE and its commit by DINDCTL_OLD_COMMIT.
package upgrade_test

import (
	"context"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/dindctl/dindctl/internal/cli"
)

var record = flag.Bool("record", false, "TestUpgrade writes down what the engine answers about what the older build made")

// asDindctl is the variable that makes this program dindctl, the one under test. It
// starts itself as the provider, so that both processes are as they are for people.
const asDindctl = "DINDCTL_UPGRADE_AS_DINDCTL"

func TestMain(m *testing.M) {
	if os.Getenv(asDindctl) != "" || len(os.Args) > 1 && os.Args[1] == "provider" {
		os.Exit(dindctl())
	}
	os.Exit(m.Run())
}

func dindctl() int {
	self, err := os.Executable()
	if err != nil {
		return 1
	}
	cwd, err := os.Getwd()
	if err != nil {
		return 1
	}
	return cli.Run(context.Background(), cli.Env{
		Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Environ: os.Environ(), Cwd: cwd,
		Self: self, Version: "upgrade-test", Stop: make(chan struct{}), Now: time.Now,
	})
}
