package mount

import (
	"path"
	"strings"
)

// Platform says what kind of machine an engine on a host runs on, and with it
// which spellings of a path name one object. The zero value is read as Linux.
type Platform string

// The platforms. Sources: Docker Desktop's documentation on bind mounts and on
// its WSL backend, and Microsoft's on the file systems of WSL.
const (
	Linux          Platform = "linux"           // the engine's files are the host's
	Rootless       Platform = "rootless"        // as Linux; /etc and /run are the engine's own
	Snap           Platform = "snap"            // as Linux; only $HOME is the host's
	WSL            Platform = "wsl"             // an engine in a distribution of WSL
	DesktopMac     Platform = "desktop-mac"     // Docker Desktop on macOS
	DesktopWindows Platform = "desktop-windows" // Docker Desktop on Windows, or used from WSL
	DesktopLinux   Platform = "desktop-linux"   // Docker Desktop on Linux
	NoPlatform     Platform = "unknown"         // something else, or nobody knows
)

// Platforms are all the words for a platform, in the order of the documentation.
func Platforms() []Platform {
	return []Platform{Linux, Rootless, Snap, WSL, DesktopMac, DesktopWindows, DesktopLinux, NoPlatform}
}

// Door says through which of an engine's sockets a path is sent.
type Door string

// The doors. They differ on Docker Desktop alone: its proxy rewrites the paths
// of the machine, the socket in the virtual machine does not.
const (
	HostDoor Door = "host" // the API as the machine offers it; the zero value means it, too
	RawDoor  Door = "raw"  // the socket in the virtual machine, which containers mount
)

// Where Docker Desktop keeps the files of its machine in the virtual machine.
const (
	macRoot     = "/host_mnt"
	linuxRoot   = "/host_mnt"
	windowsRoot = "/run/desktop/mnt/host"
)

// Canonical gives a path its one form on a platform: the path at which the
// engine itself has the object. Where the path names nothing that is known, why
// is a clause for people, and the path is empty. It is idempotent through [RawDoor].
func (p Platform) Canonical(door Door, written string) (canonical, why string) {
	if strings.ContainsRune(written, 0) {
		return "", notPosix(written)
	}
	switch p {
	case DesktopWindows:
		return windowsPath(door, written)
	case DesktopMac:
		return macPath(door, written)
	case DesktopLinux:
		return linuxDesktopPath(door, written)
	case WSL:
		return wslPath(written)
	case NoPlatform:
		if strange(written) {
			return "", "the platform of the engine is not known, and " + quoted(written) + " means something else on each"
		}
	case Linux, Rootless, Snap:
	}
	if _, _, windows := drive(written); windows || strings.HasPrefix(written, `\\`) {
		return "", quoted(written) + " is a path of Windows; where the engine runs there, or in WSL, say so with -platform"
	}
	if !absolute(written) {
		return "", notPosix(written)
	}
	return clean(written), ""
}

// Spell writes a canonical path as it has to be sent through a door; ok is false
// where that door has no name for it.
func (p Platform) Spell(door Door, canonical string) (spelling string, ok bool) {
	if door == RawDoor {
		return canonical, !within(canonical, wslShare)
	}
	switch p {
	case DesktopWindows:
		return spellWindows(canonical)
	case DesktopMac:
		return spellBelow(canonical, macRoot, macShared())
	case DesktopLinux:
		return spellBelow(canonical, linuxRoot, []string{"/home"})
	case Linux, Rootless, Snap, WSL, NoPlatform:
	}
	return canonical, true
}

// Machine tells whether the engine runs in a virtual machine or a distribution
// of its own, so that a process elsewhere on the machine has other files.
func (p Platform) Machine() bool {
	switch p {
	case WSL, DesktopMac, DesktopWindows, DesktopLinux:
		return true
	case Linux, Rootless, Snap, NoPlatform:
	}
	return false
}

// strange tells whether a path has a form that means an object of another
// system somewhere.
func strange(p string) bool {
	if _, _, ok := drive(p); ok || strings.HasPrefix(p, `\\`) {
		return true
	}
	p = clean(p)
	return within(p, "/host_mnt") || within(p, windowsRoot) || mountedDrive(p) != ""
}

