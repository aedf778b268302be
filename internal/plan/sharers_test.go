package plan_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// What shares namespaces is restarted exactly where it runs, and would go on in those of
// a run of their owner that is over; everything else that is to be said of it is said.
func TestWhatHoldsOldNamespacesIsRestarted(t *testing.T) {
	t.Parallel()
	const early, late = "2026-12-01T10:00:00Z", "2026-12-01T11:00:00Z"
	nouns := func(cpus int) []noun {
		return []noun{
			{address: "container.o", name: "o"},
			{address: "container.s", name: "s", deps: []string{"container.o"}, cpus: cpus},
		}
	}
	for _, row := range []struct {
		name string
		then func(owner, sharer *thing)
		cpus int
		want string
	}{
		{name: "its owner was started before", then: func(owner, sharer *thing) {
			owner.Condition.Started, sharer.Condition.Started = early, late
		}},
		{name: "its owner was started since", want: "1 restart container.s <-   container.o, whose namespaces it shares, was started again since"},
		{name: "it is known to have come after", then: func(_, sharer *thing) { sharer.Condition.Follows = []string{late} }},
		{name: "nothing is known of the owner's start", then: func(owner, _ *thing) { owner.Condition.Started = "" }},
		{name: "it lives in somebody else's", then: func(_, sharer *thing) { sharer.LivesIn = []string{"theirs"} }},
		{name: "it lives in nobody's", then: func(_, sharer *thing) { sharer.LivesIn = nil }},
		{name: "both of them changed", cpus: 2, want: `
1 update container.s <-   cpus: configuration
2 restart container.s <- 1  container.o, whose namespaces it shares, was started again since`},
		{name: "it is frozen", then: func(_, sharer *thing) { sharer.Condition.State = provider.StatePaused }, want: `
1 restart container.s <-   paused outside; container.o, whose namespaces it shares, was started again since`},
		{name: "it was stopped by request", then: func(_, sharer *thing) {
			sharer.Condition.State, sharer.Condition.Requested = provider.StateExited, true
		}, want: "1 start container.s <-   stopped by request"},
		{name: "it was never started", then: func(_, sharer *thing) { sharer.Condition.State = provider.StateCreated }, want: `
1 start container.s <-   created and never started, by an earlier run that was interrupted`},
		{name: "it keeps restarting", then: func(_, sharer *thing) {
			sharer.Condition.State, sharer.Condition.Reason = provider.StateRestarting, "badly"
		}, want: "1 start container.s <-   it keeps restarting: badly"},
		{name: "its owner is frozen", then: func(owner, sharer *thing) {
			owner.Condition.Started, owner.Condition.State, sharer.Condition.Started = early, provider.StatePaused, late
		}, want: "1 start container.o <-   paused outside"},
		{name: "its owner does not run", then: func(owner, _ *thing) {
			owner.Condition.State, owner.Condition.ExitCode = provider.StateExited, 1
		}, want: `
1 start container.o <-   stopped outside (exit code 1)
2 restart container.s <- 1  container.o, whose namespaces it shares, is started`},
		{name: "its owner keeps restarting", then: func(owner, _ *thing) { owner.Condition.State = provider.StateRestarting }, want: `
1 start container.o <-   it keeps restarting (exit code 0)
2 restart container.s <- 1  container.o, whose namespaces it shares, is started`},
		{name: "neither of them runs", then: func(owner, sharer *thing) {
			owner.Condition.State, sharer.Condition.State = provider.StateExited, provider.StateExited
		}, want: `
1 start container.o <-   stopped outside (exit code 0)
2 start container.s <- 1  stopped outside (exit code 0)`},
	} {
		w := applied(t, nouns(0)...)
		owner, sharer := w.object("container.o"), w.object("container.s")
		owner.Condition.Started, sharer.Condition.Started, sharer.LivesIn = late, early, []string{owner.ID}
		if row.then != nil {
			row.then(owner, sharer)
		}
		check(t, row.name, w.told(configuration(nouns(row.cpus)...)), row.want)
	}
}

