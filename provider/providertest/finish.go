package providertest

import (
	"context"
	"fmt"
	"strings"

	"github.com/dindctl/dindctl/provider"
)

// finish brings an object to where Create leaves one: started, ready, and for a
// job ended. It returns the object as it is then, also beside an error.
func (m *Memory) finish(
	ctx context.Context, place provider.Place, id string, sink provider.Sink,
) (provider.Object, error) {
	var kind provider.Kind
	var condition provider.Condition
	var address string
	err := m.world.look(func(s *state) {
		if r := s.Objects[id]; r != nil {
			kind, condition, address = r.Kind, r.Condition, r.Owner.Address
		}
	})
	if err == nil {
		switch {
		case kind == "":
			err = gone(id)
		case kind == provider.Job:
			err = m.run(ctx, id, address, condition.State, sink)
		case kind.Runs() && condition.State != provider.StateRunning:
			err = m.start(ctx, id, address, sink)
		}
	}
	var out provider.Object
	looking := m.world.look(func(s *state) {
		if r := s.Objects[id]; r != nil {
			out = s.object(r, place, true)
		}
	})
	return out, firstError(err, looking)
}

func gone(id string) error {
	return &provider.Problem{
		Code: provider.NotFound, Summary: "The object is not there", Detail: fmt.Sprintf("Nothing has the id %s.", id),
	}
}

func emit(sink provider.Sink, e provider.Event) {
	if sink != nil {
		sink(e)
	}
}

// start starts what keeps running and waits until it is ready.
func (m *Memory) start(ctx context.Context, id, address string, sink provider.Sink) error {
	emit(sink, provider.Event{Address: address, Phase: provider.PhaseStart})
	if err := m.effect(ctx, "start", "started", address, func(s *state) error {
		r := s.Objects[id]
		if r == nil {
			return gone(id)
		}
		if r.Condition.State == provider.StateRunning {
			return nil
		}
		if err := s.alone(r); err != nil {
			return err
		}
		for _, line := range script(texts(r.Actual.Value, "command"), nil) {
			r.print(line)
		}
		s.start(r)
		s.note(r)
		return nil
	}); err != nil {
		return err
	}
	return m.ready(ctx, address, sink)
}

// run starts a job that was not started, and waits for its end.
func (m *Memory) run(ctx context.Context, id, address string, now provider.State, sink provider.Sink) error {
	if now == provider.StateCreated {
		if err := m.startJob(ctx, id, address, sink); err != nil {
			return err
		}
	}
	var end record
	shown := 0
	if err := m.world.look(func(s *state) {
		if r := s.Objects[id]; r != nil {
			end = *r
		}
	}); err != nil {
		return err
	}
	if end.Condition.State == provider.StateRunning { // what it said before it fell asleep
		shown = len(end.Stdout)
		show(sink, address, "stdout", end.Stdout)
	}
	ended := func(s *state) bool {
		r := s.Objects[id]
		if r == nil {
			end = record{}
			return true
		}
		end = *r
		return r.Condition.State != provider.StateRunning
	}
	if err := m.world.until(ctx, m.stop, ended); err != nil {
		return err
	}
	if end.Condition.State == provider.StateRunning { // Stop was called
		if err := m.world.do(func(s *state) error {
			if r := s.Objects[id]; r != nil {
				s.stop(r, 143)
			}
			return nil
		}); err != nil {
			return err
		}
		return &provider.Problem{
			Code: provider.Interrupted, Address: address, Summary: "The job was stopped",
			Detail: "It got its stop signal, because a stop was asked for.",
		}
	}
	if end.ID == "" {
		return gone(id)
	}
	show(sink, address, "stdout", end.Stdout[min(shown, len(end.Stdout)):])
	show(sink, address, "stderr", end.Stderr)
	return outcome(end, address)
}

// startJob starts a job, unless somebody else did so meanwhile.
func (m *Memory) startJob(ctx context.Context, id, address string, sink provider.Sink) error {
	emit(sink, provider.Event{Address: address, Phase: provider.PhaseStart})
	return m.effect(ctx, "start", "started", address, func(s *state) error {
		r := s.Objects[id]
		if r == nil {
			return gone(id)
		}
		if r.Condition.State == provider.StateCreated {
			if err := s.alone(r); err != nil {
				return err
			}
			s.start(r)
			s.perform(r)
		}
		return nil
	})
}

// show sends output as events.
func show(sink provider.Sink, address, stream, output string) {
	for line := range strings.Lines(output) {
		emit(sink, provider.Event{Address: address, Phase: provider.PhaseOutput, Stream: stream, Data: []byte(line)})
	}
}

// outcome turns a bad end of a job into a problem.
func outcome(end record, address string) error {
	code := end.Condition.ExitCode
	if code == 0 {
		return nil
	}
	var log []string
	for line := range strings.Lines(end.Stdout + end.Stderr) {
		log = append(log, strings.TrimSuffix(line, "\n"))
	}
	return &provider.Problem{
		Code: provider.JobFailed, Address: address, Summary: "The job failed",
		Detail: fmt.Sprintf("Its command ended with exit code %d. The container is kept.", code), Log: log,
	}
}

// perform runs a job's command to its end, or to a sleep in it.
func (s *state) perform(r *record) {
	for _, line := range script(texts(r.Actual.Value, "command"), nil) {
		if line.sleep {
			return
		}
		r.print(line)
		if line.exit != 0 {
			s.stop(r, line.exit)
			return
		}
	}
	s.stop(r, 0)
}

func (r *record) print(line effect) {
	r.Stdout += line.stdout
	r.Stderr += line.stderr
}
