package truth_test

import (
	"context"
	"encoding/json"
	"net/netip"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"

	"github.com/dindctl/dindctl/provider"
)

// snapshot is everything that the project has, as the engine shows it, by kind and name,
// in one line for each field: without what follows from when and in which order it was made.
func (r *run) snapshot(ctx context.Context) map[string][]string {
	out := map[string][]string{}
	defer r.out.spent.on("snapshots")()
	hand := r.u.hand
	ours := filters.NewArgs(filters.Arg("label", "dev.dindctl.project="+project))
	list, err := hand.ContainerList(ctx, container.ListOptions{All: true})
	if err != nil {
		r.violate(harness, "%v", err)
	}
	names := map[string]string{}
	for _, c := range list {
		names[c.ID] = strings.TrimPrefix(c.Names[0], "/")
	}
	for _, c := range list {
		if c.Labels["dev.dindctl.project"] != project {
			continue
		}
		is, err := hand.ContainerInspect(ctx, c.ID)
		if err != nil {
			r.violate(harness, "%v", err)
			continue
		}
		out["container "+is.Name[1:]] = containerLines(is, names)
	}
	networks, err := hand.NetworkList(ctx, network.ListOptions{})
	if err != nil {
		r.violate(harness, "%v", err)
	}
	for _, n := range networks {
		if n.Labels["dev.dindctl.project"] == project {
			out["network "+n.Name] = linesOf("", map[string]any{"Driver": n.Driver, "Internal": n.Internal, "Attachable": n.Attachable, "Options": n.Options, "Labels": declaredLabels(n.Labels), "EnableIPv6": n.EnableIPv6, "IPAM": declaredRanges(n.IPAM)})
		}
	}
	volumes, err := hand.VolumeList(ctx, volume.ListOptions{Filters: ours})
	if err != nil {
		r.violate(harness, "%v", err)
	}
	for _, v := range volumes.Volumes {
		if v.Labels["dev.dindctl.project"] == project {
			out["volume "+v.Name] = linesOf("", map[string]any{"Driver": v.Driver, "Options": v.Options, "Labels": declaredLabels(v.Labels)})
		}
	}
	images, err := hand.ImageList(ctx, image.ListOptions{Filters: ours})
	if err != nil {
		r.violate(harness, "%v", err)
	}
	for _, i := range images {
		// Of an image without a name 20.10 says that its name is none.
		if len(i.RepoTags) > 0 && i.RepoTags[0] != "<none>:<none>" && i.Labels["dev.dindctl.project"] == project {
			out["image "+i.RepoTags[0]] = linesOf("", map[string]any{"Labels": declaredLabels(i.Labels)})
		}
	}
	return out
}

// declaredRanges are the ranges that the generators say, by their subnets.
func declaredRanges(ipam network.IPAM) map[string]any {
	out := map[string]any{}
	for _, c := range ipam.Config {
		prefix, err := netip.ParsePrefix(c.Subnet)
		if err != nil {
			continue
		}
		if c.Subnet = prefix.Masked().String(); !strings.HasPrefix(c.Subnet, "10.") && !strings.HasPrefix(c.Subnet, "fd00:") {
			continue
		}
		if part, err := netip.ParsePrefix(c.IPRange); err == nil {
			c.IPRange = part.Masked().String()
		}
		if c.Gateway == prefix.Masked().Addr().Next().String() {
			c.Gateway = "" // said, or the engine's choice
		}
		out[c.Subnet] = c
	}
	return out
}

func declaredLabels(labels map[string]string) map[string]string {
	out := map[string]string{}
	for name, value := range labels {
		if !strings.HasPrefix(name, "dev.dindctl.") {
			out[name] = value
		}
	}
	return out
}

