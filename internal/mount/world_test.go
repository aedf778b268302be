package mount_test

import (
	"bufio"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"testing"

	"github.com/dindctl/dindctl/internal/mount"
)

// world is a topology with the files of the root engine's host.
type world struct {
	mount.Topology
	files map[string]string // path -> link target, "" for what is no link
	empty map[string]bool
	plain map[string]bool // no directories
	blind bool            // no file can be looked at
}

// parse reads a world from lines. Fields are separated by blanks; options are
// words or name=value at the end:
//
//	engine ADDRESS [in=CONTAINER] [host=H] [api=A] [socket=PATH] [unknown=CLAUSE]
//	volume ENGINE NAME [device=PATH] [mountpoint=PATH] [address=A] [options]
//	container ADDRESS on=ENGINE [known] [yields], and for the container above:
//	  bind SOURCE TARGET [ro] [implied] [line=N]
//	  vol NAME|- TARGET [ro] [implied] [subpath=P]
//	  tmp TARGET | imagevol TARGET | imagelink FROM TO | entry TARGET | rebuilt DIR
//	job ADDRESS SOURCE TARGET on=ENGINE [by=CONTROLLER] [resolve=R] [create] [ro] [vol] [subpath=P] [earlier=PATH]
//	path CONTROLLER PATH on=ENGINE
//	file PATH | plain PATH (no directory) | symlink PATH TARGET | empty PATH | blind
//
// The root engine is there without a line.
func parse(tb testing.TB, text string) *world {
	tb.Helper()
	w := &world{
		Topology: mount.Topology{
			Engines:    map[string]mount.Engine{"daemon.root": {Address: "daemon.root", Host: "root", Socket: "/var/run/docker.sock"}},
			Containers: map[string]mount.Container{},
		},
		files: map[string]string{"/": ""}, empty: map[string]bool{}, plain: map[string]bool{},
	}
	current, number := "", 0
	for scanner := bufio.NewScanner(strings.NewReader(text)); scanner.Scan(); {
		number++
		line := newLine(scanner.Text())
		if line.verb == "" {
			continue
		}
		if line.verb == "container" {
			current = line.args[0]
			w.Containers[current] = mount.Container{
				Address: current, Engine: line.options["on"], ImageKnown: line.has("known"), EntryYields: line.has("yields"),
				Site: mount.Site{File: "main.hcl", Line: 10*len(w.Containers) + 9, Indent: "  "},
			}
			continue
		}
		if !w.line(line, number) && !w.containerLine(current, line) {
			tb.Fatalf("a line that no world has: %q", scanner.Text())
		}
	}
	return w
}

type line struct {
	verb    string
	args    []string
	options map[string]string
}

