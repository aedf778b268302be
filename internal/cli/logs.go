package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/internal/ui"
	"github.com/dindctl/dindctl/provider"
)

func (a *app) logs() *ucli.Command {
	return &ucli.Command{
		Name: "logs", Usage: "the output of objects, at any depth; of the whole project where none is named", ArgsUsage: "[PATH] [ADDRESS...]",
		Description: `Example: dindctl logs -f -tail 20 daemon.dind job.build

The output of one object is printed as it is. Of several, each line begins with the
address that said it, and the lines come in the order of their times.`,
		Flags: append(addressFlags(),
			&ucli.BoolFlag{Name: "f", Aliases: []string{"follow"}, Usage: "go on until everything has ended, or Ctrl-C"},
			&ucli.StringFlag{Name: "tail", Aliases: []string{"n"}, Value: "all", Usage: "only the last `N` lines of each, or all"},
			&ucli.StringFlag{Name: "since", Usage: "only what was said since a `TIME`: 2026-01-02T15:04:05Z, 2026-01-02, or 10m ago"},
			&ucli.BoolFlag{Name: "t", Aliases: []string{"timestamps"}, Usage: "with the time of each line"},
			&ucli.BoolFlag{Name: "no-prefix", Usage: "without the address in front of each line"}),
		Action: func(ctx context.Context, c *ucli.Command) error {
			ask, err := a.logsRequest(c)
			if err != nil {
				return err
			}
			s := a.session(c)
			defer s.close()
			where, addresses := a.configurationFirst(c.Args().Slice())
			return s.logs(ctx, where, addresses, ask)
		},
	}
}

func (a *app) logsRequest(c *ucli.Command) (provider.LogsRequest, error) {
	ask := provider.LogsRequest{Follow: c.Bool("f"), Timestamps: c.Bool("t")}
	if text := c.String("tail"); text != "all" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return ask, fmt.Errorf("-tail takes a number of lines, or all, not %q", text)
		}
		if ask.Tail = n; n == 0 {
			ask.Tail = -1
		}
	}
	if text := c.String("since"); text != "" {
		since, err := moment(text, a.env.Now())
		if err != nil {
			return ask, err
		}
		ask.Since = since.UTC().Format(time.RFC3339Nano)
	}
	return ask, nil
}

// moment reads a time, or how long ago it was.
func moment(text string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("-since takes a time, such as 2026-01-02T15:04:05Z or 2026-01-02, or how long ago, such as 10m; not %q", text)
}

func (s *session) logs(ctx context.Context, where string, addresses []string, ask provider.LogsRequest) error {
	project, problems := s.reach(ctx, where)
	if problems.HasErrors() {
		return s.app.fail(problems, nil)
	}
	s.app.show(s.unhidden(), nil)
	objects, problems := s.speakers(project, addresses)
	if problems.HasErrors() {
		return s.app.fail(problems, nil)
	}
	s.app.show(problems, nil)
	if len(addresses) == 1 && len(objects) == 1 {
		ask.Stdout, ask.Stderr = s.app.env.Stdout, s.app.env.Stderr
		problems := runner.Log(ctx, s.provider, objects[0], ask)
		if s.app.unread() {
			return exit(exitUnread)
		}
		if ctx.Err() != nil {
			return exit(exitInterrupted) // that is how following ends
		}
		return s.app.fail(problems, nil)
	}
	var names []string
	if !s.command.Bool("no-prefix") {
		for _, o := range objects {
			names = append(names, o.Owner.Address)
		}
	}
	prefix := ui.LogPrefix(names, s.app.options())
	var stopped diag.List
	if len(addresses) == 0 {
		stopped = s.observed.Stopped() // the others' output is shown all the same
	}
	return s.app.fail(append(stopped, runner.Logs(ctx, runner.LogsRequest{
		Provider: s.provider, Objects: objects, Ask: ask,
		Line: func(l runner.LogLine) {
			text := l.Text
			if ask.Timestamps && l.Stamp != "" {
				text = l.Stamp + " " + text
			}
			to := s.app.env.Stdout
			if l.Stream == "stderr" {
				to = s.app.env.Stderr
			}
			_, _ = io.WriteString(to, prefix(l.Address)+text+"\n")
		},
	})...), nil)
}

// unhidden warns of secrets that cannot be hidden, because nothing says what they are.
func (s *session) unhidden() diag.List {
	if len(s.valueless) == 0 {
		return nil
	}
	list := diag.List{{
		Severity: diag.Warning, Summary: "Secrets that are not known are not hidden",
		Detail: fmt.Sprintf("No value was given for %s: what programs wrote of it is shown as it is. Give the value that apply had, with -var, -var-file or DINDCTL_VAR_NAME.", strings.Join(s.valueless, ", ")),
	}}
	return list
}

// speakers are the objects whose output is meant; without addresses, all that have some.
func (s *session) speakers(project string, addresses []string) ([]provider.Object, diag.List) {
	if len(addresses) == 0 {
		all := runner.Objects(s.observed, project)
		speakers := slices.DeleteFunc(all, func(o provider.Object) bool { return !o.Kind.Runs() })
		if len(speakers) == 0 {
			return nil, diag.Errorf("Nothing runs there", "The engine has nothing of project %q that runs. `dindctl apply` makes it.%s", project, runner.Elsewhere(s.observed, project))
		}
		return speakers, s.unread()
	}
	objects, problems := runner.FindAll(s.observed, project, addresses)
	for _, o := range objects {
		if !o.Kind.Runs() {
			list := diag.Errorf("Nothing runs there", "%s is a %s: it has no output. Name a container, daemon, controller or job.", o.Owner.Address, o.Kind)
			list[0].Address = o.Owner.Address
			problems = append(problems, list...)
		}
	}
	return objects, problems
}

// unread warns of daemons that could not be looked into: what is inside them is missing.
func (s *session) unread() diag.List {
	var out diag.List
	for _, u := range s.observed.Unread() {
		out = append(out, diag.Problem{
			Severity: diag.Warning, Code: "daemon-not-ready", Summary: "A daemon cannot be looked into", Address: u.Address,
			Detail: fmt.Sprintf("What is inside %s is not shown: %s.", u.Address, u.Why),
		})
	}
	return out
}
