package runner

import (
	"os"
	"os/user"
	"strings"
)

// The files in which Linux keeps who a machine is.
const (
	machineIDFile = "/etc/machine-id"
	bootIDFile    = "/proc/sys/kernel/random/boot_id"
)

// MachineID is this machine's lasting identity: its machine id, else its boot id,
// else its host name. It is never empty.
func MachineID() string {
	if id := firstLine(machineIDFile); id != "" {
		return id
	}
	if id := bootID(); id != "" {
		return id
	}
	return hostname()
}

// bootID tells one run of this machine's kernel from the next; empty where it cannot be had.
func bootID() string { return firstLine(bootIDFile) }

func hostname() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "localhost"
	}
	return name
}

// userAtHost names who runs this, for people.
func userAtHost() string {
	name := "unknown"
	if u, err := user.Current(); err == nil && u.Username != "" {
		name = u.Username
	}
	return name + "@" + hostname()
}

func firstLine(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(content), "\n")
	return strings.TrimSpace(line)
}
