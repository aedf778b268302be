package providertest_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/providertest"
)

// A job runs in memory, fails, and its record says so to the next plan.
func Example() {
	ctx := context.Background()
	m := providertest.NewMemory(providertest.Options{Images: []string{"bash"}})
	declared := providertest.Declare(providertest.MemorySchema(), provider.Job, map[string]cty.Value{
		"image": cty.StringVal("bash"),
		"command": cty.ListVal([]cty.Value{
			cty.StringVal("sh"), cty.StringVal("-c"), cty.StringVal("echo building; exit 2"),
		}),
	})
	spec, err := provider.Spec(declared)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = m.Create(ctx, provider.CreateRequest{
		Declaration: provider.Declaration{Address: "job.build", Kind: provider.Job, Name: "ci-build", Declared: declared},
		Owner: provider.Ownership{
			Project: "ci", Address: "job.build", Kind: provider.Job, Origin: "here:/ci.hcl", Spec: spec, Run: "1", Schema: provider.OwnershipSchema,
		},
	}, func(e provider.Event) {
		fmt.Println(strings.TrimSpace(string(e.Phase) + " " + e.Text + string(e.Data)))
	})
	fmt.Println(err)

	_, err = m.Observe(ctx, provider.ObserveRequest{Project: "ci"}, func(o provider.Object) error {
		fmt.Println(o.Owner.Address, o.Condition.State, o.Condition.ExitCode)
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// create
	// start
	// output building
	// The job failed: Its command ended with exit code 2. The container is kept.
	// job.build exited 2
}
