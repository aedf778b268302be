package config

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/mount"
	"github.com/dindctl/dindctl/provider"
)

// declare makes the declared value of an object from the value of its block:
// the core's defaults filled in, paths absolute, mounts as they are sent.
func (s *state) declare(e *evaluation, n *noun, value cty.Value, mounts []effective) (cty.Value, diag.List) {
	value, _ = value.Unmark()
	attributes := value.AsValueMap()
	if attributes == nil {
		attributes = map[string]cty.Value{}
	}
	delete(attributes, dependsOn)
	delete(attributes, "mount")
	var problems diag.List
	if n.kind.Runs() {
		if len(mounts) > 0 {
			attributes["mount"] = s.mountValues(e, n, mounts)
		}
		if n.joinsDefault {
			attributes["networks"] = cty.ListVal([]cty.Value{e.reference(defaultNetwork)})
		}
	}
	s.computed(n, attributes)
	problems = append(problems, s.declareEnvironment(n, attributes)...)
	switch n.kind {
	case provider.Daemon:
		s.declareDaemon(e, n, attributes)
	case provider.Image:
		problems = append(problems, s.declareBuild(n, attributes)...)
	case provider.Network, provider.Volume, provider.Container, provider.Controller, provider.Job, provider.Guard:
	}
	return cty.ObjectVal(attributes), problems
}

func (s *state) declareDaemon(e *evaluation, n *noun, attributes map[string]cty.Value) {
	if n.logical {
		if certificates := s.certificatesOf(n); certificates != "" {
			attributes["certificates"] = cty.StringVal(certificates)
		}
		return
	}
	if attributes["tls"].IsNull() {
		attributes["tls"] = cty.True
	}
	if attributes["alias"].IsNull() {
		attributes["alias"] = cty.StringVal(defaultAlias)
	}
	if attributes["data"].IsNull() && n.data != "" {
		attributes["data"] = e.reference(n.data)
	}
}

// declareBuild makes the build context absolute and adds the hash of what is in it.
func (s *state) declareBuild(n *noun, attributes map[string]cty.Value) diag.List {
	build, marks := attributes["build"].Unmark()
	inputs := cty.NullVal(cty.String)
	if build == cty.NilVal {
		return nil
	}
	if build.IsNull() || !build.IsKnown() {
		types := build.Type().AttributeTypes()
		types["inputs"] = cty.String
		attributes["build"] = cty.NullVal(cty.Object(types))
		return nil
	}
	var problems diag.List
	arguments := build.AsValueMap()
	problems = append(problems, checkBuild(n, build)...)
	if dir, ok := textOf(arguments["context"]); ok {
		if !strings.HasPrefix(dir, "/") {
			dir = path.Join(s.cfg.Dir, dir)
		}
		dir = clean(dir)
		arguments["context"] = cty.StringVal(dir).WithSameMarks(arguments["context"])
		if s.cfg.HashContext != nil {
			dockerfile, _ := textOf(arguments["dockerfile"])
			if given(build, "dockerfile_inline") {
				dockerfile = NoDockerfile
			}
			hash, err := s.cfg.HashContext(dir, dockerfile)
			if err != nil {
				problems = append(problems, n.problem("build-context", "build.context", "Build context that cannot be read",
					"The image is built from "+dir+", but "+err.Error()+"."))
			} else {
				inputs = cty.StringVal(hash)
			}
		}
	}
	arguments["inputs"] = inputs
	attributes["build"] = cty.ObjectVal(arguments).WithMarks(marks)
	return problems
}

// mountValues are mounts as the provider gets them; null where there are none.
func (s *state) mountValues(e *evaluation, n *noun, mounts []effective) cty.Value {
	if len(mounts) == 0 {
		return cty.NullVal(cty.List(MountType()))
	}
	values := make([]cty.Value, len(mounts))
	for i, m := range mounts {
		values[i] = s.mountValue(e, n, m)
	}
	return cty.ListVal(values)
}

func (s *state) mountValue(e *evaluation, n *noun, m effective) cty.Value {
	sent := s.sentMount(n, m)
	volume := cty.NullVal(provider.RefType())
	if sent.volume != "" {
		volume = e.reference(sent.volume)
	}
	return cty.ObjectVal(map[string]cty.Value{
		"type":          cty.StringVal(string(sent.kind)),
		"source":        textOrNull(sent.source),
		"volume":        volume,
		"written":       textOrNull(m.written),
		"target":        cty.StringVal(m.target),
		"read_only":     cty.BoolVal(sent.readOnly),
		"subpath":       textOrNull(sent.subpath),
		"propagation":   textOrNull(m.propagation),
		"create_source": cty.BoolVal(m.create),
		"resolve":       cty.StringVal(string(m.resolve)),
		"implied":       cty.BoolVal(m.implied()),
	})
}

// sentMount is the mount as it is sent: translated where that is asked for.
func (s *state) sentMount(n *noun, m effective) effective {
	sent, translated := s.sent[cmp.Or(m.from, n.address)][m.target]
	if m.resolve != mount.ResolveTranslate || !translated {
		return m
	}
	m.kind, m.source, m.subpath, m.readOnly, m.volume = sent.Type, sent.Source, sent.Subpath, sent.ReadOnly, ""
	if sent.Type == mount.Volume {
		m.source = sent.Volume
		for _, v := range s.nouns {
			if v.kind == provider.Volume && v.name == sent.Volume && v.inside == n.inside {
				m.volume = v.address
			}
		}
	}
	return m
}

// structure are the addresses that the declared value of an object refers to, sorted.
func (s *state) structure(n *noun) []string {
	out := append([]string{n.placed, n.daemon, n.controller, n.data, n.certs, n.reach.certs}, s.networksOf(n)...)
	if image := s.target(n.value, "image", provider.Image); image != nil {
		out = append(out, image.address)
	}
	for _, m := range n.mounts {
		out = append(out, s.sentMount(n, m).volume)
	}
	out = append(out, addresses(attribute(n.value, volumesFrom))...)
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(a string) bool { return s.nouns[a] == nil || a == n.address })
}
