package config

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// related are the checks of what belongs to the rule without being a mount of a
// job: daemons that get into each other's way, and controllers that call another
// daemon than the one that their mounts are judged by. They read evaluated
// instances alone. What breaks for certain is an error, what may is a warning.
type related struct {
	x *Expanded
	// by holds the instances by address.
	by map[string]Instance
	// daemons run in containers; they and the controllers are in the order of the
	// configuration.
	daemons     []daemonFacts
	controllers []Instance
	// members are, by the address of a network, who joins it.
	members map[string][]Instance
	// networks are those inside each daemon, by its address.
	networks map[string][]Instance
	problems diag.List
}

// daemonFacts is a daemon in a container with what the checks ask for often.
type daemonFacts struct {
	Instance
	env    map[string]string
	config cty.Value
	flags  map[string][]string
	mounts []relatedMount
	tls    bool
	// plain says that the image's own entrypoint starts dockerd, so that its
	// contract holds: listening on a socket and on 2376 or 2375.
	plain bool
}

// checkRelated runs them all. Before holds what was found already: what it says of
// an object is not said again.
func (x *Expanded) checkRelated(before diag.List) diag.List {
	r := &related{x: x, by: map[string]Instance{}, members: map[string][]Instance{}, networks: map[string][]Instance{}}
	for _, in := range x.Instances {
		r.by[in.Address] = in
		if in.Kind == provider.Network && in.Inside != "" {
			r.networks[in.Inside] = append(r.networks[in.Inside], in)
		}
		if !in.Kind.Runs() || in.Logical {
			continue
		}
		for _, network := range addresses(attribute(in.Declared, "networks")) {
			r.members[network] = append(r.members[network], in)
		}
		switch in.Kind {
		case provider.Daemon:
			r.daemons = append(r.daemons, factsOfDaemon(in))
		case provider.Controller:
			r.controllers = append(r.controllers, in)
		case provider.Image, provider.Network, provider.Volume, provider.Container, provider.Job, provider.Guard:
		}
	}
	r.checkData()
	r.checkCertificates()
	for _, d := range r.daemons {
		r.checkListening(d)
		r.checkDaemonJSON(d)
		r.checkStorage(d)
		r.checkPools(d)
		r.checkMTU(d)
	}
	r.checkNames()
	jobs := r.jobsOf()
	for _, c := range r.controllers {
		r.checkWay(c)
		r.checkHome(c, jobs[c.Address])
	}
	return slices.DeleteFunc(r.problems, func(p diag.Problem) bool {
		return slices.ContainsFunc(before, func(b diag.Problem) bool {
			again := b.Code == p.Code || b.Code == "other-host" && p.Code == codeWay && p.Severity == diag.Warning
			return again && b.Address == p.Address
		})
	})
}

// say adds a problem about one argument of an object.
func (r *related) say(severity diag.Severity, in Instance, code, argument, summary, detail string) {
	r.problems = append(r.problems, diag.Problem{
		Severity: severity, Code: code, Summary: summary, Detail: detail, Address: in.Address,
		Subject: in.RangeOf(argument), Context: in.Header,
	})
}

func factsOfDaemon(in Instance) daemonFacts {
	command := texts(attribute(in.Declared, "command"))
	d := daemonFacts{
		Instance: in,
		env:      plainMap(attribute(in.Declared, "environment")),
		config:   attribute(in.Declared, "config"),
		flags:    flagsOf(append(slices.Clone(command), texts(attribute(in.Declared, "flags"))...)),
		mounts:   relatedMounts(in),
		tls:      !given(in.Declared, "tls") || flag(in.Declared, "tls"),
		plain:    !given(in.Declared, "entrypoint") && (len(command) == 0 || strings.HasPrefix(command[0], "-")),
	}
	return d
}

// names are those by which others on its networks find a daemon.
func (d daemonFacts) names() []string {
	alias := cmp.Or(text(d.Declared, "alias"), defaultAlias)
	if alias == d.Label {
		return []string{alias}
	}
	return []string{alias, d.Label}
}

// setting is a text in daemon.json, or the flag of the name that says the same.
// Argument is where it stands.
func (d daemonFacts) setting(name string) (value, argument string) {
	if v := configText(d.config, name); v != "" {
		return v, "config"
	}
	if list := d.flags[name]; len(list) > 0 {
		return list[len(list)-1], "flags"
	}
	return "", ""
}

