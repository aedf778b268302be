package config

import (
	"cmp"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/mount"
	"github.com/dindctl/dindctl/provider"
)

// TopologyOptions say what is known beyond the configuration.
type TopologyOptions struct {
	// Host says whose files this process sees: "this" (the root engine's; also the
	// empty string), "unknown", or "container=ID" (those of a container of it).
	Host string
	// HostWhy is a clause that says why the host's files are not known.
	HostWhy string
	// Platform of the root engine; empty where nobody asked it.
	Platform mount.Platform
	// Home is the user's home directory on the root engine's host, the one place
	// that Docker from snap sees as others do; empty where it is not known.
	Home string
	// Door through which dindctl sends paths to the root engine.
	Door mount.Door
	// API is the revision of each engine's interface, by the engine's address.
	API map[string]string
	// Volumes are those that the engines have already, by engine address and name.
	Volumes map[string]map[string]mount.NamedVolume
	// Socket is the path of the root engine's socket; the usual one when empty.
	Socket string
}

// Topology is the configuration as the rule reads it.
func (x *Expanded) Topology(o TopologyOptions) mount.Topology {
	t := mount.Topology{Engines: map[string]mount.Engine{}, Containers: map[string]mount.Container{}}
	if x.state == nil {
		return t
	}
	s := x.state
	all := s.sorted()
	volumes := map[string][]*noun{} // by where they are
	for _, n := range all {
		if n.kind == provider.Volume {
			volumes[n.inside] = append(volumes[n.inside], n)
		}
	}
	for _, n := range all {
		if n.kind == provider.Daemon {
			t.Engines[n.address] = s.engine(n, o, volumes[n.hosting()])
		}
	}
	before := s.history()
	for _, n := range all {
		if n.kind.Runs() && !n.logical {
			t.Containers[n.address] = s.container(n)
		}
		t.Nested = append(t.Nested, s.nested(n, before)...)
	}
	return t
}

func (s *state) engine(n *noun, o TopologyOptions, volumes []*noun) mount.Engine {
	e := mount.Engine{Address: n.address, API: o.API[n.address], Socket: socketTarget, Volumes: map[string]mount.NamedVolume{}}
	for name, volume := range o.Volumes[n.address] {
		e.Volumes[name] = volume
	}
	for _, v := range volumes {
		if n.address == rootDaemon || !n.logical || n.elsewhere() {
			e.Volumes[v.name] = namedVolume(v, e.Volumes[v.name])
		}
	}
	switch {
	case !n.logical:
		e.Container = n.address
	case given(n.value, "endpoint"):
		e.Host, e.Unknown, e.Socket = n.address, n.address+" is an engine elsewhere, and nobody has looked at its files", ""
	default:
		s.hostEngine(n, o, &e)
	}
	return e
}

// hostEngine fills an engine on this side: the root engine, or one behind a socket.
func (s *state) hostEngine(n *noun, o TopologyOptions, e *mount.Engine) {
	root := cmp.Or(clean(o.Socket), socketTarget)
	e.Host, e.Socket = "root", root
	if socket := clean(text(n.value, "socket")); socket != "" {
		e.Socket = socket
		if !sameSocket(socket, root) {
			e.Host, e.Unknown = n.address, "it is not known whose files the engine behind "+socket+" sees"
			return
		}
	}
	e.API = cmp.Or(e.API, o.API[rootDaemon])
	e.Platform, e.Door = o.Platform, o.Door
	if o.Platform == mount.Rootless {
		e.UnknownBelow = []string{"/etc", "/run"}
	}
	if o.Platform == mount.Snap {
		e.KnownBelow = o.Home
	}
	switch {
	case o.Host == "" && o.Platform.Machine():
		e.Unknown = "on " + string(o.Platform) + " this machine's files are not the engine's"
	case o.Host == "" && o.Platform == mount.Snap && o.Home == "":
		e.Unknown = "Docker from snap sees only the home directory as others do, and it is not known which that is"
	case o.Host == "" || o.Host == "this":
	case strings.HasPrefix(o.Host, "container=") && s.cfg.Self != nil && s.cfg.Self.Inspected:
		// Whoever looks does so through the mounts of that container.
	case strings.HasPrefix(o.Host, "container="):
		e.Unknown = cmp.Or(o.HostWhy, "dindctl runs in a container of this engine, "+strings.TrimPrefix(o.Host, "container=")+", and sees other files")
	default:
		e.Unknown = cmp.Or(o.HostWhy, "it is not known whether this machine's files are the engine's")
	}
}

