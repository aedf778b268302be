package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/outfile"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/ui"
	"github.com/dindctl/dindctl/provider"
)

// planFormat is the version of the file that `plan -out` writes.
const planFormat = "1.0"

// planFile is what `plan -out` writes: what was asked, and what came out. It holds
// no values of sensitive variables: they are given again when it is applied. It is
// applied by planning again and comparing, so that nothing is done that the file
// does not show.
type planFile struct {
	Format   string          `json:"dindctl_plan"`
	Version  string          `json:"dindctl_version"`
	Path     string          `json:"path"`
	Project  string          `json:"project"`
	EngineID string          `json:"engine_id"`
	Options  asked           `json:"options"`
	Screen   string          `json:"screen"`
	Plan     json.RawMessage `json:"plan"`
}

// writePlan writes a plan for a later apply. The file is there whole or not at
// all: an older one stays until the new one is complete.
func (s *session) writePlan(file string, p *plan.Plan) diag.List {
	document, err := s.document(p)
	if err != nil {
		return diag.Errorf("The plan was not written", "%s: %s.", file, err)
	}
	out := planFile{
		Format: planFormat, Version: s.app.env.Version, Path: s.cfg.Path, Project: p.Project, EngineID: p.Engine.ID,
		Options: s.recorded(), Screen: s.app.secrets.Text(ui.Plan(p, ui.Options{Width: s.app.env.Width})), Plan: document,
	}
	text, err := json.MarshalIndent(out, "", "  ")
	if err == nil {
		err = outfile.Replace(s.resolved(file), append(text, '\n'))
	}
	if err != nil {
		return diag.Errorf("The plan was not written", "%s: %s. A file that was there before is as it was.", file, reason(err))
	}
	return nil
}

// document is the plan as JSON, without the values of sensitive variables.
func (s *session) document(p *plan.Plan) (json.RawMessage, error) {
	text, err := p.JSON()
	if err != nil {
		return nil, err
	}
	return s.app.secrets.Document(text), nil
}

// recorded is what was asked for, without the values of sensitive variables. A
// variable that holds one of them beside other text is left out whole, to be given
// again: a part of it would be applied as it stands.
func (s *session) recorded() asked {
	o := s.asked
	o.Again = nil
	o.Endpoint = provider.WithoutPassword(o.Endpoint) // no engine is sent it
	secret := map[string]bool{}
	for _, v := range s.cfg.Variables {
		secret[v.Name] = v.Sensitive
	}
	o.Vars = slices.DeleteFunc(slices.Clone(o.Vars), func(given string) bool {
		name, _, _ := strings.Cut(given, "=")
		name = strings.TrimSpace(name)
		left := secret[name] || s.app.secrets.Text(given) != given
		if left && !slices.Contains(o.Again, name) {
			o.Again = append(o.Again, name)
		}
		return left
	})
	o.VarFiles = nil
	for _, file := range s.asked.VarFiles {
		o.VarFiles = append(o.VarFiles, s.resolved(file))
	}
	return o
}

// resolved makes a path of the command line absolute.
func (s *session) resolved(file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(s.app.env.Cwd, file)
}

// reason is an error's text without the paths and calls that a person did not name.
func reason(err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// planLimit bounds a plan file, in bytes. An object takes some KiB of it.
const planLimit = 256 << 20

// readPlan reads a plan file. It returns nil without problems for anything else,
// so that the path may be a configuration.
func (s *session) readPlan(where string) (*planFile, diag.List) {
	text, larger, err := planText(s.resolved(where))
	switch {
	case err != nil || text == nil:
		return nil, nil
	case larger:
		return nil, diag.Errorf("The plan file cannot be read", "%s is larger than %d MiB, which no plan is.", where, planLimit>>20)
	}
	var file planFile
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, diag.Errorf("The plan file cannot be read", "%s is damaged: %s. Run plan -out again.", where, err)
	}
	if major, _, _ := strings.Cut(file.Format, "."); major != "1" {
		return nil, diag.Errorf("The plan file cannot be read",
			"%s has format %s, written by dindctl %s; this dindctl knows format %s. Run plan -out again.", where, file.Format, file.Version, planFormat)
	}
	return &file, nil
}

