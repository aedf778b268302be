package providertest

import (
	"context"
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// Observe implements [provider.Provider].
func (m *Memory) Observe(
	ctx context.Context, req provider.ObserveRequest, each func(provider.Object) error,
) (provider.ObserveResponse, error) {
	if err := ctx.Err(); err != nil {
		return provider.ObserveResponse{}, err
	}
	if err := m.look(ctx, "observe", string(req.Place)); err != nil {
		return provider.ObserveResponse{}, err
	}
	var out provider.ObserveResponse
	var objects []provider.Object
	var failed error
	if err := m.world.look(func(s *state) { out, objects, failed = s.observe(req) }); err != nil || failed != nil {
		return provider.ObserveResponse{}, firstError(failed, err)
	}
	for _, o := range objects {
		if err := ctx.Err(); err != nil {
			return provider.ObserveResponse{}, err
		}
		if err := each(o); err != nil {
			return provider.ObserveResponse{}, err
		}
	}
	return out, nil
}

func (s *state) observe(req provider.ObserveRequest) (out provider.ObserveResponse, objects []provider.Object, err error) {
	engine, err := s.engine(req.Place)
	if err != nil {
		return out, nil, err
	}
	out = provider.ObserveResponse{Images: map[string]string{}, Projects: map[string]int{}}
	var records []provider.Ownership
	for _, r := range s.all(engine) {
		records = append(records, r.owner())
	}
	where := req.Where.Found(req.Project, records)
	for _, r := range s.all(engine) {
		if owner := r.owner(); owner.Project != "" {
			out.Projects[owner.Project]++
		}
		if wanted(r, req) {
			object := s.object(r, req.Place, slices.Contains(req.Output, r.Owner.Address))
			r.judge(&object, where)
			objects = append(objects, object)
		}
	}
	for _, name := range req.Images {
		if id, ok := s.Images[engine][tagged(name)]; ok {
			out.Images[name] = id
		}
	}
	return out, objects, nil
}

func wanted(r *record, req provider.ObserveRequest) bool {
	switch {
	case req.Project == "" && r.Owner.Project != "":
		return true
	case req.Project != "" && r.Owner.Project == req.Project:
		return true
	}
	for kind, names := range req.Names {
		if space(kind) == space(r.Kind) && slices.Contains(names, r.Name) {
			return true
		}
	}
	return false
}

// judge says whose an object is, in a place.
func (r *record) judge(o *provider.Object, at provider.Whereabouts) {
	o.Owner, o.Claim, o.WhyNot, o.Stray = provider.Ownership{}, provider.Ownership{}, "", false
	if r.Owner.Project == "" {
		return
	}
	standing, why := r.Owner.Standing(provider.Seen{Kind: space(r.Kind), Name: r.Name, From: r.From}, at)
	o.WhyNot = why
	if standing == provider.Foreign {
		o.Claim = r.Owner
		o.Values = provider.Values{ID: r.ID, Ref: r.Name} // nothing is read from within it
		return
	}
	o.Owner, o.Stray = r.Owner, standing == provider.Stray
}

// owner is the record of an object where it counts, wherever that is.
func (r *record) owner() provider.Ownership {
	var o provider.Object
	r.judge(&o, provider.Whereabouts{Place: r.Owner.Place})
	return o.Owner
}

// object is a record as the contract shows it.
func (s *state) object(r *record, place provider.Place, output bool) provider.Object {
	out := provider.Object{
		ID: r.ID, Kind: r.Kind, Name: r.Name, Place: place, Actual: r.Actual.Value,
		Condition: r.Condition, Views: viewsOf(r.Actual.Value), LivesIn: r.livesIn(),
		Fingerprint: fmt.Sprintf("%s-%d", r.ID, r.Revision),
		Values:      provider.Values{ID: r.ID, Ref: r.Name},
	}
	out.Condition.Follows = r.Follows
	if r.Kind == provider.Network || r.Kind == provider.Volume {
		out.Users = s.users(r, true)
	}
	switch r.Kind {
	case provider.Image:
		out.Values.ID = s.Images[r.Engine][tagged(r.Name)]
		out.Values.Ref = tagged(r.Name)
	case provider.Daemon:
		out.Values.Endpoint = "memory://" + r.Data
		out.Values.Version = "1.0"
		out.Values.StorageDriver = "memory"
	case provider.Job:
		if r.Condition.State == provider.StateExited {
			code := r.Condition.ExitCode
			out.Values.ExitCode = &code
			if output {
				stdout, stderr := r.Stdout, r.Stderr
				out.Values.Stdout, out.Values.Stderr = &stdout, &stderr
			}
		}
	case provider.Network, provider.Volume, provider.Container, provider.Controller, provider.Guard:
	}
	r.judge(&out, provider.Whereabouts{Place: r.Owner.Place})
	if r.Kind == provider.Network {
		out.Created = r.ID // ids are given in the order of creation
		out.Members = len(s.users(r, false))
	}
	if r.Kind.Runs() && out.Claim.Project == "" {
		out.Values.Addresses = s.addresses(r)
		out.Values.Ports = ports(r.Actual.Value)
	}
	return out
}

func (s *state) addresses(r *record) map[string]string {
	out := map[string]string{}
	if r.Condition.State != provider.StateRunning {
		return out
	}
	var serial int
	_, _ = fmt.Sscanf(r.ID, "m%d", &serial)
	for i, name := range refNames(r.Actual.Value, "networks") {
		out[name] = fmt.Sprintf("10.%d.%d.%d", i, serial/250, serial%250+2)
	}
	return out
}

func ports(actual cty.Value) map[string]string {
	out := map[string]string{}
	for _, p := range elements(attribute(actual, "ports")) {
		target, published := attribute(p, "target"), attribute(p, "published")
		if target.IsNull() || published.IsNull() {
			continue
		}
		protocol := text(p, "protocol")
		if protocol == "" {
			protocol = "tcp"
		}
		out[target.AsBigFloat().Text('f', 0)+"/"+protocol] = "0.0.0.0:" + published.AsBigFloat().Text('f', 0)
	}
	return out
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
