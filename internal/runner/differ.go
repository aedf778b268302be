package runner

import (
	"context"
	"fmt"
	"slices"

	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// diffBatch is how many objects one call compares, so that messages stay small.
const diffBatch = 500

// Differ is a provider's comparison as the planner takes it.
func Differ(ctx context.Context, p provider.Provider) plan.Differ {
	return func(items []provider.DiffItem) ([]provider.Difference, error) {
		out := make([]provider.Difference, 0, len(items))
		for batch := range slices.Chunk(items, diffBatch) {
			resp, err := p.Diff(ctx, provider.DiffRequest{Items: batch})
			if err != nil {
				return nil, fmt.Errorf("comparing objects with their declarations: %w", err)
			}
			if len(resp.Differences) != len(batch) {
				return nil, fmt.Errorf("comparing objects with their declarations: the provider answered %d of %d comparisons",
					len(resp.Differences), len(batch))
			}
			out = append(out, resp.Differences...)
		}
		return out, nil
	}
}

// power returns the provider as something that it says that it can do.
func power[T any](ctx context.Context, p provider.Provider, name provider.Power) (T, bool) {
	var none T
	able, ok := p.(T)
	if !ok {
		return none, false
	}
	description, err := p.Describe(ctx)
	if err != nil || !slices.Contains(description.Powers, name) {
		return none, false
	}
	return able, true
}