func newLine(text string) line {
	l := line{options: map[string]string{}}
	for _, field := range strings.Fields(text) {
		name, value, assigned := strings.Cut(field, "=")
		switch {
		case l.verb == "":
			l.verb = field
		case assigned:
			l.options[name] = value
		case strings.HasPrefix(field, "/") || strings.ContainsAny(field, `.\`) || len(l.args) == 0 || field == "-":
			l.args = append(l.args, field)
		case l.verb == "volume" && len(l.args) == 1, l.verb == "symlink" && len(l.args) == 1, l.verb == "job" && len(l.args) == 1:
			l.args = append(l.args, field)
		default:
			l.options[field] = "yes"
		}
	}
	return l
}

func (l line) has(option string) bool { return l.options[option] != "" }

func (w *world) line(l line, number int) bool {
	site := mount.Site{File: "main.hcl", Line: 100 + number, Indent: "    "}
	switch l.verb {
	case "engine":
		old := w.Engines[l.args[0]]
		old.Address, old.Container, old.API, old.Unknown = l.args[0], l.options["in"], l.options["api"], strings.ReplaceAll(l.options["unknown"], "_", " ")
		if l.has("host") {
			old.Host = l.options["host"]
		}
		if l.has("socket") {
			old.Socket = l.options["socket"]
		} else if old.Socket == "" {
			old.Socket = "/var/run/docker.sock"
		}
		w.Engines[l.args[0]] = old
	case "volume":
		e := w.Engines[l.args[0]]
		if e.Volumes == nil {
			e.Volumes = map[string]mount.NamedVolume{}
		}
		e.Volumes[l.args[1]] = mount.NamedVolume{
			Address: l.options["address"], Device: l.options["device"], Mountpoint: l.options["mountpoint"], Options: l.has("options"),
		}
		w.Engines[l.args[0]] = e
	case "job":
		n := mount.Nested{
			Address: l.args[0], Kind: "mount", Type: mount.Bind, Source: l.args[1], Target: l.args[2], Subpath: l.options["subpath"],
			Resolve: mount.Resolve(l.options["resolve"]), CreateSource: l.has("create"), ReadOnly: l.has("ro"),
			Daemon: l.options["on"], Controller: l.options["by"], Site: site,
		}
		if l.has("vol") {
			n.Type = mount.Volume
		}
		if l.has("earlier") {
			n.Earlier = []string{l.options["earlier"]}
		}
		w.Nested = append(w.Nested, n)
	case "path":
		w.Nested = append(w.Nested, mount.Nested{
			Address: l.args[0], Kind: "nested_path", Type: mount.Bind, Source: l.args[1], Target: l.args[1],
			Daemon: l.options["on"], Controller: l.args[0], Site: site,
		})
	case "file", "empty", "plain":
		w.plain[l.args[0]] = l.verb == "plain"
		w.exists(l.args[0], "")
		w.empty[l.args[0]] = l.verb == "empty"
	case "symlink":
		w.exists(l.args[0], l.args[1])
	case "blind":
		w.blind = true
	default:
		return false
	}
	return true
}

func (w *world) exists(p, link string) {
	for dir := path.Dir(p); dir != "/"; dir = path.Dir(dir) {
		if _, ok := w.files[dir]; !ok {
			w.files[dir] = ""
		}
	}
	w.files[p] = link
}

func (w *world) containerLine(address string, l line) bool {
	c, ok := w.Containers[address]
	if !ok {
		return false
	}
	m := mount.Mount{ReadOnly: l.has("ro"), Implied: l.has("implied"), Subpath: l.options["subpath"]}
	if n, err := strconv.Atoi(l.options["line"]); err == nil {
		m.Site = mount.Site{File: "main.hcl", Line: n, Indent: "    "}
	}
	switch l.verb {
	case "bind":
		m.Type, m.Source, m.Target = mount.Bind, l.args[0], l.args[1]
		c.Mounts = append(c.Mounts, m)
	case "vol":
		m.Type, m.Target = mount.Volume, l.args[1]
		if l.args[0] != "-" {
			m.Volume = l.args[0]
		}
		c.Mounts = append(c.Mounts, m)
	case "tmp":
		m.Type, m.Target = mount.Tmpfs, l.args[0]
		c.Mounts = append(c.Mounts, m)
	case "imagevol":
		c.ImageVolumes = append(c.ImageVolumes, l.args[0])
	case "imagelink":
		if c.ImageLinks == nil {
			c.ImageLinks = map[string]string{}
		}
		c.ImageLinks[l.args[0]] = l.args[1]
	case "entry":
		c.EntryMounts = append(c.EntryMounts, l.args[0])
	case "rebuilt":
		c.UnknownBelow = append(c.UnknownBelow, l.args[0])
	default:
		return false
	}
	w.Containers[address] = c
	return true
}

// look is the Look of the world's files.
func (w *world) look(o mount.Object, p string) (string, bool, error) {
	if w.blind {
		return "", false, errors.New("permission denied")
	}
	if o.Kind != mount.HostPath || o.Rest != p {
		return "", false, fmt.Errorf("asked for %v, %s", o, p)
	}
	if o.In != "root" {
		return "", false, errors.New("another host")
	}
	link, ok := w.files[p]
	return link, ok, nil
}

func (w *world) check() []mount.Entry {
	return mount.Checker{
		Look:  w.look,
		Empty: func(_ mount.Object, p string) bool { return w.empty[p] },
		File:  func(_ mount.Object, p string) bool { return w.plain[p] },
	}.Check(w.Topology)
}

// show writes an entry with everything in it.
func show(e mount.Entry) string {
	var b strings.Builder
	controller, exists := "-", "-"
	if e.Controller != nil {
		controller = *e.Controller
	}
	if e.Exists != nil {
		exists = strconv.FormatBool(*e.Exists)
	}
	fmt.Fprintf(&b, "%s %s: %s %s -> %s, resolve %s on %s for %s, exists %s\n",
		e.Verdict, e.Severity, e.Kind, e.Source, e.Target, e.Resolve, e.Daemon, controller, exists)
	fmt.Fprintf(&b, "  %s\n", e.Message)
	for _, l := range e.Chain {
		fmt.Fprintf(&b, "  | %s %s = %s\n", l.View, l.Path, l.Object)
	}
	s := e.Send
	if s.Type != "" {
		fmt.Fprintf(&b, "  send %s %s%s %s", s.Type, s.Source, s.Volume, s.Target)
		if s.Subpath != "" {
			fmt.Fprintf(&b, " subpath=%s", s.Subpath)
		}
		if s.ReadOnly {
			b.WriteString(" ro")
		}
		b.WriteString("\n")
	}
	for _, f := range e.Fixes {
		how := "before"
		if f.Replace {
			how = "for"
		}
		fmt.Fprintf(&b, "  fix: %s (%s %s:%d)\n", f.Title, how, f.File, f.Line)
		for _, l := range strings.Split(f.HCL, "\n") {
			fmt.Fprintf(&b, "    > %s\n", l)
		}
	}
	return b.String()
}
