package hcl

import (
	"maps"
	"slices"
)

// FunctionNames are the names of all functions, in order.
func FunctionNames() []string { return slices.Sorted(maps.Keys(functions("/", nil))) }
