package outfile_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	archive "github.com/moby/go-archive"
	"golang.org/x/sys/unix"

	"github.com/dindctl/dindctl/internal/outfile"
)

// special makes what is not written in a directory of its own, and whatever leads there.
// A device of the machine is never touched: this one is a copy of /dev/null's.
func special(t *testing.T) (dir string, names []string) {
	t.Helper()
	dir = t.TempDir()
	for name, mode := range map[string]uint32{"pipe": unix.S_IFIFO, "socket": unix.S_IFSOCK, "device": unix.S_IFCHR} {
		device := 0
		if mode == unix.S_IFCHR {
			device = int(unix.Mkdev(1, 3)) //nolint:gosec // two small numbers
		}
		if err := unix.Mknod(filepath.Join(dir, name), mode|0o666, device); err != nil {
			if mode == unix.S_IFCHR && errors.Is(err, fs.ErrPermission) {
				continue // only root makes devices; root alone could replace one
			}
			t.Fatal(err)
		}
		for link, to := range map[string]string{"-link": name, "-far": name + "-link"} {
			if err := os.Symlink(to, filepath.Join(dir, name+link)); err != nil {
				t.Fatal(err)
			}
		}
		names = append(names, name, name+"-link", name+"-far")
	}
	slices.Sort(names)
	return dir, names
}

