package docker

import (
	"github.com/distribution/reference"
)

// familiar brings an image reference into its short form with a tag; what is
// none (an id) stays as it is.
func familiar(text string) string {
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		return text
	}
	return reference.FamiliarString(reference.TagNameOnly(named))
}
