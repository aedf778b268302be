package runner

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dindctl/dindctl/provider"
)

// Sight is what stands at a path, with links followed, as one process sees it.
type Sight struct {
	// State is "there", "missing" or "unseen".
	State string `json:"state"`
	// Why says what kept it from being seen.
	Why string `json:"why,omitempty"`
	// Device and Inode are stat's; Device is 0 where only the inode is known, and
	// both are 0 where neither is.
	Device uint64 `json:"device,omitempty"`
	Inode  uint64 `json:"inode,omitempty"`
	// Mode is stat's st_mode; 0 where it is not known.
	Mode uint32 `json:"mode,omitempty"`
	// Boot is the id of the kernel's present life: numbers of two kernels cannot be compared.
	Boot string `json:"boot,omitempty"`
}

// The states of a sight.
const (
	there   = "there"
	missing = "missing"
	hidden  = "unseen"
)

// String is for people.
func (s Sight) String() string {
	switch {
	case s.State == missing:
		return "missing"
	case s.State != there:
		return "not seen (" + s.Why + ")"
	case s.Inode == 0:
		return "there"
	case s.Device == 0:
		return fmt.Sprintf("inode %d", s.Inode)
	}
	return fmt.Sprintf("%s, device %d, inode %d", fileType(s.Mode), s.Device, s.Inode)
}

// fileType is the word for the type in st_mode (inode(7)).
func fileType(mode uint32) string {
	switch mode & 0o170000 {
	case 0o040000:
		return "a directory"
	case 0o100000:
		return "a file"
	case 0o140000:
		return "a socket"
	case 0o020000, 0o060000:
		return "a device"
	case 0o010000:
		return "a pipe"
	}
	return "something"
}

// directory tells whether it is known to be one.
func (s Sight) directory() bool { return s.Mode&0o170000 == 0o040000 }

// same compares two sights. Comparable says whether that means anything.
func (s Sight) same(o Sight) (same, comparable bool, why string) {
	switch {
	case s.State == hidden:
		return false, false, s.Why
	case o.State == hidden:
		return false, false, o.Why
	case s.State != o.State:
		return false, true, ""
	case s.State == missing:
		return true, true, ""
	case s.Boot != "" && o.Boot != "" && s.Boot != o.Boot:
		return false, false, "they run on two kernels, whose numbers are not comparable"
	case s.Inode == 0 || o.Inode == 0:
		return false, false, "one side has neither stat nor ls"
	case s.Device == 0 || o.Device == 0:
		return s.Inode == o.Inode, true, ""
	}
	return s.Device == o.Device && s.Inode == o.Inode, true, ""
}

func unseen(paths []string, why string) []Sight {
	out := make([]Sight, len(paths))
	for i := range out {
		out[i] = Sight{State: hidden, Why: why}
	}
	return out
}

// lookScript prints the kernel's boot id, then one line for each path. Images
// without stat may have ls; its number is an inode alone.
const lookScript = `printf 'boot %s\n' "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)"
for p do
	if f=$(stat -L -c '%d %i %f' -- "$p" 2>/dev/null); then echo "stat $f"
	elif f=$(ls -Ldi -- "$p" 2>/dev/null); then f=${f#"${f%%[! ]*}"}; echo "ls ${f%% *}"
	elif [ -e "$p" ]; then echo there
	else echo missing
	fi
done`

// pathsAtOnce bounds one command line.
const pathsAtOnce = 200

// look runs one command in a container for many paths. Probe is the command of a
// container that has dindctl instead of a shell; nil where there is a shell.
func (v *verifier) look(ctx context.Context, at provider.Object, probe, paths []string) []Sight {
	var out []Sight
	for len(paths) > 0 {
		n := min(len(paths), pathsAtOnce)
		out = append(out, v.lookOnce(ctx, at, probe, paths[:n])...)
		paths = paths[n:]
	}
	return out
}

