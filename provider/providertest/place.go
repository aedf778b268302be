package providertest

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/dindctl/dindctl/provider"
)

// streamPlace begins the place of an engine that was reached by a byte stream.
const streamPlace = "stream:"

// engine returns the key of the engine of a place, which has to answer.
func (s *state) engine(place provider.Place) (string, error) {
	if place == provider.Root {
		return rootEngine, nil
	}
	if key, ok := strings.CutPrefix(string(place), streamPlace); ok {
		return key, nil
	}
	daemon, why := s.daemon(string(place))
	if why != "" {
		return "", &provider.Problem{
			Code: provider.Unreachable, Summary: "The daemon does not answer", Detail: "Nothing can be done inside: " + why + ".",
		}
	}
	return daemon.Data, nil
}

// daemon returns a daemon that answers, or a clause that says why it does not.
func (s *state) daemon(id string) (daemon *record, why string) {
	r := s.Objects[id]
	switch {
	case r == nil:
		return nil, "it is not there"
	case r.Kind != provider.Daemon:
		return nil, "it is no daemon"
	case r.Condition.State != provider.StateRunning:
		return nil, "its container is stopped"
	}
	if r.Engine == rootEngine {
		return r, ""
	}
	for _, outer := range s.Objects {
		if outer.Kind == provider.Daemon && outer.Data == r.Engine && outer.Condition.State == provider.StateRunning {
			return r, ""
		}
	}
	return nil, "the daemon that it is inside of is stopped"
}

// Open implements [provider.Provider].
func (m *Memory) Open(ctx context.Context, req provider.OpenRequest) (provider.OpenResponse, error) {
	if err := ctx.Err(); err != nil {
		return provider.OpenResponse{}, err
	}
	if req.Stream != nil {
		return openStream(ctx, req)
	}
	if err := m.look(ctx, "open", req.ID); err != nil {
		return provider.OpenResponse{}, err
	}
	var out provider.OpenResponse
	err := m.world.look(func(s *state) {
		daemon, why := s.daemon(req.ID)
		if why != "" {
			out.Why = why
			return
		}
		out = provider.OpenResponse{Readable: true, Place: provider.Place(daemon.ID), Facts: factsOf(daemon.Data)}
	})
	return out, err
}

// openStream asks the engine at the other end of a stream for its key, which it
// says first: see Dial.
func openStream(ctx context.Context, req provider.OpenRequest) (provider.OpenResponse, error) {
	c, err := req.Stream(ctx)
	if err != nil {
		return provider.OpenResponse{Why: err.Error()}, nil
	}
	defer c.Close() //nolint:errcheck // it was only read
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		return provider.OpenResponse{Why: fmt.Sprintf("what answers for %s says nothing", req.ID)}, nil
	}
	key := strings.TrimSpace(line)
	return provider.OpenResponse{Readable: true, Place: provider.Place(streamPlace + key), Facts: factsOf(key)}, nil
}
