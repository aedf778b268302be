package buildcontext_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/provider/buildcontext"
)

// tree makes files; a name that ends in a slash is a directory.
func tree(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func opened(t *testing.T, s buildcontext.Source) *buildcontext.Context {
	t.Helper()
	c, err := buildcontext.Open(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sent are the names that are sent, with contents, and the hash.
func sent(t *testing.T, c *buildcontext.Context) (files map[string]string, hash string) {
	t.Helper()
	var b bytes.Buffer
	out := tar.NewWriter(&b)
	hash, err := c.Send(out)
	if err := errors.Join(err, out.Close()); err != nil {
		t.Fatal(err)
	}
	files = map[string]string{}
	for entries := tar.NewReader(&b); ; {
		head, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return files, hash
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(entries)
		if err != nil {
			t.Fatal(err)
		}
		files[head.Name] = head.Linkname + string(content)
	}
}

// What is hashed is what is sent, one by one or as a whole: also of a directory behind a
// link, and without sockets and pipes.
func TestTheHashIsOfWhatIsSent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tree(t, dir, map[string]string{
		"real/Dockerfile": "FROM scratch\n", "real/.dockerignore": "*.key\n", "real/a.key": "k", "real/sub/a": "1", "real/b": "2",
	})
	if err := errors.Join(os.Symlink("real", filepath.Join(dir, "link")), os.Symlink("b", filepath.Join(dir, "real/c"))); err != nil {
		t.Fatal(err)
	}
	plain := opened(t, buildcontext.Source{Dir: filepath.Join(dir, "real")})
	before, err := plain.Hash()
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "real/pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	socket, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "real/s"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = socket.Close() }()
	want := map[string]string{".dockerignore": "*.key\n", "Dockerfile": "FROM scratch\n", "b": "2", "c": "b", "sub/": "", "sub/a": "1"}
	for _, name := range []string{"real", "link"} {
		c := opened(t, buildcontext.Source{Dir: filepath.Join(dir, name)})
		files, hash := sent(t, c)
		if diff := cmp.Diff(want, files); diff != "" || hash != before {
			t.Errorf("%s: hash %s, want %s; -want +sent:\n%s", name, hash, before, diff)
		}
		frozen, err := c.Freeze()
		if err != nil || frozen.Hash != before {
			t.Errorf("%s: frozen as %s (%v), want %s", name, frozen.Hash, err, before)
		}
		one := map[string]string{}
		err = frozen.Walk(func(e buildcontext.Entry) error {
			content := []byte(e.Link)
			if e.Info.Mode().IsRegular() {
				content, err = io.ReadAll(frozen.Open(e.Name))
			}
			if e.Info.IsDir() {
				e.Name += "/"
			}
			one[e.Name] = string(content)
			return err
		})
		if diff := cmp.Diff(want, one); diff != "" || err != nil {
			t.Errorf("%s: one by one (%v): -want +sent:\n%s", name, err, diff)
		}
		if _, recipe := c.Dockerfile(); recipe != "Dockerfile" {
			t.Errorf("%s: the Dockerfile is called %q", name, recipe)
		}
	}
}

// Files that change between two looks are not sent as what they were.
func TestWhatChangedIsNotSent(t *testing.T) {
	t.Parallel()
	for what, change := range map[string]func(dir string) error{ // those that show only in the hash of all: a file's mode, a new file
		"a content of the same length": func(dir string) error { return os.WriteFile(filepath.Join(dir, "a"), []byte("2"), 0o644) },
		"a mode":                       func(dir string) error { return os.Chmod(filepath.Join(dir, "a"), 0o755) },
		"a new file":                   func(dir string) error { return os.WriteFile(filepath.Join(dir, "b"), nil, 0o644) },
		"a file that is gone":          func(dir string) error { return os.Remove(filepath.Join(dir, "a")) },
	} {
		dir := t.TempDir()
		tree(t, dir, map[string]string{"a": "1", "keep": ""})
		c := opened(t, buildcontext.Source{Dir: dir, Inline: true})
		frozen, err := c.Freeze()
		if err != nil {
			t.Fatal(err)
		}
		if err := change(dir); err != nil {
			t.Fatal(err)
		}
		err = frozen.Walk(func(e buildcontext.Entry) error {
			_, err := io.ReadAll(frozen.Open(e.Name))
			return err
		})
		if content := strings.HasPrefix(what, "a content") || strings.HasPrefix(what, "a file"); errors.Is(err, buildcontext.ErrChanged) != content {
			t.Errorf("%s: one by one, as it was seen: %v", what, err)
		}
		if _, hash := sent(t, c); hash == frozen.Hash {
			t.Errorf("%s: the hash is the same", what)
		}
	}
}

// A Dockerfile that is inline, outside or left out is none of the files.
func TestADockerfileApart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tree(t, dir, map[string]string{"Outside": "outside", "in/Dockerfile": "own", "in/.dockerignore": "Dockerfile\n", "in/x": ""})
	in := filepath.Join(dir, "in")
	for _, c := range []struct {
		source       buildcontext.Source
		text, itself string
	}{
		{buildcontext.Source{Dir: in}, "own", "Dockerfile"},
		{buildcontext.Source{Dir: in, Dockerfile: "../Outside"}, "outside", ""},
		{buildcontext.Source{Dir: in, Inline: true}, "", ""},
	} {
		context := opened(t, c.source)
		text, name := context.Dockerfile()
		if string(text) != c.text || name != "" || context.LeavesItself() != c.itself {
			t.Errorf("%+v: %q called %q, leaves out %q", c.source, text, name, context.LeavesItself())
		}
	}
	if _, err := buildcontext.Open(buildcontext.Source{Dir: filepath.Join(dir, "none"), Inline: true}); err == nil || !strings.Contains(err.Error(), "there is no directory") {
		t.Errorf("a directory that is not there: %v", err)
	}
}

// gone is a writer under which something happens to a file once a part of it is written.
type gone struct {
	io.Writer
	happens func()
}

func (g *gone) Write(b []byte) (int, error) {
	if g.happens != nil {
		g.happens()
		g.happens = nil
	}
	return g.Writer.Write(b)
}

// A file that shrinks, grows or goes while it is sent has changed: that is no other error, and
// no success with the hash that was, so that it is sent once more.
func TestWhatChangesUnderTheSending(t *testing.T) {
	t.Parallel()
	for what, change := range map[string]func(dir string) error{
		"shrinks": func(dir string) error { return os.Truncate(filepath.Join(dir, "z"), 1) },
		"grows":   func(dir string) error { return os.WriteFile(filepath.Join(dir, "z"), make([]byte, 5<<20), 0o644) },
		"goes":    func(dir string) error { return os.Remove(filepath.Join(dir, "z")) },
		"a link goes, and all beside it": func(dir string) error {
			return errors.Join(os.RemoveAll(filepath.Join(dir, "sub")), os.Remove(filepath.Join(dir, "link")))
		},
	} {
		for _, under := range []string{"a", "z"} {
			if under == "z" && !strings.HasPrefix(what, "shrinks") && !strings.HasPrefix(what, "grows") {
				continue
			}
			dir := t.TempDir()
			tree(t, dir, map[string]string{"a": "1", "sub/x": "2", "z": strings.Repeat("z", 3<<20)})
			if err := os.Symlink("a", filepath.Join(dir, "link")); err != nil {
				t.Fatal(err)
			}
			c := opened(t, buildcontext.Source{Dir: dir, Inline: true})
			before, err := c.Hash()
			if err != nil {
				t.Fatal(err)
			}
			w := &gone{Writer: io.Discard, happens: func() {
				if err := change(dir); err != nil {
					t.Error(err)
				}
			}}
			written := 0
			counting := writerFunc(func(b []byte) (int, error) {
				if written += len(b); under == "a" || written > 1<<20 {
					return w.Write(b)
				}
				return len(b), nil
			})
			hash, err := c.Send(tar.NewWriter(counting))
			if !errors.Is(err, buildcontext.ErrChanged) && (err != nil || hash == before) {
				t.Errorf("a file that %s under the sending of %s: %v", what, under, err)
			}
		}
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }
