package plan_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"golang.org/x/tools/txtar"

	"github.com/dindctl/dindctl/hcl"
	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/providertest"
)

var update = flag.Bool("update", false, "write the wanted plans anew")

// Each file in testdata tells a story on an engine in memory: the section
// "script" says what happens, a line at a time, and "want" holds every plan and
// problem on the way, as text.
//
//	plan, apply, destroy [volumes] [images]
//	                                  what dindctl does, without or with consent to lose data
//	destroy bare                      without the configuration: by the records alone
//	plan target=A exclude=B replace=C  a part of it; likewise apply and destroy
//	use NAME                          the configuration is now the section NAME
//	stop, start, remove ADDRESS       what somebody else does
//	restart [ADDRESS]                 an object, or the engine with all that is on it
//	back EVENTS                       the engine's clock is set back
//	change ADDRESS ATTRIBUTE VALUE
//	foreign KIND NAME [DAEMON]        in the place of DAEMON
//	duplicate ADDRESS NAME [DAEMON]   with all labels, in the place of DAEMON
//	commit ADDRESS NAME [DAEMON]      as from an image of it
//	earlier                           all records are those of version 1 now
func TestStories(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d stories: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := &story{t: t, sections: map[string]string{}, unready: map[string]bool{}}
			s.memory = providertest.NewMemory(providertest.Options{}).Through(s.probed)
			for _, section := range archive.Files {
				s.sections[section.Name] = string(section.Data)
			}
			s.use("main.hcl")
			got := s.tell()
			if *update {
				for i := range archive.Files {
					if archive.Files[i].Name == "want" {
						archive.Files[i].Data = []byte(got)
					}
				}
				if err := os.WriteFile(file, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want := s.sections["want"]; got != want {
				t.Errorf("the story is\n%s\nwant\n%s", got, want)
			}
		})
	}
}

type story struct {
	t        *testing.T
	sections map[string]string
	memory   *providertest.Memory
	// unready are the addresses that do not get ready. Told says that probes are told.
	unready map[string]bool
	told    bool
	dir     string
	facts   provider.Facts
	schema  provider.Schema
	in      plan.Input
	wanted  runner.ObserveRequest
	out     strings.Builder
}

func (s *story) tell() string {
	ctx := s.t.Context()
	resp, err := s.memory.Configure(ctx, provider.ConfigureRequest{})
	s.must(err)
	description, err := s.memory.Describe(ctx)
	s.must(err)
	s.facts, s.schema = resp.Facts, description.Schema
	for line := range strings.Lines(s.sections["script"]) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		fmt.Fprintf(&s.out, "> %s\n", strings.Join(words, " "))
		s.do(words)
	}
	return s.out.String()
}

func (s *story) do(words []string) {
	outside := s.memory.Outside(provider.Root)
	switch words[0] {
	case "plan":
		s.plan(words)
	case "apply", "destroy":
		s.apply(s.plan(words))
	case "use":
		s.use(words[1])
	case "stop":
		outside.Stop(outside.ID("story", words[1]))
	case "start":
		outside.Start(outside.ID("story", words[1]))
	case "restart":
		s.restart(words[1:])
	case "back":
		events, err := strconv.Atoi(words[1])
		s.must(err)
		outside.SetBack(events)
	case "remove":
		outside.Remove(outside.ID("story", words[1]))
	case "change":
		outside.Change(outside.ID("story", words[1]), words[2], cty.StringVal(words[3]))
	case "foreign":
		in := outside
		if len(words) > 3 {
			in = s.memory.Outside(s.in.Observed.Inside[words[3]].Place)
		}
		in.AddForeign(provider.Kind(words[1]), words[2])
	case "duplicate", "commit":
		to := outside
		if len(words) > 3 {
			to = s.memory.Outside(s.in.Observed.Inside[words[3]].Place)
		}
		to.Copy(s.idOf(words[1]), words[2], words[0] == "commit")
	case "earlier":
		outside.Earlier()
	case "unready", "ready":
		s.told, s.unready[words[1]] = true, words[0] == "unready"
	default:
		s.t.Fatalf("the script says %q", words)
	}
}

// probed is asked whether something is ready.
func (s *story) probed(_ context.Context, e providertest.Effect) error {
	if e.Op != "ready" || !s.told {
		return nil
	}
	fmt.Fprintf(&s.out, "  probed %s\n", e.Address)
	if s.unready[e.Address] {
		return &provider.Problem{Code: provider.NotReady, Address: e.Address, Summary: "It did not get ready in time", Detail: "As the story says."}
	}
	return nil
}

