package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// daemonKey is the key of daemon.json that an argument of a daemon stands for:
// its name with dashes, but for one.
func daemonKey(argument string) string {
	if argument == "address_pools" {
		return "default-address-pools"
	}
	return strings.ReplaceAll(argument, "_", "-")
}

// checkDaemonJSON refuses a setting that is given twice: by an argument and in config.
func checkDaemonJSON(n *noun, body provider.Body) diag.List {
	var problems diag.List
	given := map[string]string{} // key -> the argument that says it
	for _, a := range body.Attributes {
		if !attribute(n.value, a.Name).IsNull() && a.Name != "flags" && a.Name != "config" {
			given[daemonKey(a.Name)] = a.Name
		}
	}
	problems = append(problems, checkPoolForms(n)...)
	config := attribute(n.value, "config")
	if plain, _ := config.Unmark(); plain != cty.NilVal && !plain.IsNull() && plain.IsKnown() && !plain.Type().IsObjectType() && !plain.Type().IsMapType() {
		return append(problems, n.problem("wrong-type", "config", "Wrong type of value",
			fmt.Sprintf("config is daemon.json as an object, such as { debug = true }, not %s.", plain.Type().FriendlyName())))
	}
	if config.IsNull() || !config.IsKnown() || !config.Type().IsObjectType() && !config.Type().IsMapType() {
		return problems
	}
	for _, key := range keys(config.AsValueMap()) {
		argument := given[key]
		if !slices.Contains([]string{"registry_mirrors", "insecure_registries", "storage_driver", "mtu", "address_pools"}, argument) {
			continue
		}
		problems = append(problems, n.problem("conflicting-arguments", "config", "Setting of a daemon that is given twice",
			fmt.Sprintf("%q is in config of %s and is given by %s too, at %s. Take one of them away.", key, n.address, argument, place(n.rangeOf(argument)))))
	}
	return problems
}

// checkPoolForms refuses ranges of addresses that are none: dockerd would not start.
func checkPoolForms(n *noun) diag.List {
	var problems diag.List
	for i, pool := range elements(attribute(n.value, "address_pools")) {
		base, known := textOf(attribute(pool, "base"))
		prefix, err := netip.ParsePrefix(base)
		if known && err != nil {
			problems = append(problems, n.problem("invalid-value", "address_pools", "Invalid value",
				fmt.Sprintf("The base of address_pools[%d] is addresses by prefix, such as 10.50.0.0/16, and %q is not.", i, base)))
			continue
		}
		size, given := plainText(attribute(pool, "size"))
		bits, err := strconv.Atoi(size)
		if known && given && (err != nil || bits < prefix.Bits() || bits > prefix.Addr().BitLen()) {
			problems = append(problems, n.problem("invalid-value", "address_pools", "Invalid value",
				fmt.Sprintf("The size of address_pools[%d] is the length of a network's prefix, from %d, that of its base, to %d, and %s is not.", i, prefix.Bits(), prefix.Addr().BitLen(), shorten(size))))
		}
	}
	return problems
}

func place(r diag.Range) string { return fmt.Sprintf("%s:%d", r.File, r.Start.Line) }

// checkTLS warns of a daemon that everybody on its networks commands.
func checkTLS(n *noun) diag.List {
	tls := attribute(n.value, "tls")
	if tls.IsNull() || !tls.IsKnown() || tls.True() {
		return nil
	}
	p := n.problem("plain-daemon", "tls", "Daemon without TLS",
		fmt.Sprintf("Whoever reaches port 2375 of %s commands it, and with it, because it is privileged, the engine that it runs on. Take tls away, unless its networks are yours alone.", n.address))
	p.Severity = diag.Warning
	return diag.List{p}
}