// drive takes a path of Windows apart: C:\x, C:/x.
func drive(p string) (letter, rest string, ok bool) {
	if len(p) < 2 || p[1] != ':' || !isLetter(p[0]) || len(p) > 2 && p[2] != '\\' && p[2] != '/' {
		return "", "", false
	}
	return strings.ToLower(p[:1]), strings.ReplaceAll(p[2:], `\`, "/"), true
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// mountedDrive is the letter of /mnt/c or /mnt/c/x; empty for anything else.
func mountedDrive(p string) string { return letterBelow(p, "/mnt") }

// letterBelow is the single letter that follows dir in a clean path.
func letterBelow(p, dir string) string {
	if !within(p, dir) {
		return ""
	}
	parts := split(remainder(p, dir))
	if len(parts) == 0 || len(parts[0]) != 1 || !isLetter(parts[0][0]) {
		return ""
	}
	return strings.ToLower(parts[0])
}

// afterLetter is what follows the letter below dir.
func afterLetter(p, dir string) string {
	return "/" + strings.Join(split(remainder(p, dir))[1:], "/")
}

// wslShare is the canonical place of files of WSL's distributions on Windows.
const wslShare = windowsRoot + "/wsl"

// windowsPath is the form in Docker Desktop's virtual machine on Windows. Names
// on a drive are folded: Windows takes them for one whatever their case is.
func windowsPath(door Door, p string) (canonical, why string) {
	if letter, rest, ok := drive(p); ok {
		if door == RawDoor {
			return "", quoted(p) + " is a path of Windows, which the engine behind the socket in the virtual machine does not know: " +
				"it has that at " + onDrive(letter, rest)
		}
		return onDrive(letter, rest), ""
	}
	if distribution, rest, ok := share(p); ok {
		return join(join(wslShare, distribution), rest), ""
	}
	if !absolute(p) {
		return "", notPosix(p)
	}
	p = clean(p)
	for _, dir := range []string{windowsRoot, "/host_mnt"} {
		if letter := letterBelow(p, dir); letter != "" {
			return onDrive(letter, afterLetter(p, dir)), ""
		}
	}
	if door == RawDoor {
		return p, ""
	}
	for _, dir := range []string{"/", "/mnt"} {
		if letter := letterBelow(p, dir); letter != "" {
			return onDrive(letter, afterLetter(p, dir)), ""
		}
	}
	return p, ""
}

func onDrive(letter, rest string) string {
	return join(windowsRoot, letter+strings.ToLower(clean(rest)))
}

// share takes \\wsl$\Ubuntu\x and \\wsl.localhost\Ubuntu\x apart.
func share(p string) (distribution, rest string, ok bool) {
	if !strings.HasPrefix(p, `\\`) {
		return "", "", false
	}
	parts := strings.FieldsFunc(p, func(r rune) bool { return r == '\\' || r == '/' })
	if len(parts) < 2 || !strings.EqualFold(parts[0], "wsl$") && !strings.EqualFold(parts[0], "wsl.localhost") ||
		parts[1] == "." || parts[1] == ".." {
		return "", "", false
	}
	return strings.ToLower(parts[1]), clean(strings.Join(parts[2:], "/")), true
}

func spellWindows(canonical string) (string, bool) {
	if strings.Contains(canonical, `\`) {
		// Windows would take it for a separator.
		return "", false
	}
	if within(canonical, wslShare) && canonical != wslShare {
		return `\\wsl.localhost` + strings.ReplaceAll(remainder(canonical, wslShare), "/", `\`), true
	}
	if letter := letterBelow(canonical, windowsRoot); letter != "" {
		return strings.ToUpper(letter) + ":" + strings.ReplaceAll(afterLetter(canonical, windowsRoot), "/", `\`), true
	}
	again, why := windowsPath(HostDoor, canonical)
	return canonical, why == "" && again == canonical
}

// macShared are the directories that Docker Desktop shares on a new Mac.
func macShared() []string {
	return []string{"/Users", "/Volumes", "/private"}
}

// macPath is the form in Docker Desktop's virtual machine on macOS. Case is
// kept: a Mac's file system may be of either kind.
func macPath(door Door, p string) (canonical, why string) {
	if !absolute(p) {
		return "", notPosix(p)
	}
	p = clean(p)
	if within(p, macRoot) {
		return join(macRoot, macLink(remainder(p, macRoot))), ""
	}
	linked := macLink(p)
	for _, dir := range macShared() {
		if !within(linked, dir) {
			continue
		}
		if door == RawDoor {
			return "", p + " is a path of macOS, which the engine behind the socket in the virtual machine has at " + macRoot + linked
		}
		return macRoot + linked, ""
	}
	return p, ""
}

// macLink follows the links that every Mac has: /tmp, /var/folders and the like.
// The rest of /var and /etc is taken for the virtual machine's, whose engine has its own.
func macLink(p string) string {
	if within(p, "/tmp") || within(p, "/var/folders") || within(p, "/var/tmp") {
		return path.Join("/private", p)
	}
	return p
}

// linuxDesktopPath is the form in Docker Desktop's virtual machine on Linux,
// which shares the home directories.
func linuxDesktopPath(door Door, p string) (canonical, why string) {
	if !absolute(p) {
		return "", notPosix(p)
	}
	p = clean(p)
	if within(p, "/home") && door != RawDoor {
		return linuxRoot + p, ""
	}
	return p, ""
}

// spellBelow spells what lies below root without it, if it is shared.
func spellBelow(canonical, root string, shared []string) (string, bool) {
	if !within(canonical, root) {
		return canonical, true
	}
	rest := remainder(canonical, root)
	for _, dir := range shared {
		if within(rest, dir) {
			return rest, true
		}
	}
	return canonical, true
}

// wslPath is the form in a distribution of WSL, which has the drives below /mnt.
// Names on a drive are folded, as Windows does.
func wslPath(p string) (canonical, why string) {
	if letter, rest, ok := drive(p); ok {
		return join("/mnt", letter+strings.ToLower(clean(rest))), ""
	}
	if strings.HasPrefix(p, `\\`) {
		return "", quoted(p) + " names a distribution of WSL, and it is not known whether it is the engine's"
	}
	if !absolute(p) {
		return "", notPosix(p)
	}
	p = clean(p)
	if letter := mountedDrive(p); letter != "" {
		return join("/mnt", letter+strings.ToLower(afterLetter(p, "/mnt"))), ""
	}
	return p, ""
}

func quoted(p string) string { return `"` + p + `"` }
