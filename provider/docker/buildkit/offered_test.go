package buildkit_test

import (
	"context"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/session/filesync"
	"github.com/tonistiigi/fsutil"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/dindctl/dindctl/provider/buildcontext"
	"github.com/dindctl/dindctl/provider/docker/buildkit"
)

// BuildKit takes what is offered, as far as .dockerignore leaves something of a directory
// that it leaves out itself: with the directories that it needs, and nothing else.
func TestBuildKitTakesWhatIsOffered(t *testing.T) {
	t.Parallel()
	files := map[string]string{"a.txt": "1", "src/deep/x": "2", "src/y.md": "3", "src-not": "4", "other/z": "5"}
	for ignore, want := range map[string]map[string]string{
		"":                   {"a.txt": "1", "src/": "drwxr-x---", "src/deep/": "drwxr-x---", "src/deep/x": "2", "src/y.md": "3", "src-not": "4", "other/": "drwxr-x---", "other/z": "5"},
		"*\n!src/**":         {"src/": "drwxr-xr-x", "src/deep/": "drwxr-x---", "src/deep/x": "2", "src/y.md": "3"},
		"*\n!src/deep/x":     {"src/": "drwxr-xr-x", "src/deep/": "drwxr-xr-x", "src/deep/x": "2"},
		"**\n!**/*.md":       {"src/": "drwxr-xr-x", "src/y.md": "3"},
		"src\n!src/y.md":     {"a.txt": "1", "src/": "drwxr-xr-x", "src/y.md": "3", "src-not": "4", "other/": "drwxr-x---", "other/z": "5"},
		"*\n!none/of/them/*": {},
	} {
		dir, ignoring := t.TempDir(), ignore
		for name, content := range files {
			if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o750); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if ignore != "" {
			if err := os.WriteFile(filepath.Join(dir, buildcontext.IgnoreFile), []byte(ignore+"\n"+buildcontext.IgnoreFile+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		seen, err := buildcontext.Open(buildcontext.Source{Dir: dir, Inline: true})
		if err != nil {
			t.Fatal(err)
		}
		frozen, err := seen.Freeze()
		if err != nil {
			t.Fatal(err)
		}
		got, err := taken(t, offered{frozen})
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%q: %v; -want +taken:\n%s", ignoring, err, diff)
		}
	}
}

// offered are frozen files, as package docker offers them.
type offered struct{ frozen *buildcontext.Frozen }

func (o offered) Walk(each func(buildkit.File) error) error {
	return o.frozen.Walk(func(e buildcontext.Entry) error {
		return each(buildkit.File{Name: e.Name, Mode: e.Info.Mode(), Size: e.Info.Size(), ModTime: e.Info.ModTime(), Link: e.Link})
	})
}

func (o offered) Open(name string) io.ReadCloser { return o.frozen.Open(name) }

// taken is what an engine has after it asked a session for the context: contents of files,
// modes of directories.
func taken(t *testing.T, files buildkit.Files) (map[string]string, error) {
	t.Helper()
	ours, theirs := net.Pipe()
	session, err := buildkit.Open(t.Context(), func(context.Context, string, map[string][]string) (net.Conn, error) { return ours, nil },
		buildkit.Offer{Dockerfile: []byte("FROM scratch\n"), Files: files})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	engine, err := grpc.NewClient("passthrough:///session", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) { return theirs, nil }))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = engine.Close() }()
	stream, err := filesync.NewFileSyncClient(engine).DiffCopy(metadata.AppendToOutgoingContext(t.Context(), "dir-name", "context"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := fsutil.Receive(stream.Context(), stream, dir, fsutil.ReceiveOpt{}); err != nil {
		return nil, err
	}
	out := map[string]string{}
	return out, filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || file == dir {
			return err
		}
		name, _ := filepath.Rel(dir, file) // both are absolute
		if entry.IsDir() {
			info, err := entry.Info()
			if err == nil {
				out[name+"/"] = info.Mode().String()
			}
			return err
		}
		content, err := os.ReadFile(file)
		out[name] = string(content)
		return err
	})
}
