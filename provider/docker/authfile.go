package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// authPath is where a container's docker CLI looks for credentials.
func authPath(c container.InspectResponse) string {
	directory := environmentMap(c.Config.Env)[authVariable]
	if !path.IsAbs(directory) {
		directory = authDirectory
	}
	return path.Join(directory, authFile)
}

// putAuth writes the credentials into a container, readable by its user alone.
func (e *engine) putAuth(ctx context.Context, c container.InspectResponse, content []byte) error {
	if content == nil {
		content = configOf(map[string]login{})
	}
	uid, err := e.userID(ctx, c)
	if err != nil {
		return err
	}
	return e.write.CopyToContainer(ctx, c.ID, "/", authArchive(authPath(c), content, uid), container.CopyToContainerOptions{})
}

// authArchive is a tar of the file and of those directories above it that are ours alone.
func authArchive(name string, content []byte, uid int) io.Reader {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	// A buffer takes everything.
	if path.Dir(name) == authDirectory {
		_ = w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: path.Dir(authDirectory)[1:] + "/", Mode: 0o755})
		_ = w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: authDirectory[1:] + "/", Mode: 0o700, Uid: uid})
	}
	_ = w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name[1:], Mode: 0o600, Uid: uid, Size: int64(len(content))})
	_, _ = w.Write(content)
	_ = w.Close()
	return &out
}

// userID is the number of the user that a container's process runs as.
func (e *engine) userID(ctx context.Context, c container.InspectResponse) (int, error) {
	name, _, _ := strings.Cut(c.Config.User, ":")
	if name == "" || name == "root" {
		return 0, nil
	}
	if uid, err := strconv.Atoi(name); err == nil {
		return uid, nil
	}
	users, err := e.fileOf(ctx, c.ID, "/etc/passwd")
	if err != nil {
		return 0, fmt.Errorf("looking for the number of user %s: %w", name, err)
	}
	for line := range strings.Lines(string(users)) {
		if fields := strings.Split(line, ":"); len(fields) > 2 && fields[0] == name {
			return strconv.Atoi(fields[2])
		}
	}
	return 0, fmt.Errorf("its image has no user %s", name)
}

// fileLimit is more than any file that is read from a container may have.
const fileLimit = 1 << 20

// fileOf reads one small file of a container, running or not.
func (e *engine) fileOf(ctx context.Context, id, name string) ([]byte, error) {
	archive, _, err := e.read.CopyFromContainer(ctx, id, name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = archive.Close() }()
	r := tar.NewReader(archive)
	if _, err := r.Next(); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return io.ReadAll(io.LimitReader(r, fileLimit))
}

// readAuth notes what credentials a container has, where some were declared for
// it. That they cannot be read now is a fact about this container alone, as with
// other files: it is told, and is no difference.
func (e *engine) readAuth(ctx context.Context, c container.InspectResponse, object *provider.Object) {
	if !recordMentions(object.Owner.Spec, registryAuth) || !valuesOf(createdOf(object.Owner.Spec)).has(registryAuth) {
		return
	}
	content, err := e.fileOf(ctx, c.ID, authPath(c))
	if err != nil && !errdefs.IsNotFound(err) {
		object.Warnings = append(object.Warnings, fmt.Sprintf(
			"The credentials for registries in %s (%s) cannot be read now, so that they are not compared: %s.", object.Name, authPath(c), engineWords(err)))
		return
	}
	actual := object.Actual.AsValueMap()
	actual[hiddenAuth] = cty.StringVal(authDigest(content))
	object.Actual = cty.ObjectVal(actual)
}