// configText is a member of daemon.json as text; numbers and booleans too.
func configText(config cty.Value, name string) string {
	v := member(config, name)
	if v.IsNull() || !v.IsKnown() {
		return ""
	}
	switch v.Type() {
	case cty.String:
		return v.AsString()
	case cty.Number:
		return v.AsBigFloat().Text('f', -1)
	case cty.Bool:
		if v.True() {
			return "true"
		}
		return "false"
	}
	return ""
}

// member is one element of an object or a map, unmarked; null where it is not there.
func member(object cty.Value, name string) cty.Value {
	object, _ = object.Unmark()
	if object.IsNull() || !object.IsKnown() || !object.Type().IsMapType() {
		return attribute(object, name)
	}
	if v, found := object.AsValueMap()[name]; found {
		v, _ = v.Unmark()
		return v
	}
	return cty.NullVal(cty.DynamicPseudoType)
}

// plainMap is a map of texts, without what is not known or must not be shown.
func plainMap(v cty.Value) map[string]string {
	out := map[string]string{}
	if v.IsNull() || !v.IsKnown() || !v.CanIterateElements() {
		return out
	}
	for it := v.ElementIterator(); it.Next(); {
		key, value := it.Element()
		if value.IsMarked() {
			continue
		}
		if s, known := textOf(value); known {
			name, _ := textOf(key)
			out[name] = s
		}
	}
	return out
}

// shortFlags are the flags of dockerd that have a name of one letter.
func shortFlags() map[string]string {
	return map[string]string{"H": "host", "G": "group", "g": "data-root", "s": "storage-driver", "b": "bridge", "D": "debug", "l": "log-level", "p": "pidfile"}
}

// flagsOf reads a command line of dockerd: every flag with its values, by its
// long name. A flag without a value is "true". The value of a flag of one letter may
// stand right behind it, as in -Gdocker.
func flagsOf(words []string) map[string][]string {
	out := map[string][]string{}
	for i := 0; i < len(words); i++ {
		name, isFlag := strings.CutPrefix(words[i], "-")
		if !isFlag {
			continue
		}
		long, isLong := strings.CutPrefix(name, "-")
		name, value, has := strings.Cut(long, "=")
		if !isLong && long != "" && shortFlags()[long[:1]] != "" {
			name, value = long[:1], strings.TrimPrefix(long[1:], "=")
			has = len(long) > 1
			name = shortFlags()[name]
		}
		if !has {
			value = "true"
			if i+1 < len(words) && !strings.HasPrefix(words[i+1], "-") {
				i++
				value = words[i]
			}
		}
		out[name] = append(out[name], value)
	}
	return out
}

// relatedMount is one declared mount as the checks compare it.
type relatedMount struct {
	kind, source, volume, target, subpath, resolve string
	implied                                        bool
	// argument is where the source stands.
	argument string
}

// relatedMounts are the mounts of an instance, implied ones too.
func relatedMounts(in Instance) []relatedMount {
	var out []relatedMount
	for i, m := range elements(attribute(in.Declared, "mount")) {
		r := relatedMount{
			kind: text(m, "type"), source: text(m, "source"), volume: addressOf(attribute(m, "volume")), target: text(m, "target"),
			subpath: text(m, "subpath"), resolve: text(m, "resolve"), implied: flag(m, "implied"),
		}
		r.argument = effective{block: i}.path("source")
		if r.implied {
			r.argument = ""
		}
		out = append(out, r)
	}
	return out
}

// object names what is mounted, or what is there below it, so that one object on
// one engine has one text; empty for what nothing else can have.
func (m relatedMount) object(inside, rest string) string {
	switch {
	case m.kind == "bind" && m.source != "":
		return inside + "\x00path " + path.Join(m.source, rest)
	case m.kind == "volume" && m.source != "":
		return inside + "\x00volume " + path.Join(m.source, m.subpath, rest)
	}
	return ""
}

// words say what is mounted, for people.
func (m relatedMount) words() string {
	switch {
	case m.volume != "":
		return m.volume
	case m.kind == "volume" && m.source != "":
		return "the volume " + m.source
	case m.kind == "tmpfs":
		return "a tmpfs"
	}
	return m.source
}

// under is the mount that a path lies in, and the path below it.
func under(mounts []relatedMount, p string) (relatedMount, string, bool) {
	var found relatedMount
	rest, is := "", false
	for _, m := range mounts {
		if below, inside := below(m.target, p); inside && (!is || len(m.target) >= len(found.target)) {
			found, rest, is = m, below, true
		}
	}
	return found, rest, is
}

// below is what of a path remains below a directory, compared by component.
func below(dir, p string) (string, bool) {
	if p == dir {
		return "", true
	}
	return strings.CutPrefix(p, strings.TrimSuffix(dir, "/")+"/")
}