// containerLines is a container without its identity.
func containerLines(is container.InspectResponse, names map[string]string) []string {
	for id, name := range names { // its own, or of whose namespace it shares
		if is.Config.Hostname == id[:12] {
			is.Config.Hostname = "(" + name + ")"
		}
	}
	is.Config.Labels = declaredLabels(is.Config.Labels)
	networks := map[string]any{}
	for name, at := range is.NetworkSettings.Networks {
		aliases := slices.DeleteFunc(slices.Clone(at.Aliases), func(alias string) bool { return alias == is.ID[:12] })
		slices.Sort(aliases)
		networks[name] = map[string]any{"Aliases": aliases, "IPAMConfig": at.IPAMConfig, "Joined": at.EndpointID != "", "Mac": withoutOwn(at.MacAddress), "GwPriority": at.GwPriority, "DriverOpts": at.DriverOpts}
	}
	is.HostConfig.NetworkMode = "" // what it is in now is compared; see networks
	oneSpelling(is)
	mounts := map[string]any{}
	for _, m := range is.Mounts {
		mounts[m.Destination] = m
	}
	lines := linesOf("", map[string]any{
		"Config": is.Config, "HostConfig": is.HostConfig, "Networks": networks, "Status": is.State.Status, "Mounts": mounts,
	})
	text := strings.Join(lines, "\n")
	for id, name := range names {
		text = strings.ReplaceAll(text, id, "("+name+")")
	}
	return strings.Split(text, "\n")
}

// oneSpelling writes in one way what engines keep as it was written, and what is a
// default said or left out.
func oneSpelling(is container.InspectResponse) {
	slices.Sort(is.Config.Env)
	is.Config.Image = strings.TrimSuffix(is.Config.Image, ":latest")
	if h := is.Config.Healthcheck; h != nil {
		if len(h.Test) > 0 && h.Test[0] == "NONE" {
			is.Config.Healthcheck = nil // the images have none
		}
		if h.Retries == 3 {
			h.Retries = 0
		}
		if h.Interval == 30*time.Second {
			h.Interval = 0
		}
	}
	is.HostConfig.CpusetCpus = strings.ReplaceAll(is.HostConfig.CpusetCpus, "0,1", "0-1")
	is.HostConfig.CpusetMems = strings.NewReplacer("0-0", "0", "0,0", "0").Replace(is.HostConfig.CpusetMems)
	if is.HostConfig.CgroupParent != "" {
		is.HostConfig.CgroupParent = path.Clean(is.HostConfig.CgroupParent)
	}
	if is.HostConfig.LogConfig.Config["max-size"] == "1000k" {
		is.HostConfig.LogConfig.Config["max-size"] = "1m"
	}
	if is.Config.StopTimeout != nil && *is.Config.StopTimeout == 10 {
		is.Config.StopTimeout = nil
	}
	if is.Config.WorkingDir != "" {
		is.Config.WorkingDir = path.Clean(is.Config.WorkingDir)
	}
	if is.HostConfig.PidsLimit != nil && *is.HostConfig.PidsLimit <= 0 {
		is.HostConfig.PidsLimit = nil // none, in each of its spellings
	}
	if is.HostConfig.CPUShares == 1024 {
		is.HostConfig.CPUShares = 0
	}
	if is.HostConfig.CPUPeriod == 100000 {
		is.HostConfig.CPUPeriod = 0
	}
	if is.HostConfig.CPUQuota == -1 {
		is.HostConfig.CPUQuota = 0
	}
	for i := range is.HostConfig.Devices {
		letters := []byte(is.HostConfig.Devices[i].CgroupPermissions)
		slices.Sort(letters)
		is.HostConfig.Devices[i].CgroupPermissions = string(letters)
		is.HostConfig.Devices[i].PathOnHost = path.Clean(is.HostConfig.Devices[i].PathOnHost)
		is.HostConfig.Devices[i].PathInContainer = path.Clean(is.HostConfig.Devices[i].PathInContainer)
	}
	for i, server := range is.HostConfig.DNS {
		if parsed, err := netip.ParseAddr(server); err == nil {
			is.HostConfig.DNS[i] = parsed.String()
		}
	}
	for i, entry := range is.HostConfig.ExtraHosts {
		name, address, _ := strings.Cut(entry, ":")
		if parsed, err := netip.ParseAddr(address); err == nil {
			is.HostConfig.ExtraHosts[i] = name + ":" + parsed.String()
		}
	}
	for i, option := range is.HostConfig.SecurityOpt {
		is.HostConfig.SecurityOpt[i] = strings.TrimSuffix(strings.Replace(option, ":", "=", 1), "=true")
	}
	for _, bindings := range is.HostConfig.PortBindings {
		for i := range bindings {
			if parsed, err := netip.ParseAddr(bindings[i].HostIP); err == nil {
				bindings[i].HostIP = parsed.Unmap().String()
			}
		}
	}
	for _, set := range [][]string{is.HostConfig.GroupAdd, is.HostConfig.CapAdd, is.HostConfig.CapDrop, is.HostConfig.SecurityOpt} {
		slices.Sort(set) // in any order they mean the same
	}
	for target, options := range is.HostConfig.Tmpfs {
		options = strings.Replace(options, "size=2m,mode=01777,noexec,size=0x100000", "mode=1777,size=1m", 1) // the last size counts, and noexec is so anyway
		parts := strings.Split(options, ",")
		slices.Sort(parts)
		is.HostConfig.Tmpfs[target] = strings.Join(parts, ",")
	}
}

