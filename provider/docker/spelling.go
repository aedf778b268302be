package docker

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/go-units"
)

// Most values have several spellings: a configuration says one of them, an engine keeps
// another or writes its own. Each kind of value is brought into one form here, for
// what is wanted and for what is there; what is none of its kind stays as it is, so that
// whoever has to refuse it sees it. Sizes and durations are in units.go, references in
// ref.go, capabilities in derived.go.

// macText is a hardware address with colons, in lower case.
func macText(mac string) string { return strings.ToLower(strings.ReplaceAll(mac, "-", ":")) }

// addresses brings addresses into one form; what is none stays.
func addresses(list []string) []string {
	var out []string
	for _, text := range list {
		out = append(out, address(text))
	}
	return out
}

// address writes an address in its canonical form. One of IPv4 within IPv6 is that of
// IPv4, as engines take it: they listen on 127.0.0.1 where ::ffff:127.0.0.1 is asked for.
func address(text string) string {
	parsed, err := netip.ParseAddr(strings.TrimSpace(text))
	if err != nil {
		return text
	}
	return parsed.Unmap().String()
}

// addressText is address without the length of a range, which engines add to gateways.
func addressText(text string) string {
	plain, _, ranged := strings.Cut(text, "/")
	if parsed := address(plain); !ranged || parsed != plain {
		return parsed
	}
	if _, err := netip.ParseAddr(plain); err != nil {
		return text
	}
	return plain
}

// prefixText writes a range in its canonical form; what is none stays as it is.
func prefixText(text string) string {
	p, err := netip.ParsePrefix(strings.TrimSpace(text))
	if err != nil {
		return text
	}
	return p.Masked().String()
}

// cpuSetText writes a set of processors as the kernel does, in ranges that do not
// touch: engines keep it as it was written, so that 0,1 and 0-1 are one set in two
// spellings. What is no set stays as it is.
func cpuSetText(text string) string {
	type span struct{ first, last int }
	var spans []span
	for part := range strings.SplitSeq(text, ",") {
		low, high, ranged := strings.Cut(strings.TrimSpace(part), "-")
		first, err := strconv.Atoi(low)
		if err != nil {
			return text
		}
		last := first
		if ranged {
			if last, err = strconv.Atoi(high); err != nil || last < first {
				return text
			}
		}
		spans = append(spans, span{first, last})
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.first, b.first) })
	var out []string
	for i := 0; i < len(spans); {
		whole := spans[i]
		for i++; i < len(spans) && spans[i].first-1 <= whole.last; i++ {
			whole.last = max(whole.last, spans[i].last)
		}
		one := strconv.Itoa(whole.first)
		if whole.last > whole.first {
			one += "-" + strconv.Itoa(whole.last)
		}
		out = append(out, one)
	}
	return strings.Join(out, ",")
}

// cleanPath is a path with single slashes, without a last one and without dots.
func cleanPath(p string) string {
	if p == "" {
		return ""
	}
	return path.Clean(p)
}

// signalName brings a signal into one form: SIGTERM, also for 15. The numbers are those
// of https://github.com/moby/sys/blob/main/signal/signal_linux.go.
func signalName(name string) string {
	name = strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(name)), "SIG")
	switch name {
	case "":
		return "SIGTERM"
	case "CLD":
		name = "CHLD"
	case "IOT":
		name = "ABRT"
	case "POLL":
		name = "IO"
	case "UNUSED":
		name = "SYS"
	}
	names := signalNames()
	if number, err := strconv.Atoi(name); err == nil && number < len(names) && names[number] != "" {
		return "SIG" + names[number]
	}
	if name[0] >= '0' && name[0] <= '9' {
		number, err := strconv.Atoi(name)
		if err != nil || number < firstRealTime || number > lastRealTime {
			return name
		}
		name = realTime(number)
	}
	if offset, ok := strings.CutPrefix(name, "RTMIN+"); ok {
		if n, err := strconv.Atoi(offset); err == nil {
			name = realTime(firstRealTime + n)
		}
	}
	if offset, ok := strings.CutPrefix(name, "RTMAX-"); ok {
		if n, err := strconv.Atoi(offset); err == nil {
			name = realTime(lastRealTime - n)
		}
	}
	return "SIG" + name
}