// restart restarts an object outside, or the engine.
func (s *story) restart(addresses []string) {
	outside := s.memory.Outside(provider.Root)
	if len(addresses) == 0 {
		outside.Restart()
	}
	for _, address := range addresses {
		outside.Stop(outside.ID("story", address))
		outside.Start(outside.ID("story", address))
	}
}

// idOf is the id of the project's object, in whichever place it was seen last.
func (s *story) idOf(address string) string {
	object, problems := runner.Find(s.in.Observed, "story", address)
	if problems.HasErrors() {
		s.t.Fatal(problems)
	}
	return object.ID
}

func (s *story) use(section string) {
	s.dir = s.t.TempDir()
	s.must(os.WriteFile(filepath.Join(s.dir, "story.hcl"), []byte(s.sections[section]), 0o600))
}

// plan observes, plans and tells; it returns nil where there are errors.
func (s *story) plan(words []string) *plan.Plan {
	ctx := s.t.Context()
	destroy, volumes := words[0] == "destroy", slices.Contains(words, "volumes")
	cfg, _, problems := hcl.Load(hcl.LoadRequest{Path: filepath.Join(s.dir, "story.hcl"), Cwd: s.dir, MachineID: "machine", Project: "story"})
	if s.problems(problems) {
		return nil
	}
	expanded, problems := config.Expand(cfg, s.schema, config.Known{})
	if s.problems(problems) {
		return nil
	}
	declared, known := expanded.Instances, expanded
	if destroy {
		expanded = nil
	}
	s.wanted = runner.Wanted("story", expanded)
	if destroy && !slices.Contains(words, "bare") {
		s.wanted.Sites, s.wanted.Moves = runner.Sites(known), known.Moves
	}
	observed, problems := runner.Observe(ctx, s.memory, s.facts, s.wanted)
	if s.problems(problems) {
		return nil
	}
	cfg.Names = observed.KeptNames(cfg.Project, cfg.KeepsName)
	s.in = plan.Input{
		Project: "story", Origin: cfg.Origin, Observed: observed, Diff: runner.Differ(ctx, s.memory),
		Destroy: destroy, Volumes: volumes, Images: slices.Contains(words, "images"), DataLoss: volumes, Prevented: cfg.Prevented, Declared: declared,
		Expand: func(k config.Known) (*config.Expanded, diag.List) { return config.Expand(cfg, s.schema, k) },
	}
	if destroy {
		s.in.Expand = nil
	}
	for _, word := range words[1:] {
		switch name, address, _ := strings.Cut(word, "="); name {
		case "target":
			s.in.Target = append(s.in.Target, address)
		case "exclude":
			s.in.Exclude = append(s.in.Exclude, address)
		case "replace":
			s.in.Replace = append(s.in.Replace, address)
		}
	}
	p, problems := plan.Make(s.in)
	if s.problems(problems) {
		return nil
	}
	text := p.String()
	for _, problem := range p.Stopped {
		text += fmt.Sprintf("stopped %s: %s\n", problem.Address, problem.Detail)
	}
	if p.Clean {
		text += "clean\n"
	}
	s.out.WriteString(text)
	return p
}

func (s *story) apply(p *plan.Plan) {
	if p == nil {
		return
	}
	req := runner.ApplyRequest{
		Plan: p, Provider: s.memory, Observed: s.in.Observed, Observe: s.wanted, Differ: s.in.Diff, Parallelism: 1,
		Refine: runner.Refiner(s.in, p),
		Sink: func(e runner.Event) {
			if e.Kind == runner.Dropped || e.Kind == runner.Added || e.Kind == runner.Skipped {
				fmt.Fprintf(&s.out, "  %s %s %s: %s\n", e.Kind, e.Step.Action, e.Step.Address, e.Text)
			}
		},
	}
	if s.in.Expand != nil {
		expanded, problems := s.in.Expand(config.Known{})
		if s.problems(problems) {
			return
		}
		req.Expanded = expanded
	}
	result, problems := runner.Apply(s.t.Context(), req)
	s.problems(problems)
	fmt.Fprintf(&s.out, "done %d, failed %d, skipped %d\n", len(result.Done), len(result.Failed), len(result.Skipped))
}

// observed is what there is now.
func (s *story) observed() plan.Observed {
	observed, problems := runner.Observe(s.t.Context(), s.memory, s.facts, s.wanted)
	if problems.HasErrors() {
		s.t.Fatal(problems)
	}
	return observed
}

func (s *story) problems(list diag.List) bool {
	for _, p := range list.Sorted() {
		fmt.Fprintf(&s.out, "%s: %s (%s): %s\n", p.Severity, p.Summary, p.Address, strings.ReplaceAll(p.Detail, s.dir, "DIR"))
	}
	return list.HasErrors()
}

func (s *story) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}