// tree is all that is below a directory, with what it is and holds.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var out strings.Builder
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		text := ""
		switch {
		case info.Mode().IsRegular():
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text = string(content)
		case info.Mode()&fs.ModeSymlink != 0:
			if text, err = os.Readlink(path); err != nil {
				return err
			}
		}
		name, _ := filepath.Rel(dir, path)
		fmt.Fprintf(&out, "%s %s %s\n", name, info.Mode(), text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func refused(t *testing.T, what string, err error) {
	t.Helper()
	var not *outfile.NotWritableError
	if !errors.As(err, &not) || !strings.Contains(err.Error(), "only directories and regular files are written") {
		t.Errorf("%s: %v", what, err)
	}
}

// packed is an archive of the entries, each of which is a file, or a link where its
// content begins with "->".
func packed(t *testing.T, entries ...[2]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		header := &tar.Header{Name: e[0], Mode: 0o644, Size: int64(len(e[1])), Typeflag: tar.TypeReg}
		link, isLink := strings.CutPrefix(e[1], "->")
		switch {
		case isLink:
			header.Typeflag, header.Linkname, header.Size = tar.TypeSymlink, link, 0
		case strings.HasSuffix(e[0], "/"):
			header.Typeflag, header.Mode = tar.TypeDir, 0o755
		}
		if err := w.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if header.Size > 0 {
			if _, err := io.WriteString(w, e[1]); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// What is neither a directory nor a regular file is never written or replaced, by any of
// the ways, whatever comes and whichever links lead there.
func TestOnlyDirectoriesAndRegularFilesAreWritten(t *testing.T) {
	t.Parallel()
	dir, names := special(t)
	before := tree(t, dir)
	file := archive.CopyInfo{Path: "/x/a", Exists: true}
	directory := archive.CopyInfo{Path: "/x/d", Exists: true, IsDir: true}
	for _, name := range names {
		at := filepath.Join(dir, name)
		refused(t, "replace "+name, outfile.Replace(at, []byte("new")))
		refused(t, "replace own "+name, outfile.ReplaceOwn(at, []byte("new")))
		refused(t, "rewrite "+name, outfile.Rewrite(at, []byte("new")))
		refused(t, "file onto "+name, outfile.Unpack(bytes.NewReader(packed(t, [2]string{"a", "new"})), file, at))
		refused(t, "link onto "+name, outfile.Unpack(bytes.NewReader(packed(t, [2]string{"a", "->elsewhere"})), file, at))
		refused(t, "directory onto "+name, outfile.Unpack(bytes.NewReader(packed(t, [2]string{"d/", ""})), directory, at))
		if f, err := outfile.Create(at, 0o600); err == nil {
			_ = f.Close()
			t.Errorf("%s is created", name)
		}
		if f, err := outfile.Open(at, 0o600); err == nil {
			_ = f.Close()
			t.Errorf("%s is opened", name)
		}
		if strings.Contains(name, "-") {
			continue
		}
		for content, entries := range map[string][]byte{
			"a file":          packed(t, [2]string{"d/", ""}, [2]string{"d/first", strings.Repeat("x", 5000)}, [2]string{"d/" + name, "new"}),
			"a link":          packed(t, [2]string{"d/", ""}, [2]string{"d/first", strings.Repeat("x", 5000)}, [2]string{"d/" + name, "->elsewhere"}),
			"another's entry": packed(t, [2]string{"d/first", strings.Repeat("x", 5000)}, [2]string{"d/../d/./" + name, "new"}),
		} {
			root := filepath.Dir(dir)
			inside := filepath.Join(root, "d-"+name)
			if err := os.RemoveAll(filepath.Join(inside, "d")); err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(inside, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(dir, filepath.Join(inside, "d")); err != nil {
				t.Fatal(err)
			}
			refused(t, content+" in place of "+name, outfile.Unpack(bytes.NewReader(entries), directory, inside))
			if err := os.Rename(filepath.Join(inside, "d"), dir); err != nil {
				t.Fatal(err)
			}
			_ = os.Remove(filepath.Join(dir, "first"))
		}
	}
	if after := tree(t, dir); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

// A file is written whole and through links, and an archive arrives as docker's does.
func TestWhatIsWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	must(os.WriteFile(at("old"), []byte("old"), 0o640))
	must(os.Symlink("old", at("link")))
	must(os.Symlink("made", at("dangling")))
	must(os.Mkdir(at("into"), 0o755))
	must(os.Symlink("/dev/null", at("into/a")))
	must(outfile.Rewrite(at("link"), []byte("rewritten")))
	must(outfile.Replace(at("dangling"), []byte("made")))
	must(outfile.Replace(at("new"), []byte("new")))
	must(outfile.Replace(at("new"), []byte("newer")))
	must(os.WriteFile(at("shared"), []byte("old"), 0o664)) //nolint:gosec // the mode is what is looked at
	must(os.Chmod(at("shared"), 0o664))                    //nolint:gosec // whatever the umask is
	must(os.Symlink("shared", at("to-shared")))
	must(os.Symlink("to-shared", at("far")))
	must(outfile.Replace(at("far"), []byte("replaced")))
	must(outfile.ReplaceOwn(at("own"), []byte("own")))
	must(outfile.ReplaceOwn(at("own"), []byte("again")))
	for _, name := range []string{"far", "dangling-own", "into"} {
		if name == "dangling-own" {
			must(os.Symlink("nowhere", at(name)))
		}
		refused(t, "own "+name, outfile.ReplaceOwn(at(name), []byte("own")))
	}
	source := archive.CopyInfo{Path: "/x/a", Exists: true}
	long := strings.Repeat("n", 150)
	must(outfile.Unpack(bytes.NewReader(packed(t, [2]string{"a", "content"})), source, at("into"))) // takes the link's place
	must(outfile.Unpack(bytes.NewReader(packed(t, [2]string{"a", "content"})), source, at("named")))
	must(outfile.Unpack(bytes.NewReader(packed(t, [2]string{"a", "->old"})), source, at("copied-link")))
	must(outfile.Unpack(bytes.NewReader(packed(t, [2]string{"d/", ""}, [2]string{"d/" + long, strings.Repeat("y", 20)}, [2]string{"d/l", "->" + long})), archive.CopyInfo{Path: "/x/d", Exists: true, IsDir: true}, at("tree")))
	want := `. drwxr-xr-x 
copied-link Lrwxrwxrwx old
dangling Lrwxrwxrwx made
dangling-own Lrwxrwxrwx nowhere
far Lrwxrwxrwx to-shared
into drwxr-xr-x 
into/a -rw-r--r-- content
link Lrwxrwxrwx old
made -rw------- made
named -rw-r--r-- content
new -rw------- newer
old -rw-r----- rewritten
own -rw------- again
shared -rw-rw-r-- replaced
to-shared Lrwxrwxrwx shared
tree drwxr-xr-x 
tree/l Lrwxrwxrwx ` + long + `
tree/` + long + ` -rw-r--r-- yyyyyyyyyyyyyyyyyyyy
`
	if got := tree(t, dir); got != want {
		t.Errorf("there is\n%s\nwant\n%s", got, want)
	}
	if err := outfile.Rewrite(at("none"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what is not there is rewritten: %v", err)
	}
}

// What breaks off is an error, and no end of the archive.
func TestAnArchiveThatBreaksOff(t *testing.T) {
	t.Parallel()
	whole := packed(t, [2]string{"a", strings.Repeat("x", 5000)})
	for _, n := range []int{100, 700, 5000} {
		if err := outfile.Unpack(bytes.NewReader(whole[:n]), archive.CopyInfo{Path: "/x/a", Exists: true}, filepath.Join(t.TempDir(), "a")); err == nil {
			t.Errorf("the first %d bytes are taken for all", n)
		}
	}
}
