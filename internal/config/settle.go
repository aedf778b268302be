package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// settle decides from a block's value what graph and rule need of it: its name,
// its role and its place. What it refers to is settled already.
func (s *state) settle(n *noun) diag.List {
	n.external = flag(n.value, "external")
	problems := s.checkArguments(n)
	kept := s.cfg.Names[n.address]
	if n.external { // it is somebody else's, whatever dindctl made under this address before
		kept = ""
	}
	n.name = cmp.Or(text(n.value, "name"), kept, s.defaultName(n))
	if kept != "" && n.block != nil && n.block.Meta.Lifecycle.ignoresName() {
		n.keepName(kept)
	}
	if n.kind == provider.Daemon {
		n.logical = given(n.value, "socket") || given(n.value, "endpoint") || n.address == rootDaemon
	}
	return append(problems, s.settlePlace(n)...)
}

// keepName gives a noun the name that its object bears, whatever the block says.
func (n *noun) keepName(name string) {
	n.name = name
	if n.value.IsMarked() || !n.value.IsKnown() || !given(n.value, "name") {
		return
	}
	all := n.value.AsValueMap()
	all["name"] = cty.StringVal(name)
	n.value = cty.ObjectVal(all)
}

func (s *state) defaultName(n *noun) string {
	switch {
	case n.address == rootDaemon, n.external:
		return n.label
	case n.kind == provider.Image:
		return strings.ToLower(s.cfg.Project + "-" + n.label) // references have no capitals
	}
	return s.cfg.Project + "-" + n.label
}

// target is the block that an argument refers to, if it is of one of the kinds.
func (s *state) target(value cty.Value, name string, kinds ...provider.Kind) *noun {
	n := s.nouns[addressOf(attribute(value, name))]
	if n == nil || !slices.Contains(kinds, n.kind) {
		return nil
	}
	return n
}

// hosting is the address of a daemon that objects live in: empty where it is the root engine.
func (n *noun) hosting() string {
	if n.logical && !n.elsewhere() {
		return ""
	}
	return n.address
}

// elsewhere tells whether a daemon is an engine that is reached by an endpoint of its own.
func (n *noun) elsewhere() bool { return n.kind == provider.Daemon && given(n.value, "endpoint") }

func (s *state) settlePlace(n *noun) diag.List {
	var problems diag.List
	if d := s.target(n.value, "inside", provider.Daemon); d != nil {
		n.placed, n.inside = d.address, d.hosting()
	}
	if n.kind == provider.Controller {
		if d := s.target(n.value, "daemon", provider.Daemon); d != nil {
			n.daemon = d.address
		}
	}
	if c := s.target(n.value, "controller", provider.Controller); n.kind == provider.Job && c != nil {
		if n.placed != "" {
			problems = append(problems, n.problem("conflicting-arguments", "controller", "Arguments that exclude each other",
				"A job runs inside a daemon or on its controller's daemon. Take inside or controller away."))
		}
		n.controller = c.address
		if d := s.nouns[c.daemon]; d != nil {
			n.daemon, n.placed, n.inside = d.address, d.address, d.hosting()
		}
	}
	return problems
}

// checkArguments is what can be said of one block by itself.
func (s *state) checkArguments(n *noun) diag.List {
	if n.block == nil {
		return nil
	}
	problems := s.checkKinds(n)
	problems = append(problems, checkKnown(n)...)
	problems = append(problems, checkShown(n)...)
	problems = append(problems, s.checkRequired(n)...)
	problems = append(problems, s.checkForms(n)...)
	switch n.kind {
	case provider.Image:
		problems = append(problems, checkOneOf(n, flag(n.value, "external"), "build", "from")...)
	case provider.Daemon:
		problems = append(problems, s.checkDaemon(n)...)
	case provider.Guard:
		problems = append(problems, n.problem("not-supported", "", "Guard blocks are not supported yet",
			"This version of dindctl does not run guards. Let the controller use the daemon itself."))
	case provider.Container, provider.Controller, provider.Job:
		problems = append(problems, checkOneOf(n, false, "image")...)
	case provider.Network:
		problems = append(problems, checkFamilies(n)...)
	case provider.Volume:
	}
	if n.kind == provider.Job {
		problems = append(problems, checkJob(n)...)
	}
	if n.kind.Runs() {
		problems = append(problems, s.checkAttach(n)...)
		problems = append(problems, checkFiles(n)...)
	}
	return problems
}

// checkRequired refuses nothing where something has to stand.
func (s *state) checkRequired(n *noun) diag.List {
	var problems diag.List
	for _, a := range n.body.Attributes {
		if _, written := n.places[a.Name]; a.Required && written && !given(n.value, a.Name) {
			problems = append(problems, n.problem("missing-argument", a.Name, "Missing argument",
				fmt.Sprintf("%s needs %s, but its value is null: what it refers to is not enabled, or not there.", n.address, a.Name)))
		}
	}
	return problems
}

