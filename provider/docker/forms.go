package docker

import (
	"github.com/dindctl/dindctl/provider"
)

// The forms of arguments that several rows share.

func word(words ...string) provider.Form {
	return provider.Form{Kind: provider.FormWord, Words: words}
}

func size() provider.Form { return provider.Form{Kind: provider.FormSize} }

func duration() provider.Form { return provider.Form{Kind: provider.FormDuration} }

// whole is a whole number between two bounds, both inclusive.
func whole(least, most float64) provider.Form {
	return provider.Form{Kind: provider.FormNumber, Min: least, Max: most, Whole: true}
}

func number(least, most float64) provider.Form {
	return provider.Form{Kind: provider.FormNumber, Min: least, Max: most}
}

// like is a text that a regular expression matches as a whole.
func like(pattern, says string) provider.Form {
	return provider.Form{Kind: provider.FormText, Pattern: pattern, Says: says}
}

// beside adds what an argument cannot stand beside.
func beside(f provider.Form, why string, names ...string) provider.Form {
	f.Excludes = append(f.Excludes, provider.Exclusion{Names: names, Why: why})
	return f
}

// besideAt is beside for some of the argument's values; "*" is a reference.
func besideAt(f provider.Form, words []string, why string, names ...string) provider.Form {
	f.Excludes = append(f.Excludes, provider.Exclusion{Words: words, Names: names, Why: why})
	return f
}

// The numbers that kernels and engines take.
const (
	most      = 1 << 52 // what a number of a configuration holds exactly
	ports     = 65535
	maxWeight = 1000
	minWeight = 10
	maxShares = 262144
	maxAdjust = 1000
	maxSwappy = 100
	minPeriod = 1_000
	maxPeriod = 1_000_000
	minMemory = 6 << 20
	minMTU    = 68 // RFC 791
	maxMTU    = 65536
	maxStatus = 599
)

func signalForm() provider.Form {
	return like(`(?i)(SIG)?(ABRT|ALRM|BUS|CHLD|CLD|CONT|FPE|HUP|ILL|INT|IO|IOT|KILL|PIPE|POLL|PROF|PWR|QUIT|SEGV|STKFLT|STOP|SYS|TERM|`+
		`TRAP|TSTP|TTIN|TTOU|UNUSED|URG|USR1|USR2|VTALRM|WINCH|XCPU|XFSZ|RTMIN(\+[0-9]{1,2})?|RTMAX(-[0-9]{1,2})?)|[1-9][0-9]?`,
		"a signal, such as SIGTERM or 15")
}

func absolutePath() provider.Form { return like(`/.*`, "an absolute path, such as /srv") }

func capabilityForm() provider.Form {
	return like(`(?i)(CAP_)?(ALL|`+
		`AUDIT_CONTROL|AUDIT_READ|AUDIT_WRITE|BLOCK_SUSPEND|BPF|CHECKPOINT_RESTORE|CHOWN|DAC_OVERRIDE|DAC_READ_SEARCH|FOWNER|FSETID|`+
		`IPC_LOCK|IPC_OWNER|KILL|LEASE|LINUX_IMMUTABLE|MAC_ADMIN|MAC_OVERRIDE|MKNOD|NET_ADMIN|NET_BIND_SERVICE|NET_BROADCAST|NET_RAW|`+
		`PERFMON|SETFCAP|SETGID|SETPCAP|SETUID|SYSLOG|SYS_ADMIN|SYS_BOOT|SYS_CHROOT|SYS_MODULE|SYS_NICE|SYS_PACCT|SYS_PTRACE|SYS_RAWIO|`+
		`SYS_RESOURCE|SYS_TIME|SYS_TTY_CONFIG|WAKE_ALARM)`, "a capability, such as NET_ADMIN, or ALL")
}

func portForm() provider.Form {
	return like(`[1-9][0-9]{0,4}(-[1-9][0-9]{0,4})?(/(tcp|udp|sctp))?`, "a port of the container, such as 80 or 53/udp")
}

// The addresses of both families, as patterns.
const (
	octet     = `(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])`
	ipv4      = octet + `(?:\.` + octet + `){3}`
	ipv6      = `[0-9a-fA-F]*:[0-9a-fA-F]*:[0-9a-fA-F.:]*`
	anAddress = ipv4 + `|` + ipv6
)

func addressForm() provider.Form {
	return like(ipv4+`|`+ipv6+`(?:%[0-9A-Za-z._-]+)?`, "an address, such as 10.0.0.2 or fd00::2")
}

func subnetForm() provider.Form {
	return like(`(?:`+ipv4+`)/(?:3[0-2]|[12]?[0-9])|(?:`+ipv6+`)/(?:12[0-8]|1[01][0-9]|[1-9]?[0-9])`, "addresses by prefix, such as 10.20.0.0/24 or fd00:20::/64")
}

// labelsForm is that of labels: dindctl's own are not for others to write.
func labelsForm() provider.Form {
	return provider.Form{Keys: `(?s).+`, KeysSay: "a text that is not empty", KeysNot: labelPrefix}
}

const cpusetPattern = `[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*`

func cpusetForm() provider.Form {
	return like(cpusetPattern, "CPUs by number, such as 0-2 or 0,3")
}

func macForm() provider.Form {
	return like(`([0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}`, "a MAC address, such as 02:42:ac:11:00:02")
}
