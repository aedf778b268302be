package docker

import (
	"context"
	"path"

	"github.com/containerd/errdefs"

	"github.com/dindctl/dindctl/provider"
)

// Stat looks at a path in a container's declared mounts and root. What only the
// container's own processes mounted is not seen.
func (p *Provider) Stat(ctx context.Context, req provider.StatRequest) (provider.StatResponse, error) {
	e, err := p.at(req.Place)
	if err != nil {
		return provider.StatResponse{}, err
	}
	if req.ID == "" {
		return provider.StatResponse{}, &provider.Problem{
			Code: provider.Refused, Summary: "The engine's host cannot be looked at", Detail: "The Docker API shows files of containers only.",
		}
	}
	s, err := e.read.ContainerStatPath(ctx, req.ID, req.Path)
	if errdefs.IsNotFound(err) {
		// The same answer stands for a container that is not there.
		if _, gone := e.read.ContainerInspect(ctx, req.ID); gone != nil {
			return provider.StatResponse{}, e.problem(gone, "reading the container", "", req.ID)
		}
		return provider.StatResponse{}, nil
	}
	if at := path.Clean(req.Path); err != nil && at != req.Path { // engines say it without a word that could be shown
		if s, looked := e.read.ContainerStatPath(ctx, req.ID, at); looked == nil && !s.Mode.IsDir() {
			return provider.StatResponse{}, nil
		}
	}
	if err != nil {
		return provider.StatResponse{}, e.problem(err, "looking at "+req.Path+" in", "", req.ID)
	}
	return provider.StatResponse{Exists: true, Mode: uint32(s.Mode), Size: s.Size, Link: s.LinkTarget}, nil
}

// Survey lists everything in a place, whoever made it.
func (p *Provider) Survey(ctx context.Context, place provider.Place) (provider.SurveyResponse, error) {
	e, err := p.at(place)
	if err != nil {
		return provider.SurveyResponse{}, err
	}
	l, err := e.list(ctx)
	unread, readable := unreadOf(err)
	if err != nil && !readable {
		return provider.SurveyResponse{}, err
	}
	var resp provider.SurveyResponse
	o := &observation{
		engine: e, lists: l, resp: provider.ObserveResponse{Images: map[string]string{}, Contents: map[string]string{}, Unread: unread},
		wanted: func(provider.Kind, string, whose) bool { return true }, survey: true, notes: l.notes(),
		each: func(object provider.Object) error {
			resp.Objects = append(resp.Objects, object)
			return nil
		},
	}
	seen, err := o.run(ctx, "", nil)
	resp.Unread = seen.Unread
	return resp, err
}
