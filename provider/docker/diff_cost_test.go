package docker_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// A record with many arguments of a build, as whoever writes labels can make it, is
// compared for work that grows with their number, not with its square. (It counts what is allocated, and runs alone for that.)
func TestManyArgumentsOfABuildAreComparedSoon(t *testing.T) {
	compared := func(n int) float64 {
		args := attributes{}
		for i := range n {
			args[fmt.Sprint("ARGUMENT_", i)] = text("value")
		}
		record, err := provider.Spec(cty.ObjectVal(attributes{"build": cty.ObjectVal(attributes{"inputs": text("one"), "args": cty.MapVal(args)})}))
		if err != nil {
			t.Fatal(err)
		}
		item := provider.DiffItem{
			Declaration: provider.Declaration{Kind: provider.Image, Declared: cty.ObjectVal(attributes{"build": cty.ObjectVal(attributes{"inputs": text("one")})})},
			Created:     record, Actual: cty.EmptyObjectVal,
		}
		p, changes := docker.New(nil), 0
		allocated := testing.AllocsPerRun(1, func() {
			resp, err := p.Diff(context.Background(), provider.DiffRequest{Items: []provider.DiffItem{item}})
			if err != nil {
				t.Fatal(err)
			}
			changes = len(resp.Differences[0].Changes)
		})
		if changes != n {
			t.Fatalf("%d changes of %d arguments", changes, n)
		}
		return allocated
	}
	if few, many := compared(100), compared(800); many > 16*few {
		t.Errorf("8 times as many arguments take %.0f times as many allocations", many/few)
	}
}
