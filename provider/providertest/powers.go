package providertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/dindctl/dindctl/provider"
)

// Dial implements [provider.Dialer]. The engine in memory says its key in one
// line, and then what it is told.
func (m *Memory) Dial(ctx context.Context, _ provider.Place, id string) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var key, why string
	err := m.world.look(func(s *state) {
		var r *record
		if r, why = s.daemon(id); r != nil {
			key = r.Data
		}
	})
	if err != nil {
		return nil, err
	}
	if why != "" {
		return nil, &provider.Problem{Code: provider.NotReady, Summary: "The daemon does not answer", Detail: why + "."}
	}
	near, far := net.Pipe()
	go func() {
		defer far.Close() //nolint:errcheck // a pipe
		if _, err := fmt.Fprintln(far, key); err == nil {
			_, _ = io.Copy(far, far)
		}
	}()
	return near, nil
}

// Carry implements [provider.Carrier].
func (m *Memory) Carry(
	ctx context.Context, req provider.CarryRequest, sink provider.Sink,
) (provider.CarryResponse, error) {
	return m.carry(ctx, req.Reference, req, sink)
}

// carry moves an image for the object with the address.
func (m *Memory) carry(
	ctx context.Context, address string, req provider.CarryRequest, sink provider.Sink,
) (provider.CarryResponse, error) {
	var id string
	emit(sink, provider.Event{Phase: provider.PhaseCarry, Text: req.Reference})
	err := m.effect(ctx, "carry", "carried", address, func(s *state) error {
		from, err := s.engine(req.From)
		if err != nil {
			return err
		}
		to, err := s.engine(req.To)
		if err != nil {
			return err
		}
		if id = s.Images[from][tagged(req.Reference)]; id == "" {
			return &provider.Problem{
				Code: provider.NoImage, Summary: "The image cannot be carried", Detail: req.Reference + " is not there.",
			}
		}
		s.image(to, req.Reference, id)
		return nil
	})
	return provider.CarryResponse{ID: id}, err
}

// running returns an object of a place that runs.
func (s *state) running(place provider.Place, id string) (*record, error) {
	engine, err := s.engine(place)
	if err != nil {
		return nil, err
	}
	r := s.Objects[id]
	if r == nil || r.Engine != engine {
		return nil, gone(id)
	}
	if r.Condition.State != provider.StateRunning {
		return nil, &provider.Problem{
			Code: provider.NotReady, Address: r.Owner.Address, Summary: "The object does not run", Detail: r.Name + " is stopped.",
		}
	}
	return r, nil
}

// Exec implements [provider.Execer] with the table of commands, and
// ["watch"], which prints the terminal's sizes and the signals that it gets, and
// ends with TERM.
func (m *Memory) Exec(ctx context.Context, req provider.ExecRequest) (provider.ExecResponse, error) {
	var failed error
	if err := m.world.look(func(s *state) { _, failed = s.running(req.Place, req.ID) }); err != nil || failed != nil {
		return provider.ExecResponse{}, firstError(failed, err)
	}
	stdout, stderr := orDiscard(req.Stdout), orDiscard(req.Stderr)
	if slices.Equal(req.Command, []string{"watch"}) {
		return watch(ctx, req, stdout)
	}
	for _, e := range script(req.Command, req.Environment) {
		if err := perform(ctx, e, req.Stdin, stdout, stderr); err != nil {
			return provider.ExecResponse{}, err
		}
		if e.exit != 0 {
			return provider.ExecResponse{ExitCode: e.exit}, nil
		}
	}
	return provider.ExecResponse{}, nil
}

func perform(ctx context.Context, e effect, stdin io.Reader, stdout, stderr io.Writer) error {
	if e.sleep {
		<-ctx.Done()
		return ctx.Err()
	}
	if e.cat && stdin != nil {
		if _, err := io.Copy(stdout, stdin); err != nil {
			return err
		}
	}
	_, errOut := io.WriteString(stdout, e.stdout)
	_, errErr := io.WriteString(stderr, e.stderr)
	return errors.Join(errOut, errErr)
}

func watch(ctx context.Context, req provider.ExecRequest, stdout io.Writer) (provider.ExecResponse, error) {
	if _, err := fmt.Fprintf(stdout, "size %dx%d\n", req.Width, req.Height); err != nil {
		return provider.ExecResponse{}, err
	}
	for {
		var line string
		select {
		case <-ctx.Done():
			return provider.ExecResponse{}, ctx.Err()
		case size := <-req.Resize:
			line = fmt.Sprintf("size %dx%d", size.Width, size.Height)
		case name := <-req.Signals:
			if name == "TERM" {
				return provider.ExecResponse{ExitCode: 143}, nil
			}
			line = "signal " + name
		}
		if _, err := fmt.Fprintln(stdout, line); err != nil {
			return provider.ExecResponse{}, err
		}
	}
}

func orDiscard(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}

