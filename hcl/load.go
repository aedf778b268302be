package hcl

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	hcl2 "github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	hcljson "github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/mask"
)

// LoadRequest says what to load, and with which variables.
type LoadRequest struct {
	// Path is a file or a directory, absolute or relative to Cwd; empty means Cwd.
	// Ranges name files as Path does.
	Path string
	// Cwd is an absolute path.
	Cwd string
	// Project is the project's name from the command line; may be empty.
	Project string
	// Vars are "name=value", in the order of the command line.
	Vars []string
	// VarFiles are paths, relative to Cwd.
	VarFiles []string
	// Environment holds variables of the process; of them DINDCTL_VAR_name is read.
	Environment map[string]string
	// Version is that of this dindctl; empty fulfils every required_version.
	Version string
	// MachineID is this machine's lasting name, for the project's origin.
	MachineID string
	// Interrupted tells whether the run was asked to end, by an error, as the method
	// Err of a context does. It is asked between files and while they are read, also
	// later, by what the configuration evaluates. It may be nil.
	Interrupted func() error
	// Secrets is told what is sensitive in the configuration, whenever something is
	// evaluated. It may be nil.
	Secrets *mask.Secrets
}

// NoConfiguration is the code of the problem that there is nothing to load.
const NoConfiguration = "no-configuration"

// Load reads a configuration. The results are never nil; beside errors they hold
// what could be read. A run that is asked to end meanwhile gets that as the only problem.
func Load(req LoadRequest) (*config.Config, *Sources, diag.List) {
	l := &loader{
		req: req, cfg: &config.Config{Inputs: map[string]cty.Value{}}, sources: &Sources{files: map[string][]byte{}}, schemas: &schemas{},
	}
	files := l.find()
	if l.problems.HasErrors() {
		l.cfg.Partial = true
		return l.cfg, l.sources, l.problems
	}
	l.budget = &budget{}
	l.cfg.Begin = l.budget.reset
	l.functions = functions(l.cfg.Dir, req.Interrupted)
	limited := maps.Clone(l.functions)
	for name, f := range l.functions {
		if name != "try" && name != "can" { // what they evaluate spends by itself
			limited[name] = l.budget.limit(name, f)
		}
	}
	limited["templatefile"] = l.budget.limit("templatefile", templateFunction(l.cfg.Dir, limited, l.budget))
	if req.Secrets != nil {
		for name, f := range limited {
			if name != "try" && name != "can" {
				limited[name] = watched(name, f, req.Secrets)
			}
		}
	}
	l.functions = limited
	l.cfg.Secrets = req.Secrets
	l.cfg.Interrupted = req.Interrupted
	l.cfg.HashContext = hashContexts(req.Interrupted)
	l.cfg.ReadFile = readPlain
	l.unit = newUnit(l.cfg.Dir, l.shownDir())
	l.take(files)
	l.project()
	l.inputs()
	m := l.unit.module
	l.cfg.Variables, l.cfg.Locals, l.cfg.Outputs, l.cfg.Blocks = m.Variables, m.Locals, m.Outputs, m.Blocks
	l.cfg.Calls, l.cfg.Checks, l.cfg.Moved, l.cfg.Refused = m.Calls, m.Checks, m.Moved, m.Refused
	if l.over() { // what was left out on the way is no problem of the configuration
		l.cfg.Partial = true
		return l.cfg, l.sources, diag.Interrupted("The configuration was not read to its end, and nothing was changed.")
	}
	return l.cfg, l.sources, l.problems.Sorted()
}

// over tells whether the run was asked to end.
func (l *loader) over() bool { return l.req.Interrupted != nil && l.req.Interrupted() != nil }

// loader holds one Load.
type loader struct {
	req       LoadRequest
	cfg       *config.Config
	sources   *Sources
	functions map[string]function.Function
	schemas   *schemas
	budget    *budget
	problems  diag.List
	// unit is the module that is being read.
	unit         *unit
	projectBlock *hcl2.Block
	providers    map[string]*hcl2.Block
	// modules counts the module blocks that were followed.
	modules int
	// blocks counts the outermost blocks that were taken in.
	blocks int
	// moved counts the moved blocks.
	moved int
	// parsed are the files that were read, by path: a module may be used often.
	parsed map[string][]hcl2.Body
}

// unit is one module while it is read.
type unit struct {
	module *config.Module
	// shown is the directory as ranges name it.
	shown string
	outer *unit // nil for the root
	// names are where blocks, variables, locals and outputs were declared.
	names     map[string]hcl2.Range
	variables []*variable
}

