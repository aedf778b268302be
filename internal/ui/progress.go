package ui

import (
	"fmt"
	"io"
	"time"

	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
)

// Ending is what a run says that was asked to end, and is still doing something.
const Ending = "Asked to end: nothing new is begun, what is running is ended in order. Ctrl-C again ends at once.\n"

// Progress returns a sink that writes one line for each thing worth knowing.
func Progress(w io.Writer, o Options) runner.Sink {
	last := map[string]string{}
	return func(e runner.Event) {
		line := progressLine(e, last, o)
		if line != "" {
			_, _ = io.WriteString(w, line+"\n")
		}
	}
}

func progressLine(e runner.Event, last map[string]string, o Options) string {
	address := o.paint(bold, e.Address)
	switch e.Kind {
	case runner.Started:
		return fmt.Sprintf("%s: %s...", address, doing(e.Step.Action))
	case runner.Finished:
		return fmt.Sprintf("%s: %s after %s", address, doneWord(e.Step.Action), e.Took.Round(100*time.Millisecond))
	case runner.Failed:
		return fmt.Sprintf("%s: %s after %s", address, o.paint(red, "failed"), e.Took.Round(100*time.Millisecond))
	case runner.Skipped:
		return fmt.Sprintf("%s: skipped, because %s", address, clean(e.Text))
	case runner.Dropped:
		return fmt.Sprintf("%s: already as it should be", address)
	case runner.Added:
		return ""
	case runner.Progress:
		return phaseLine(e, address, last, o)
	}
	return ""
}

func phaseLine(e runner.Event, address string, last map[string]string, o Options) string {
	if e.Phase == provider.PhaseOutput {
		return fmt.Sprintf("%s %s %s", address, o.paint(faint, "|"), clean(e.Text))
	}
	text := ""
	switch e.Phase {
	case provider.PhaseCreate, provider.PhaseStart, provider.PhaseStop, provider.PhaseRemove: // what was begun said so
	default:
		text = phaseVerb(e.Phase, "")
	}
	if e.Text != "" && e.Phase != provider.PhaseBuild { // a build's output is shown where it fails
		text = clean(e.Text)
		if e.Phase == provider.PhasePull || e.Phase == provider.PhaseCarry {
			text = phaseVerb(e.Phase, "") + " " + text
		}
	}
	if text == "" || last[e.Address] == text {
		return "" // the same again, with other bytes
	}
	last[e.Address] = text
	return fmt.Sprintf("%s: %s", address, o.paint(faint, text))
}

func doing(a plan.Action) string {
	switch a {
	case plan.Create, plan.Replace:
		return "creating"
	case plan.Update:
		return "updating"
	case plan.Start:
		return "starting"
	case plan.Restart:
		return "restarting"
	case plan.Run:
		return "running"
	case plan.Delete:
		return "removing"
	case plan.Stop:
		return "stopping"
	case plan.None, plan.Wait:
	}
	return "waiting"
}

func doneWord(a plan.Action) string {
	switch a {
	case plan.Create, plan.Replace:
		return "created"
	case plan.Update:
		return "updated"
	case plan.Start:
		return "started"
	case plan.Restart:
		return "restarted"
	case plan.Run:
		return "ran"
	case plan.Delete:
		return "removed"
	case plan.Stop:
		return "stopped"
	case plan.Wait:
		return "ready"
	case plan.None:
	}
	return "done"
}

// Applied is the closing line of an apply or destroy.
func Applied(r runner.Result, destroyed bool, o Options) string {
	word := "Apply complete!"
	if destroyed {
		word = "Destroy complete!"
	}
	counts := map[plan.Action]int{}
	for _, s := range r.Done {
		counts[s.Action]++
	}
	return fmt.Sprintf("%s %d created, %d run, %d changed, %d removed.\n", o.paint(green+";"+bold, word),
		counts[plan.Create]+counts[plan.Replace], counts[plan.Run], counts[plan.Update]+counts[plan.Start]+counts[plan.Restart], counts[plan.Delete])
}
