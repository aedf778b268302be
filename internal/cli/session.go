package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/hashicorp/go-hclog"
	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/hcl"
	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/internal/ui"
	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
	"github.com/dindctl/dindctl/provider/plugin"
)

// session is what a command works with. Its parts are there from the call on
// that makes them: load, connect, observe.
type session struct {
	app     *app
	command *ucli.Command
	asked   asked
	namedBy string    // who named the engine's address, where it was not -H
	file    *planFile // the plan file that is applied, or nil
	guessed bool      // nobody named the project

	valueless []string // sensitive variables that have no value

	cfg     *config.Config
	sources *hcl.Sources
	schema  provider.Schema

	// starting and expanding give what was begun early, so that the process starts
	// while files are read, and values are found while the engine answers.
	starting  func() started
	expanding func() expansion

	held     *runner.Held   // the project's lock
	client   *plugin.Client // nil where the provider is in this process
	provider provider.Provider
	facts    provider.Facts

	wanted   runner.ObserveRequest
	observed plan.Observed
}

type started struct {
	client *plugin.Client // nil where the provider is in this process
	given  provider.Provider
	err    error
}

// provider is what was started.
func (s started) provider() provider.Provider {
	if s.client == nil {
		return s.given
	}
	return s.client.Provider()
}

type reached struct {
	facts provider.Facts
	err   error
}

type expansion struct {
	expanded *config.Expanded
	problems diag.List
}

// begin does something at once and returns what waits for its result.
func begin[T any](do func() T) func() T {
	result := sync.OnceValue(do)
	go result()
	return result
}

// asked are the flags that say what is planned, and where.
type asked struct {
	Endpoint string   `json:"endpoint,omitempty"`
	Context  string   `json:"context,omitempty"`
	Project  string   `json:"project,omitempty"`
	Vars     []string `json:"var,omitempty"`
	VarFiles []string `json:"var_file,omitempty"`
	// Again are the variables whose -var a plan file leaves out.
	Again    []string `json:"var_again,omitempty"`
	Target   []string `json:"target,omitempty"`
	Exclude  []string `json:"exclude,omitempty"`
	Replace  []string `json:"replace,omitempty"`
	Run      []string `json:"-"`
	Destroy  bool     `json:"destroy,omitempty"`
	Volumes  bool     `json:"volumes,omitempty"`
	Images   bool     `json:"images,omitempty"`
	Platform string   `json:"platform,omitempty"`
	Files    string   `json:"files,omitempty"`
}

func (a *app) session(c *ucli.Command) *session {
	return &session{app: a, command: c, asked: asked{
		Endpoint: c.String("H"), Context: c.String("context"), Project: c.String("project"),
		Vars: c.StringSlice("var"), VarFiles: c.StringSlice("var-file"),
		Target: c.StringSlice("target"), Exclude: c.StringSlice("exclude"), Replace: c.StringSlice("replace"),
		Destroy: c.Bool("destroy"), Volumes: c.Bool("volumes"), Images: c.Bool("images"),
		Platform: c.String("platform"), Files: c.String("files"),
	}}
}

// snippets are the sources for diagnostics; nil before load.
func (s *session) snippets() ui.Sources {
	if s.sources == nil {
		return nil
	}
	return s.sources
}

// load reads the configuration at path, or in the current directory.
func (s *session) load(ctx context.Context, path string) diag.List {
	if path == "" {
		path = s.app.env.Cwd
	} else if s.isPlan(path) {
		return diag.List{{
			Severity: diag.Error, Code: hcl.NoConfiguration, Summary: "No configuration",
			Detail: fmt.Sprintf("%s is a plan file. `dindctl apply %[1]s` does what it says, and `dindctl show %[1]s` shows it.", path),
		}}
	}
	cfg, sources, problems := hcl.Load(hcl.LoadRequest{
		Path: path, Cwd: s.app.env.Cwd, Project: s.asked.Project,
		Vars: s.asked.Vars, VarFiles: s.asked.VarFiles,
		Environment: environment(s.app.env.Environ), MachineID: runner.MachineID(), Version: s.app.env.Version,
		Interrupted: ctx.Err, Secrets: s.app.secrets,
	})
	s.cfg, s.sources = cfg, sources
	s.hideSecrets()
	return problems
}