// checkOneOf demands exactly one of the arguments, or none if none is allowed.
func checkOneOf(n *noun, none bool, names ...string) diag.List {
	var found []string
	for _, name := range names {
		if given(n.value, name) {
			found = append(found, name)
		}
	}
	switch {
	case len(found) == 1, len(found) == 0 && none:
		return nil
	case len(found) == 0:
		return diag.List{n.problem("missing-argument", "", "Missing argument",
			fmt.Sprintf("%s needs %s.", n.address, strings.Join(names, " or ")))}
	}
	return diag.List{n.problem("conflicting-arguments", found[1], "Arguments that exclude each other",
		fmt.Sprintf("%s has %s. Only one of them can stand in a block.", n.address, strings.Join(found, " and ")))}
}

func (s *state) checkDaemon(n *noun) diag.List {
	if n.address == rootDaemon {
		return diag.List{n.problem("reserved-name", "", "Reserved name", "daemon.root is the root engine, which is there without a block. Choose another label.")}
	}
	problems := checkOneOf(n, false, "image", "socket", "endpoint")
	problems = append(problems, checkDaemonJSON(n, s.bodies[provider.Daemon])...)
	problems = append(problems, checkTLS(n)...)
	socket, known := textOf(attribute(n.value, "socket"))
	if known && !strings.HasPrefix(socket, "/") {
		problems = append(problems, n.problem("invalid-path", "socket", "Path that is not absolute",
			fmt.Sprintf("The socket %q is a path on the engine's host and has to be absolute.", socket)))
	}
	if given(n.value, "endpoint") {
		problems = append(problems, s.checkEndpointElsewhere(n)...)
	}
	for i, target := range elements(attribute(n.value, "entry_mounts")) {
		if at, known := textOf(target); known && !strings.HasPrefix(at, "/") {
			problems = append(problems, n.problem("invalid-path", "entry_mounts", "Path that is not absolute",
				fmt.Sprintf("entry_mounts[%d] is %q. It is a path in the container, and has to be absolute.", i, at)))
		}
	}
	if !given(n.value, "socket") && !given(n.value, "endpoint") {
		if given(n.value, "certificates") {
			problems = append(problems, n.problem("conflicting-arguments", "certificates", "Argument that means nothing here",
				fmt.Sprintf("Certificates are for an endpoint. %s makes its own at its start; take certificates away.", n.address)))
		}
		return problems
	}
	for _, name := range keys(n.value.AsValueMap()) {
		if !slices.Contains([]string{"socket", "endpoint", "certificates", "image", dependsOn}, name) && given(n.value, name) {
			problems = append(problems, n.problem("conflicting-arguments", name, "Argument of a daemon that exists already",
				fmt.Sprintf("%s is an engine that dindctl does not start, so %s means nothing there. Take it away, or give the daemon an image.", n.address, name)))
		}
	}
	return problems
}

func checkJob(n *noun) diag.List {
	var problems diag.List
	if timeout := text(n.value, "timeout"); timeout != "" {
		if d, err := time.ParseDuration(timeout); err != nil || d <= 0 {
			problems = append(problems, n.problem("invalid-value", "timeout", "Invalid duration", fmt.Sprintf("The timeout is %q. Write a number and a unit, such as 90s or 10m.", timeout)))
		}
	}
	problems = append(problems, checkWord(n, "run", text(n.value, "run"), "on_change", "on_request")...)
	if retries := attribute(n.value, "retries"); !retries.IsNull() && retries.IsKnown() {
		if f := retries.AsBigFloat(); f.Sign() < 0 || !f.IsInt() {
			problems = append(problems, n.problem("invalid-value", "retries", "Invalid number", "The number of retries is a whole number, 0 or more."))
		}
	}
	return problems
}

func checkWord(n *noun, path, given string, words ...string) diag.List {
	if given == "" || slices.Contains(words, given) {
		return nil
	}
	return diag.List{n.problem("invalid-value", path, "Invalid value",
		fmt.Sprintf("%q is not one of %s.%s", given, strings.Join(words, ", "), suggest(given, words, "")))}
}

// checkKnown demands that what graph and names are made from does not wait for an apply.
func checkKnown(n *noun) diag.List {
	var problems diag.List
	for _, name := range []string{"name", "inside", "external", "networks", "daemon", "controller", "data", "socket", "endpoint", "certificates", "tls"} {
		if settled(attribute(n.value, name)) {
			continue
		}
		problems = append(problems, n.problem("unknown-value", name, "Value that is not known in time",
			fmt.Sprintf("The plan is made from %s of %s, but its value is known only after something was applied. Use values that are known before.", name, n.address)))
	}
	return problems
}

// settled tells whether a value is known, where of references the address counts.
func settled(v cty.Value) bool {
	switch {
	case v.IsNull():
		return true
	case !v.IsKnown():
		return false
	case provider.IsRef(v.Type()):
		return addressOf(v) != ""
	}
	return !slices.ContainsFunc(elements(v), func(e cty.Value) bool { return !settled(e) })
}
