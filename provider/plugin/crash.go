package plugin

import (
	"bufio"
	"errors"
	"io"
	"path"
	"regexp"
	"strings"
	"sync"

	"github.com/hashicorp/go-hclog"
)

// A program in Go that crashes writes why, and then the stacks of all goroutines:
// hundreds of lines that tell a user nothing. What is kept of them is the reason, and
// the first place in the provider's own code; all of it is in the log.

// tailLines is how many of the last lines are kept, and lineBytes how much of one:
// a program may write a line without an end.
const (
	tailLines = 100
	lineBytes = 4 << 10
)

// tail keeps the last lines that are written to it, up to a crash, and what the crash was.
type tail struct {
	mu      sync.Mutex
	lines   []string
	partial []byte
	crash   crash
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, b := range p {
		switch {
		case b == '\n':
			t.end()
		case len(t.partial) < lineBytes:
			t.partial = append(t.partial, b)
		}
	}
	return len(p), nil
}

// end takes in a line.
func (t *tail) end() {
	line := string(t.partial)
	t.partial = t.partial[:0]
	if t.crash.takes(line) {
		return
	}
	if t.lines = append(t.lines, line); len(t.lines) > tailLines {
		t.lines = t.lines[1:]
	}
}

// text are the last lines without those of a crash.
func (t *tail) text() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := append([]string(nil), t.lines...)
	if len(t.partial) > 0 && t.crash.cause == "" {
		out = append(out, string(t.partial))
	}
	return out
}

// cause is why the program crashed and where, in a clause; empty where it did not.
func (t *tail) cause() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	cause := t.crash.cause
	switch {
	case t.crash.own != "":
		cause += ", in " + t.crash.own
	case t.crash.first != "":
		cause += ", in " + t.crash.first
	}
	return cause
}

// crash is what is kept of the last words of a program in Go.
type crash struct {
	cause string // as the program says it
	own   string // the first frame in our own code
	first string // the first frame that is not the language's: a provider of others

	pending *string // the frame whose line number comes next
	over    bool    // the first goroutine, in which it happened, was told whole
}

// begins are the first lines of a crash: https://pkg.go.dev/runtime, and panics of a
// program that is told by a signal to say what it does.
const begins = `^(panic: |fatal error: |runtime: goroutine stack exceeds |runtime: out of memory|unexpected fault address |SIG[A-Z]+: )`

// causeBytes bounds what is shown of a reason: a panic may print whole structures.
const causeBytes = 300

// takes tells whether a line belongs to a crash.
func (c *crash) takes(line string) bool {
	starts := regexp.MustCompile(begins).MatchString(line)
	switch {
	case c.cause == "" && !starts:
		return false
	case starts && (c.cause == "" || strings.HasPrefix(c.cause, "runtime: ")):
		// Of a stack that overflows, the second line says so in two words.
		c.cause = strings.ToValidUTF8(line[:min(len(line), causeBytes)], "")
		return true
	}
	c.frame(line)
	return true
}

// ownCode is the path of this module's packages.
const ownCode = "github.com/dindctl/dindctl/"

// frame reads a line of a stack: a function with its arguments, and then, after a
// tab, its file.
func (c *crash) frame(line string) {
	if file, isFile := strings.CutPrefix(line, "\t"); isFile {
		if c.pending != nil {
			file, _, _ = strings.Cut(file, " +0x")
			*c.pending += " (" + path.Base(file) + ")"
		}
		c.pending = nil
		return
	}
	c.pending = nil
	end := strings.LastIndexByte(line, '(')
	switch {
	case line == "" && c.first+c.own != "":
		c.over = true
	case c.over || end <= 0 || strings.HasPrefix(line, "created by "):
	case strings.HasPrefix(line, ownCode) && c.own == "":
		c.own = strings.TrimPrefix(line[:end], ownCode)
		c.pending = &c.own
	case c.first == "" && !ofTheLanguage(line):
		c.first = line[:end]
		c.pending = &c.first
	}
}

// ofTheLanguage tells of a function of the standard library: the first part of its
// package's path has no dot, and it is not main.
func ofTheLanguage(function string) bool {
	root, _, within := strings.Cut(function, "/")
	return !strings.HasPrefix(function, "main.") && (!within || !strings.Contains(root, "."))
}

// eachLine reads lines to the end; of one that is longer than lineBytes it hands
// over the beginning alone. Each line comes without its end.
func eachLine(r io.Reader, each func(line string)) {
	lines := bufio.NewReaderSize(r, lineBytes)
	for {
		part, err := lines.ReadSlice('\n')
		line := strings.TrimSuffix(string(part), "\n")
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = lines.ReadSlice('\n')
		}
		if line != "" || err == nil {
			each(line)
		}
		if err != nil {
			return
		}
	}
}

// whole says where all that the provider wrote is.
func whole(logger hclog.Logger) string {
	if logger != nil && logger.IsDebug() {
		return "All that it wrote is in the log."
	}
	return "This is a defect of the provider. With DINDCTL_LOG=debug, all that it writes is in the log; please report it with that."
}
