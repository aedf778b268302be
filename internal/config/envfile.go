package config

import (
	"fmt"
	"maps"
	"path"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// envFileArgument is read where the configuration is; engines know nothing of it.
const envFileArgument = "env_file"

func envFileAttribute() provider.Attribute {
	return provider.Attribute{
		Name: envFileArgument, Type: cty.DynamicPseudoType, Effect: provider.Replace, Default: "none",
		Doc: "Files of environment variables, in Compose's syntax, below environment: a path, or a list of paths and of objects with path, required and sensitive.",
	}
}

// envFile is one file of variables.
type envFile struct {
	path                string
	required, sensitive bool
}

// envFilesOf reads the argument; the text says what is wrong with it.
func envFilesOf(v cty.Value) (files []envFile, wrong string) {
	v, _ = v.UnmarkDeep()
	if v.IsNull() || !v.IsWhollyKnown() {
		return nil, ""
	}
	list := []cty.Value{v}
	if !v.Type().IsObjectType() && v.CanIterateElements() {
		list = elements(v)
	}
	for _, e := range list {
		f := envFile{required: true}
		if name, is := textOf(e); is {
			f.path = name
		} else if e.Type().IsObjectType() {
			f.path, f.sensitive = text(e, "path"), flag(e, "sensitive")
			f.required = attribute(e, "required").IsNull() || flag(e, "required")
		}
		if f.path == "" {
			return nil, "It takes a path, or a list of paths and of objects such as { path = \"./a.env\", required = false }."
		}
		files = append(files, f)
	}
	return files, ""
}

// declareEnvironment puts the variables of the files below those of environment.
// Where the files are not known yet, neither is the whole.
func (s *state) declareEnvironment(n *noun, attributes map[string]cty.Value) diag.List {
	written, found := attributes[envFileArgument]
	delete(attributes, envFileArgument)
	if !found || written.IsNull() {
		return nil
	}
	if plain, _ := written.UnmarkDeep(); !plain.IsWhollyKnown() {
		attributes["environment"] = cty.UnknownVal(cty.Map(cty.String))
		return nil
	}
	files, wrong := envFilesOf(written)
	if wrong != "" {
		return diag.List{n.problem("wrong-type", envFileArgument, "Wrong type of value", wrong)}
	}
	merged := map[string]cty.Value{}
	values := map[string]string{}
	for _, f := range files {
		pairs, problem := s.readEnvFile(n, f, values)
		if problem != nil {
			return diag.List{*problem}
		}
		maps.Copy(values, pairs)
		for name, value := range pairs {
			merged[name] = cty.StringVal(value)
			if f.sensitive {
				merged[name] = merged[name].Mark(provider.Sensitive)
				s.cfg.Secrets.Add(merged[name])
			}
		}
	}
	own, marks := attributes["environment"].Unmark()
	switch {
	case own != cty.NilVal && !own.IsNull() && !own.IsKnown():
		return nil // the whole is known only later
	case own != cty.NilVal && !own.IsNull():
		maps.Copy(merged, own.AsValueMap())
	}
	if len(merged) > 0 {
		attributes["environment"] = cty.MapVal(merged).WithMarks(marks)
	}
	return nil
}

func (s *state) readEnvFile(n *noun, f envFile, known map[string]string) (map[string]string, *diag.Problem) {
	name := f.path
	if !strings.HasPrefix(name, "/") {
		name = path.Join(s.cfg.Dir, name)
	}
	if s.cfg.ReadFile == nil {
		return nil, nil
	}
	content, exists, err := s.cfg.ReadFile(name)
	switch {
	case err != nil:
		p := n.problem("env-file", envFileArgument, "File of variables that cannot be read", fmt.Sprintf("%s reads variables from %s, but %v.", n.address, name, err))
		return nil, &p
	case !exists && f.required:
		p := n.problem("env-file", envFileArgument, "File of variables that cannot be read",
			fmt.Sprintf("%s reads variables from %s, and there is no such file. Create it, or write { path = %q, required = false }.", n.address, name, f.path))
		return nil, &p
	}
	pairs, line, wrong := parseEnvFile(string(content), known)
	if wrong != "" {
		p := n.problem("env-file", envFileArgument, "File of variables that cannot be read", fmt.Sprintf("%s:%d: %s", name, line, wrong))
		return nil, &p
	}
	return pairs, nil
}