// Logs implements [provider.Logger]. Following ends when the object does.
func (m *Memory) Logs(ctx context.Context, req provider.LogsRequest) error {
	var stdout, stderr string
	found := false
	read := func(s *state) bool {
		r := s.Objects[req.ID]
		if found = r != nil; !found {
			return true
		}
		stdout, stderr = said(r, r.Stdout, req), said(r, r.Stderr, req)
		return !req.Follow || r.Condition.State != provider.StateRunning
	}
	if err := m.world.until(ctx, nil, read); err != nil {
		return err
	}
	if !found {
		return gone(req.ID)
	}
	_, errOut := io.WriteString(orDiscard(req.Stdout), stdout)
	_, errErr := io.WriteString(orDiscard(req.Stderr), stderr)
	return errors.Join(errOut, errErr)
}

// said is what a request wants to see of an object's output. All of it was said
// when the object was started.
func said(r *record, output string, req provider.LogsRequest) string {
	since, err := time.Parse(time.RFC3339Nano, req.Since)
	started, _ := time.Parse(time.RFC3339, r.Condition.Started)
	if err == nil && since.After(started) || req.Tail < 0 {
		return ""
	}
	output = last(output, req.Tail)
	if !req.Timestamps {
		return output
	}
	var stamped strings.Builder
	for line := range strings.Lines(output) {
		stamped.WriteString(r.Condition.Started + " " + line)
	}
	return stamped.String()
}

func last(output string, lines int) string {
	all := strings.SplitAfter(output, "\n")
	if n := len(all); n > 0 && all[n-1] == "" {
		all = all[:n-1]
	}
	if lines > 0 && len(all) > lines {
		all = all[len(all)-lines:]
	}
	return strings.Join(all, "")
}

// Stat implements [provider.Stater].
func (m *Memory) Stat(_ context.Context, req provider.StatRequest) (provider.StatResponse, error) {
	if req.ID == "" {
		return provider.StatResponse{}, &provider.Problem{
			Code: provider.Refused, Summary: "The engine's host cannot be looked at", Detail: "Nothing in memory has files.",
		}
	}
	found := false
	var out provider.StatResponse
	err := m.world.look(func(s *state) {
		r := s.Objects[req.ID]
		if found = r != nil; found {
			out, _ = r.stat(path.Clean(req.Path))
		}
	})
	if err == nil && !found {
		err = gone(req.ID)
	}
	return out, err
}

// Survey implements [provider.Surveyor].
func (m *Memory) Survey(_ context.Context, place provider.Place) (provider.SurveyResponse, error) {
	var out provider.SurveyResponse
	var failed error
	err := m.world.look(func(s *state) {
		var engine string
		if engine, failed = s.engine(place); failed != nil {
			return
		}
		for _, r := range s.all(engine) {
			out.Objects = append(out.Objects, s.object(r, place, false))
		}
	})
	return out, firstError(failed, err)
}

// Probe implements [provider.Prober]: the controller and the daemon that it is
// meant to call have to run.
func (m *Memory) Probe(ctx context.Context, req provider.ProbeRequest, sink provider.Sink) (provider.ProbeResponse, error) {
	emit(sink, provider.Event{Address: req.Declaration.Address, Phase: provider.PhaseProve})
	if err := m.ask(ctx, "probe", Effect{Op: "probe", Address: req.Declaration.Address}); err != nil {
		return provider.ProbeResponse{}, err
	}
	var failed error
	err := m.world.look(func(s *state) {
		var r *record
		if r, failed = s.running(req.Place, req.ID); failed != nil {
			return
		}
		for _, name := range refNames(r.Actual.Value, "daemon") {
			daemon := s.named(r.Engine, provider.Daemon, name)
			if daemon != nil && daemon.Condition.State != provider.StateRunning {
				failed = &provider.Problem{
					Code: provider.NotReady, Address: req.Declaration.Address, Summary: "The daemon does not answer",
					Detail: fmt.Sprintf("%s was asked from %s and is stopped.", name, r.Name),
				}
			}
		}
	})
	if err := firstError(failed, err); err != nil {
		return provider.ProbeResponse{}, err
	}
	return provider.ProbeResponse{How: "asked in memory", Answer: "1.0"}, nil
}

// Lock implements [provider.Locker].
func (m *Memory) Lock(ctx context.Context, project string, holder provider.Holder) (provider.Holder, bool, error) {
	var present provider.Holder
	err := m.effect(ctx, "lock", "locked", project, func(s *state) error {
		if _, taken := s.Locks[project]; !taken {
			s.Locks[project] = holder
		}
		present = s.Locks[project]
		return nil
	})
	return present, err == nil && present.Nonce == holder.Nonce, err
}

// Unlock implements [provider.Locker].
func (m *Memory) Unlock(ctx context.Context, project, nonce string) error {
	return m.effect(ctx, "unlock", "unlocked", project, func(s *state) error {
		if s.Locks[project].Nonce == nonce {
			delete(s.Locks, project)
		}
		return nil
	})
}

// Prepare implements [provider.Preparer]: in memory everything can be made.
func (m *Memory) Prepare(ctx context.Context, req provider.PrepareRequest, _ provider.Sink) error {
	if _, err := m.engineOf(req.Place); err != nil {
		return err
	}
	return m.ask(ctx, "prepare "+req.Declaration.Address, Effect{Op: "prepare", Address: req.Declaration.Address})
}

func (m *Memory) engineOf(place provider.Place) (engine string, failed error) {
	err := m.world.look(func(s *state) { engine, failed = s.engine(place) })
	return engine, firstError(failed, err)
}