func newUnit(dir, shown string) *unit {
	return &unit{module: &config.Module{Dir: dir}, shown: shown, names: map[string]hcl2.Range{}}
}

// take takes in the files of a module.
func (l *loader) take(files []file) {
	for _, f := range files {
		if l.over() {
			return
		}
		for _, part := range l.parse(f) {
			l.content(part)
		}
	}
}

// shownDir is the directory of the configuration as ranges name it.
func (l *loader) shownDir() string {
	shown := cmp.Or(l.req.Path, ".")
	if l.cfg.Dir != l.cfg.Path {
		return filepath.Dir(shown)
	}
	return shown
}

func (l *loader) report(problems ...diag.Problem) {
	for _, p := range problems {
		p.Subject, p.Context = l.within(p.Subject), l.within(p.Context)
		l.problems = append(l.problems, p)
	}
}

// within ends a range where its file ends: the JSON parser goes on beyond it where
// a text is not closed.
func (l *loader) within(r diag.Range) diag.Range {
	text := l.sources.Bytes(r.File)
	if over := r.End.Byte - len(text); text != nil && over > 0 {
		r.End.Byte, r.End.Column = len(text), max(1, r.End.Column-over)
		if r.Start.Byte > r.End.Byte {
			r.Start = r.End
		}
	}
	return r
}

// file is a file to read: its name for people, and its absolute path.
type file struct{ name, path string }

// find decides which files make up the configuration.
func (l *loader) find() []file {
	shown := cmp.Or(l.req.Path, ".")
	path := shown
	if !filepath.IsAbs(path) {
		path = filepath.Join(l.req.Cwd, path)
	}
	l.cfg.Path, l.cfg.Dir = filepath.Clean(path), filepath.Clean(path)
	l.cfg.Origin = l.req.MachineID + ":" + l.cfg.Path
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		l.report(noConfiguration("There is no file or directory %s.", path))
		return nil
	case err != nil:
		l.report(noConfiguration("The configuration cannot be read: %v.", err))
		return nil
	case !info.IsDir():
		l.cfg.Dir = filepath.Dir(l.cfg.Path)
		return []file{{filepath.Clean(shown), l.cfg.Path}}
	}
	files := l.list(l.cfg.Dir, shown, isConfiguration)
	if len(files) == 0 && !l.problems.HasErrors() {
		l.report(noConfiguration("The directory %s has no *.hcl or *.hcl.json file.", l.cfg.Dir))
	}
	return files
}

func noConfiguration(format string, args ...any) diag.Problem {
	return diag.Problem{Severity: diag.Error, Code: NoConfiguration, Summary: "No configuration", Detail: fmt.Sprintf(format, args...)}
}

func isConfiguration(name string) bool {
	return strings.HasSuffix(name, ".hcl") || strings.HasSuffix(name, ".hcl.json")
}

// list are the files of a directory, sorted, without hidden ones.
func (l *loader) list(dir, shown string, wanted func(string) bool) []file {
	entries, err := os.ReadDir(dir)
	if err != nil {
		l.report(noConfiguration("The directory cannot be read: %v.", err))
		return nil
	}
	var out []file
	for _, entry := range entries {
		if name := entry.Name(); wanted(name) && !entry.IsDir() && !strings.HasPrefix(name, ".") {
			out = append(out, file{filepath.Join(shown, name), filepath.Join(dir, name)})
		}
	}
	slices.SortFunc(out, func(a, b file) int { return strings.Compare(a.name, b.name) })
	return out
}

// parse reads a file within bounds: its top, in parts, each once. Nil where
// nothing can be made of it.
func (l *loader) parse(f file) []hcl2.Body {
	if l.parsed == nil {
		l.parsed = map[string][]hcl2.Body{}
	}
	if bodies, done := l.parsed[f.path]; done {
		return bodies
	}
	l.parsed[f.path] = l.parseFile(f)
	return l.parsed[f.path]
}

func (l *loader) parseFile(f file) []hcl2.Body {
	before := len(l.problems)
	out := l.parseParts(f)
	l.cfg.Partial = l.cfg.Partial || slices.ContainsFunc(l.problems[before:], func(p diag.Problem) bool {
		return p.Severity == diag.Error && p.Code != "duplicate-argument" // the first one counts
	})
	return out
}