// planText is what a plan file holds, or as much of it as tells that it is larger
// than planLimit. Of what does not begin as one, and may have no end, no more than the
// beginning is read: nil.
func planText(name string) (text []byte, larger bool, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = f.Close() }()
	const beginning = 512
	head, err := io.ReadAll(io.LimitReader(f, beginning))
	if err != nil || !bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")) || !bytes.Contains(head[:min(len(head), 200)], []byte(`"dindctl_plan"`)) {
		return nil, false, err
	}
	if info, err := f.Stat(); err == nil && info.Size() > planLimit {
		return head, true, nil
	}
	rest, err := io.ReadAll(io.LimitReader(f, planLimit+1-beginning))
	text = append(head, rest...)
	return text, len(text) > planLimit, err
}

// adopt makes the session plan as the file was planned. Only variables may be
// given beside a plan file.
func (s *session) adopt(file *planFile) diag.List {
	var beside []string
	for _, flag := range []string{"H", "context", "project", "target", "exclude", "replace", "volumes", "images"} {
		if s.command.IsSet(flag) {
			beside = append(beside, "-"+flag)
		}
	}
	if len(beside) > 0 {
		return diag.Errorf("A plan file says itself what is to be done",
			"%s cannot be given beside it. Give it to plan -out instead; only -var and -var-file may be given here, for sensitive variables.",
			strings.Join(beside, ", "))
	}
	for _, flag := range []struct{ name, now, then string }{
		{"platform", s.asked.Platform, file.Options.Platform}, {"files", s.asked.Files, file.Options.Files},
	} {
		if s.command.IsSet(flag.name) && flag.now != flag.then {
			return diag.Errorf("The plan was made with another flag",
				"It was made %s, and -%s %s is given beside it: its paths would mean something else. Leave the flag out, or run plan -out again with it.",
				withFlag(flag.name, flag.then), flag.name, flag.now)
		}
	}
	given := s.asked
	s.asked, s.file = file.Options, file
	s.asked.Vars = slices.Concat(file.Options.Vars, given.Vars)
	s.asked.VarFiles = slices.Concat(file.Options.VarFiles, given.VarFiles)
	return nil
}

// leftOut refuses a plan file whose variables were not given again: they would silently
// have other values, and what differs in secrets is not seen in a plan.
func (s *session) leftOut() diag.List {
	var missing []string
	for _, name := range s.asked.Again {
		named := func(given string) bool {
			is, _, _ := strings.Cut(given, "=")
			return strings.TrimSpace(is) == name
		}
		_, given := s.cfg.Inputs[name]
		_, inEnvironment := environment(s.app.env.Environ)["DINDCTL_VAR_"+name]
		beside := given && len(s.command.StringSlice("var-file")) > 0
		if !inEnvironment && !beside && !slices.ContainsFunc(s.asked.Vars, named) {
			missing = append(missing, "-var "+name+"=…")
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return diag.Errorf("A plan file leaves out secrets",
		"It does not hold what is sensitive, nor a -var that contains it, and nothing was done. Give %s again.", strings.Join(missing, " "))
}

func withFlag(name, value string) string {
	if value == "" {
		return "without -" + name
	}
	return "with -" + name + " " + value
}

// showPlanFile prints what a plan file holds, and asks no engine. It was written
// without the values of sensitive variables.
func (s *session) showPlanFile(file *planFile) {
	if s.command.Bool("json") {
		s.app.document(string(file.Plan) + "\n")
		return
	}
	s.app.print(ui.Recorded(file.Screen))
}

// stale tells what moved since the plan in the file was made; nothing is done then.
func (s *session) stale(now *plan.Plan) diag.List {
	if now.Engine.ID != s.file.EngineID {
		return diag.Errorf("The plan is for another engine",
			"It was made for the engine with the id %s; this one is %s (%s, %s). Run plan -out again.",
			s.file.EngineID, now.Engine.Name, now.Engine.ID, now.Engine.Endpoint)
	}
	document, err := s.document(now)
	if err != nil {
		return diag.Errorf("The plan cannot be compared", "%s.", err)
	}
	moved, err := plan.Moved(s.file.Plan, document)
	if err != nil {
		return diag.Errorf("The plan file cannot be read", "%s. Run plan -out again.", err)
	}
	if len(moved) == 0 {
		return nil
	}
	return append(diag.Errorf("The plan is stale",
		"What it was made from has changed since, and nothing was done:\n  %s\nRun plan -out again, and look at what it shows now.", strings.Join(moved, "\n  ")),
		now.Stopped...)
}
