package hcl

import (
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
)

// hint tells people who come from Compose, Docker or Terraform what a word of
// theirs is called here; empty for every other problem.
func hint(p diag.Problem) string {
	_, rest, _ := strings.Cut(p.Detail, `"`)
	word, _, _ := strings.Cut(rest, `"`)
	switch {
	case p.Code == "unknown-block":
		return blockHint(word)
	case p.Code == "unknown-argument":
		return argumentHint(word)
	case p.Summary == "Call to unknown function":
		return functionHint(word)
	}
	return ""
}

func blockHint(word string) string {
	switch word {
	case "resource", "service", "services":
		return `An object is a block of its kind with a label, such as container "web" { ... }.`
	case "data":
		return "Something that exists already is a network, volume or image block with external = true."
	case "local":
		return "Local values stand in a locals block."
	case "terraform", "settings":
		return "What holds for the whole configuration stands in a project block."
	case "volumes", "binds":
		return "Each mount is a mount block of its own, with source and target."
	case "import", "removed":
		return "There is no such block: use the command dindctl import, or destroy with -target."
	}
	return ""
}

func argumentHint(word string) string {
	switch word {
	case "volumes", "binds", "mounts", "volume":
		return "Each mount is a mount block, with source and target."
	case "env":
		return "Variables of the environment are a map called environment."
	case "cmd", "args":
		return "What runs is called command, a list of texts."
	case "container_name":
		return "The name of the object is called name."
	case "memory", "mem":
		return "The limit of memory is called mem_limit, such as \"512m\"."
	case "links", "depends":
		return "What has to be there before is said by depends_on, or by any reference."
	case "network":
		return "Networks are a list called networks: networks = [network.NAME]."
	case "network_mode":
		return "Networks are a list called networks; an empty list, networks = [], is none."
	case "ports":
		return "Each port is a ports block, with target and published."
	case "health_check", "health":
		return "A health check is a healthcheck block."
	case "restart_policy":
		return "What happens when it ends is called restart."
	case "docker_host", "host":
		return "Which daemon a controller calls is said by daemon = daemon.NAME."
	case "create_before_destroy":
		return "Names are unique on an engine, so that the old object goes first, always."
	case "providers", "version":
		return "Modules are local directories: they take no version, and there is one provider."
	}
	return ""
}

func functionHint(word string) string {
	switch word {
	case "env", "getenv":
		return "A plan depends on files and variables alone: declare a variable, and set it by -var or DINDCTL_VAR_name."
	case "timestamp", "uuid", "bcrypt":
		return "A function gives the same each time, so that a plan can be empty."
	case "templatefile":
		return "Use file, and a template in the configuration."
	case "abspath", "pathexpand":
		return "Paths are relative to the directory of the configuration."
	}
	return ""
}
