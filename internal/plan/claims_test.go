package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/providertest"
)

// holder is an object that has something which no two can have at a time.
type holder struct {
	address, ip, port string // of a container: its address in network.n, the port of the host
	subnet, bridge    string // of a network
	stopped           bool
	chosen            string // of a container: its address in network.b, which the engine chose
	ignores           []string
	all               bool // that is, everything is ignored
	ready             bool // it has a ready block
	deps              []string
}

func (h holder) kind() provider.Kind {
	kind, _, _ := strings.Cut(h.address, ".")
	return provider.Kind(kind)
}

func (h holder) name() string { return strings.ReplaceAll(h.address, ".", "-") }

func (h holder) declared() cty.Value {
	if h.kind() == provider.Network {
		config := cty.ObjectVal(map[string]cty.Value{"subnet": cty.StringVal(h.subnet)})
		return cty.ObjectVal(map[string]cty.Value{
			"ipam":    cty.ObjectVal(map[string]cty.Value{"config": cty.ListVal([]cty.Value{config})}),
			"options": cty.MapVal(map[string]cty.Value{"com.docker.network.bridge.name": cty.StringVal(h.bridge), "mode": cty.StringVal("nat")}),
		})
	}
	attach := cty.ObjectVal(map[string]cty.Value{
		"network": providertest.Ref("network.n", provider.Network, "network-n"), "ipv4": cty.StringVal(h.ip), "ipv6": cty.NullVal(cty.String),
	})
	port := cty.NullVal(cty.Number)
	if h.port != "" {
		port = cty.MustParseNumberVal(h.port)
	}
	networks := cty.ListValEmpty(cty.DynamicPseudoType)
	if h.chosen != "" {
		networks = cty.ListVal([]cty.Value{providertest.Ref("network.b", provider.Network, "network-b")})
	}
	ready := cty.NullVal(cty.EmptyObject)
	if h.ready {
		ready = cty.EmptyObjectVal
	}
	return cty.ObjectVal(map[string]cty.Value{
		"ready":    ready,
		"networks": networks,
		"attach":   cty.ListVal([]cty.Value{attach}),
		"ports":    cty.ListVal([]cty.Value{cty.ObjectVal(map[string]cty.Value{"published": port, "target": cty.NumberIntVal(80)})}),
	})
}

// steps are those of a plan from some holders to others, where addresses change live.
func steps(t *testing.T, before, after []holder) string {
	t.Helper()
	x := &config.Expanded{Config: &config.Config{Project: project}}
	in := plan.Input{Project: project, Expand: func(config.Known) (*config.Expanded, diag.List) { return x, nil }}
	in.Observed = plan.Observed{Root: plan.Snapshot{Readable: true}, Sites: map[string]plan.Site{}}
	for _, h := range after {
		x.Instances = append(x.Instances, config.Instance{
			Address: h.address, Kind: h.kind(), Name: h.name(), Declared: h.declared(), RangeOf: func(string) diag.Range { return diag.Range{} },
			Lifecycle: config.Lifecycle{IgnoreChanges: h.ignores, IgnoreAll: h.all}, Deps: h.deps,
		})
		in.Observed.Sites[h.address] = plan.Site{Name: h.name(), Kind: h.kind()}
	}
	for _, h := range before {
		spec, err := provider.Spec(h.declared())
		if err != nil {
			t.Fatal(err)
		}
		o := provider.Object{
			ID: "id-" + h.name(), Kind: h.kind(), Name: h.name(), Actual: h.declared(),
			Owner: provider.Ownership{Project: project, Address: h.address, Kind: h.kind(), Spec: spec, Schema: 2, Name: h.name()},
		}
		switch {
		case h.kind() == provider.Network:
			o.Values.Addresses = map[string]string{h.subnet: "gateway"}
		case h.stopped:
			o.Condition = provider.Condition{State: provider.StateExited}
		default:
			o.Condition = provider.Condition{State: provider.StateRunning}
			o.Values.Addresses = map[string]string{"network-n": h.ip}
			if h.chosen != "" {
				o.Values.Addresses["network-b"] = h.chosen
			}
			if h.port != "" {
				o.Values.Ports = map[string]string{"80/tcp": "0.0.0.0:" + h.port}
			}
		}
		in.Observed.Root.Objects = append(in.Observed.Root.Objects, o)
	}
	in.Diff = func(items []provider.DiffItem) ([]provider.Difference, error) {
		out := make([]provider.Difference, len(items))
		for i, item := range items {
			if specText(item.Declaration.Declared) != specText(item.Actual) {
				out[i].Changes = []provider.Change{{
					Path: `attach["network-n"].ipv4`, From: cty.StringVal("is"), To: cty.StringVal("wanted"), Effect: provider.Live, Cause: provider.Configured,
				}}
			}
		}
		return out, nil
	}
	p, problems := plan.Make(in)
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	var out strings.Builder
	for _, problem := range p.Stopped {
		fmt.Fprintf(&out, "%s: %s\n", problem.Address, problem.Detail)
	}
	for _, s := range p.Steps {
		fmt.Fprintf(&out, "%d %s %s <- %s", s.ID, s.Action, s.Address, strings.Trim(fmt.Sprint(s.Needs), "[]"))
		for _, c := range s.Changes {
			fmt.Fprintf(&out, " %s", c.Path)
			if c.To.IsNull() {
				out.WriteString(" is left")
			}
		}
		out.WriteString("\n")
	}
	return out.String()
}