// sameSocket compares paths; /var/run and /run are one directory.
func sameSocket(a, b string) bool {
	plain := func(p string) string { return strings.TrimPrefix(clean(p), "/var") }
	return plain(a) == plain(b)
}

// namedVolume is a volume of the configuration, with what is known of it already.
func namedVolume(v *noun, known mount.NamedVolume) mount.NamedVolume {
	known.Address = v.address
	options := map[string]string{}
	declared, _ := attribute(v.value, "options").Unmark()
	if declared.IsNull() || !declared.IsKnown() || !declared.CanIterateElements() {
		return known
	}
	for it := declared.ElementIterator(); it.Next(); {
		key, value := it.Element()
		word, _ := textOf(key)
		options[word], _ = textOf(value)
	}
	known.Options = known.Options || len(options) > 0
	driver := text(v.value, "driver")
	bind := slices.ContainsFunc(strings.Split(options["o"], ","), func(word string) bool { return word == "bind" || word == "rbind" })
	if (driver == "" || driver == "local") && bind && strings.HasPrefix(options["device"], "/") {
		known.Device = clean(options["device"])
	}
	return known
}

func (s *state) container(n *noun) mount.Container {
	c := mount.Container{Address: n.address, Engine: cmp.Or(n.inside, rootDaemon), Site: closingSite(n)}
	for _, m := range n.mounts {
		c.Mounts = append(c.Mounts, s.topologyMount(n, m))
	}
	s.addImage(n, &c)
	return c
}

func (s *state) topologyMount(n *noun, m effective) mount.Mount {
	sent := s.sentMount(n, m)
	out := mount.Mount{
		Type: sent.kind, Target: m.target, Subpath: sent.subpath, ReadOnly: sent.readOnly, Propagation: m.propagation, Implied: m.implied(),
	}
	switch sent.kind {
	case mount.Bind:
		out.Source = sent.source
	case mount.Volume:
		out.Volume = sent.source
	case mount.Tmpfs:
	}
	if !m.implied() {
		out.Site = argumentSite(n, m.path("source"))
	}
	return out
}

// argumentSite is the line of an argument.
func argumentSite(n *noun, path string) mount.Site { return siteAt(n.rangeOf(path)) }

func siteAt(r diag.Range) mount.Site {
	if r.Empty() || strings.HasSuffix(r.File, ".json") {
		return mount.Site{} // fixes are written in the native syntax
	}
	return mount.Site{File: r.File, Line: r.Start.Line, Indent: strings.Repeat(" ", max(r.Start.Column-1, 0))}
}

// closingSite is the line of a block's closing brace, where it has one to itself.
func closingSite(n *noun) mount.Site {
	site := siteAt(n.end())
	if site.Line == n.header().Start.Line {
		return mount.Site{}
	}
	if site.File != "" {
		site.Indent += "  "
	}
	return site
}

// nested are the sources of an object that a daemon of the configuration has to
// resolve.
func (s *state) nested(n *noun, before *history) []mount.Nested {
	if n.logical || !n.kind.Runs() {
		return nil
	}
	var out []mount.Nested
	if n.kind == provider.Controller && n.daemon != "" {
		for _, p := range texts(attribute(n.value, "nested_paths")) {
			out = append(out, mount.Nested{
				Address: n.address, Kind: "nested_path", Type: mount.Bind, Source: p, Target: p, Resolve: mount.ResolveSame,
				Daemon: n.daemon, Controller: n.address, Site: argumentSite(n, "nested_paths"), Earlier: before.of(n),
			})
		}
	}
	if n.kind != provider.Job && n.placed == "" {
		return out
	}
	for _, m := range n.mounts {
		if m.implied() || m.kind == mount.Tmpfs {
			continue
		}
		out = append(out, mount.Nested{
			Address: n.address, Kind: "mount", Type: m.kind, Source: m.source, Target: m.target, Subpath: m.subpath,
			Resolve: m.resolve, CreateSource: m.create, ReadOnly: m.readOnly, Daemon: cmp.Or(n.placed, rootDaemon),
			Controller: n.controller, Site: argumentSite(n, m.path("source")), Earlier: before.of(n),
		})
	}
	return out
}
