package config

import (
	"fmt"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// checkNetworks refuses what one engine cannot give to an object of another: its
// networks, and for a daemon the volume of its data.
func (s *state) checkNetworks() diag.List {
	var problems diag.List
	wrong := func(n, other *noun, path, what string) {
		problems = append(problems, n.problem("wrong-engine", path, "Object of another engine",
			fmt.Sprintf("%s is on %s, but %s is on %s, which has no such %s. Put both on one engine.",
				n.address, engineWord(n.inside), other.address, engineWord(other.inside), what)))
	}
	for _, n := range s.sorted() {
		if !n.kind.Runs() || n.logical {
			continue
		}
		for _, address := range s.networksOf(n) {
			if network := s.nouns[address]; network != nil && network.kind == provider.Network && network.inside != n.inside {
				wrong(n, network, "networks", "network")
			}
		}
		if data := s.nouns[n.data]; data != nil && data.inside != n.inside {
			wrong(n, data, "data", "volume")
		}
	}
	return problems
}
