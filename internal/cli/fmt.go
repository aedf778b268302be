package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/hcl"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/outfile"
)

func (a *app) fmt() *ucli.Command {
	return &ucli.Command{
		Name: "fmt", Usage: "write configurations in the usual style", ArgsUsage: "[PATH...]",
		Description: "Example: dindctl fmt -recursive examples\n\n" +
			"A directory means its *.hcl and *.hclvars files; - reads standard input and writes standard output.\n" +
			"The names of files that changed are printed.",
		Flags: []ucli.Flag{
			&ucli.BoolFlag{Name: "check", Usage: "change nothing; end with 3 if a file is not in the usual style"},
			&ucli.BoolFlag{Name: "diff", Usage: "print what changes, as a unified diff"},
			&ucli.BoolFlag{Name: "write", Value: true, Usage: "write the files; -write=false does not"},
			&ucli.BoolFlag{Name: "recursive", Usage: "with the directories below"},
			noColorFlag(),
		},
		Action: func(ctx context.Context, c *ucli.Command) error {
			f := &formatter{
				ctx: ctx, app: a, check: c.Bool("check"), diff: c.Bool("diff"), recursive: c.Bool("recursive"),
				write: c.Bool("write") && !c.Bool("check"),
			}
			paths := c.Args().Slice()
			if len(paths) == 0 {
				paths = []string{"."}
			}
			for _, path := range paths {
				if f.path(path); ctx.Err() != nil {
					return exit(exitInterrupted)
				}
			}
			return f.end()
		},
	}
}

// formatter is one run of fmt. What goes wrong with one file does not stop the others.
type formatter struct {
	ctx                           context.Context //nolint:containedctx // of one run of one command
	app                           *app
	check, diff, write, recursive bool
	changed, failed               bool
}

func (f *formatter) end() error {
	switch {
	case f.failed:
		return exit(exitError)
	case f.check && f.changed:
		return exit(exitUnformatted)
	}
	return nil
}

func (f *formatter) fail(list diag.List, sources *hcl.Sources) {
	f.failed = true
	_ = f.app.fail(list, sources)
}

// path formats standard input, a file, or what is in a directory.
func (f *formatter) path(name string) {
	if name == "-" {
		f.stdin()
		return
	}
	info, err := os.Stat(f.at(name))
	switch {
	case err != nil:
		f.fail(unreadable(name, err), nil)
	case info.IsDir():
		f.dir(name)
	case !formatted(name):
		f.fail(diag.Errorf("Not a file that fmt formats", "%s ends neither in .hcl nor in .hclvars. JSON has no style of its own.", name), nil)
	default:
		f.file(name)
	}
}

// at is where a name of the command line lies.
func (f *formatter) at(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(f.app.env.Cwd, name)
}

func formatted(name string) bool {
	return strings.HasSuffix(name, ".hcl") || strings.HasSuffix(name, ".hclvars")
}

// dir formats the files of a directory, without hidden ones. Links to
// directories are not followed: they could lead in a circle.
func (f *formatter) dir(name string) {
	entries, err := os.ReadDir(f.at(name))
	if err != nil {
		f.fail(unreadable(name, err), nil)
		return
	}
	for _, entry := range entries {
		path := filepath.Join(name, entry.Name())
		switch {
		case strings.HasPrefix(entry.Name(), "."):
		case entry.IsDir():
			if f.recursive {
				f.dir(path)
			}
		case formatted(path) && isFile(f.at(path)):
			f.file(path)
		}
	}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() || errors.Is(err, os.ErrNotExist) // a link to nothing is said to be one
}

func (f *formatter) stdin() {
	src, err := io.ReadAll(f.app.env.Stdin)
	if f.ctx.Err() != nil {
		return // what was read is not all
	}
	if err != nil {
		f.fail(unreadable("standard input", err), nil)
		return
	}
	out, sources, problems := hcl.Format("<stdin>", src)
	if problems.HasErrors() {
		f.fail(problems, sources)
		return
	}
	f.changed = f.changed || !bytes.Equal(src, out)
	switch {
	case f.diff:
		f.app.print(string(diff.Diff("old/<stdin>", src, "new/<stdin>", out)))
	case !f.check:
		f.app.print(string(out))
	}
}

func (f *formatter) file(name string) {
	src, err := f.read(name)
	if f.ctx.Err() != nil {
		return
	}
	if err != nil {
		f.fail(unreadable(name, err), nil)
		return
	}
	out, sources, problems := hcl.Format(name, src)
	if problems.HasErrors() {
		f.fail(problems, sources)
		return
	}
	if bytes.Equal(src, out) {
		return
	}
	f.changed = true
	if f.write {
		if err := outfile.Rewrite(f.at(name), out); err != nil {
			f.fail(diag.Errorf("File that cannot be written", "Formatting %s: %v. It is as it was.", name, err), nil)
			return
		}
	}
	f.app.print(name + "\n")
	if f.diff {
		f.app.print(string(diff.Diff("old/"+name, src, "new/"+name, out)))
	}
}

// read reads a file, which may be a pipe that nobody writes to.
func (f *formatter) read(name string) ([]byte, error) {
	type content struct {
		bytes []byte
		err   error
	}
	c, ended := unlessDone(f.ctx, func() content {
		b, err := os.ReadFile(f.at(name))
		return content{b, err}
	})
	if !ended {
		return nil, f.ctx.Err()
	}
	return c.bytes, c.err
}

func unreadable(name string, err error) diag.List {
	var at *os.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return diag.Errorf("File that cannot be read", "Reading %s: %v.", name, err)
}
