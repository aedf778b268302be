package runner

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/mount"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// VerifyRequest asks to prove verdicts on what runs.
type VerifyRequest struct {
	Provider provider.Provider
	Observed plan.Observed
	// Expanded and Entries are the configuration and what the rule says of it.
	Expanded *config.Expanded
	Entries  []mount.Entry
	Project  string
	Origin   string
	// Write sends a canary file through every writable mount and takes it away again.
	Write bool
	// Self is the path of a static dindctl, for images that have no shell; empty: none.
	Self string
	// Nonce marks the helpers of this run; random if nil.
	Nonce func() string
}

// Result words of a [Proof].
const (
	Proved       = "proved"       // reality is as the rule says
	Contradicted = "contradicted" // it is not
	NotProved    = "not_proved"   // it could not be looked at
)

// Proof is one verdict, and what was seen. Its JSON form is that of `verify -json`.
type Proof struct {
	Address    string        `json:"address"`
	Kind       string        `json:"kind"`
	Target     string        `json:"target"`
	Source     string        `json:"source"`
	Daemon     string        `json:"daemon"`
	Controller *string       `json:"controller"` // null where there is none
	Verdict    mount.Verdict `json:"verdict"`
	Result     string        `json:"result"`
	// Why says what is wrong, or why it could not be looked at: a sentence.
	Why string `json:"why"`
	// Sides are what each container sees; the nested one comes last.
	Sides []Side `json:"sides"`
	// Canary is what became of the file that -write sends: "seen", "not sent" or
	// empty; else what went wrong.
	Canary string `json:"canary,omitempty"`
}

// Side is what one container sees at a path.
type Side struct {
	View string `json:"view"`
	Path string `json:"path"`
	Sight
}

// Verify looks at every nested mount from a nested container that mounts it and
// from whoever's file is meant. Nothing that it makes stays: a helper that a killed
// run left bears the project's labels, and goes with the next apply or destroy. The
// problems are the verdicts that reality contradicts.
func Verify(ctx context.Context, req VerifyRequest) ([]Proof, diag.List) {
	execer, able := power[provider.Execer](ctx, req.Provider, provider.PowerExec)
	if !able {
		return nil, diag.Errorf("Commands cannot be run here", "The provider cannot run commands in objects, so nothing can be looked at.")
	}
	if req.Nonce == nil {
		req.Nonce = randomNonce
	}
	v := &verifier{VerifyRequest: req, execer: execer, seen: map[sightKey]Sight{}}
	proofs := make([]Proof, len(req.Entries))
	groups := map[string][]int{}
	for i, e := range req.Entries {
		proofs[i] = Proof{
			Address: e.Address, Kind: e.Kind, Target: e.Target, Source: e.Source, Daemon: e.Daemon, Controller: e.Controller,
			Verdict: e.Verdict, Sides: []Side{},
		}
		groups[e.Daemon] = append(groups[e.Daemon], i)
	}
	defer v.removeProbe(ctx)
	v.lookAround(ctx)
	group, groupCtx := errgroup.WithContext(ctx)
	for daemon, indices := range groups {
		group.Go(func() error { return v.daemon(groupCtx, daemon, indices, proofs) })
	}
	if err := group.Wait(); err != nil {
		return nil, problemsOf(err, "The mounts could not be looked at", "")
	}
	return proofs, v.problems(proofs)
}

// verifier holds what one run of Verify works on.
type verifier struct {
	VerifyRequest
	execer provider.Execer

	mu   sync.Mutex
	seen map[sightKey]Sight
	// probe is the image with dindctl alone, once it was needed.
	probeOnce sync.Once
	probe     *probeImage
	probeErr  error
}

// sightKey is a path in a container of the configuration, by its address.
type sightKey struct{ view, path string }

// thisMachine is the view of this process.
const thisMachine = "this machine"

// lookAround looks at every path that is compared with what nested containers see,
// each container once.
func (v *verifier) lookAround(ctx context.Context) {
	wanted := map[string][]string{}
	for _, e := range v.Entries {
		for _, s := range v.sidesOf(e) {
			if !slices.Contains(wanted[s.view], s.path) {
				wanted[s.view] = append(wanted[s.view], s.path)
			}
		}
	}
	var group errgroup.Group
	for view, paths := range wanted {
		group.Go(func() error {
			sights := v.lookIn(ctx, view, paths)
			v.mu.Lock()
			defer v.mu.Unlock()
			for i, path := range paths {
				v.seen[sightKey{view, path}] = sights[i]
			}
			return nil
		})
	}
	_ = group.Wait() // nothing fails: what cannot be seen is a sight, too
}

