package cli_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dindctl/dindctl/internal/cli"
	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/plugin"
	"github.com/dindctl/dindctl/provider/providertest"
)

// The scripts run dindctl as a process of its own. Where it starts itself as the
// Docker provider, the provider in memory answers, with its state in a file, so
// that everything but the engine is real: the command line, the wire, two processes.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"dindctl": func() {
			if slices.Equal(os.Args[1:], []string{"provider", "docker"}) {
				if err := plugin.Serve(served(), plugin.ServeOptions{}); err != nil {
					os.Exit(1)
				}
				return
			}
			os.Exit(run())
		},
		"outside": outside,
	})
}

func memory() *providertest.Memory {
	return providertest.NewMemory(providertest.Options{File: os.Getenv("MEMORY_STATE")})
}

// served is the provider that answers, and cannot look at what is stored where STOCK_FAILS is set.
func served() provider.Provider {
	if os.Getenv("STOCK_FAILS") != "" {
		return stockless{memory()}
	}
	return memory()
}

type stockless struct{ *providertest.Memory }

func (stockless) Stock(context.Context, provider.Place) (provider.StockResponse, error) {
	return provider.StockResponse{}, &provider.Problem{Code: provider.EngineFailed, Summary: "The engine could not be looked at", Detail: "It counts its volumes."}
}

func run() int {
	self, err := exec.LookPath("dindctl")
	if err != nil {
		return 1
	}
	cwd, err := os.Getwd()
	if err != nil {
		return 1
	}
	return cli.Run(context.Background(), cli.Env{
		Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Environ: os.Environ(), Cwd: cwd,
		Self: self, Version: "1.2.3", Stop: make(chan struct{}), Now: time.Now,
	})
}

// outside is the hand of somebody else: outside stop PROJECT ADDRESS, outside
// duplicate PROJECT ADDRESS NAME, outside foreign KIND NAME.
func outside() {
	at := memory().Outside("")
	if os.Args[1] == "foreign" {
		at.AddForeign(provider.Kind(os.Args[2]), os.Args[3])
		return
	}
	id := at.ID(os.Args[2], os.Args[3])
	switch os.Args[1] {
	case "stop":
		at.Stop(id)
	case "remove":
		at.Remove(id)
	case "duplicate":
		at.Copy(id, os.Args[4], false)
	case "rename":
		at.Rename(id, os.Args[4])
	}
}

// Every script in testdata/script holds.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true, RequireUniqueNames: true, UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("MEMORY_STATE", filepath.Join(env.WorkDir, "state.json"))
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "xdg-state"))
			env.Setenv("XDG_RUNTIME_DIR", filepath.Join(env.WorkDir, "xdg-run"))
			return nil
		},
	})
}
