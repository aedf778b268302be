package config

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/mount"
	"github.com/dindctl/dindctl/provider"
)

// effective is one mount as it is meant, before a source is translated.
type effective struct {
	block   int // index of the mount block; -1 for an implied one
	kind    mount.Type
	source  string // path of a bind, name of a volume; empty: neither
	from    string // address of whom it is taken from (volumes_from); empty: its own
	volume  string // address of the volume that is meant; may be empty
	written string
	target  string

	subpath, propagation string
	resolve              mount.Resolve
	readOnly, create     bool
}

// volumesFrom is the argument that names whose mounts something has, too.
const volumesFrom = "volumes_from"

func (m effective) implied() bool { return m.block < 0 }

// path names an argument of the mount block.
func (m effective) path(argument string) string {
	return fmt.Sprintf("mount[%d].%s", m.block, argument)
}

func clean(p string) string {
	if p == "" {
		return ""
	}
	return path.Clean(p)
}

// mountsOf are the mounts of what runs, implied ones last.
func (s *state) mountsOf(n *noun, value cty.Value) ([]effective, diag.List) {
	if !n.kind.Runs() || n.logical {
		return nil, nil
	}
	var out []effective
	var problems diag.List
	for i, block := range elements(attribute(value, "mount")) {
		if !given(block, "target") {
			continue // said by whoever read the block
		}
		m, list := s.mountOf(n, i, block)
		problems = append(problems, list...)
		if !list.HasErrors() || onlyOwn(list) {
			out = append(out, m)
		}
	}
	out = append(out, s.impliedMounts(n)...)
	out = append(out, s.inheritedMounts(value, out)...)
	problems = append(problems, checkTargets(n, out)...)
	return out, append(problems, s.checkPuts(n, out)...)
}

// inheritedMounts are the binds and volumes of those that volumes_from names, but
// where something is mounted already: that wins, as it does in engines. Volumes
// without a name have none by which they could be declared; the engine shares them.
// In a cycle, which is reported elsewhere, nothing is taken over.
func (s *state) inheritedMounts(value cty.Value, own []effective) []effective {
	taken := map[string]bool{}
	for _, m := range own {
		taken[m.target] = true
	}
	var out []effective
	for _, address := range addresses(attribute(value, volumesFrom)) {
		other := s.nouns[address]
		if other == nil || other.node != nil && other.node.circular {
			continue
		}
		theirs, known := s.inherited[other]
		if !known {
			s.inherited[other] = nil // until it is known: what needs itself ends here
			theirs, _ = s.mountsOf(other, other.value)
			s.inherited[other] = theirs
		}
		for _, m := range theirs {
			if taken[m.target] || m.kind == mount.Tmpfs || m.source == "" {
				continue
			}
			taken[m.target] = true
			m.block, m.from = -1, cmp.Or(m.from, address)
			out = append(out, m)
		}
	}
	return out
}

// impliedMounts are those that come with a role.
func (s *state) impliedMounts(n *noun) []effective {
	var out []effective
	volume := func(address, target string, readOnly bool) {
		if v := s.nouns[address]; v != nil {
			out = append(out, effective{
				block: -1, kind: mount.Volume, source: v.name, volume: address, written: address,
				target: target, resolve: mount.ResolveSame, readOnly: readOnly,
			})
		}
	}
	volume(n.data, dataTarget, false)
	volume(n.certs, certsTarget, false)
	volume(n.reach.certs, certsTarget, true)
	if n.reach.certificates != "" {
		out = append(out, effective{
			block: -1, kind: mount.Bind, source: n.reach.certificates, written: n.reach.certificates,
			target: certsTarget, resolve: mount.ResolveSame, readOnly: true,
		})
	}
	if n.reach.socket != "" {
		out = append(out, effective{
			block: -1, kind: mount.Bind, source: n.reach.socket, written: n.reach.socket,
			target: socketTarget, resolve: mount.ResolveSame,
		})
	}
	file := func(source, target string) {
		if source != "" {
			out = append(out, effective{
				block: -1, kind: mount.Bind, source: source, written: source, target: target, resolve: mount.ResolveSame, readOnly: true,
			})
		}
	}
	file(n.reach.cli, provider.DockerCLITarget)
	file(n.reach.etc, provider.DockerConfigTarget)
	return out
}

