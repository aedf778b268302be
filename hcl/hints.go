package hcl

import (
	"fmt"
	"slices"
	"strings"

	hcl2 "github.com/hashicorp/hcl/v2"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// elsewhere are words of Compose and docker that this language says otherwise.
func elsewhere() map[string]string {
	return map[string]string{
		"volumes":        "a mount block for each: mount { source = ..., target = ... }",
		"volume":         "a mount block: mount { source = ..., target = ... }",
		"mounts":         "a mount block for each: mount { source = ..., target = ... }",
		"env":            "environment = { NAME = \"value\" }",
		"container_name": "name",
		"network":        "networks = [network.x]",
		"links":          "networks = [network.x]: containers of one network find each other by their labels",
		"memory":         "mem_limit",
		"mem":            "mem_limit",
		"cpu":            "cpus",
		"workdir":        "working_dir",
		"cmd":            "command",
		"group":          "user = \"user:group\", or group_add",
		"secrets":        "a file block, or a mounted file",
		"configs":        "a file block, or a mounted file",
		"services":       "a container block for each",
		"service":        "a container block",
		"resource":       "the noun itself, such as container \"web\"",
		"depends":        "depends_on",
		"data_root":      "data = volume.x",
		"publish":        "ports { target = 80, published = 8080 }",
		"ready":          "nothing: it is ready when it is there, a job when it has ended well. A ready block stands in a container, daemon, controller or guard",
		"expose":         "nothing: containers of one network reach all ports of each other",
	}
}

// rephrase puts the parser's messages into words that help: what is said otherwise
// here, and how many labels a block has.
func rephrase(p diag.Problem) diag.Problem {
	switch p.Code {
	case "unknown-argument", "unknown-block":
		if strings.Contains(p.Detail, "Did you mean to define") {
			return p // the word is right, and its form is wrong
		}
		_, rest, _ := strings.Cut(p.Detail, `"`)
		word, _, _ := strings.Cut(rest, `"`)
		if instead, found := elsewhere()[word]; found {
			what := "argument"
			if p.Code == "unknown-block" {
				what = "block"
			}
			p.Detail = fmt.Sprintf("There is no %s %q here. Write %s.", what, word, instead)
		}
	case "operation":
		if why, found := strings.CutPrefix(p.Detail, "Error during operation: "); found {
			p.Detail = strings.ToUpper(why[:1]) + why[1:]
		}
	case "syntax":
		p.Detail = plainer(p)
	case "block-labels":
		words := strings.Fields(p.Summary)
		kind := words[len(words)-1]
		p.Detail = fmt.Sprintf("A %s block has one label, its name: %s \"NAME\" { ... }.", kind, kind)
		if strings.Contains(p.Summary, "Extraneous") && (kind == "project" || kind == "locals" || kind == "moved" || !topLevel(kind)) {
			p.Detail = fmt.Sprintf("A %s block has no label: %s { ... }.", kind, kind)
		}
	}
	return p
}

// plainer says in the words of this language what the parser says in its own.
func plainer(p diag.Problem) string {
	switch {
	case strings.HasPrefix(p.Detail, "A single static variable reference is required"):
		return "Write a name alone, without quotes: only names, attributes and constant keys can stand here."
	case p.Summary == "Missing type for dynamic":
		return "A dynamic block has one label, the name of the blocks that it makes: dynamic \"mount\" { ... }."
	case p.Summary == "Invalid single-argument block definition":
		return "A block in one line has one argument. Write each argument in a line of its own."
	}
	return p.Detail
}

func topLevel(kind string) bool {
	switch kind {
	case "variable", "output", "check", "module", "provider", "dynamic":
		return true
	}
	return slices.Contains(provider.Kinds(), provider.Kind(kind))
}

// maxStrange is how many strange characters of a file are shown: where there are
// more, it is no text.
const maxStrange = 10

// parseProblems are the problems of parsing a file. Of several at one place, and of texts
// that do not end, the first says it.
func parseProblems(diags hcl2.Diagnostics) diag.List {
	var out diag.List
	type place struct {
		file string
		at   int
	}
	seen := map[place]bool{}
	open, strange := false, 0
	for _, p := range convertAll(diags).Sorted() {
		at := place{p.Subject.File, p.Subject.Start.Byte}
		again := open && (p.Summary == "Invalid multi-line string" || p.Summary == "Unterminated template string")
		if p.Summary == "Invalid multi-line string" || p.Summary == "Unclosed template interpolation sequence" {
			open = true
		}
		if p.Summary == "Invalid character" {
			again = strange >= maxStrange
			strange++
		}
		if seen[at] || again {
			continue
		}
		seen[at] = true
		out = append(out, p)
	}
	return out
}

// hint tells people who come from Compose, Docker or Terraform what a word of
// theirs is called here, where elsewhere has no one word for it; empty for every
// other problem.
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
	case "data":
		return "Something that exists already is a network, volume or image block with external = true."
	case "local":
		return "Local values stand in a locals block."
	case "terraform", "settings":
		return "What holds for the whole configuration stands in a project block."
	case "binds":
		return "Each mount is a mount block of its own, with source and target."
	case "import", "removed":
		return "There is no such block: use the command dindctl import, or destroy with -target."
	}
	return ""
}

func argumentHint(word string) string {
	switch word {
	case "binds":
		return "Each mount is a mount block, with source and target."
	case "args":
		return "What runs is called command, a list of texts."
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
	case "yamldecode", "yamlencode":
		return "Use jsondecode and jsonencode: JSON is YAML, too."
	case "templatestring":
		return "Use templatefile, or a template in the configuration."
	case "abspath", "pathexpand":
		return "Paths are relative to the directory of the configuration."
	}
	return ""
}
