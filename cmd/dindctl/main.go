// Command dindctl plans and applies Docker-in-Docker. This file is the process:
// streams, signals and the exit code; everything else is package cli.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/containerd/log"
	"golang.org/x/term"

	"github.com/dindctl/dindctl/internal/cli"
)

// version is set when the program is built for people.
var version = "dev"

const (
	gcPercent  = 2400
	softMemory = 160 << 20
)

func main() {
	os.Exit(run())
}

// run is one run of the program.
func run() int {
	// Both processes live for less than a second mostly, and their values are small:
	// collecting them all the time costs a fifth of a plan. The limit keeps a large
	// configuration from using what this saves.
	debug.SetGCPercent(gcPercent)
	debug.SetMemoryLimit(softMemory)
	// Libraries log what they also return: it is told once, in our words.
	log.L.Logger.SetOutput(io.Discard)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stopping := make(chan struct{})
	stop := sync.OnceFunc(func() { close(stopping) })
	heed(stop, cancel)
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	cwd, err := os.Getwd()
	if err != nil {
		cwd = "/"
	}
	env := cli.Env{
		Args: os.Args[1:], Stdin: os.Stdin, Stdout: cli.Watch(os.Stdout, stop), Stderr: cli.Watch(os.Stderr, stop), Environ: os.Environ(), Cwd: cwd,
		Self: self, Version: version, Stop: stopping, Now: time.Now,
	}
	env.Terminal, env.Width = window(os.Stdout)
	env.StderrTerminal, env.StderrWidth = window(os.Stderr)
	env.StderrWindow = func() (width, height int) {
		width, height, err := term.GetSize(int(os.Stderr.Fd()))
		if err != nil {
			return 0, 0
		}
		return width, height
	}
	env.Console = cli.NewConsole(os.Stdin, os.Stdout)
	return cli.Run(ctx, env)
}

// heed makes the first signal ask for a graceful end and the second one end the
// run; a third ends the process. A terminal that goes away asks once, however
// often its processes are told.
func heed(stop func(), cancel context.CancelFunc) {
	// A write that nobody reads is an error of that write, not the end of the process.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	signals := make(chan os.Signal, 3)
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) { // as nohup, and shells for what runs in the background, want it
			signal.Notify(signals, s)
		}
	}
	go func() {
		for asked := 0; asked < 2; {
			if s := <-signals; s != syscall.SIGHUP {
				asked++
			}
			stop()
		}
		signal.Reset(syscall.SIGINT, syscall.SIGTERM)
		cancel()
	}()
}

// window tells whether a stream is a terminal, and how wide that is; 0 where it does not say.
func window(stream *os.File) (terminal bool, width int) {
	fd := int(stream.Fd())
	if !term.IsTerminal(fd) {
		return false, 0
	}
	width, _, err := term.GetSize(fd)
	if err != nil {
		return true, 0
	}
	return true, width
}