func checkTargets(n *noun, mounts []effective) diag.List {
	var problems diag.List
	taken := map[string]effective{}
	for _, m := range mounts {
		other, twice := taken[m.target]
		if !twice {
			taken[m.target] = m
			continue
		}
		at, why := m, "another mount of this block has it, too"
		if m.implied() {
			at, why = other, fmt.Sprintf("dindctl mounts %s there", m.written)
		}
		problems = append(problems, n.problem("duplicate-target", at.path("target"), "Two mounts at one place",
			fmt.Sprintf("The target %s of %s is taken: %s. Which of the two wins would be decided anew at each start. Choose another target.", m.target, n.address, why)))
	}
	return problems
}

// mountOf reads one mount block.
func (s *state) mountOf(n *noun, index int, block cty.Value) (effective, diag.List) {
	m := effective{
		block: index, kind: mount.Type(text(block, "type")), target: clean(text(block, "target")),
		subpath: text(block, "subpath"), propagation: text(block, "propagation"),
		resolve: mount.Resolve(text(block, "resolve")), readOnly: flag(block, "read_only"), create: flag(block, "create_source"),
	}
	if m.resolve == "" {
		m.resolve = mount.ResolveSame
	}
	if problems := checkPlain(n, m, block); len(problems) > 0 {
		return m, problems
	}
	problems := checkWord(n, m.path("type"), string(m.kind), string(mount.Bind), string(mount.Volume), string(mount.Tmpfs))
	if len(problems) == 0 {
		problems = s.sourceOf(n, &m, attribute(block, "source"))
	}
	problems = append(problems, checkWord(n, m.path("resolve"), string(m.resolve), string(mount.ResolveSame), string(mount.ResolveTranslate), string(mount.ResolveDaemon))...)
	problems = append(problems, checkWord(n, m.path("propagation"), m.propagation, "private", "rprivate", "shared", "rshared", "slave", "rslave")...)
	if !strings.HasPrefix(m.target, "/") || m.target == "/" {
		problems = append(problems, n.problem("invalid-path", m.path("target"), "Invalid target of a mount",
			fmt.Sprintf("The target %q has to be an absolute path in the container, and not its root.", text(block, "target"))))
	}
	if !problems.HasErrors() {
		problems = append(problems, checkMeaning(n, m)...)
	}
	return m, problems
}

// checkPlain demands that a mount is known, and may be shown: the rule prints it.
func checkPlain(n *noun, m effective, block cty.Value) diag.List {
	var problems diag.List
	block, _ = block.Unmark()
	for _, name := range keys(block.AsValueMap()) {
		raw := block.GetAttr(name)
		switch value, _ := raw.Unmark(); {
		case !settled(value):
			problems = append(problems, n.problem("unknown-value", m.path(name), "Value that is not known in time",
				"What a mount shows is checked before anything is applied, but this value is known only afterwards. Use values that are known before."))
		case raw.IsMarked():
			problems = append(problems, n.problem("sensitive-value", m.path(name), "Sensitive value where it would be shown",
				"Plans and the listing of mounts print what is mounted. Use a value that is not sensitive here."))
		}
	}
	return problems
}

// checkMeaning refuses arguments that mean nothing together.
func checkMeaning(n *noun, m effective) diag.List {
	wrong := func(argument, detail string) diag.List {
		return diag.List{n.problem("conflicting-arguments", m.path(argument), "Argument that means nothing here", detail)}
	}
	switch {
	case m.subpath != "" && m.kind != mount.Volume:
		return wrong("subpath", "Only a volume has a subpath. Write the directory into the source instead.")
	case m.subpath != "" && !subpathInside(m.subpath):
		return wrong("subpath", fmt.Sprintf("The subpath %q has to be a relative path that does not leave the volume.", m.subpath))
	case m.create && m.kind != mount.Bind:
		return wrong("create_source", "Only the source of a bind can be made. Take create_source away.")
	case m.propagation != "" && m.kind != mount.Bind:
		return wrong("propagation", "Only a bind has a propagation. Take it away.")
	case m.resolve == mount.ResolveTranslate && n.controller == "":
		return wrong("resolve", fmt.Sprintf("%s has no controller whose path could be translated. Take resolve away, or run a job with controller = ....", n.address))
	case m.resolve != mount.ResolveSame && n.placed == "":
		return wrong("resolve", fmt.Sprintf("%s is not inside a daemon: there is only one engine that can resolve the source. Take resolve away.", n.address))
	}
	return nil
}

func subpathInside(p string) bool {
	c := path.Clean(p)
	return !strings.HasPrefix(c, "/") && c != ".." && !strings.HasPrefix(c, "../")
}

