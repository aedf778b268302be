package plan_test

import (
	"testing"

	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// Steps that wait for each other are left, with what needs them and what waits for them;
// everything else is planned.
func TestACircleConcernsItsMembersAndWhatNeedsThem(t *testing.T) {
	t.Parallel()
	nouns := []noun{{address: "network.n", name: "n"}}
	w := applied(t, append(nouns, noun{address: "volume.a", name: "a"}, noun{address: "volume.b", name: "b"}, noun{address: "volume.c", name: "c"})...)
	around := func(in *plan.Input) { // no engine says so: volumes that use each other
		consented(in)
		for i, o := range in.Observed.Root.Objects {
			if other := map[string]string{"a": "b", "b": "a"}[o.Name]; other != "" {
				in.Observed.Root.Objects[i].Views = []provider.View{{Type: "volume", Source: other, Target: "/"}}
			}
		}
	}
	x := configuration(append(nouns,
		noun{address: "volume.late", name: "a"},
		noun{address: "container.on", name: "on", volumes: []string{"volume.late"}},
		noun{address: "container.web", name: "web", networks: []string{"network.n"}},
	)...)
	const circle = "stopped: Steps wait for each other in a circle (volume.a): Each of these has to come after the one before it: delete volume.b, delete volume.a, and delete volume.b again. " +
		"They stay as they are, with what needs them. Make the change in two steps: apply without one of them first."
	check(t, "plan", w.told(x, around), circle+`
1 delete volume.c <-   no longer in the configuration (loses everything in the volume c)
2 create container.web <-   not there yet
left container.on
left volume.a
left volume.b
left volume.late`)
	check(t, "without them", w.told(x, around, func(in *plan.Input) { in.Target = []string{"container.web"} }), `
1 create container.web <-   not there yet`)
	check(t, "what needs them", w.told(x, around, func(in *plan.Input) { in.Target = []string{"container.on"} }), circle+`
left container.on
left volume.a
left volume.b
left volume.late`)
	check(t, "destroy", w.told(nil, around, func(in *plan.Input) { in.Destroy = true }), circle+`
1 delete network.n <-   destroyed by request
2 delete volume.c <-   destroyed by request (loses everything in the volume c)
left volume.a
left volume.b`)
}
