package providertest

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// Outside changes one place behind the back of everybody: what a person does with
// other tools, and what accidents do. Its methods panic where a test is wrong.
type Outside struct {
	world *world
	place provider.Place
}

// Outside returns the hand that changes a place; a place inside a daemon is named
// by what Open gave.
func (m *Memory) Outside(place provider.Place) *Outside {
	return &Outside{world: m.world, place: place}
}

func (o *Outside) change(f func(s *state, engine string)) {
	err := o.world.do(func(s *state) error {
		engine, err := s.engine(o.place)
		if err == nil {
			f(s, engine)
		}
		return err
	})
	if err != nil {
		panic(fmt.Sprintf("providertest: changing the place %q: %v", o.place, err))
	}
}

func (o *Outside) object(id string, f func(s *state, r *record)) {
	o.change(func(s *state, _ string) {
		r := s.Objects[id]
		if r == nil {
			panic(fmt.Sprintf("providertest: no object has the id %q", id))
		}
		f(s, r)
		r.Revision++
	})
}

// ID returns the id of the project's object with that address, or empty.
func (o *Outside) ID(project, address string) (id string) {
	o.change(func(s *state, engine string) {
		for _, r := range s.all(engine) {
			if r.Owner.Project == project && r.Owner.Address == address {
				id = r.ID
			}
		}
	})
	return id
}

// Stop stops an object, as a kill does: with exit code 137.
func (o *Outside) Stop(id string) { o.Exit(id, 137) }

// Exit ends an object with an exit code.
func (o *Outside) Exit(id string, code int) {
	o.object(id, func(s *state, r *record) { s.stop(r, code) })
}

// Start starts an object.
func (o *Outside) Start(id string) {
	o.object(id, func(s *state, r *record) { s.start(r) })
}

// Restart takes the place's engine down and brings it up again: everything that
// runs ends, and what is to run until it is stopped runs again.
func (o *Outside) Restart() {
	o.change(func(s *state, engine string) {
		s.down(engine)
		s.up(engine)
	})
}

// SetBack sets the clock back, by a number of events.
func (o *Outside) SetBack(events int) {
	o.change(func(s *state, _ string) { s.Clock -= events })
}

// Remove takes an object away.
func (o *Outside) Remove(id string) {
	o.object(id, func(s *state, r *record) { s.remove(r) })
}

// Free tells whether nothing uses an object, so that anybody could take it away.
func (o *Outside) Free(id string) (free bool) {
	o.change(func(s *state, _ string) { free = s.Objects[id] != nil && len(s.users(s.Objects[id], false)) == 0 })
	return free
}

// Change gives an attribute another value.
func (o *Outside) Change(id, attribute string, value cty.Value) {
	o.object(id, func(_ *state, r *record) { r.Actual.Value = with(r.Actual.Value, attribute, value) })
}

// AddForeign makes an object that belongs to no project, and returns its id. What
// runs does.
func (o *Outside) AddForeign(kind provider.Kind, name string) string {
	r := &record{Name: name, Kind: kind, Revision: 1, Actual: stored{Declare(MemorySchema(), kind, nil)}}
	o.change(func(s *state, engine string) {
		r.Engine = engine
		s.add(r)
		if kind.Runs() {
			s.start(r)
		}
		if kind == provider.Daemon {
			r.Data = r.ID
		}
		if kind == provider.Image {
			s.image(engine, name, imageID(name))
		}
	})
	return r.ID
}

// Copy makes a copy of an object of any place, with its record and under another
// name: what a manager's "duplicate" does. Made says that it is made from the
// original itself, as from an image of it. It returns the copy's id. What runs does.
func (o *Outside) Copy(id, name string, made bool) string {
	var r record
	o.change(func(s *state, engine string) {
		original := s.Objects[id]
		if original == nil {
			panic(fmt.Sprintf("providertest: no object has the id %q", id))
		}
		r = *original
		r.Name, r.Engine, r.Data = name, engine, ""
		if made {
			r.From = original.Owner
		}
		s.add(&r)
		if r.Kind == provider.Daemon {
			r.Data = r.ID
		}
		if r.Kind.Runs() {
			s.start(&r)
		}
	})
	return r.ID
}

// Rename gives an object another name.
func (o *Outside) Rename(id, name string) {
	o.object(id, func(_ *state, r *record) { r.Name = name })
}

// Earlier turns the records of all objects, in every place, into those of version 1.
func (o *Outside) Earlier() {
	o.change(func(s *state, _ string) {
		for _, r := range s.Objects {
			if r.Owner.Project != "" {
				r.Owner.Schema, r.Owner.Name, r.Owner.Place = 1, "", ""
			}
		}
	})
}

// AddImage puts an image there, under an id of the test's choice.
func (o *Outside) AddImage(name, id string) {
	o.change(func(s *state, engine string) { s.image(engine, name, id) })
}

// RemoveImage takes an image away.
func (o *Outside) RemoveImage(name string) {
	o.change(func(s *state, engine string) { delete(s.Images[engine], tagged(name)) })
}

// Lock returns the holder of a project's lock, or false.
func (o *Outside) Lock(project string) (holder provider.Holder, held bool) {
	o.change(func(s *state, _ string) { holder, held = s.Locks[project] })
	return holder, held
}