// Inside a daemon that is started, engines start what shares namespaces in any order.
// Where that turned out wrong it is restarted: it was announced that it is started.
func TestSharersInsideAreStartedInOrder(t *testing.T) {
	t.Parallel()
	x := configuration(
		noun{address: "volume.v", name: "v"}, noun{address: "daemon.d", name: "d", data: "volume.v"},
		noun{address: "container.o", name: "o", inside: "daemon.d"},
		noun{address: "container.s", name: "s", inside: "daemon.d", deps: []string{"container.o"}},
	)
	w := newWorld()
	p, problems := plan.Make(w.input(x))
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	if err := w.apply(x, w.input(x), p, first); err != nil {
		t.Fatal(err)
	}
	owner, sharer, daemon := w.object("container.o"), w.object("container.s"), w.object("daemon.d")
	sharer.LivesIn = []string{owner.ID}
	w.halt(daemon)
	in := w.input(x)
	prior, problems := plan.Make(in)
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	for _, o := range []*thing{daemon, sharer, owner} {
		w.start(o)
	}
	sharer.Condition.Started, owner.Condition.Started = "2026-12-01T10:00:00Z", "2026-12-01T10:00:01Z"
	in.Observed = w.observe(x)
	refined, problems := plan.Refine(in, prior, "daemon.d")
	got := ""
	for _, s := range refined.Steps {
		got += fmt.Sprintf("%s %s\n", s.Action, s.Address)
	}
	for _, problem := range problems {
		got += problem.Detail + "\n"
	}
	check(t, "planned again", got, "restart container.s")
}