// What only one object can have is given back before another takes it.
func TestWhatOneObjectHoldsIsGivenBackFirst(t *testing.T) {
	t.Parallel()
	n := holder{address: "network.n", subnet: "10.0.0.0/16", bridge: "br-n"}
	b := holder{address: "network.b", subnet: "10.1.0.0/16", bridge: "br-b"}
	for _, row := range []struct {
		name          string
		before, after []holder
		want          string
	}{
		{
			"a subnet that overlaps",
			[]holder{{address: "network.b", subnet: "10.1.2.0/24"}},
			[]holder{{address: "network.a", subnet: "10.1.0.0/16"}},
			"1 delete network.b <- \n2 create network.a <- 1\n",
		},
		{
			"another subnet",
			[]holder{{address: "network.b", subnet: "10.1.2.0/24"}},
			[]holder{{address: "network.a", subnet: "10.2.0.0/16"}},
			"1 delete network.b <- \n2 create network.a <- \n",
		},
		{
			"a device",
			[]holder{{address: "network.b", subnet: "10.1.2.0/24", bridge: "br-x"}},
			[]holder{{address: "network.a", subnet: "10.2.0.0/16", bridge: "br-x"}},
			"1 delete network.b <- \n2 create network.a <- 1\n",
		},
		{
			"a port",
			[]holder{n, {address: "container.b", ip: "10.0.0.5", port: "8080"}},
			[]holder{n, {address: "container.a", ip: "10.0.0.6", port: "8080"}},
			"1 delete container.b <- \n2 create container.a <- 1\n",
		},
		{
			"an address",
			[]holder{n, {address: "container.b", ip: "10.0.0.5"}},
			[]holder{n, {address: "container.a", ip: "10.0.0.5"}},
			"1 delete container.b <- \n2 create container.a <- 1\n",
		},
		{
			"what something that does not run would have",
			[]holder{n, {address: "container.b", ip: "10.0.0.5", port: "8080", stopped: true}},
			[]holder{n, {address: "container.a", ip: "10.0.0.5", port: "8080"}},
			"1 delete container.b <- \n2 create container.a <- \n",
		},
		{
			"addresses that are handed on",
			[]holder{n, {address: "container.a", ip: "10.0.0.5"}, {address: "container.b", ip: "10.0.0.6"}},
			[]holder{n, {address: "container.a", ip: "10.0.0.6"}, {address: "container.b", ip: "10.0.0.7"}},
			"1 update container.b <-  attach[\"network-n\"].ipv4\n2 update container.a <- 1 attach[\"network-n\"].ipv4\n",
		},
		{
			"addresses that are exchanged",
			[]holder{n, {address: "container.a", ip: "10.0.0.5"}, {address: "container.b", ip: "10.0.0.6"}},
			[]holder{n, {address: "container.a", ip: "10.0.0.6"}, {address: "container.b", ip: "10.0.0.5"}},
			"1 update container.a <-  networks[\"network-n\"] is left\n2 update container.b <-  networks[\"network-n\"] is left\n" +
				"3 update container.a <- 1 2 attach[\"network-n\"].ipv4\n4 update container.b <- 1 2 attach[\"network-n\"].ipv4\n",
		},
		{
			"addresses that are exchanged with what has to be ready first",
			[]holder{n, {address: "container.a", ip: "10.0.0.5", deps: []string{"container.b"}}, {address: "container.b", ip: "10.0.0.6", ready: true}},
			[]holder{n, {address: "container.a", ip: "10.0.0.6", deps: []string{"container.b"}}, {address: "container.b", ip: "10.0.0.5", ready: true}},
			"1 update container.a <-  networks[\"network-n\"] is left\n2 update container.b <-  networks[\"network-n\"] is left\n" +
				"3 update container.b <- 1 2 attach[\"network-n\"].ipv4\n4 wait container.b <- 3\n5 update container.a <- 1 2 4 attach[\"network-n\"].ipv4\n",
		},
		{
			"addresses that are handed on to what has to be ready first",
			[]holder{n, {address: "container.a", ip: "10.0.0.5", ready: true}, {address: "container.b", ip: "10.0.0.6", deps: []string{"container.a"}}},
			[]holder{n, {address: "container.a", ip: "10.0.0.6", ready: true}, {address: "container.b", ip: "10.0.0.7", deps: []string{"container.a"}}},
			"1 update container.a <-  networks[\"network-n\"] is left\n2 update container.b <-  networks[\"network-n\"] is left\n" +
				"3 update container.a <- 1 2 attach[\"network-n\"].ipv4\n4 wait container.a <- 3\n5 update container.b <- 2 4 attach[\"network-n\"].ipv4\n",
		},
		{
			"addresses that are exchanged, beside a network that both stay in",
			[]holder{b, n, {address: "container.a", ip: "10.0.0.5", chosen: "10.1.0.2"}, {address: "container.b", ip: "10.0.0.6", chosen: "10.1.0.3"}},
			[]holder{b, n, {address: "container.a", ip: "10.0.0.6", chosen: "10.1.0.2"}, {address: "container.b", ip: "10.0.0.5", chosen: "10.1.0.3"}},
			"1 update container.a <-  networks[\"network-n\"] is left\n2 update container.b <-  networks[\"network-n\"] is left\n" +
				"3 update container.a <- 1 2 attach[\"network-n\"].ipv4\n4 update container.b <- 1 2 attach[\"network-n\"].ipv4\n",
		},
	} {
		if got := steps(t, row.before, row.after); got != row.want {
			t.Errorf("%s:\n%swant\n%s", row.name, got, row.want)
		}
	}
}

