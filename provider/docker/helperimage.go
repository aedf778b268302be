package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/docker/docker/api/types/image"
)

// helperRepository names the image of the helper: dindctl itself and nothing else.
const helperRepository = "dindctl.helper"

// helperBinary is where dindctl lies in that image.
const helperBinary = "/dindctl"

// noHelper says why dindctl cannot be run inside an engine.
type noHelper struct{ why string }

func (n noHelper) Error() string { return n.why }

// helperImage brings dindctl into an engine as an image and returns its name.
// The image stays until the last helper there has ended; see dropHelperImage.
func (e *engine) helperImage(ctx context.Context) (string, error) {
	defer e.once("helper image")()
	content, err := e.helperContent()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(content)
	name := helperRepository + ":" + hex.EncodeToString(sum[:6])
	id, err := e.imageID(ctx, name)
	if err != nil {
		return "", err
	}
	e.helpers++
	if id != "" {
		return name, nil
	}
	answer, err := e.write.ImageImport(ctx, image.ImportSource{Source: helperArchive(content), SourceName: "-"}, name,
		image.ImportOptions{Message: "dindctl " + Version, Platform: e.facts.OS + "/" + e.facts.Arch})
	if err != nil {
		e.helpers--
		return "", fmt.Errorf("loading dindctl into the engine: %w", err)
	}
	defer func() { _ = answer.Close() }()
	if err := readMessages(answer, func(message) {}); err != nil {
		e.helpers--
		return "", fmt.Errorf("loading dindctl into the engine: %w", err)
	}
	return name, nil
}

// dropHelperImage removes the image once nobody needs it; the engine keeps it
// while another process has a helper. One that a run left which was killed is
// taken by the next one, and removed then.
func (e *engine) dropHelperImage(ctx context.Context, name string) {
	defer e.once("helper image")()
	if e.helpers--; e.helpers == 0 {
		_, _ = e.write.ImageRemove(ctx, name, image.RemoveOptions{PruneChildren: true})
	}
}

// helperContent is this program, where the engine's machine can run it alone.
func (e *engine) helperContent() ([]byte, error) {
	if e.facts.OS != runtime.GOOS || e.facts.Arch != runtime.GOARCH {
		return nil, noHelper{fmt.Sprintf("this dindctl is built for %s/%s and the engine's machine is %s/%s", runtime.GOOS, runtime.GOARCH, e.facts.OS, e.facts.Arch)}
	}
	self, err := os.Executable()
	if err != nil {
		return nil, noHelper{"this program's own file is not known"}
	}
	content, err := os.ReadFile(self)
	if err != nil {
		return nil, noHelper{"this program's own file cannot be read"}
	}
	loader, err := interpreterOf(bytes.NewReader(content))
	switch {
	case err != nil:
		return nil, noHelper{"this program is no ELF file"}
	case loader != "":
		return nil, noHelper{"this dindctl is not linked statically"}
	}
	return content, nil
}

// interpreterOf is the dynamic loader that an ELF program asks for; empty for a
// program that is linked statically.
func interpreterOf(program io.ReaderAt) (string, error) {
	file, err := elf.NewFile(program)
	if err != nil {
		return "", err
	}
	for _, part := range file.Progs {
		if part.Type != elf.PT_INTERP {
			continue
		}
		text, err := io.ReadAll(part.Open())
		return string(bytes.TrimRight(text, "\x00")), err
	}
	return "", nil
}

// helperArchive is a root file system with the program and a place to mount at.
func helperArchive(content []byte) io.Reader {
	read, write := io.Pipe()
	go func() {
		w := tar.NewWriter(write)
		err := errors.Join(
			w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: helperBinary[1:], Mode: 0o755, Size: int64(len(content))}),
			func() error { _, err := w.Write(content); return err }(),
			w.Close(),
		)
		write.CloseWithError(err)
	}()
	return read
}