// withoutOwn leaves out a hardware address that the engine chose: one that is
// administered locally, as its second digit says.
func withoutOwn(mac string) string {
	if len(mac) > 1 && strings.Contains("26ae", mac[1:2]) {
		return ""
	}
	return mac
}

// linesOf has one line for each value.
func linesOf(prefix string, v any) []string {
	content, err := json.Marshal(v)
	if err != nil {
		return []string{err.Error()}
	}
	var plain any
	if json.Unmarshal(content, &plain) != nil {
		return nil
	}
	return flat(prefix, plain)
}

func flat(prefix string, v any) []string {
	fields, is := v.(map[string]any)
	if !is || len(fields) == 0 {
		content, _ := json.Marshal(v)
		if text := string(content); text == "null" || text == "{}" || text == "[]" || text == `""` || text == "0" || text == "false" {
			return nil
		}
		return []string{prefix + " = " + string(content)}
	}
	var out []string
	for _, name := range sortedKeys(fields) {
		out = append(out, flat(prefix+"."+name, fields[name])...)
	}
	return out
}

// difference tells how two snapshots differ; empty for not at all.
func difference(was, is map[string][]string) string {
	var out []string
	for name := range was {
		if is[name] == nil {
			out = append(out, name+" is not there")
		}
	}
	for name, lines := range is {
		before := was[name]
		if before == nil {
			out = append(out, name+" is there")
			continue
		}
		for _, line := range lines {
			if !slices.Contains(before, line) {
				out = append(out, name+" + "+line)
			}
		}
		for _, line := range before {
			if !slices.Contains(lines, line) {
				out = append(out, name+" - "+line)
			}
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// renamed is a snapshot in which a name is another one.
func renamed(s map[string][]string, from, to string) map[string][]string {
	if from == "" {
		return s
	}
	out := map[string][]string{}
	for name, lines := range s {
		var other []string
		for _, line := range lines {
			other = append(other, strings.ReplaceAll(line, from, to))
		}
		out[strings.ReplaceAll(name, from, to)] = other
	}
	return out
}

// fromNothing makes the same configuration anew, where nothing is, and compares.
func (r *run) fromNothing(ctx context.Context) {
	defer r.out.spent.on("from nothing")()
	was := r.snapshot(ctx)
	m, end, err := r.u.another()
	if err != nil {
		r.violate(harness, "%v", err)
		return
	}
	defer end()
	u, err := newUser(ctx, m)
	if err != nil {
		r.violate(harness, "%v", err)
		return
	}
	defer u.close()
	c, otherwise := r.kept.of(r.c)
	c.Moved = nil
	if problems := u.valid(c); problems.HasErrors() {
		r.count("cannot be made from nothing") // what is ignored and what is not exclude each other
		return
	}
	for i := range c.Blocks {
		b := &c.Blocks[i]
		// What a moved block names keeps the name that it was made under.
		if name := r.names[b.address()]; name != "" && name != b.named() {
			b.Name = name
		}
	}
	other := &run{s: r.s, u: u, c: c, out: outcome{tally: tally{}}}
	if !other.converge(ctx, "made from nothing", nil) {
		r.violate(other.out.broken, "made from nothing: %s", other.out.how)
		return
	}
	made := other.snapshot(ctx)
	for _, address := range otherwise {
		kind, _, _ := strings.Cut(address, ".")
		delete(was, kind+" "+r.names[address])
		delete(made, kind+" "+other.names[address])
	}
	for _, b := range c.of(provider.Daemon) { // a daemon that moved keeps its data under the name that it was made under
		data := b.address() + ".data"
		was, made = renamed(was, r.names[data], data), renamed(made, other.names[data], data)
	}
	if d := difference(made, was); d != "" {
		r.violate(same, "%s", d)
	}
}