// A job that runs in namespaces, or on what is taken away from it by this plan, runs once
// more in the same plan; what makes it run again only later, or not at all, is said. One
// that runs on request never runs again without one: it is waited for, or goes. One that has
// ended holds nothing.
func TestWhatARunningJobHolds(t *testing.T) {
	t.Parallel()
	const early, late = "2026-12-01T10:00:00Z", "2026-12-01T11:00:00Z"
	nouns := func(owner, network, job int, run string) []noun {
		return []noun{
			{address: "network.n", name: "n", rev: network},
			{address: "container.o", name: "o", rev: owner},
			{address: "job.j", name: "j", deps: []string{"container.o"}, networks: []string{"network.n"}, rev: job, run: run},
		}
	}
	const onRequest = "on_request"
	replacing := func(in *plan.Input) { in.Replace = []string{"job.j"} }
	asking := func(in *plan.Input) { in.Run = []string{"job.j"} }
	stopped := func(owner, _ *thing) { owner.Condition.State = provider.StateExited }
	for _, row := range []struct {
		name                string
		then                func(owner, job *thing)
		owner, network, job int
		run                 string
		follows             []string
		with                func(*plan.Input)
		want                string
	}{
		{name: "nothing changes", want: "1 start job.j <-   it is running: it is waited for"},
		{name: "its owner does not run", then: func(owner, _ *thing) { owner.Condition.State = provider.StateExited }, want: `
1 start container.o <-   stopped outside (exit code 0)
2 run job.j <- 1  container.o, whose namespaces it shares, is started, while it runs`},
		{name: "its owner was started since", then: func(owner, _ *thing) { owner.Condition.Started = late }, want: `
1 run job.j <-   container.o, whose namespaces it shares, was started again since, while it runs`},
		{name: "its owner is replaced", owner: 1, want: `
1 delete job.j <-   because container.o is replaced, while it runs
2 delete container.o <- 1  command: configuration
3 create container.o <- 2  command: configuration
4 run job.j <- 1,3  because container.o is replaced, while it runs`},
		{name: "its network is replaced", network: 1, want: `
1 delete job.j <-   because network.n is replaced, while it runs
2 delete network.n <- 1  labels: configuration
3 create network.n <- 2  labels: configuration
4 run job.j <- 1,3  because network.n is replaced, while it runs`},
		{name: "it is declared otherwise", job: 1, want: `
1 start job.j <-   it is running: it is waited for, and runs again with the next apply (command: configuration)`},
		{name: "it has ended, and its owner does not run", then: func(owner, job *thing) {
			owner.Condition.State, job.Condition.State = provider.StateExited, provider.StateExited
		}, want: "1 start container.o <-   stopped outside (exit code 0)"},
		{name: "it shares nothing", then: func(owner, job *thing) {
			owner.Condition.State, job.LivesIn = provider.StateExited, nil
		}, want: `
1 start container.o <-   stopped outside (exit code 0)
2 start job.j <- 1  it is running: it is waited for`},
		{name: "it is named by -replace", with: replacing, want: "1 run job.j <-   replaced by request, while it runs"},
		{name: "what triggers it changes", follows: []string{"container.o"}, then: func(_, job *thing) { job.LivesIn = nil }, owner: 1, want: `
1 delete container.o <-   command: configuration
2 create container.o <- 1  command: configuration
3 start job.j <- 2  it is running: it is waited for, and does not run again because container.o is replaced (replace_triggered_by): with -replace=job.j it does`},
		{name: "on request, and its owner does not run", run: onRequest, then: stopped, want: `
1 start container.o <-   stopped outside (exit code 0)
2 start job.j <- 1  it is running: it is waited for`},
		{
			name: "on request, and its owner was started since", run: onRequest, then: func(owner, _ *thing) { owner.Condition.Started = late },
			want: "1 start job.j <-   it is running: it is waited for",
		},
		{name: "on request, and its owner is replaced", run: onRequest, owner: 1, want: `
1 delete job.j <-   because container.o is replaced, while it runs; it runs again on request only
2 delete container.o <- 1  command: configuration
3 create container.o <- 2  command: configuration`},
		{name: "on request, and its network is replaced", run: onRequest, network: 1, want: `
1 delete job.j <-   because network.n is replaced, while it runs; it runs again on request only
2 delete network.n <- 1  labels: configuration
3 create network.n <- 2  labels: configuration`},
		{name: "on request, and named by -replace", run: onRequest, with: replacing, want: `
1 run job.j <-   replaced by request, while it runs`},
		{
			name: "on request, declared otherwise, and what triggers it changes", run: onRequest, job: 1, follows: []string{"container.o"},
			then: func(_, job *thing) { job.LivesIn = nil }, owner: 1, want: `
1 delete container.o <-   command: configuration
2 create container.o <- 1  command: configuration
3 start job.j <- 2  it is running: it is waited for`,
		},
		{name: "on request, asked for, and its network is replaced", run: onRequest, network: 1, with: asking, want: `
1 delete job.j <-   because network.n is replaced, while it runs
2 delete network.n <- 1  labels: configuration
3 create network.n <- 2  labels: configuration
4 run job.j <- 1,3  because network.n is replaced, while it runs`},
	} {
		w := applied(t, nouns(0, 0, 0, "")...)
		owner, job := w.object("container.o"), w.object("job.j")
		owner.Condition.Started, job.Condition.Started, job.LivesIn = early, "2026-12-01T10:30:00Z", []string{owner.ID}
		job.Condition.State = provider.StateRunning
		if row.then != nil {
			row.then(owner, job)
		}
		after := nouns(row.owner, row.network, row.job, row.run)
		after[len(after)-1].follows = row.follows
		with := func(in *plan.Input) {
			consented(in)
			if row.with != nil {
				row.with(in)
			}
		}
		check(t, row.name, w.told(configuration(after...), with), row.want)
	}
}

// A job on request that runs inside a daemon ends with it, and does not run again unasked.
func TestAJobOnRequestInsideEndsWithItsDaemon(t *testing.T) {
	t.Parallel()
	for run, want := range map[string]string{
		"on_request": "1 restart daemon.d <-   container.o, whose namespaces it shares, was started again since",
		"": `
1 restart daemon.d <-   container.o, whose namespaces it shares, was started again since
2 run job.j <- 1  daemon.d is started again while it runs (unless already there)`,
	} {
		nouns := []noun{
			{address: "volume.v", name: "v"},
			{address: "container.o", name: "o"},
			{address: "daemon.d", name: "d", data: "volume.v", deps: []string{"container.o"}},
			{address: "job.j", name: "j", inside: "daemon.d"},
		}
		w := applied(t, nouns...)
		owner, daemon := w.object("container.o"), w.object("daemon.d")
		daemon.LivesIn = []string{owner.ID}
		daemon.Condition.Started, owner.Condition.Started = "2026-12-01T10:00:00Z", "2026-12-01T10:00:01Z"
		w.object("job.j").Condition.State = provider.StateRunning
		nouns[3].run = run
		check(t, "run = "+run, w.told(configuration(nouns...), consented), want)
	}
}

