package providertest

import (
	"context"
	"maps"

	"github.com/dindctl/dindctl/provider"
)

// Effect is what a connection is about to do, or has just done, when it asks its
// hook; see [Memory.Through].
type Effect struct {
	// Op is the verb, as in [Options.Fault]: create, start, update, delete, halt,
	// copy, carry, pull, lock, unlock. Of what changes nothing it is ready, probe, prepare,
	// observe or open.
	Op string
	// After says that the change was made and the answer is on its way.
	After bool
	// Address is the object's, also for an image that is pulled or carried for one;
	// for a lock it is the project, for observe the place, for open the object's id.
	Address string
	// Do makes the change without asking anybody, also after the call has come to
	// an end: an engine may do late what nobody waits for any longer. It is nil
	// after the change, and where nothing is changed.
	Do func() error
}

// Through returns another connection to the same world, which asks the hook
// before and after each of its effects and before it looks at anything. An error
// of the hook fails the call there. The hook may wait; it is called from several
// goroutines at once, and never while the world is held.
func (m *Memory) Through(hook func(ctx context.Context, e Effect) error) *Memory {
	return &Memory{world: m.world, hook: hook, stop: make(chan struct{})}
}

// ask asks the hooks of the world and of the connection.
func (m *Memory) ask(ctx context.Context, name string, e Effect) error {
	if err := m.world.fault(ctx, name); err != nil {
		return err
	}
	if m.hook == nil {
		return nil
	}
	return m.hook(ctx, e)
}

// look asks the connection's hook before something is looked at.
func (m *Memory) look(ctx context.Context, op, address string) error {
	if m.hook == nil {
		return nil
	}
	return m.hook(ctx, Effect{Op: op, Address: address})
}

// addressOf is the address of an object, for the hook; empty for nobody's.
func (m *Memory) addressOf(id string) (address string) {
	_ = m.world.look(func(s *state) {
		if r := s.Objects[id]; r != nil {
			address = r.Owner.Address
		}
	})
	return address
}

// effect is one change of the engine, with the hooks before and after it.
func (m *Memory) effect(ctx context.Context, op, done, address string, f func(*state) error) error {
	do := func() error {
		return m.world.do(func(s *state) error {
			err := f(s)
			if err == nil {
				s.Counts[op]++
			}
			return err
		})
	}
	if err := m.ask(ctx, op, Effect{Op: op, Address: address, Do: do}); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return m.ask(context.WithoutCancel(ctx), done, Effect{Op: op, Address: address, After: true})
}

// Thing is one object of a world as it stands, whoever made it.
type Thing struct {
	ID, Name string
	Kind     provider.Kind
	// Engine names the engine that has it: "root", or what Data is of a daemon.
	Engine string
	// Data names the engine inside a daemon: the id of the volume that keeps what
	// is inside it, or the daemon's own id without one. Else it is empty.
	Data      string
	Owner     provider.Ownership
	Condition provider.Condition
	// Image is the id of the image that it was made from.
	Image string
	// LivesIn are the ids of the objects whose namespaces it has.
	LivesIn []string
	// Revision counts its changes, and Starts how often it was started.
	Revision, Starts int
}

// Things are all objects of the world, by id, those inside daemons that are
// stopped or gone among them.
func (m *Memory) Things() map[string]Thing {
	out := map[string]Thing{}
	_ = m.world.look(func(s *state) {
		for id, r := range s.Objects {
			condition := r.Condition
			condition.Follows = r.Follows
			out[id] = Thing{
				ID: id, Name: r.Name, Kind: r.Kind, Engine: r.Engine, Data: r.Data, Owner: r.Owner, LivesIn: r.livesIn(),
				Condition: condition, Image: text(r.Actual.Value, "image_id"), Revision: r.Revision, Starts: r.Starts,
			}
		}
	})
	return out
}

// Clone returns a connection to a world of its own that is as this one is now. Ids
// and places mean the same in both.
func (m *Memory) Clone() *Memory {
	fresh := &world{opts: m.world.opts, schema: m.world.schema, state: newState(), changed: make(chan struct{})}
	fresh.opts.File = ""
	_ = m.world.look(func(s *state) {
		fresh.state.Serial, fresh.state.Clock = s.Serial, s.Clock
		for id, r := range s.Objects {
			own := *r
			own.Files = maps.Clone(r.Files)
			fresh.state.Objects[id] = &own
		}
		for engine, images := range s.Images {
			fresh.state.Images[engine] = maps.Clone(images)
		}
		fresh.state.Locks, fresh.state.Counts = maps.Clone(s.Locks), maps.Clone(s.Counts)
	})
	return &Memory{world: fresh, hook: m.hook, stop: make(chan struct{})}
}
