package runner_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
)

// Of several errors side by side each is told, once; that something was interrupted is
// told where nothing says more.
func TestEachOfSeveralErrorsIsTold(t *testing.T) {
	t.Parallel()
	first := &provider.Problem{Code: provider.Refused, Summary: "The engine refused", Detail: "One."}
	second := &provider.Problem{Code: provider.Refused, Summary: "The engine refused", Detail: "Two."}
	for name, c := range map[string]struct {
		err  error
		want []string
	}{
		"none":                    {nil, nil},
		"one":                     {fmt.Errorf("wrapped: %w", first), []string{"The engine refused: One."}},
		"two":                     {errors.Join(first, second, first), []string{"The engine refused: One.", "The engine refused: Two."}},
		"one that is for nobody":  {errors.Join(first, errors.New("raw")), []string{"The engine refused: One.", "It failed: raw."}},
		"one beside an interrupt": {errors.Join(context.Canceled, second), []string{"The engine refused: Two."}},
		"interrupts":              {errors.Join(context.Canceled, context.Canceled), []string{"It failed: It was interrupted."}},
	} {
		var got []string
		for _, p := range runner.Problems(c.err, "It failed") {
			got = append(got, p.Summary+": "+p.Detail)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}