// sourceOf decides what is mounted.
func (s *state) sourceOf(n *noun, m *effective, source cty.Value) diag.List {
	if address := addressOf(source); address != "" {
		return s.volumeSource(n, m, address)
	}
	written, there := textOf(source)
	m.written = written
	switch {
	case !there && m.kind == mount.Bind, there && written == "":
		return diag.List{n.problem("missing-argument", m.path("source"), "Missing source", "A bind needs a source: a path.")}
	case !there && m.kind == "":
		return diag.List{n.problem("missing-argument", m.path("source"), "Missing source",
			`A mount needs a source, or type = "tmpfs", or type = "volume" for a volume without a name.`)}
	case there && m.kind == mount.Tmpfs:
		return diag.List{n.problem("conflicting-arguments", m.path("source"), "Argument that means nothing here", "A tmpfs has no source. Take it away.")}
	case m.kind == mount.Volume:
		m.source = written
		return s.checkVolumeName(n, *m)
	case !there:
		return nil
	}
	m.kind = mount.Bind
	return s.pathSource(n, m)
}

func (s *state) volumeSource(n *noun, m *effective, address string) diag.List {
	v := s.nouns[address]
	if v == nil || v.kind != provider.Volume {
		return nil // said by the check of kinds
	}
	if m.kind != "" && m.kind != mount.Volume {
		return diag.List{n.problem("conflicting-arguments", m.path("type"), "Arguments that exclude each other",
			fmt.Sprintf("%s is a volume, not a %s. Take type away.", address, m.kind))}
	}
	m.kind, m.source, m.volume, m.written = mount.Volume, v.name, address, address
	if n.placed == "" && v.inside != "" {
		return diag.List{n.problem("wrong-engine", m.path("source"), "Volume of another engine",
			fmt.Sprintf("%s is inside %s, but %s runs on the root engine, which has no such volume. Declare a volume without inside, or put %s inside %s.", address, v.inside, n.address, n.address, v.inside))}
	}
	return nil
}

func volumeName() *regexp.Regexp { return regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`) }

func (s *state) checkVolumeName(n *noun, m effective) diag.List {
	if m.source == "" || volumeName().MatchString(m.source) {
		return nil
	}
	return diag.List{n.problem("invalid-value", m.path("source"), "Invalid name of a volume",
		fmt.Sprintf("%q is not a volume's name. Write a volume block's address without quotes, or take type away if it is a path.", m.source))}
}

// windowsPath tells whether a path is one of Windows: C:\x, C:/x, \\server\x.
func windowsPath(p string) bool {
	if strings.HasPrefix(p, `\\`) {
		return true
	}
	letter := len(p) > 2 && (p[0]|0x20 >= 'a' && p[0]|0x20 <= 'z')
	return letter && p[1] == ':' && (p[2] == '/' || p[2] == '\\')
}

// pathSource makes a path absolute, where it is this machine's to resolve.
func (s *state) pathSource(n *noun, m *effective) diag.List {
	switch written := m.written; {
	case windowsPath(written):
		m.source = written
		return nil
	case strings.HasPrefix(written, "/"):
		m.source = clean(written)
		return s.foreignPath(n, *m)
	case strings.HasPrefix(written, "~"):
		return diag.List{n.problem("invalid-path", m.path("source"), "Path that is not expanded",
			fmt.Sprintf("%q means a directory named ~ here. Write the path out.", written))}
	case n.placed != "":
		return diag.List{n.problem("invalid-path", m.path("source"), "Path that is not absolute",
			fmt.Sprintf("%s runs inside %s, which resolves the source in its own files: %q has to be an absolute path there.%s", n.address, n.placed, written, s.volumeAdvice(n, written)))}
	case !strings.Contains(written, "/") && written != "." && written != "..":
		return diag.List{n.problem("bare-name", m.path("source"), "Bare name as a source",
			fmt.Sprintf("%q may mean a directory or a volume. Write %q for the directory beside the configuration, or volume.%s, without quotes, for a volume block.%s",
				written, "./"+written, written, s.volumeAdvice(n, written)))}
	}
	m.source = path.Join(s.cfg.Dir, m.written)
	return s.fromSelf(n, m)
}

func (s *state) volumeAdvice(n *noun, written string) string {
	if strings.Contains(written, "/") {
		return ""
	}
	volumes := s.labels(n, provider.Volume)
	if slices.Contains(volumes, written) {
		return fmt.Sprintf(" There is a volume.%s.", written)
	}
	return suggest(written, volumes, "volume.")
}
