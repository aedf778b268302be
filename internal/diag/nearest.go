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
		if len(name)-len(given) >= maxTypos || len(given)-len(name) >= maxTypos {
			continue
		}
		if d := edits(given, name); d < distance && d < len(name) && (d == 1 || 2*d < len(given)) {
			best, distance = name, d
		}
	}
	return best
}

// edits counts the letters to be put in, taken away or replaced; two that changed
// their places are one.
func edits(a, b string) int {
	if len(a) == len(b) {
		for i := 0; i+1 < len(a); i++ {
			if a[i] != b[i] {
				if a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:] {
					return 1
				}
				break
			}
		}
	}
	return levenshtein.Distance(a, b, nil)
}
