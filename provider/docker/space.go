package docker

import (
	"context"
	"fmt"
	"strings"

	"github.com/docker/docker/api/types/container"
)

const noSpace = "no space left on device"

// spaceTried is how much is written to find out whether a disk is full.
const spaceTried = 64 << 10

// wantOfSpace says so where a job failed because the disk of its engine is full.
// Its output may be lost with it, as the engine writes that to the same disk; then
// a little is written into the job's container, which the next run replaces.
func (w *watch) wantOfSpace(ctx context.Context) string {
	full := len(w.last.kept) == 0 && w.e.full(ctx, w.id)
	for _, line := range w.last.kept {
		full = full || strings.Contains(strings.ToLower(line), noSpace)
	}
	if !full {
		return ""
	}
	return fmt.Sprintf(" No space is left on the disk of the engine %s: `docker system df` there shows what takes it.", w.e.facts.Name)
}

func (e *engine) full(ctx context.Context, id string) bool {
	content := oneFile(".dindctl-space", strings.Repeat(" ", spaceTried))
	err := e.write.CopyToContainer(ctx, id, "/", content, container.CopyToContainerOptions{})
	return err != nil && strings.Contains(strings.ToLower(err.Error()), noSpace)
}