// The real-time signals as engines count them.
const (
	firstRealTime  = 34
	middleRealTime = 49
	lastRealTime   = 64
)

// realTime names a real-time signal as engines do: by its distance from the nearer end.
func realTime(number int) string {
	switch {
	case number == firstRealTime:
		return "RTMIN"
	case number == lastRealTime:
		return "RTMAX"
	case number <= middleRealTime:
		return "RTMIN+" + strconv.Itoa(number-firstRealTime)
	}
	return "RTMAX-" + strconv.Itoa(lastRealTime-number)
}

// signalNames are the names of Linux's signals by their numbers.
func signalNames() []string {
	return strings.Split(",HUP,INT,QUIT,ILL,TRAP,ABRT,BUS,FPE,KILL,USR1,SEGV,USR2,PIPE,ALRM,TERM,STKFLT,CHLD,CONT,STOP,TSTP,TTIN,TTOU,"+
		"URG,XCPU,XFSZ,VTALRM,PROF,WINCH,IO,PWR,SYS", ",")
}

// tmpfsText brings the options of a tmpfs into one form, as the engine merges them
// (MergeTmpfsOptions in https://github.com/moby/sys/blob/main/mount): the last one of a
// kind counts, and what is so anyway is left out. The order of the others says nothing.
func tmpfsText(options string) string {
	said := map[string]string{}
	for option := range strings.SplitSeq(options, ",") {
		name, value, valued := strings.Cut(option, "=")
		switch {
		case option == "", option == "defaults":
		case valued:
			said[name] = name + "=" + kernelValue(name, value)
		default:
			kind := option
			if k, known := tmpfsFlags()[option]; known {
				kind = k
			}
			said[kind] = option
		}
	}
	for kind, usual := range map[string]string{"write": "rw", "exec": "noexec", "suid": "nosuid", "dev": "nodev", "propagation": "rprivate"} {
		if said[kind] == usual {
			delete(said, kind)
		}
	}
	var out []string
	for _, kind := range sortedKeys(said) {
		out = append(out, said[kind])
	}
	slices.Sort(out)
	return strings.Join(out, ",")
}

// tmpfsFlags are the flags of a mount by what they decide.
func tmpfsFlags() map[string]string {
	return map[string]string{
		"rw": "write", "ro": "write", "exec": "exec", "noexec": "exec", "suid": "suid", "nosuid": "suid", "dev": "dev", "nodev": "dev",
		"sync": "sync", "async": "sync", "dirsync": "dirsync", "mand": "mand", "nomand": "mand", "atime": "atime", "noatime": "atime",
		"diratime": "diratime", "nodiratime": "diratime", "relatime": "relatime", "norelatime": "relatime",
		"strictatime": "strictatime", "nostrictatime": "strictatime",
		"private": "propagation", "rprivate": "propagation", "shared": "propagation", "rshared": "propagation",
		"slave": "propagation", "rslave": "propagation", "unbindable": "propagation", "runbindable": "propagation",
	}
}

// kernelValue is the value of an option of a tmpfs as the kernel reads it (shmem_parse_one
// in mm/shmem.c): a mode is octal, a number decimal, octal (0...) or hexadecimal (0x...), and a
// size or a count such a number with a unit. A percentage stays.
func kernelValue(name, value string) string {
	switch name {
	case "mode":
		if n, err := strconv.ParseUint(value, 8, 32); err == nil {
			return strconv.FormatUint(n, 8)
		}
	case "uid", "gid":
		if n, err := strconv.ParseUint(value, 0, 32); err == nil && !strings.Contains(value, "_") {
			return strconv.FormatUint(n, 10)
		}
	case "size", "nr_blocks", "nr_inodes":
		return memparse(value)
	}
	return value
}