// What a job that runs uses, and is not to use any more, goes when it has ended: the job is
// waited for. What its record would hold then goes with that record; it runs again with the
// next apply all the same.
func TestARunningJobIsWaitedForBeforeWhatItUsesGoes(t *testing.T) {
	t.Parallel()
	network, volume := noun{address: "network.n", name: "n"}, noun{address: "volume.v", name: "v"}
	job := func(rev int, n noun) noun {
		n.address, n.name, n.rev = "job.j", "j", rev
		return n
	}
	both := job(0, noun{networks: []string{"network.n"}, volumes: []string{"volume.v"}})
	for _, row := range []struct {
		name  string
		after []noun
		want  string
	}{
		{"its network", []noun{volume, job(1, noun{volumes: []string{"volume.v"}})}, `
1 start job.j <-   it is running: it is waited for, and runs again with the next apply (command, networks: configuration)
2 delete network.n <- 1  no longer in the configuration`},
		{"its network is another one", []noun{volume, {address: "network.n", name: "n", rev: 1}, job(1, noun{volumes: []string{"volume.v"}})}, `
1 start job.j <-   it is running: it is waited for, and runs again with the next apply (command, networks: configuration)
2 delete network.n <- 1  labels: configuration
3 create network.n <- 2  labels: configuration`},
		{"its network gives its name to another", []noun{volume, {address: "network.m", name: "n"}, job(1, noun{networks: []string{"network.m"}, volumes: []string{"volume.v"}})}, `
1 start job.j <-   it is running: it is waited for, and runs again with the next apply (command, networks: configuration)
2 delete network.n <- 1  no longer in the configuration
3 create network.m <- 2  not there yet`},
		{"its volume", []noun{network, job(1, noun{networks: []string{"network.n"}})}, `
1 start job.j <-   it is running: it is waited for, and runs again with the next apply (command, mount: configuration); its record goes then, with what it holds
2 delete job.j <- 1  its record holds what is removed
3 delete volume.v <- 1,2  no longer in the configuration (loses everything in the volume v)`},
		{"its volume is another one", []noun{network, {address: "volume.v", name: "v", rev: 1}, job(1, noun{networks: []string{"network.n"}})}, `
1 start job.j <-   it is running: it is waited for, and runs again with the next apply (command, mount: configuration); its record goes then, with what it holds
2 delete job.j <- 1  its record holds what is removed
3 delete volume.v <- 1,2  labels: configuration (loses everything in the volume v)
4 create volume.v <- 3  labels: configuration`},
		{"both stay", []noun{network, volume, both}, "1 start job.j <-   it is running: it is waited for"},
	} {
		w := applied(t, network, volume, both)
		w.object("job.j").Condition.State = provider.StateRunning
		check(t, row.name, w.told(configuration(row.after...), consented), row.want)
	}
}