func (l *loader) parseParts(f file) []hcl2.Body {
	src, err := readBounded(f.path)
	if large := (tooLarge{}); errors.As(err, &large) {
		at := hcl2.Range{Filename: f.name}
		l.report(problem("too-large", "File too large", at, "%s has more than %d bytes. Split it.", f.name, maxBytes))
		return nil
	}
	if err != nil {
		l.report(diag.Problem{
			Severity: diag.Error, Code: "unreadable-file", Summary: "File that cannot be read", Detail: fmt.Sprintf("Reading %s: %v.", f.name, unwrapped(err)),
		})
		return nil
	}
	l.sources.files[f.name] = src
	if encoding := wide(src); encoding != "" {
		l.report(problem("syntax", "Invalid character encoding", hcl2.Range{Filename: f.name, Start: hcl2.InitialPos, End: hcl2.InitialPos},
			"%s is written in %s, and a configuration is read as UTF-8. Save it again as UTF-8, or write: iconv -f %s -t UTF-8.", f.name, encoding, encoding))
		return nil
	}
	parts, problems := divide(f.name, src)
	if problems.HasErrors() {
		l.report(problems...)
		return nil
	}
	var out []hcl2.Body
	start := hcl2.InitialPos
	for _, part := range parts {
		if l.over() {
			return nil
		}
		if body := l.parsePart(f, part, start); body != nil {
			out = append(out, body)
		}
		start.Byte += len(part)
		start.Line += bytes.Count(part, []byte("\n"))
	}
	return out
}

// wide is the encoding of a text that has more than a byte for each letter, as
// editors of Windows write it; empty for every other.
func wide(src []byte) string {
	switch {
	case bytes.HasPrefix(src, []byte{0xff, 0xfe, 0, 0}), bytes.HasPrefix(src, []byte{0, 0, 0xfe, 0xff}):
		return "UTF-32"
	case bytes.HasPrefix(src, []byte{0xff, 0xfe}), bytes.HasPrefix(src, []byte{0xfe, 0xff}):
		return "UTF-16"
	case len(src) >= 4 && src[0] != 0 && src[1] == 0 && src[2] != 0 && src[3] == 0:
		return "UTF-16LE"
	case len(src) >= 4 && src[0] == 0 && src[1] != 0 && src[2] == 0 && src[3] != 0:
		return "UTF-16BE"
	}
	return ""
}

// unwrapped is an error of the file system without the path, which is said already.
func unwrapped(err error) error {
	if path := (&fs.PathError{}); errors.As(err, &path) {
		return path.Err
	}
	return err
}

// divide looks at a text before it is parsed: in parts where it is plain, else as
// a whole. Nil where it is beyond the bounds.
func divide(name string, src []byte) ([][]byte, diag.List) {
	if problems := checkWords(name, src, maxWords); problems.HasErrors() {
		return nil, problems
	}
	if strings.HasSuffix(name, ".hcl") {
		if parts, ok := scan(src); ok {
			return parts, checkParts(name, parts)
		}
	}
	if problems := checkBounds(name, src); problems.HasErrors() {
		return nil, problems
	}
	return [][]byte{src}, nil
}

// withoutRoot leaves out what the parser says of a text that is no object where it
// also says why.
func withoutRoot(diags hcl2.Diagnostics) hcl2.Diagnostics {
	if len(diags) < 2 {
		return diags
	}
	return slices.DeleteFunc(diags, func(d *hcl2.Diagnostic) bool { return d.Summary == "Root value must be object" })
}

func (l *loader) parsePart(f file, part []byte, start hcl2.Pos) hcl2.Body {
	var parsed *hcl2.File
	var diags hcl2.Diagnostics
	if strings.HasSuffix(f.name, ".json") {
		// A mark at the beginning, as editors of Windows write it, is no JSON.
		if rest, marked := bytes.CutPrefix(part, []byte("\ufeff")); marked {
			part = append([]byte("   "), rest...)
		}
		if parsed, diags = hcljson.Parse(part, f.name); diags.HasErrors() {
			parsed, diags = nil, withoutRoot(diags)
		}
	} else {
		parsed, diags = hclsyntax.ParseConfig(part, f.name, start)
	}
	if parsed != nil {
		if native, is := parsed.Body.(*hclsyntax.Body); is {
			diags = append(diags, l.budget.count(native)...)
		}
	}
	l.report(parseProblems(diags)...)
	if parsed == nil {
		return nil
	}
	return parsed.Body
}
