//go:build !unix

package docker

// socketGroup knows nothing here: files have no groups with numbers.
func socketGroup(string) (string, bool) { return "", false }
