package docker

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/provider"
)

// Create makes an object, starts it where it runs, and waits until it is ready or has ended.
func (p *Provider) Create(ctx context.Context, req provider.CreateRequest, sink provider.Sink) (provider.CreateResponse, error) {
	e, err := p.at(req.Place)
	if err != nil {
		return provider.CreateResponse{}, err
	}
	req.Owner.Name = req.Declaration.Name
	say := newEvents(sink, req.Declaration.Address)
	ctx = withVoice(ctx, say)
	if external(req.Declaration) {
		return p.external(ctx, e, req)
	}
	if err := recordFits(req.Owner); err != nil {
		return provider.CreateResponse{}, err
	}
	switch req.Declaration.Kind {
	case provider.Network:
		return p.createNetwork(ctx, e, req, say)
	case provider.Volume:
		return p.createVolume(ctx, e, req, say)
	case provider.Image:
		return p.createImage(ctx, e, req, say)
	case provider.Container, provider.Daemon, provider.Controller, provider.Job, provider.Guard:
	}
	return p.createContainer(ctx, e, req, say)
}

func external(decl provider.Declaration) bool {
	return valuesOf(decl.Declared).flag("external", false)
}

// external finds what exists already; nothing is written to it.
func (p *Provider) external(ctx context.Context, e *engine, req provider.CreateRequest) (provider.CreateResponse, error) {
	name, kind := req.Declaration.Name, req.Declaration.Kind
	var found *provider.Object
	resp, err := p.Observe(ctx, provider.ObserveRequest{
		Place: req.Place, Project: "-", Names: map[provider.Kind][]string{kind: {name}},
	}, func(o provider.Object) error {
		if o.Kind == kind && o.Name == name {
			found = &o
		}
		return nil
	})
	if err != nil {
		return provider.CreateResponse{}, err
	}
	for _, unread := range resp.Unread {
		if found == nil && !unread.Foreign { // it may be what is looked for
			return provider.CreateResponse{}, unread.Problem
		}
	}
	if found == nil {
		return provider.CreateResponse{}, &provider.Problem{
			Code: provider.NotFound, Address: req.Declaration.Address, Summary: "An external object does not exist",
			Detail: fmt.Sprintf("The engine %s has no %s called %s. Create it, or leave `external` out.", e.facts.Name, kind, name),
		}
	}
	return provider.CreateResponse{ID: found.ID, Adopted: true, Object: *found}, nil
}

// mayAdopt tells whether an object that is in the way is the wanted one: made by
// an earlier, interrupted call, or of the same address with an equal record.
func mayAdopt(req provider.CreateRequest, kind, id string, w whose) error {
	owner := w.owner
	mine := req.Means(owner)
	switch {
	case owner.Project != "" && owner.Schema > provider.OwnershipSchema:
		return laterVersion(kind, req.Declaration.Name, owner)
	case mine && owner.Run == req.Owner.Run && owner.Run != "":
		return nil
	case mine && bytes.Equal(owner.Spec, req.Owner.Spec):
		return nil
	}
	whose := "it is not dindctl's"
	advice := "Rename or remove it, or give this object another `name`."
	switch {
	case mine:
		whose = "it is this object as an earlier configuration had it"
		if owner.Address != req.Owner.Address {
			whose = fmt.Sprintf("it is this object as an earlier configuration had it, %s then", owner.Address)
		}
		advice = "Run plan again: it will be replaced."
	case owner.Project == req.Owner.Project:
		whose = fmt.Sprintf("it is %s of this project", owner.Address)
		advice = "Give one of the two another `name`."
	case owner.Project != "":
		whose = fmt.Sprintf("it is %s of project %s (%s)", owner.Address, owner.Project, owner.Origin)
		advice = "Give this object another `name`, or this project another name."
	case w.whyNot != "":
		whose = "it is not dindctl's, although it bears such labels: " + w.whyNot
	}
	thing := kind + " " + req.Declaration.Name + " already"
	if id != req.Declaration.Name {
		thing += " (id " + provider.ShortID(id) + ")"
	}
	return &provider.Problem{
		Code: provider.Conflict, Address: req.Declaration.Address, Summary: "The name is taken",
		Detail: fmt.Sprintf("There is a %s, and %s. %s", thing, whose, advice),
		Holder: strings.TrimPrefix(whose, "it is ") + " (" + provider.ShortID(id) + ")",
	}
}

// mayChange refuses what is not the project's.
func mayChange(project, kind, name string, w whose) error {
	switch {
	case w.owner.Project == "" || w.owner.Project != project:
		return notOurs(project, kind, name, w)
	case w.owner.Schema > provider.OwnershipSchema:
		return laterVersion(kind, name, w.owner)
	}
	return nil
}

func laterVersion(kind, name string, owner provider.Ownership) error {
	return &provider.Problem{
		Code: provider.NotOurs, Address: owner.Address, Summary: "The object was made by a later version of dindctl",
		Detail: fmt.Sprintf("The records of the %s %s are of version %d; this dindctl knows %d. Use a later version.", kind, name, owner.Schema, provider.OwnershipSchema),
	}
}

// applied compares what was made with what was asked for: an engine that accepts
// something and does not do it is an error.
func applied(req provider.CreateRequest, object provider.Object, facts provider.Facts, imageID string) error {
	found, err := diff(provider.DiffItem{
		Declaration: req.Declaration, Created: req.Owner.Spec, Actual: object.Actual, Condition: object.Condition, Facts: facts, ImageID: imageID,
	})
	changes := toDo(found.Changes)
	if err != nil || len(changes) == 0 {
		return err
	}
	return notApplied(req.Declaration.Address, changes)
}

// toDo are the changes about which something can be done.
func toDo(changes []provider.Change) []provider.Change {
	return slices.DeleteFunc(changes, func(c provider.Change) bool { return c.Cause == provider.LeftOut })
}

func notApplied(address string, changes []provider.Change) error {
	paths := make([]string, 0, len(changes))
	for _, c := range changes {
		text := c.Path
		if !c.Sensitive {
			text += fmt.Sprintf(" (is %s, wanted %s)", plainText(c.From), plainText(c.To))
		}
		paths = append(paths, text)
	}
	return &provider.Problem{
		Code: provider.NotApplied, Address: address, Path: changes[0].Path, Summary: "The engine accepted it and did not do it",
		Detail: "Not applied: " + strings.Join(paths, "; ") + ".",
	}
}
