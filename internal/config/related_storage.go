package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
)

// storageDriver is the driver that a daemon was told to use, and where; DOCKER_DRIVER
// wins over the rest (moby, daemon/image_store_choice.go).
func (d daemonFacts) storageDriver() (driver, argument string) {
	if driver = d.env["DOCKER_DRIVER"]; driver != "" {
		return driver, "environment"
	}
	if driver = text(d.Declared, "storage_driver"); driver != "" {
		return driver, "storage_driver"
	}
	return d.setting("storage-driver")
}

// graphDrivers keep layers in dockerd's own store; snapshotters in containerd's.
func graphDrivers() []string {
	return []string{"overlay2", "vfs", "fuse-overlayfs", "aufs", "overlay", "devicemapper"}
}
func snapshotters() []string { return []string{"overlayfs", "native", "stargz", "nydus"} }

const summaryDriver = "Storage driver that the daemon's image store refuses"

// checkStorage compares the storage driver with the image store: each store has
// drivers of its own, and dockerd does not start with one of the other's.
func (r *related) checkStorage(d daemonFacts) {
	driver, argument := d.storageDriver()
	if driver == "" {
		return
	}
	say := func(detail string) {
		r.say(diag.Error, d.Instance, "storage-driver", argument, summaryDriver, detail)
	}
	store := configText(member(d.config, "features"), "containerd-snapshotter")
	_, tag := splitImage(d.ImageRef)
	major := majorOf(tag)
	graph, snapshot := slices.Contains(graphDrivers(), driver), slices.Contains(snapshotters(), driver)
	switch {
	case graph && store == "true":
		say(fmt.Sprintf("%s asks for containerd's image store (features.containerd-snapshotter) and for the storage driver %s, which only dockerd's own store has: dockerd would not start. Take one of the two away; containerd's is called overlayfs.", d.Address, driver))
	case snapshot && store == "false", snapshot && store == "" && major > 0 && major < 29:
		say(fmt.Sprintf("%s asks for the storage driver %s, which only containerd's image store has, and that is not what it uses%s: dockerd would not start. Write overlay2, or config = { features = { containerd-snapshotter = true } }.", d.Address, driver, since(store, major)))
	case removedIn(driver) > 0 && major >= removedIn(driver):
		say(fmt.Sprintf("Docker %d, which %s runs, has no storage driver %s any more: it went with version %d, and dockerd would not start. Take it away: dockerd then chooses one that works.", major, d.Address, driver, removedIn(driver)))
	}
}

func since(store string, major int) string {
	if store == "" && major > 0 {
		return fmt.Sprintf(" (the default before version 29; this is %d)", major)
	}
	return ""
}

// removedIn is the version of the engine that has a driver no longer; 0: none.
func removedIn(driver string) int {
	return map[string]int{"aufs": 24, "overlay": 24, "devicemapper": 25}[driver]
}

// majorOf is the number in front of an image's tag: 28 of "28.1-dind"; 0 where there is none.
func majorOf(tag string) int {
	end := strings.IndexFunc(tag, func(c rune) bool { return c < '0' || c > '9' })
	if end < 0 {
		end = len(tag)
	}
	n, err := strconv.Atoi(tag[:end])
	if err != nil || n > 1000 {
		return 0
	}
	return n
}

// checkDaemonJSON refuses what is in daemon.json and on dockerd's command line:
// dockerd does not start ("specified both as a flag and in the configuration file").
func (r *related) checkDaemonJSON(d daemonFacts) {
	onCommandLine := map[string]string{} // key of daemon.json -> who says it
	for name := range d.flags {
		onCommandLine[plural(name)] = "as a flag"
	}
	if d.plain {
		onCommandLine["hosts"] = "by the image's entrypoint"
		for _, name := range []string{"tlsverify", "tlscacert", "tlscert", "tlskey"} {
			if d.tls {
				onCommandLine[name] = "by the image's entrypoint"
			}
		}
		if !d.tls {
			onCommandLine["tls"] = "by the image's entrypoint"
		}
	}
	for _, name := range keys(onCommandLine) {
		argument := r.inDaemonJSON(d, name)
		if argument == "" {
			continue
		}
		cure := "Say it once"
		if name == "hosts" || strings.HasPrefix(name, "tls") {
			cure = "Take it out of daemon.json"
		}
		r.say(diag.Error, d.Instance, "daemon-json-twice", argument, "Setting in daemon.json that is on the command line as well",
			fmt.Sprintf("%q is in the daemon.json of %s and said %s: dockerd would not start. %s.", name, d.Address, onCommandLine[name], cure))
	}
}

// inDaemonJSON is the argument that puts a key into daemon.json; empty for none.
func (r *related) inDaemonJSON(d daemonFacts, key string) string {
	own := map[string]string{
		"registry-mirrors": "registry_mirrors", "insecure-registries": "insecure_registries", "storage-driver": "storage_driver",
		"mtu": "mtu", "default-address-pools": "address_pools",
	}[key]
	switch {
	case !member(d.config, key).IsNull():
		return "config"
	case own != "" && given(d.Declared, own):
		return own
	}
	return ""
}

// plural is the key of daemon.json for a flag that may be repeated.
func plural(flag string) string {
	names := map[string]string{
		"host": "hosts", "label": "labels", "registry-mirror": "registry-mirrors", "insecure-registry": "insecure-registries",
		"storage-opt": "storage-opts", "log-opt": "log-opts", "exec-opt": "exec-opts", "default-address-pool": "default-address-pools",
		"authorization-plugin": "authorization-plugins", "add-runtime": "runtimes", "default-ulimit": "default-ulimits",
	}
	if key, found := names[flag]; found {
		return key
	}
	return flag
}