// memparse is a number with a unit as the kernel reads it.
func memparse(text string) string {
	number, shift := strings.ToLower(text), 0
	hexadecimal := strings.HasPrefix(number, "0x")
	for i, unit := range []string{"k", "m", "g", "t", "p", "e"} {
		if hexadecimal && unit == "e" {
			continue // a digit
		}
		if plain, found := strings.CutSuffix(number, unit); found {
			number, shift = plain, 10*(i+1)
			break
		}
	}
	if !hexadecimal && strings.Trim(number, "0123456789") != "" || strings.Contains(number, "_") {
		return text // none, or a spelling of Go's alone
	}
	n, err := strconv.ParseUint(number, 0, 63)
	if err != nil || n<<shift>>shift != n {
		return text
	}
	return strconv.FormatUint(n<<shift, 10)
}

// logOption is an option of a log driver: a size has a thousand bytes in a kilobyte there.
func logOption(name, value string) string {
	switch name {
	case "max-size", "max-buffer-size":
		if n, err := units.FromHumanSize(value); err == nil && n > 0 {
			return strconv.FormatInt(n, 10)
		}
	case "compress":
		return flagText(value)
	}
	return value
}

// storageOption is an option of a storage driver.
func storageOption(name, value string) string {
	if name == "size" {
		if n, err := units.RAMInBytes(value); err == nil && n > 0 {
			return strconv.FormatInt(n, 10)
		}
	}
	return value
}

// networkOption is an option of a network driver, of those that engines come with.
func networkOption(name, value string) string {
	switch name {
	case "com.docker.network.driver.mtu":
		if n, err := strconv.Atoi(value); err == nil {
			return strconv.Itoa(n)
		}
	case "com.docker.network.bridge.host_binding_ipv4", "com.docker.network.host_ipv4", "com.docker.network.host_ipv6":
		return address(value)
	case "com.docker.network.bridge.enable_icc", "com.docker.network.bridge.enable_ip_masquerade", "com.docker.network.bridge.inhibit_ipv4":
		return flagText(value)
	}
	return value
}

// volumeOption is an option of the driver local: of a tmpfs, the kernel's options.
func volumeOption(options map[string]string, name string) string {
	value := options[name]
	switch {
	case name == "device" && strings.HasPrefix(value, "/"):
		return cleanPath(value)
	case name == "o" && options["type"] == "tmpfs":
		var out []string
		for option := range strings.SplitSeq(value, ",") {
			if key, text, valued := strings.Cut(option, "="); valued {
				option = key + "=" + kernelValue(key, text)
			}
			out = append(out, option)
		}
		return strings.Join(out, ",")
	}
	return value
}

// spelled is a map of options with each value in one form.
func spelled(options map[string]string, one func(name, value string) string) map[string]string {
	out := make(map[string]string, len(options))
	for name, value := range options {
		out[name] = one(name, value)
	}
	return out
}

// settingText is a setting of a daemon's as JSON, with what has several spellings in one:
// the base of a pool of addresses (whatever else the pool says stays), the address of a
// mirror, name servers.
func settingText(key string, v any) string {
	text := jsonText(v)
	var list []any
	if json.Unmarshal([]byte(text), &list) != nil {
		return text
	}
	for i, element := range list {
		switch one := element.(type) {
		case string:
			switch key {
			case "registry-mirrors":
				list[i] = strings.TrimSuffix(one, "/")
			case "dns":
				list[i] = address(one)
			}
		case map[string]any:
			if base, is := one["base"].(string); is && key == "default-address-pools" {
				one["base"] = prefixText(base)
			}
		}
	}
	return jsonText(list)
}

// flagText writes a truth value in one way.
func flagText(value string) string {
	if b, err := strconv.ParseBool(value); err == nil {
		return strconv.FormatBool(b)
	}
	return value
}

// platformText is a platform in full: "linux/amd64" of "amd64".
func platformText(text string) string {
	system, rest, two := strings.Cut(text, "/")
	if !two {
		system, rest = "linux", text
	}
	machine, variant, _ := strings.Cut(rest, "/")
	if machine = architecture(machine); machine == "arm64" && variant == "v8" || machine == "arm" && variant == "v7" {
		variant = ""
	}
	out := system + "/" + machine
	if variant != "" {
		out += "/" + variant
	}
	return out
}

// compact is JSON without what says nothing.
func compact(text string) string {
	var out bytes.Buffer
	if json.Compact(&out, []byte(text)) != nil {
		return text
	}
	return out.String()
}
