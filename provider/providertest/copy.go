package providertest

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/provider"
)

// file is what somebody copied into an object.
type file struct {
	Mode    int64 // bits of a tar header
	Kind    byte  // of a tar header
	Link    string
	Content []byte
}

// CopyOut implements [provider.Copier]: what was copied in, and nothing else.
func (m *Memory) CopyOut(ctx context.Context, req provider.CopyOutRequest) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	files, err := m.filesOf(req.Place, req.ID)
	if err != nil {
		return err
	}
	clean := path.Clean(req.Path)
	out := tar.NewWriter(req.To)
	found := false
	for _, name := range slices.Sorted(maps.Keys(files)) {
		rest, below := strings.CutPrefix(name, strings.TrimSuffix(clean, "/"))
		if !below || rest != "" && !strings.HasPrefix(rest, "/") {
			continue
		}
		found = true
		f := files[name]
		header := &tar.Header{Name: path.Base(clean) + rest, Typeflag: f.Kind, Mode: f.Mode, Size: int64(len(f.Content)), Linkname: f.Link}
		if f.Kind == tar.TypeDir {
			header.Name += "/"
		}
		if err := out.WriteHeader(header); err != nil {
			return err
		}
		if _, err := out.Write(f.Content); err != nil {
			return err
		}
	}
	if !found {
		return &provider.Problem{Code: provider.NotFound, Summary: "The path is not there", Detail: clean + " is not there."}
	}
	return out.Close()
}

// CopyIn implements [provider.Copier].
func (m *Memory) CopyIn(ctx context.Context, req provider.CopyInRequest) error {
	directory := path.Clean(req.Path)
	fresh := map[string]file{}
	in := tar.NewReader(req.From)
	for {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		content, err := io.ReadAll(in)
		if err != nil {
			return err
		}
		fresh[path.Join(directory, header.Name)] = file{Mode: header.Mode, Kind: header.Typeflag, Link: header.Linkname, Content: content}
	}
	return m.effect(ctx, "copy", "copied", m.addressOf(req.ID), func(s *state) error {
		r, err := s.there(req.Place, req.ID)
		if err != nil {
			return err
		}
		if _, exists := r.stat(directory); !exists {
			return &provider.Problem{Code: provider.NotFound, Summary: "The path is not there", Detail: directory + " is not there."}
		}
		if r.Files == nil {
			r.Files = map[string]file{}
		}
		maps.Copy(r.Files, fresh)
		return nil
	})
}

// there returns an object of a place.
func (s *state) there(place provider.Place, id string) (*record, error) {
	engine, err := s.engine(place)
	if err != nil {
		return nil, err
	}
	if r := s.Objects[id]; r != nil && r.Engine == engine {
		return r, nil
	}
	return nil, gone(id)
}

func (m *Memory) filesOf(place provider.Place, id string) (files map[string]file, failed error) {
	err := m.world.look(func(s *state) {
		var r *record
		if r, failed = s.there(place, id); failed == nil {
			files = maps.Clone(r.Files)
		}
	})
	return files, firstError(failed, err)
}

// stat is what is at a path of an object: what was copied in, its root, and what
// mounts lead to, which are directories.
func (r *record) stat(at string) (provider.StatResponse, bool) {
	if f, copied := r.Files[at]; copied {
		out := provider.StatResponse{Exists: true, Mode: uint32(f.Mode) & uint32(fs.ModePerm), Size: int64(len(f.Content)), Link: f.Link} //nolint:gosec // bits
		switch f.Kind {
		case tar.TypeDir:
			out.Mode |= uint32(fs.ModeDir)
		case tar.TypeSymlink:
			out.Mode |= uint32(fs.ModeSymlink)
		}
		return out, true
	}
	exists := at == "/" || at == "/tmp"
	for _, v := range viewsOf(r.Actual.Value) {
		exists = exists || v.Target == at || strings.HasPrefix(v.Target, at+"/")
	}
	if !exists {
		return provider.StatResponse{}, false
	}
	return provider.StatResponse{Exists: true, Mode: uint32(fs.ModeDir | 0o755)}, true
}