// isPlan tells whether a path is that of a plan file. What is no regular file, such as
// a pipe, is not looked into: it can be read once.
func (s *session) isPlan(path string) bool {
	info, err := os.Stat(s.resolved(path))
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	text, _, err := planText(s.resolved(path))
	return err == nil && text != nil
}

// loadWhole loads the configuration. Where that finds errors and everything could
// be read, it says what else is wrong, so that one run tells all.
func (s *session) loadWhole(ctx context.Context, path string) diag.List {
	problems := s.load(ctx, path)
	if s.cfg == nil || s.cfg.Partial || !problems.HasErrors() {
		return problems
	}
	if more := s.offline(ctx); more.HasErrors() {
		return problems
	}
	_, more := s.expand()
	return append(problems, more...)
}

// offline takes the schema without starting a provider.
func (s *session) offline(ctx context.Context) diag.List {
	description, err := docker.New(nil).Describe(ctx)
	if err != nil {
		return diag.Errorf("The provider does not describe itself", "%s.", err)
	}
	s.schema = description.Schema
	return nil
}

// startEarly begins to start the provider before the configuration is read. Where
// logs are asked for it waits: only then is it known what must not be in them.
func (s *session) startEarly(ctx context.Context) {
	if level(s.app.env) == hclog.Off {
		s.start(ctx)
	}
}

// start begins to start the provider.
func (s *session) start(ctx context.Context) {
	if s.starting != nil {
		return
	}
	if given := s.app.env.Provider; given != nil {
		s.starting = func() started { return started{given: given} }
		return
	}
	request := plugin.StartRequest{
		Command: []string{s.app.env.Self, "provider", "docker"}, Environment: s.app.env.Environ, Logger: logger(s.app.env),
	}
	s.starting = begin(func() started {
		client, err := plugin.Start(ctx, request)
		return started{client: client, err: err}
	})
}

// byProviderBlock is who names an engine's address that the configuration has.
const byProviderBlock = `host of provider "docker"`

// connect starts the provider and reaches the root engine.
func (s *session) connect(ctx context.Context) diag.List {
	environ := s.app.env.Environ
	s.start(ctx)
	process := s.starting()
	if process.err != nil {
		return runner.Problems(process.err, "The provider did not start")
	}
	s.client, s.provider = process.client, process.provider()
	pinned, endpoint, namedBy := s.asked.Context, s.asked.Endpoint, s.namedBy
	if pinned == "" && endpoint == "" && s.cfg != nil {
		pinned, endpoint, namedBy = s.cfg.Context, s.cfg.Host, byProviderBlock
	}
	reaching := begin(func() reached {
		defer s.waiting("the engine to answer")()
		resp, err := s.provider.Configure(ctx, provider.ConfigureRequest{
			Endpoint: endpoint, Context: pinned, NamedBy: namedBy, Environment: environment(environ),
		})
		return reached{resp.Facts, err}
	})
	description, err := s.provider.Describe(ctx)
	if err != nil {
		return runner.Problems(err, "The provider does not describe itself")
	}
	s.schema = description.Schema
	if s.cfg != nil && s.expanding == nil {
		s.expanding = begin(s.expandNow)
	}
	engine := reaching()
	if engine.err != nil {
		return runner.Problems(engine.err, "The engine could not be reached")
	}
	s.facts = engine.facts
	if problems := s.setPlatform(); problems.HasErrors() {
		return problems
	}
	return s.findSelf(ctx)
}

func (s *session) close() {
	if s.starting == nil {
		return
	}
	switch process := s.starting(); {
	case process.client != nil:
		_ = process.client.Close()
	case process.given != nil:
		_ = process.given.Close()
	}
}

