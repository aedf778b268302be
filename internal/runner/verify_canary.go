package runner

import (
	"context"
	"fmt"
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
	found := make([]string, len(sides))
	for i, side := range sides {
		found[i] = v.readSide(ctx, side, name)
	}
	if _, why := v.succeed(context.WithoutCancel(ctx), h, append(remove, file)); why != "" {
		return "it could not be removed: " + why
	}
	for i, side := range sides {
		if found[i] != token {
			return fmt.Sprintf("%s did not see it at %s", side.view, path.Join(side.path, name))
		}
		if v.readSide(ctx, side, name) != "" {
			return fmt.Sprintf("%s still sees it at %s after it was removed", side.view, path.Join(side.path, name))
		}
	}
	return canarySeen
}

// succeed runs a command in a helper and demands that it ends well.
func (v *verifier) succeed(ctx context.Context, h helper, command []string) (text, why string) {
	return v.run(ctx, h.object, command, true)
}

// readSide reads the canary on another side; empty where it is not there.
func (v *verifier) readSide(ctx context.Context, side sightKey, name string) string {
	file := path.Join(side.path, name)
	if side.view == thisMachine {
		content, err := os.ReadFile(file) //nolint:gosec // a path of the configuration
		if err != nil {
			return ""
		}
		return string(content)
	}
	object, problems := Find(v.Observed, v.Project, side.view)
	if problems.HasErrors() {
		return ""
	}
	text, _ := v.run(ctx, object, []string{"cat", file}, true)
	return text
}
