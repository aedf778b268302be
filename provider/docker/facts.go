package docker

import (
	"context"
	"regexp"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/system"

	"github.com/dindctl/dindctl/provider"
)

// The names of an engine's defaults in [provider.Facts.Details].
const (
	detailStorage = "storage_driver"
	detailStore   = "image_store" // storeContainerd, or empty
	detailRuntime = "default_runtime"
	detailLogging = "logging_driver"
	detailCgroup  = "cgroup_version"
	detailRootDir = "root_dir"
	detailSystem  = "operating_system"
	detailKernel  = "kernel"
	detailLess    = "rootless"
	detailSwap    = "swap_limit" // "false": the kernel does not count swap
	detailUserns  = "user_namespaces"
	detailLacks   = "kernel_lacks" // names of rows that the engine says that its kernel does not have, with commas
)

// storeContainerd is the store of images that Docker 29 uses by default: /info names
// it in DriverStatus ("driver-type").
const storeContainerd = "containerd"

func imageStore(info system.Info) string {
	for _, status := range info.DriverStatus {
		if status[0] == "driver-type" && strings.HasPrefix(status[1], "io.containerd.snapshotter") {
			return storeContainerd
		}
	}
	return ""
}

func factsOf(info system.Info, api string) provider.Facts {
	rootless, userns := false, false
	for _, option := range info.SecurityOptions {
		rootless = rootless || strings.HasPrefix(option, "name=rootless")
		userns = userns || strings.HasPrefix(option, "name=userns")
	}
	facts := provider.Facts{
		ID: info.ID, Name: info.Name, Version: info.ServerVersion, API: api,
		OS: info.OSType, Arch: architecture(info.Architecture),
		Files: provider.FilesUnknown,
		Details: map[string]string{
			detailStorage: info.Driver,
			detailStore:   imageStore(info),
			detailRuntime: info.DefaultRuntime,
			detailLogging: info.LoggingDriver,
			detailCgroup:  info.CgroupVersion,
			detailRootDir: info.DockerRootDir,
			detailSystem:  info.OperatingSystem,
			detailKernel:  info.KernelVersion,
			detailLess:    strconv.FormatBool(rootless),
			detailSwap:    strconv.FormatBool(info.SwapLimit),
			detailUserns:  strconv.FormatBool(userns),

			provider.DetailDataRoot: dataRootOf(info.DockerRootDir),
		},
	}
	if lacks := lackingIn(info); len(lacks) > 0 {
		facts.Details[detailLacks] = strings.Join(lacks, ",")
	}
	if facts.Details[detailStore] == storeContainerd {
		facts.Details[provider.DetailUnheeded+"storage_opt"] = unheededStorage(facts.Name)
	}
	return facts
}

// dataRootOf is the data root that an engine was told, of which it says that it is the
// directory of its remapped users in it, /var/lib/docker/100000.100000.
func dataRootOf(said string) string {
	return regexp.MustCompile(`/\d+\.\d+$`).ReplaceAllString(said, "")
}

// lackingIn are the limits that an engine says that its kernel does not have. Of those
// of disks it says nothing.
func lackingIn(info system.Info) []string {
	var out []string
	for _, limit := range []struct {
		has   bool
		names []string
	}{
		{info.MemoryLimit, []string{"mem_limit", "mem_reservation"}},
		{info.SwapLimit, []string{"memswap_limit"}},
		{info.CPUShares, []string{"cpu_shares"}},
		{info.CPUCfsPeriod && info.CPUCfsQuota, []string{"cpu_period", "cpu_quota"}},
		{info.CPUSet, []string{"cpuset", "cpuset_mems"}},
		{info.PidsLimit, []string{"pids_limit"}},
		{info.OomKillDisable, []string{"oom_kill_disable"}},
	} {
		if !limit.has {
			out = append(out, limit.names...)
		}
	}
	return out
}

// architecture turns the kernel's word, which /info says, into Go's.
func architecture(machine string) string {
	switch machine {
	case "x86_64":
		return "amd64"
	case "aarch64":
		return "arm64"
	}
	return machine
}

// containersAround are the ids of containers that this process may run in; nil
// where no path could name the engine's files anyway.
func containersAround(at endpoint, files files) []string {
	if !strings.HasPrefix(at.url, "unix://") {
		return nil
	}
	info, err := files.read("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	return ContainersIn(string(info))
}

// fileSharing says whether this process's paths name the root engine's files;
// around are the containers that it may run in.
func fileSharing(ctx context.Context, root *engine, at endpoint, around []string) (provider.FileSharing, string, string) {
	if !strings.HasPrefix(at.url, "unix://") {
		return provider.FilesUnknown, "the engine is reached over a network (" + at.url + ")", ""
	}
	for _, id := range around {
		if _, err := root.read.ContainerInspect(ctx, id); err == nil {
			return provider.FilesContainer, "dindctl runs in container " + id[:12] + " of that engine", id
		}
	}
	if len(around) > 0 {
		return provider.FilesUnknown, "dindctl runs in a container that this engine does not know", ""
	}
	system := root.facts.Details[detailSystem]
	switch {
	case strings.Contains(system, "Docker Desktop"):
		return provider.FilesUnknown, "Docker Desktop's engine runs in a virtual machine", ""
	case strings.HasPrefix(root.facts.Details[detailRootDir], "/var/snap/"):
		return provider.FilesUnknown, "Docker from snap sees another file system outside of $HOME", ""
	}
	return provider.FilesShared, "", ""
}

// ContainersIn returns the ids of containers whose engine-made files are mounted
// in a process, as /proc/self/mountinfo tells: an engine mounts resolv.conf,
// hostname and hosts from its directory of that container.
func ContainersIn(mountinfo string) []string {
	pattern := regexp.MustCompile(`/containers/([0-9a-f]{64})/(?:hostname|hosts|resolv\.conf)$`)
	var ids []string
	seen := map[string]bool{}
	for _, line := range strings.Split(mountinfo, "\n") {
		if !strings.Contains(line, "/containers/") {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) < 5 || !strings.HasPrefix(fields[4], "/etc/") {
			continue
		}
		if m := pattern.FindStringSubmatch(fields[3]); m != nil && !seen[m[1]] {
			seen[m[1]] = true
			ids = append(ids, m[1])
		}
	}
	return ids
}