// look observes a project; expanded may be nil.
func (s *session) look(ctx context.Context, project string, expanded *config.Expanded) diag.List {
	s.wanted = runner.Wanted(project, expanded)
	if expanded == nil && s.cfg != nil && project == s.cfg.Project {
		// What is elsewhere bears labels, too, but only the configuration leads there;
		// and it alone says where addresses belong.
		known, problems := s.expand()
		if known != nil {
			s.wanted.Elsewhere = known.Elsewhere()
		}
		if known != nil && !problems.HasErrors() {
			s.wanted.Sites, s.wanted.Moves = runner.Sites(known), known.Moves
		}
	}
	done := s.waiting("the engine to tell what it holds")
	observed, problems := runner.Observe(ctx, s.provider, s.facts, s.wanted)
	done()
	s.observed = observed
	if s.cfg != nil {
		s.cfg.Names = observed.KeptNames(project, s.cfg.KeepsName)
	}
	return problems
}

// expand evaluates the configuration with nothing known.
func (s *session) expand() (*config.Expanded, diag.List) {
	if s.expanding == nil {
		s.expanding = begin(s.expandNow)
	}
	result := s.expanding()
	return result.expanded, slices.Clone(result.problems)
}

func (s *session) expandNow() expansion {
	expanded, problems := config.Expand(s.cfg, s.schema, config.Known{})
	return expansion{expanded, problems}
}

// input is what a plan of the configuration is made from.
func (s *session) input(ctx context.Context) plan.Input {
	return plan.Input{
		Project: s.cfg.Project, Origin: s.cfg.Origin, Derived: s.cfg.Derived,
		Expand: func(known config.Known) (*config.Expanded, diag.List) {
			return config.Expand(s.cfg, s.schema, known)
		},
		Observed: s.observed, Diff: runner.Differ(ctx, s.provider), Files: s.files(),
		Volumes: s.asked.Volumes, Images: s.asked.Images, DataLoss: true, // which is asked about: confirmPlan
		Target: s.asked.Target, Exclude: s.asked.Exclude, Replace: s.asked.Replace, Run: s.asked.Run, Prevented: s.cfg.Prevented,
		Interrupted: ctx.Err,
	}
}

// planned loads, connects, observes and plans.
func (s *session) planned(ctx context.Context, path string) (*plan.Plan, diag.List) {
	s.startEarly(ctx)
	problems := s.loadWhole(ctx, path)
	if problems.HasErrors() {
		return nil, problems
	}
	if more := s.connect(ctx); more.HasErrors() {
		return nil, append(problems, more...)
	}
	p, _, more := s.planAgain(ctx)
	return p, append(problems, more...)
}

// planAgain observes and plans with what was loaded and connected before.
func (s *session) planAgain(ctx context.Context) (*plan.Plan, plan.Input, diag.List) {
	if s.asked.Destroy {
		return s.destruction(ctx, s.loaded())
	}
	expanded, problems := s.expand()
	if problems.HasErrors() {
		return nil, plan.Input{}, problems
	}
	if s.facts.Files == provider.FilesShared {
		if more := expanded.CheckSockets(socketKind); more.HasErrors() {
			return nil, plan.Input{}, append(problems, more...)
		}
	}
	seen := s.look(ctx, s.cfg.Project, expanded)
	if seen.HasErrors() {
		return nil, plan.Input{}, append(problems, seen...)
	}
	in := s.input(ctx)
	p, more := plan.Make(in)
	return p, in, append(seen, more...)
}

// hasConfiguration tells whether a directory holds one.
func hasConfiguration(dir string) bool {
	for _, pattern := range []string{"*.hcl", "*.hcl.json"} {
		if found, err := filepath.Glob(filepath.Join(dir, pattern)); err == nil && len(found) > 0 {
			return true
		}
	}
	return false
}

// positional returns the command's arguments, at most n of them.
func positional(c *ucli.Command, n int, usage string) ([]string, error) {
	args := c.Args().Slice()
	if len(args) > n {
		return nil, fmt.Errorf("%s is one argument too many: dindctl %s %s", args[n], c.Name, usage)
	}
	return args, nil
}

// path is the PATH argument; empty without one.
func path(c *ucli.Command) (string, error) {
	args, err := positional(c, 1, "[PATH]")
	if err != nil || len(args) == 0 {
		return "", err
	}
	return args[0], nil
}
