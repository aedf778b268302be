package config

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
)

// maxNamed is how many instances a gathered problem names.
const maxNamed = 3

// Gather makes one problem of those that several instances of one block, or of one
// module, have at one place for one reason. The first speaks; the others are
// counted, and some named.
func Gather(list diag.List) diag.List {
	type reason struct{ code, summary, at string }
	type nth struct {
		reason
		address string
	}
	first := map[string]int{}
	seen := map[nth]int{}
	var out diag.List
	others := map[int][]string{}
	for _, p := range list {
		if p.Subject.Empty() {
			out = append(out, p)
			continue
		}
		r := reason{p.Code, p.Summary, p.Subject.String()}
		seen[nth{r, p.Address}]++
		key := fmt.Sprintf("%q %d", r, seen[nth{r, p.Address}])
		if i, again := first[key]; again {
			others[i] = append(others[i], p.Address)
			continue
		}
		first[key] = len(out)
		out = append(out, p)
	}
	for i, addresses := range others {
		out[i].Detail += " " + alsoIn(addresses)
	}
	return out
}

func alsoIn(addresses []string) string {
	shown := strings.Join(addresses[:min(len(addresses), maxNamed)], ", ")
	if more := len(addresses) - maxNamed; more > 0 {
		shown += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("The same holds for %s.", shown)
}

// blockOf is an address without the keys of instances.
func blockOf(address string) string {
	if !strings.Contains(address, "[") {
		return address
	}
	return instanceKey.ReplaceAllString(address, "")
}

var instanceKey = regexp.MustCompile(`\[(?:"(?:[^"\\]|\\.)*"|[0-9]+)\]`)
