package config

import (
	"github.com/dindctl/dindctl/internal/diag"
)

// Move is one address, or the beginning of addresses, and what is meant by it now.
type Move struct{ From, To string }

func (s *state) moves() ([]Move, diag.List) { return nil, nil }
