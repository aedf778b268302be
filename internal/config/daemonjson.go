package config

import (
	"fmt"
	"slices"
	"strings"

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
	config := attribute(n.value, "config")
	if config.IsNull() || !config.IsKnown() || !config.Type().IsObjectType() && !config.Type().IsMapType() {
		return nil
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
