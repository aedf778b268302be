package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	gopath "path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/docker/go-units"
	archive "github.com/moby/go-archive"
	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/outfile"
	"github.com/dindctl/dindctl/internal/runner"
)

func (a *app) cp() *ucli.Command {
	return &ucli.Command{
		Name: "cp", Usage: "copy files into objects and out of them, at any depth", ArgsUsage: "SOURCE DESTINATION",
		Description: `Example: dindctl cp controller.control:/var/log/build.log .

Source and destination are paths of this machine, or ADDRESS:PATH. A "-" is a tar
archive on standard input or output:
  tar c src | dindctl cp - container.web:/srv
Where the files land is decided as by docker cp: into a directory that exists, else
under the new name; DIRECTORY/. means what is in it. What only a process inside
mounted is not seen; copy that by: dindctl exec ADDRESS -- tar c PATH`,
		Flags: append(addressFlags(),
			&ucli.BoolFlag{Name: "L", Aliases: []string{"follow-link"}, Usage: "copy what the source's link leads to"},
			&ucli.BoolFlag{Name: "a", Aliases: []string{"archive"}, Usage: "keep the owners of what is copied in"}),
		Action: func(ctx context.Context, c *ucli.Command) error {
			args, err := positional(c, 2, "SOURCE DESTINATION")
			if err != nil {
				return err
			}
			if len(args) != 2 {
				return errors.New("cp takes a source and a destination: dindctl cp SOURCE DESTINATION")
			}
			if args[0] == "" || args[1] == "" {
				return errors.New("the source and the destination of cp have to have a name: \".\" is the current directory")
			}
			from, to := a.endOf(args[0]), a.endOf(args[1])
			for _, e := range []end{from, to} {
				if e.address != "" && e.path == "" {
					return fmt.Errorf("%s: names no path: write %[1]s:/ for all of it, or the path behind the colon", e.address)
				}
			}
			if from.address == "" && to.address == "" {
				return fmt.Errorf("neither %s nor %s is in an object: write ADDRESS:PATH, such as controller.control:/srv", args[0], args[1])
			}
			s := a.session(c)
			defer s.close()
			return s.cp(ctx, from, to)
		},
	}
}

// end is one end of a copy: a path of an object, of this machine, or a stream of tar.
type end struct {
	address string // empty: this machine
	path    string
	stream  bool
	files   runner.Files
}

func (e end) String() string {
	if e.address == "" {
		return e.path
	}
	return e.address + ":" + e.path
}

// endOf reads SOURCE or DESTINATION. The colon is the first outside of a key's brackets.
func (a *app) endOf(text string) end {
	if text == "-" {
		return end{path: text, stream: true}
	}
	addressed := regexp.MustCompile(`^((?:[a-z]+\.)+[A-Za-z_][\w.-]*(?:\[[^\]]*\])?(?:\.[\w.-]+(?:\[[^\]]*\])?)*):(.*)$`)
	if m := addressed.FindStringSubmatch(text); m != nil {
		if m[2] == "" {
			return end{address: m[1]}
		}
		return end{address: m[1], path: ending(gopath.Clean("/"+m[2]), m[2])}
	}
	at := filepath.Clean(text)
	if !filepath.IsAbs(text) {
		at = filepath.Join(a.env.Cwd, text)
	}
	return end{path: archive.PreserveTrailingDotOrSeparator(at, text)}
}

// ending gives a path that was cleaned the "/" or "/." back that it had at its end, and
// which says that a directory is meant.
func ending(cleaned, as string) string {
	switch {
	case cleaned == "/":
	case gopath.Base(as) == "." || strings.HasSuffix(as, "/."):
		return cleaned + "/."
	case strings.HasSuffix(as, "/"):
		return cleaned + "/"
	}
	return cleaned
}

func (s *session) cp(ctx context.Context, from, to end) error {
	if from.stream && s.app.env.Console != nil || to.stream && s.app.env.Terminal {
		return s.app.fail(diag.Errorf("A tar archive and a terminal do not go together", `"-" is a tar archive: redirect it, or put a pipe there.`), nil)
	}
	project, problems := s.reach(ctx, "")
	for _, e := range []*end{&from, &to} {
		if e.address == "" || problems.HasErrors() {
			continue
		}
		object, found := runner.Find(s.observed, project, e.address)
		if problems = append(problems, found...); !problems.HasErrors() {
			s.tellPlace(object)
			e.files, found = runner.FilesOf(ctx, s.provider, object)
			problems = append(problems, found...)
		}
	}
	if problems.HasErrors() {
		return s.app.fail(problems, nil)
	}
	counted := &counter{}
	problems = s.copy(ctx, from, to, counted)
	if s.app.unread() {
		return exit(exitUnread)
	}
	if err := s.app.fail(problems, nil); err != nil {
		return err
	}
	if s.app.env.StderrTerminal && !to.stream {
		s.app.tell(fmt.Sprintf("Copied %s to %s.\n", units.HumanSize(float64(counted.n)), to))
	}
	return nil
}