// What one object keeps beside its declaration, because it ignores the change, no other
// can take: that is said of the one that is to have it, before anything is done, and who
// has it and why. What is given back, or was nobody's wish, stops nothing.
func TestWhatAnObjectKeepsThatIgnoresItsChange(t *testing.T) {
	t.Parallel()
	n := holder{address: "network.n", subnet: "10.0.0.0/16", bridge: "br-n"}
	for _, row := range []struct {
		name          string
		before, after []holder
		want          string
	}{
		{
			"a port",
			[]holder{n, {address: "container.a", ip: "10.0.0.5", port: "8080"}},
			[]holder{n, {address: "container.a", ip: "10.0.0.5", port: "8081", ignores: []string{"ports", "attach"}}, {address: "container.b", ip: "10.0.0.6", port: "8080"}},
			"container.b: container.b wants the port 8080/tcp, which container.a holds: that one was made so, is declared otherwise by now, and ignores changes of ports (ignore_changes). " +
				"Let container.a heed that change, or write something else in container.b.\n",
		},
		{
			"a port of what does not run and will",
			[]holder{n, {address: "container.a", ip: "10.0.0.5", port: "8080", stopped: true}},
			[]holder{n, {address: "container.a", ip: "10.0.0.5", all: true}, {address: "container.b", ip: "10.0.0.6", port: "8080"}},
			"container.b: container.b wants the port 8080/tcp, which container.a holds: that one was made so, is declared otherwise by now, and ignores every change (ignore_changes = all). " +
				"Let container.a heed that change, or write something else in container.b.\n1 start container.a <- \n",
		},
		{
			"an address",
			[]holder{n, {address: "container.a", ip: "10.0.0.5"}, {address: "container.b", ip: "10.0.0.6"}},
			[]holder{n, {address: "container.a", ip: "10.0.0.7", ignores: []string{"attach"}}, {address: "container.b", ip: "10.0.0.5"}},
			"container.b: container.b wants the address 10.0.0.5 in the network network-n, which container.a holds: that one was made so, " +
				"is declared otherwise by now, and ignores changes of attach (ignore_changes). Let container.a heed that change, or write something else in container.b.\n",
		},
		{
			"an address whose change is heeded",
			[]holder{n, {address: "container.a", ip: "10.0.0.5"}, {address: "container.b", ip: "10.0.0.6"}},
			[]holder{n, {address: "container.a", ip: "10.0.0.7", ignores: []string{`attach["network-n"].aliases`}}, {address: "container.b", ip: "10.0.0.5"}},
			"1 update container.a <-  attach[\"network-n\"].ipv4\n2 update container.b <- 1 attach[\"network-n\"].ipv4\n",
		},
		{
			"a range of addresses",
			[]holder{{address: "network.a", subnet: "10.1.0.0/16"}},
			[]holder{{address: "network.a", subnet: "10.2.0.0/16", ignores: []string{"ipam", "attach"}}, {address: "network.b", subnet: "10.1.7.0/24"}},
			"network.b: network.b wants the range 10.1.7.0/24, and network.a holds the range 10.1.0.0/16: that one was made so, is declared otherwise by now, and ignores changes of ipam (ignore_changes). " +
				"Let network.a heed that change, or write something else in network.b.\n",
		},
		{
			"a device",
			[]holder{{address: "network.a", subnet: "10.1.0.0/16", bridge: "br-x"}},
			[]holder{{address: "network.a", subnet: "10.1.0.0/16", bridge: "br-y", ignores: []string{"options", "attach"}}, {address: "network.b", subnet: "10.2.0.0/16", bridge: "br-x"}},
			"network.b: network.b wants com.docker.network.bridge.name = \"br-x\", which network.a holds: that one was made so, is declared otherwise by now, " +
				"and ignores changes of options (ignore_changes). Let network.a heed that change, or write something else in network.b.\n",
		},
		{
			"a port that is declared as it is",
			[]holder{n, {address: "container.a", ip: "10.0.0.5", port: "8080"}},
			[]holder{n, {address: "container.a", ip: "10.0.0.5", port: "8080", ignores: []string{"ports"}}, {address: "container.b", ip: "10.0.0.6", port: "8081"}},
			"1 create container.b <- \n",
		},
		{
			"a port that what goes gives back",
			[]holder{n, {address: "container.a", ip: "10.0.0.5", port: "8080", all: true}},
			[]holder{n, {address: "container.b", ip: "10.0.0.6", port: "8080"}},
			"1 delete container.a <- \n2 create container.b <- 1\n",
		},
	} {
		if got := steps(t, row.before, row.after); got != row.want {
			t.Errorf("%s:\n%swant\n%s", row.name, got, row.want)
		}
	}
}
