package providertest

import (
	"strconv"
	"strings"
)

// effect is what one command does.
type effect struct {
	stdout, stderr string
	exit           int
	sleep, cat     bool
}

// script interprets a command by the tiny table of [Memory]. It ends at the first
// command that fails only where that is "exit": a shell goes on, too.
func script(command, environment []string) []effect {
	if len(command) != 3 || (command[0] != "sh" && command[0] != "bash") || command[1] != "-c" {
		return []effect{single(command, environment)}
	}
	var out []effect
	for _, part := range strings.FieldsFunc(command[2], func(r rune) bool { return r == ';' || r == '\n' }) {
		words := strings.Fields(part)
		if len(words) == 0 {
			continue
		}
		out = append(out, simple(words, environment))
		if words[0] == "exit" {
			break
		}
	}
	return out
}

// simple is one command of a shell, perhaps with its output sent to standard error.
func simple(words, environment []string) effect {
	toStderr := words[len(words)-1] == ">&2"
	if toStderr {
		words = words[:len(words)-1]
	}
	for i, w := range words {
		words[i] = strings.Trim(w, `"'`)
	}
	e := single(words, environment)
	if toStderr {
		e.stdout, e.stderr = "", e.stdout
	}
	return e
}

func single(words, environment []string) effect {
	if len(words) == 0 {
		return effect{stdout: "ok\n"}
	}
	arguments := words[1:]
	switch words[0] {
	case "echo":
		return effect{stdout: strings.Join(arguments, " ") + "\n"}
	case "printenv":
		return printenv(arguments, environment)
	case "exit":
		code := 0
		if len(arguments) > 0 {
			code, _ = strconv.Atoi(arguments[0])
		}
		return effect{exit: code}
	case "true":
		return effect{}
	case "false":
		return effect{exit: 1}
	case "sleep":
		return effect{sleep: true}
	case "cat":
		return effect{cat: true}
	}
	return effect{stdout: "ok\n"}
}

func printenv(names, environment []string) effect {
	for _, name := range names {
		for _, pair := range environment {
			if key, value, _ := strings.Cut(pair, "="); key == name {
				return effect{stdout: value + "\n"}
			}
		}
	}
	return effect{exit: 1}
}
