package runner

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/dindctl/dindctl/internal/mount"
)

// What becomes of a canary. Anything else says what went wrong.
const (
	canarySeen = "seen"     // written by the nested container, seen on the other side, and gone there
	canaryKept = "not sent" // read-only, or no directory
)

// canaryScript writes a file that goes by itself, even if nobody asks for it.
const canaryScript = `(sleep 30; rm -f "$1") </dev/null >/dev/null 2>&1 &
printf %s "$2" >"$1"`

// canary writes a file by the nested container, looks for it on the other side,
// removes it, and looks again.
func (v *verifier) canary(ctx context.Context, h helper, e mount.Entry, dir string, sight Sight) string {
	sides := v.sidesOf(e)
	if e.Send.ReadOnly || !sight.directory() || len(sides) == 0 || e.Verdict != mount.Visible {
		return canaryKept
	}
	token := v.Nonce()
	name := ".dindctl-verify-" + token[:min(len(token), 8)]
	write, remove := []string{"sh", "-c", canaryScript, "sh"}, []string{"rm", "-f"}
	if h.probe != nil {
		write = append(append([]string{}, h.probe...), "canary")
		remove = append(append([]string{}, h.probe...), "forget")
	}
	file := path.Join(dir, name)
	if _, why := v.succeed(ctx, h, append(write, file, token)); why != "" {
		// A command that was not waited for to its end may have written it.
		_, _ = v.succeed(context.WithoutCancel(ctx), h, append(remove, file))
		if strings.Contains(why, "ead-only file system") {
			return canaryKept
		}
		return "it could not be written: " + why
	}
	found := make([]finding, len(sides))
	for i, side := range sides {
		found[i] = v.readSide(ctx, side, name)
	}
	if _, why := v.succeed(context.WithoutCancel(ctx), h, append(remove, file)); why != "" {
		return "it could not be removed: " + why
	}
	for i, side := range sides {
		switch {
		case found[i].odd != "":
			return fmt.Sprintf("%s has %s at %s in its place", side.view, found[i].odd, path.Join(side.path, name))
		case found[i].text != token:
			return fmt.Sprintf("%s did not see it at %s", side.view, path.Join(side.path, name))
		}
		if v.readSide(ctx, side, name) != (finding{}) {
			return fmt.Sprintf("%s still sees it at %s after it was removed", side.view, path.Join(side.path, name))
		}
	}
	return canarySeen
}

// succeed runs a command in a helper and demands that it ends well.
func (v *verifier) succeed(ctx context.Context, h helper, command []string) (text, why string) {
	return v.run(ctx, h.object, command, true)
}

// finding is what stands where a canary should. Whoever sees the directory may have put
// something else there, such as a link to /dev/zero: only a regular file is read, and
// not more of it than a canary may have.
type finding struct {
	text string // what is in it; empty where nothing is there
	odd  string // what it is, where that is no regular file, or one that is too large
}

// canaryMost is more than a canary has, in bytes.
const canaryMost = 1 << 10

// readScript prints what stands at a path, and of a file the first bytes: one more
// than canaryMost, which tells that it is too large.
const readScript = `if [ -L "$1" ]; then echo link
elif [ ! -e "$1" ]; then echo missing
elif [ ! -f "$1" ]; then echo other
else printf 'file '; head -c 1025 "$1"
fi`

// findingOf reads what readScript printed.
func findingOf(text string) finding {
	word, content, _ := strings.Cut(text, " ")
	switch {
	case word == "file" && len(content) > canaryMost:
		return finding{odd: "a file that is too large"}
	case word == "file":
		return finding{text: content}
	case strings.HasPrefix(word, "link"):
		return finding{odd: "a symbolic link"}
	case strings.HasPrefix(word, "other"):
		return finding{odd: "something that is no file"}
	}
	return finding{}
}

// readSide reads the canary on another side.
func (v *verifier) readSide(ctx context.Context, side sightKey, name string) finding {
	file := path.Join(side.path, name)
	if side.view == thisMachine {
		return readHere(file)
	}
	object, problems := Find(v.Observed, v.Project, side.view)
	if problems.HasErrors() {
		return finding{}
	}
	text, _ := v.run(ctx, object, []string{"sh", "-c", readScript, "sh", file}, true)
	return findingOf(text)
}

// readHere reads the canary on this machine. What stands there may be exchanged at any
// moment, so that what was opened is looked at once more.
func readHere(file string) finding {
	if info, err := os.Lstat(file); err != nil || !info.Mode().IsRegular() {
		return oddOne(info, err)
	}
	opened, err := openFile(file)
	if err != nil {
		return oddOne(os.Lstat(file))
	}
	defer func() { _ = opened.Close() }()
	info, err := opened.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() > canaryMost {
		return oddOne(info, err)
	}
	content, err := io.ReadAll(io.LimitReader(opened, canaryMost))
	if err != nil {
		return finding{}
	}
	return finding{text: string(content)}
}

// oddOne says what stands where a canary should.
func oddOne(info fs.FileInfo, err error) finding {
	switch {
	case err != nil:
		return finding{} // it is not there, or cannot be seen
	case info.Mode()&fs.ModeSymlink != 0:
		return finding{odd: "a symbolic link"}
	case info.Mode().IsRegular():
		return finding{odd: "a file that is too large"}
	}
	return finding{odd: "something that is no file"}
}