// lookIn looks at paths in one view.
func (v *verifier) lookIn(ctx context.Context, view string, paths []string) []Sight {
	if view == thisMachine {
		return lookHere(paths)
	}
	object, problems := Find(v.Observed, v.Project, view)
	if problems.HasErrors() {
		return unseen(paths, view+" is not there; run apply")
	}
	if object.Condition.State != provider.StateRunning {
		return unseen(paths, fmt.Sprintf("%s is %s", view, object.Condition.State))
	}
	return v.look(ctx, object, nil, paths)
}

// sidesOf are the views that a nested container's is compared with.
func (v *verifier) sidesOf(e mount.Entry) []sightKey {
	var out []sightKey
	agrees := e.Verdict != mount.Hidden && e.Verdict != mount.Aliased && e.Verdict != mount.Shadowed
	if e.Controller != nil && e.Resolve != mount.ResolveDaemon && strings.HasPrefix(e.Source, "/") && (!agrees || v.mounted(*e.Controller, e.Source)) {
		out = append(out, sightKey{*e.Controller, e.Source})
	}
	if !agrees || e.Send.Type != mount.Bind {
		return out
	}
	d, found := v.Expanded.Instance(e.Daemon)
	switch {
	case !found || !d.Logical:
		out = append(out, sightKey{e.Daemon, e.Send.Source})
	case v.Observed.Root.Facts.Files == provider.FilesShared && v.isRoot(d):
		out = append(out, sightKey{thisMachine, e.Send.Source})
	}
	return out
}

// isRoot tells whether a daemon that exists already is the root engine.
func (v *verifier) isRoot(d config.Instance) bool { return !isText(attribute(d.Declared, "endpoint")) }

// mounted tells whether a path lies in a mount of a container. What lies in its
// own root is not compared: the daemon's is then meant.
func (v *verifier) mounted(address, path string) bool {
	object, problems := Find(v.Observed, v.Project, address)
	if problems.HasErrors() {
		return true // which is then said of it
	}
	return slices.ContainsFunc(object.Views, func(view provider.View) bool {
		return path == view.Target || strings.HasPrefix(path, strings.TrimSuffix(view.Target, "/")+"/")
	})
}

// daemon proves the entries of one daemon by helpers that it runs.
func (v *verifier) daemon(ctx context.Context, daemon string, indices []int, proofs []Proof) error {
	inside := daemon
	if d, found := v.Expanded.Instance(daemon); found && d.Logical {
		inside = ""
	}
	snapshot := v.snapshot(inside)
	if inside != "" && !snapshot.Readable {
		for _, i := range indices {
			proofs[i].Result, proofs[i].Why = NotProved, fmt.Sprintf("What is inside %s cannot be looked at: %s.", daemon, cmp.Or(snapshot.Why, "it is not there; run apply"))
		}
		return nil
	}
	var entries []mount.Entry
	for _, i := range indices {
		entries = append(entries, v.Entries[i])
	}
	nested := v.nested(ctx, inside, snapshot, entries)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for n, i := range indices {
		v.judge(entries[n], nested[n], &proofs[i])
	}
	return nil
}

func (v *verifier) snapshot(inside string) plan.Snapshot {
	if inside == "" {
		return v.Observed.Root
	}
	return v.Observed.Inside[inside]
}

// problems are the contradictions as diagnostics, at the lines of the sources.
func (v *verifier) problems(proofs []Proof) diag.List {
	var out diag.List
	entries := map[string]mount.Entry{}
	for i, p := range proofs {
		entries[p.Address+"\x00"+p.Target] = v.Entries[i]
		if p.Result != Contradicted {
			continue
		}
		problem := diag.Problem{
			Severity: diag.Error, Code: "verdict-contradicted", Summary: "Verdict that reality contradicts", Address: p.Address,
			Detail: fmt.Sprintf("The rule says that %s of %s is %s for %s. %s Either something was mounted there that dindctl did not make, and replacing what the facts below name cures it, or the rule is wrong. Do not rely on this mount until it is proved.",
				p.Source, p.Address, p.Verdict, p.Daemon, p.Why),
		}
		for _, s := range p.Sides {
			problem.Chain = append(problem.Chain, fmt.Sprintf("%s  %s  is  %s", s.View, s.Path, s.Sight))
		}
		problem.Subject, problem.Context = v.Expanded.SourceOf(v.Entries[i])
		out = append(out, problem)
	}
	return out
}
