package diag

import (
	"slices"

	"github.com/agext/levenshtein"
)

// maxTypos is from how many edits on a name is another one.
const maxTypos = 4

// Nearest is the name that somebody who wrote given probably meant; empty where
// none is near.
func Nearest(given string, names []string) string {
	best, distance := "", maxTypos
	for _, name := range slices.Sorted(slices.Values(names)) {
		if d := levenshtein.Distance(given, name, nil); d < distance && d < len(name) && 2*d <= max(2, len(given)) {
			best, distance = name, d
		}
	}
	return best
}
