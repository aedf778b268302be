package cli_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dindctl/dindctl/internal/cli"
)

// ran is what one command printed and returned.
func ran(t *testing.T, dir string, args ...string) (text string, code int) {
	t.Helper()
	var out bytes.Buffer
	code = cli.Run(t.Context(), cli.Env{
		Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Cwd: dir, Version: "1", Stop: make(chan struct{}), Now: time.Now,
	})
	return out.String(), code
}

// The help of every command has an example that begins with the command, and that
// uses no flag which the command does not have.
func TestEveryCommandHasAnExample(t *testing.T) {
	t.Parallel()
	for _, name := range commands(t) {
		help, code := ran(t, t.TempDir(), "help", name)
		example := regexp.MustCompile(`Example: .*\bdindctl ` + name + `\b(.*)`).FindStringSubmatch(help)
		if code != 0 || example == nil {
			t.Errorf("the help of %s has no example:\n%s", name, help)
			continue
		}
		options, _, _ := strings.Cut(example[1], " -- ")
		for _, flag := range regexp.MustCompile(` (-[a-z][a-z-]*)`).FindAllStringSubmatch(options, -1) {
			if !strings.Contains(help, " -"+strings.TrimLeft(flag[1], "-")) {
				t.Errorf("the example of %s uses %s, which its help does not list:\n%s", name, flag[1], help)
			}
		}
	}
}

// Help fits the window, and in a wide one stays narrow enough to be read; only
// examples are as long as they are.
func TestHelpFitsTheWindow(t *testing.T) {
	t.Parallel()
	kept := regexp.MustCompile(`^   (Example:|  \S)`)
	for window, limit := range map[int]int{0: 80, 60: 60, 80: 80, 200: 100} {
		for _, topic := range append([]string{""}, commands(t)...) {
			var out bytes.Buffer
			cli.Run(t.Context(), cli.Env{
				Args: strings.Fields("help " + topic), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Width: window, Cwd: t.TempDir(), Stop: make(chan struct{}), Now: time.Now,
			})
			for _, line := range strings.Split(out.String(), "\n") {
				if len([]rune(line)) > limit && !kept.MatchString(line) {
					t.Errorf("help %s in a window of %d has a line of %d:\n%s", topic, window, len([]rune(line)), line)
				}
			}
		}
	}
}

// The help of a command has its arguments, and each flag once, written as the
// documents write them.
func TestHelpOfACommand(t *testing.T) {
	t.Parallel()
	want := `NAME:
   dindctl mounts - every nested mount, its verdict, chain and fix; needs no
   engine

USAGE:
   dindctl mounts [options] [PATH] [ADDRESS PATH]

DESCRIPTION:
   Example: dindctl mounts examples/case2.hcl daemon.dind /repo

OPTIONS:
   -project NAME        the project's NAME, where the configuration does not say
   -no-color            no colours
   -var NAME=VALUE      a variable, as NAME=VALUE; may be repeated
   -var-file FILE       a FILE of variables; may be repeated
   -platform PLATFORM   what the root engine runs on, and with it how paths are
                        spelled: PLATFORM is one of linux, rootless, snap, wsl,
                        desktop-mac, desktop-windows, desktop-linux, unknown;
                        found out where it is left out
   -json                print JSON, for machines
   -files, -host WHOSE  WHOSE files the host's paths name: this (the process's),
                        unknown, or container=ID (default: this)
   -h, -help            show this help
`
	for _, args := range [][]string{{"help", "mounts"}, {"mounts", "-h"}, {"mounts", "--help"}} {
		got, code := ran(t, t.TempDir(), args...)
		if got != want || code != 0 {
			t.Errorf("%q ends with %d and prints:\n%s\nwant:\n%s", args, code, got, want)
		}
	}
}

// commands are the names of all commands, as help lists them.
func commands(t *testing.T) []string {
	t.Helper()
	text, _ := ran(t, t.TempDir(), "help")
	_, list, _ := strings.Cut(text, "COMMANDS:\n")
	list, _, _ = strings.Cut(list, "\n\n")
	var out []string
	for _, name := range regexp.MustCompile(`(?m)^   ([a-z]+)`).FindAllStringSubmatch(list, -1) {
		if name[1] != "help" {
			out = append(out, name[1])
		}
	}
	if len(out) < 25 {
		t.Fatalf("help lists %d commands:\n%s", len(out), text)
	}
	return out
}