// copy opens the source as an archive and unpacks it at the destination.
func (s *session) copy(ctx context.Context, from, to end, counted *counter) diag.List {
	source, content, wait, problems := s.source(ctx, from, to.stream)
	if problems.HasErrors() {
		return problems
	}
	counted.r = content
	problems = s.unpack(ctx, source, from, to, counted)
	_ = content.Close()
	// What went wrong at the source is the cause of whatever followed from it.
	if first := wait(); first.HasErrors() {
		return first
	}
	return problems
}

// source opens what is copied. Wait returns what went wrong while it was read. What is
// handed on as an archive has in it the names that the object has.
func (s *session) source(ctx context.Context, from end, archived bool) (archive.CopyInfo, io.ReadCloser, func() diag.List, diag.List) {
	nothing := func() diag.List { return nil }
	switch {
	case from.stream:
		return archive.CopyInfo{Path: "-", Exists: true, IsDir: true}, io.NopCloser(s.app.env.Stdin), nothing, nil
	case from.address == "":
		info, err := archive.CopyInfoSourcePath(from.path, s.command.Bool("L"))
		if err != nil {
			return info, nil, nil, copyProblems(err)
		}
		content, err := archive.TarResource(info)
		return info, content, nothing, copyProblems(err)
	}
	info := archive.CopyInfo{Path: from.path, Exists: true}
	there, problems := from.files.Look(ctx, info.Path)
	if !problems.HasErrors() && s.command.Bool("L") && there.Target != "" {
		info.Path, info.RebaseName = archive.GetRebaseName(from.path, there.Target)
		there, problems = from.files.Look(ctx, info.Path)
	}
	if problems.HasErrors() {
		return archive.CopyInfo{}, nil, nil, problems
	}
	info.IsDir = there.Mode.IsDir()
	reader, writer := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := from.files.Out(ctx, info.Path, writer)
		_ = writer.CloseWithError(err)
		ended <- err
	}()
	var content io.ReadCloser = reader
	if info.RebaseName != "" && !archived {
		_, base := archive.SplitPathDirEntry(info.Path)
		content = archive.RebaseArchiveEntries(reader, base, info.RebaseName)
	}
	return info, content, func() diag.List {
		_ = reader.Close()
		if err := <-ended; !errors.Is(err, io.ErrClosedPipe) {
			return from.files.Problems(err)
		}
		return nil // nobody wanted the rest
	}, nil
}

// unpack puts an archive where it belongs.
func (s *session) unpack(ctx context.Context, source archive.CopyInfo, from, to end, content io.Reader) diag.List {
	switch {
	case to.stream:
		_, err := io.Copy(s.app.stdout, content)
		return copyProblems(err)
	case to.address == "":
		return copyProblems(outfile.Unpack(io.NopCloser(content), source, to.path))
	}
	target := archive.CopyInfo{Path: to.path}
	there, problems := to.files.Look(ctx, target.Path)
	if !problems.HasErrors() && there.Target != "" { // what is written is what the link leads to
		target.Path = there.Target
		there, problems = to.files.Look(ctx, target.Path)
	}
	if problems.HasErrors() {
		return problems
	}
	if there.Exists && !outfile.Writable(there.Mode) {
		return copyProblems(&outfile.NotWritableError{Path: to.String(), Mode: there.Mode})
	}
	target.Exists, target.IsDir = there.Exists, there.Mode.IsDir()
	if from.stream {
		if !target.IsDir {
			return diag.Errorf("A tar archive needs a directory", "%s is none: an archive is unpacked in a directory that exists.", to)
		}
		return to.files.In(ctx, target.Path, content, s.command.Bool("a"))
	}
	directory, prepared, err := archive.PrepareArchiveCopy(io.NopCloser(content), source, target)
	if err != nil {
		return copyProblems(err)
	}
	defer func() { _ = prepared.Close() }()
	return to.files.In(ctx, filepath.ToSlash(directory), prepared, s.command.Bool("a"))
}

// copyProblems is an error of this machine's files.
func copyProblems(err error) diag.List {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrNotExist):
		return diag.Errorf("The path is not there", "%s.", err)
	}
	return diag.Errorf("Files could not be copied", "%s.", err)
}

// counter counts what is read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
