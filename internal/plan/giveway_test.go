package plan_test

import (
	"testing"

	"github.com/dindctl/dindctl/internal/plan"
)

func consented(in *plan.Input) { in.DataLoss, in.Volumes, in.Images = true, true, true }

// The record of a job keeps the volume that it mounted from being removed. Where
// that is replaced, the record goes first, and the job runs on the new one; what
// only comes after the volume in time stays.
func TestAJobRunsAgainOnAVolumeThatIsReplaced(t *testing.T) {
	t.Parallel()
	with := func(rev int) []noun {
		return []noun{
			{address: "network.n", name: "n", rev: rev},
			{address: "volume.v", name: "v", rev: rev},
			{address: "job.in", name: "in", networks: []string{"network.n"}},
			{address: "job.on", name: "on", volumes: []string{"volume.v"}},
		}
	}
	w := applied(t, with(0)...)
	x := configuration(with(1)...)
	check(t, "plan", w.told(x, consented), `
1 delete job.on <-   because volume.v is replaced
2 delete network.n <-   labels: configuration
3 delete volume.v <- 1  labels: configuration (loses everything in the volume v)
4 create network.n <- 2  labels: configuration
5 create volume.v <- 3  labels: configuration
6 run job.on <- 1,5  because volume.v is replaced`)
	in := w.input(x)
	consented(&in)
	p, _ := plan.Make(in)
	if err := w.apply(x, in, p, first); err != nil {
		t.Errorf("the engine refuses: %v", err)
	}
}

// What leaves a daemon goes while all the daemons around that one are there.
func TestWhatIsDeepInsideGoesBeforeTheOutermostDaemon(t *testing.T) {
	t.Parallel()
	nested := func(rev int) []noun {
		return []noun{
			{address: "volume.outer", name: "outer"},
			{address: "daemon.outer", name: "outer", data: "volume.outer", rev: rev},
			{address: "volume.inner", name: "inner", inside: "daemon.outer"},
			{address: "daemon.inner", name: "inner", data: "volume.inner", inside: "daemon.outer"},
		}
	}
	w := applied(t, append(nested(0), noun{address: "container.deep", name: "deep", inside: "daemon.inner"})...)
	check(t, "plan", w.told(configuration(nested(1)...)), `
1 delete container.deep <-   no longer in the configuration
2 delete daemon.outer <- 1  command: configuration
3 create daemon.outer <- 2  command: configuration
4 start daemon.inner <- 3  daemon.outer is replaced (unless it runs)`)
}

// What runs waits with its removal until its new image is built. Where the new
// image takes the place of the one that it runs on, it cannot wait.
func TestTheImageThatIsInTheWayGoesAfterWhatRunsOnIt(t *testing.T) {
	t.Parallel()
	w := applied(t, noun{address: "image.a", name: "i"}, noun{address: "container.web", name: "web", image: "image.a"})
	check(t, "renamed", w.told(configuration(
		noun{address: "image.a", name: "other"}, noun{address: "container.web", name: "web", image: "image.a", rev: 1},
	), consented), `
1 delete container.web <-   command: configuration
2 delete image.a <- 1  name: configuration
3 create image.a <- 2  name: configuration
4 create container.web <- 1,3  command: configuration`)
	check(t, "taken over", w.told(configuration(
		noun{address: "image.b", name: "i"}, noun{address: "container.web", name: "web", image: "image.b", rev: 1},
	), consented), `
1 delete container.web <-   command: configuration
2 delete image.a <- 1  no longer in the configuration
3 create image.b <- 2  not there yet
4 create container.web <- 1,3  command: configuration`)
}
