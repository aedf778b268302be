package runner

import (
	"context"
	"slices"

	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// task is one object that is stopped or started.
type task struct {
	object provider.Object
	step   plan.Step
	next   []*task // what waits for it
	after  int     // how many it waits for
	broken string  // the address of what failed before it
}

// tasksOf makes tasks of objects; first tells of two whether one goes before the
// other. Where the run is over meanwhile their order is left out: none is begun then.
func tasksOf(objects []provider.Object, action plan.Action, over func() bool, first func(a, b provider.Object) bool) []*task {
	out := make([]*task, len(objects))
	for i, o := range objects {
		out[i] = &task{object: o, step: plan.Step{
			ID: i + 1, Action: action, Address: o.Owner.Address, Kind: o.Kind, Name: o.Name, Object: o.ID,
		}}
	}
	for _, a := range out {
		if over() {
			break
		}
		for _, b := range out {
			if a != b && first(a.object, b.object) {
				a.next = append(a.next, b)
				b.after++
			}
		}
	}
	return out
}

// order runs tasks at the same time, each after those that go before it.
type order struct {
	parallelism int
	// stop, by being closed, and the end of the context keep anything new from beginning.
	stop <-chan struct{}
	run  func(context.Context, *task) error
	// skip is told of a task that follows one which failed.
	skip func(*task)
}

// taskEnd is how one task ended.
type taskEnd struct {
	task *task
	err  error
}

// do runs the tasks and returns those that were not begun: the run was interrupted,
// or records contradict each other and they wait in a circle.
func (o order) do(ctx context.Context, tasks []*task) (left []*task) {
	ends := make(chan taskEnd)
	left = slices.Clone(tasks)
	var ready []*task
	for _, t := range tasks {
		if t.after == 0 {
			ready = append(ready, t)
		}
	}
	settle := func(t *task, well bool) {
		for _, n := range t.next {
			if !well {
				n.broken = t.object.Owner.Address
			}
			if n.after--; n.after == 0 {
				ready = append(ready, n)
			}
		}
	}
	active := 0
	for {
		for len(ready) > 0 && active < o.parallelism && !o.halted(ctx) {
			t := ready[0]
			ready = ready[1:]
			left = slices.DeleteFunc(left, func(other *task) bool { return other == t })
			if t.broken != "" {
				o.skip(t)
				settle(t, false)
				continue
			}
			active++
			go func() { ends <- taskEnd{t, o.run(ctx, t)} }()
		}
		if active == 0 {
			return left
		}
		e := <-ends
		active--
		settle(e.task, e.err == nil)
	}
}

func (o order) halted(ctx context.Context) bool {
	select {
	case <-o.stop:
		return true
	case <-ctx.Done():
		return true
	default:
		return false
	}
}
