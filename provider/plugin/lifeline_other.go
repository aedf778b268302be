//go:build !unix

package plugin

import (
	"errors"
	"os"
	"os/exec"
)

// lifeline is not there where descriptors cannot be inherited; a provider whose
// host is killed outright then stays until its next call fails.
type lifeline struct{}

func newLifeline(*exec.Cmd) (*lifeline, error) { return &lifeline{}, nil }

func (*lifeline) started() {}

func (*lifeline) close() {}

func (*lifeline) hold(*os.File) error { return errors.ErrUnsupported }

func watchHost() error { return nil }
