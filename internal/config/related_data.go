package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
)

// dataRoot is where dockerd keeps its data, and where that is said; the argument
// is empty where nobody said anything.
func (d daemonFacts) dataRoot() (root, argument string) {
	if root, argument = d.setting("data-root"); root == "" {
		root, argument = d.setting("graph") // its name before Engine 23
	}
	if root == "" && strings.Contains(d.ImageRef, "rootless") {
		return "/home/rootless/.local/share/docker", ""
	}
	return clean(cmp.Or(root, dataTarget)), argument
}

// checkData looks where each daemon keeps its data: on a volume, and nobody
// else's.
func (r *related) checkData() {
	taken := map[string]daemonFacts{}
	for _, d := range r.daemons {
		root, argument := d.dataRoot()
		m, rest, found := under(d.mounts, root)
		switch {
		case !found && argument == "":
			continue // the image's own volume, where nobody said anything
		case !found:
			r.dataInOwnRoot(d, root, argument)
			continue
		case m.kind == "tmpfs":
			r.say(diag.Warning, d.Instance, "data-not-on-volume", cmp.Or(m.argument, argument), "Data of a daemon that is not on a volume",
				fmt.Sprintf("%s keeps its data in %s, which is a tmpfs: images, containers and volumes inside it take memory, and are gone when it stops. Mount a volume there.", d.Address, root))
			continue
		}
		if device := deviceOf(r.by[m.volume]); device != "" {
			m.kind, m.source = "bind", device
		}
		object := m.object(d.Inside, rest)
		if object == "" {
			continue
		}
		if other, twice := overlapping(taken, object); twice {
			r.say(diag.Error, d.Instance, "shared-data", cmp.Or(m.argument, argument, "data"), "Data volume of two daemons",
				fmt.Sprintf("%s keeps its data in %s, and so does %s: two daemons on one data root destroy it. Give %s a volume of its own, or take the mount away: it then gets one.",
					d.Address, m.words(), other.Address, d.Address))
			continue
		}
		taken[object] = d
	}
}

// overlapping is the daemon whose data are those, or lie above or below them.
func overlapping(taken map[string]daemonFacts, object string) (daemonFacts, bool) {
	for _, other := range keys(taken) {
		_, inside := below(other, object)
		_, around := below(object, other)
		if inside || around {
			return taken[other], true
		}
	}
	return daemonFacts{}, false
}

// deviceOf is the directory of the host that a volume is; empty for one of its own.
func deviceOf(volume Instance) string {
	options := plainMap(attribute(volume.Declared, "options"))
	words := strings.Split(options["o"], ",")
	if slices.Contains(words, "bind") || slices.Contains(words, "rbind") {
		return clean(options["device"])
	}
	return ""
}

// dataInOwnRoot speaks of a data root that no mount holds. An overlay on an overlay
// is refused by the kernel or by dockerd, which then falls back to a driver that copies.
func (r *related) dataInOwnRoot(d daemonFacts, root, argument string) {
	driver, _ := d.storageDriver()
	outer := ""
	if d.Inside == "" && r.x.state != nil {
		outer = r.x.state.known[rootDaemon].StorageDriver
	}
	summary, cure := "Data of a daemon that is not on a volume", fmt.Sprintf("Take data-root away, or mount a volume at %s.", root)
	if strings.HasPrefix(driver, "overlay") && strings.HasPrefix(outer, "overlay") {
		r.say(diag.Error, d.Instance, "data-not-on-volume", argument, summary,
			fmt.Sprintf("%s is to keep its data in %s, in its own root, with the storage driver %s. Its own root is an %s of the engine that it runs on, and no overlay lies on another: dockerd would not start. %s",
				d.Address, root, driver, outer, cure))
		return
	}
	r.say(diag.Warning, d.Instance, "data-not-on-volume", argument, summary,
		fmt.Sprintf("%s keeps its data in %s, in its own root: where that is an overlay, dockerd does not start or falls back to copying every layer (vfs), and the data goes with the container. %s",
			d.Address, root, cure))
}

// checkHome finds what controller and daemon both mount, but not at one path: what
// the controller's pipelines name does not lead there in the daemon.
func (r *related) checkHome(c Instance, jobs []Instance) {
	d, found := r.by[addressOf(attribute(c.Declared, "daemon"))]
	if !found || d.Logical || d.Inside != c.Inside {
		return
	}
	theirs := map[string][]string{}
	for _, m := range relatedMounts(d) {
		if object := m.object(d.Inside, ""); object != "" && !m.implied {
			theirs[object] = append(theirs[object], m.target)
		}
	}
	if len(theirs) == 0 || translatesAlways(jobs) {
		return
	}
	for _, m := range relatedMounts(c) {
		targets := theirs[m.object(c.Inside, "")]
		if m.implied || len(targets) == 0 || m.target == certsTarget || slices.Contains(targets, m.target) {
			continue
		}
		r.say(diag.Warning, c, "different-paths", m.argument, "One directory at different paths in daemon and controller",
			fmt.Sprintf("%s is %s in %s and %s in %s. A pipeline of %s that mounts a path below %s names something that %s does not have there. Mount it at one path in both.",
				m.words(), m.target, c.Address, strings.Join(targets, " and "), d.Address, c.Address, m.target, d.Address))
	}
}

// jobsOf are the jobs of each controller.
func (r *related) jobsOf() map[string][]Instance {
	out := map[string][]Instance{}
	for _, in := range r.x.Instances {
		if c := addressOf(attribute(in.Declared, "controller")); c != "" {
			out[c] = append(out[c], in)
		}
	}
	return out
}

// translatesAlways tells whether there are jobs with binds, and all of those are
// written for different paths.
func translatesAlways(jobs []Instance) bool {
	binds := 0
	for _, job := range jobs {
		for _, m := range relatedMounts(job) {
			if m.kind == "tmpfs" {
				continue
			}
			if m.resolve != "translate" && m.resolve != "daemon" {
				return false
			}
			binds++
		}
	}
	return binds > 0
}
