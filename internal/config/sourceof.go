package config

import (
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/mount"
)

// SourceOf is where the source of an entry stands in the files, and the first line
// of the block around it; no places where it stands in none.
func (x *Expanded) SourceOf(entry mount.Entry) (subject, context diag.Range) {
	in, found := x.Instance(entry.Address)
	if !found || in.RangeOf == nil {
		return diag.Range{}, diag.Range{}
	}
	return in.RangeOf(x.argumentOf(entry)), in.Header
}