// The record of a running job goes only where something goes that it holds: nothing goes
// where an image takes the name of the one before it, nor with what a part of a plan leaves
// as it is.
func TestTheRecordOfARunningJobGoesOnlyWithWhatItHolds(t *testing.T) {
	t.Parallel()
	volume, image := noun{address: "volume.v", name: "v"}, noun{address: "image.i", name: "i"}
	job := noun{address: "job.j", name: "j", volumes: []string{"volume.v"}, image: "image.i"}
	without := noun{address: "job.j", name: "j", image: "image.i", rev: 1}
	const waits = "1 start job.j <-   it is running: it is waited for, and runs again with the next apply (command, mount: configuration)"
	for _, row := range []struct {
		name  string
		after []noun
		with  func(*plan.Input)
		want  string
	}{
		{"an image takes the name over", []noun{volume, {address: "image.i", name: "i", rev: 1}, job}, nil, "1 create image.i <-   labels: configuration\n2 start job.j <- 1  it is running: it is waited for"},
		{"the volume goes", []noun{image, without}, nil, waits + "; its record goes then, with what it holds" + `
2 delete job.j <- 1  its record holds what is removed
3 delete volume.v <- 1,2  no longer in the configuration (loses everything in the volume v)`},
		{"the job alone", []noun{image, without}, func(in *plan.Input) { in.Target = []string{"job.j"} }, waits},
		{"all but the volume", []noun{image, without}, func(in *plan.Input) { in.Exclude = []string{"volume.v"} }, waits},
		{"the volume alone", []noun{image, without}, func(in *plan.Input) { in.Target = []string{"volume.v"} }, waits + "; its record goes then, with what it holds" + `
2 delete job.j <- 1  its record holds what is removed
3 delete volume.v <- 1,2  no longer in the configuration (loses everything in the volume v)`},
	} {
		w := applied(t, volume, image, job)
		w.object("job.j").Condition.State = provider.StateRunning
		check(t, row.name, w.told(configuration(row.after...), func(in *plan.Input) {
			consented(in)
			if row.with != nil {
				row.with(in)
			}
		}), row.want)
	}
}

// The record of a job on request stays where what it holds is left out.
func TestTheRecordOfAJobOnRequestStaysWithWhatItHolds(t *testing.T) {
	t.Parallel()
	volume, job := noun{address: "volume.v", name: "v"}, noun{address: "job.j", name: "j", volumes: []string{"volume.v"}, run: "on_request"}
	w := applied(t, volume, noun{address: "job.j", name: "j", volumes: []string{"volume.v"}})
	volume.rev = 1
	x := configuration(volume, job)
	check(t, "all", w.told(x, consented), `
1 delete job.j <-   its record holds what is removed
2 delete volume.v <- 1  labels: configuration (loses everything in the volume v)
3 create volume.v <- 2  labels: configuration`)
	check(t, "the job alone", w.told(x, consented, func(in *plan.Input) { in.Target = []string{"job.j"} }), "")
}

// A job that runs is waited for by what it uses, and not by what bears the same name in
// another place.
func TestARunningJobUsesWhatIsInItsOwnPlace(t *testing.T) {
	t.Parallel()
	data, daemon := noun{address: "volume.data", name: "data"}, noun{address: "daemon.d", name: "d", data: "volume.data"}
	volume, job := noun{address: "volume.v", name: "v"}, noun{address: "job.j", name: "j", volumes: []string{"volume.v"}}
	w := applied(t, data, daemon, volume, noun{address: "volume.inner", name: "v", inside: "daemon.d"}, job)
	w.object("job.j").Condition.State = provider.StateRunning
	check(t, "plan", w.told(configuration(data, daemon, volume, job), consented), `
1 delete volume.inner <-   no longer in the configuration (loses everything in the volume v)
2 start job.j <-   it is running: it is waited for`)
}

// What is left out of a plan has nothing to say of what would become of what is inside it.
func TestADaemonThatIsLeftOutHidesNothing(t *testing.T) {
	t.Parallel()
	volume, daemon := noun{address: "volume.data", name: "data"}, noun{address: "daemon.d", name: "d", data: "volume.data"}
	w := applied(t, volume, daemon)
	daemon.rev = 1
	in := w.input(configuration(volume, daemon))
	inside := in.Observed.Inside["daemon.d"]
	inside.Others = []provider.Other{{Kind: provider.Container, Name: "guest", Running: true}}
	in.Observed.Inside["daemon.d"] = inside
	inner := func() plan.Inner {
		p, problems := plan.Make(in)
		if problems.HasErrors() {
			t.Fatal(problems)
		}
		return p.Resources[0].Inner
	}
	if len(inner().Others) != 1 {
		t.Errorf("a daemon that is made anew ends with %v inside it", inner().Others)
	}
	in.Exclude = []string{"daemon.d"}
	if diff := cmp.Diff(plan.Inner{}, inner()); diff != "" {
		t.Errorf("of a daemon that is left out (-want +got):\n%s", diff)
	}
}