func (v *verifier) lookOnce(ctx context.Context, at provider.Object, probe, paths []string) []Sight {
	command := []string{"sh", "-c", lookScript, "sh"}
	if probe != nil {
		command = append(append([]string{}, probe...), "files")
	}
	text, why := v.command(ctx, at, append(command, paths...))
	if why != "" && probe == nil {
		text, why = v.command(ctx, at, append([]string{"stat", "-L", "-c", "stat %d %i %f", "--"}, paths...))
	}
	if why != "" {
		return unseen(paths, why)
	}
	return parseSights(text, paths)
}

// commandLimit is how long one look may take.
const commandLimit = time.Minute

// command runs a command as root and returns its output, or why there is none. A
// command that failed for some paths has output, too.
func (v *verifier) command(ctx context.Context, at provider.Object, command []string) (text, why string) {
	return v.run(ctx, at, command, false)
}

func (v *verifier) run(ctx context.Context, at provider.Object, command []string, strict bool) (text, why string) {
	ctx, cancel := context.WithTimeout(ctx, commandLimit)
	defer cancel()
	var stdout, stderr said
	resp, err := v.execer.Exec(ctx, provider.ExecRequest{Place: at.Place, ID: at.ID, Command: command, User: "0", Stdout: &stdout, Stderr: &stderr})
	switch {
	case err != nil:
		return "", fmt.Sprintf("%s could not be run in %s: %v", command[0], at.Name, err)
	case resp.ExitCode == 126 || resp.ExitCode == 127:
		return "", fmt.Sprintf("%s has no %s", at.Name, command[0])
	case resp.ExitCode != 0 && (strict || stdout.Len() == 0):
		return "", fmt.Sprintf("%s in %s ended with %d: %s", command[0], at.Name, resp.ExitCode, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), ""
}

// saidMost is more than any command of verify prints, in bytes: the looks at
// pathsAtOnce paths, or a canary.
const saidMost = 64 << 10

// said keeps what a command prints, and ends one that prints more than saidMost.
type said struct{ bytes.Buffer }

func (s *said) Write(b []byte) (int, error) {
	if s.Len()+len(b) > saidMost {
		return 0, fmt.Errorf("it prints more than %d KiB, which nothing does that verify runs", saidMost>>10)
	}
	return s.Buffer.Write(b)
}

// parseSights reads what lookScript, the probe or stat alone printed.
func parseSights(text string, paths []string) []Sight {
	boot := ""
	var out []Sight
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		word, rest, _ := strings.Cut(strings.TrimRight(line, "\r"), " ")
		switch word {
		case "boot":
			boot = rest
		case there, missing:
			out = append(out, Sight{State: word})
		case "stat", "ls":
			out = append(out, parseSight(word, rest))
		}
	}
	if len(out) != len(paths) {
		return unseen(paths, "what it printed was not understood: "+strconv.Quote(text[:min(len(text), 200)]))
	}
	for i := range out {
		out[i].Boot = boot
	}
	return out
}

func parseSight(word, rest string) Sight {
	fields := strings.Fields(rest)
	number := func(i, base int) uint64 {
		if i >= len(fields) {
			return 0
		}
		n, err := strconv.ParseUint(fields[i], base, 64)
		if err != nil {
			return 0
		}
		return n
	}
	if word == "ls" {
		return Sight{State: there, Inode: number(0, 10)}
	}
	return Sight{State: there, Device: number(0, 10), Inode: number(1, 10), Mode: uint32(number(2, 16))} //nolint:gosec // st_mode has 16 bits
}

// sightsText is what parseSights reads.
func sightsText(sights []Sight) string {
	var out strings.Builder
	for i, s := range sights {
		if i == 0 {
			fmt.Fprintf(&out, "boot %s\n", s.Boot)
		}
		if s.State == there && s.Inode != 0 {
			fmt.Fprintf(&out, "stat %d %d %x\n", s.Device, s.Inode, s.Mode)
			continue
		}
		out.WriteString(s.State + "\n")
	}
	return out.String()
}
