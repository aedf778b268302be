//go:build !unix

package replay

import "errors"

// groupOf is the number of a file's group.
func groupOf(string) (int, error) { return 0, errors.ErrUnsupported }
