package cli

import "io"

// NewRedactor makes what takes secrets out of a stream.
func NewRedactor(to io.Writer, secrets []string) interface {
	io.Writer
	Flush()
} {
	longestFirst(secrets)
	return newRedactor(to, secrets)
}

// Spellings are the forms in which a secret may be written.
func Spellings(text string) []string { return spellings(text) }
