package docker

import (
	"cmp"
	"encoding/json"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/go-connections/nat"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// Names of actual values that are no attributes: what Diff needs of an object
// beyond them. They begin with an underscore, as no attribute does.
const (
	hiddenImageID    = "_image_id"
	hiddenImage      = "_image"       // the image's own defaults, as JSON
	hiddenNetworkIDs = "_network_ids" // network name -> id
	hiddenQuota      = "_cpu_quota"   // whether the CPU limit is a quota, which locks cpus out
)

// containerView brings a container, wanted or there, into the form that is
// compared and shown: defaults of image and engine filled in, one spelling for
// everything, what is random put in order.
func containerView(c *container.Config, h *container.HostConfig, mounts []mountSpec, networks []string, facts provider.Facts) map[string]cty.Value {
	v := map[string]cty.Value{
		"image":       cty.StringVal(c.Image),
		"command":     stringList(c.Cmd),
		"entrypoint":  stringList(c.Entrypoint),
		"environment": stringMap(environmentMap(c.Env)),
		"user":        cty.StringVal(c.User),
		"working_dir": cty.StringVal(cleanPath(c.WorkingDir)),
		"hostname":    cty.StringVal(c.Hostname),
		"stop_signal": cty.StringVal(signalName(c.StopSignal)),
		"tty":         cty.BoolVal(c.Tty),
		"labels":      stringMap(foreignLabels(c.Labels)),
		"healthcheck": healthValue(c.Healthcheck),
		"mount":       mountsValue(mounts),
		"networks":    stringList(sorted(networks)),
	}
	grace := 10 * time.Second
	if c.StopTimeout != nil {
		grace = time.Duration(*c.StopTimeout) * time.Second
	}
	v["stop_grace_period"] = cty.StringVal(grace.String())
	hostView(v, h, facts)
	return v
}

func hostView(v map[string]cty.Value, h *container.HostConfig, facts provider.Facts) {
	v["restart"] = cty.StringVal(restartText(h.RestartPolicy))
	v["runtime"] = cty.StringVal(cmp.Or(h.Runtime, facts.Details[detailRuntime]))
	v["shm_size"] = cty.StringVal(sizeText(cmp.Or(h.ShmSize, 64<<20)))
	v["ipc"] = cty.StringVal(cmp.Or(string(h.IpcMode), "private"))
	v["pid"] = cty.StringVal(string(h.PidMode))
	v["privileged"] = cty.BoolVal(h.Privileged)
	v["read_only"] = cty.BoolVal(h.ReadonlyRootfs)
	v["init"] = cty.BoolVal(h.Init != nil && *h.Init)
	v["cap_add"] = stringList(capabilities(h.CapAdd))
	v["cap_drop"] = stringList(capabilities(h.CapDrop))
	v["group_add"] = stringList(sorted(h.GroupAdd))
	v["security_opt"] = stringList(securityOptions(h))
	v["dns"] = stringList(h.DNS)
	v["sysctls"] = stringMap(h.Sysctls)
	v["tmpfs"] = stringList(tmpfsTexts(h.Tmpfs))
	v["extra_hosts"] = stringMap(hostsMap(h.ExtraHosts))
	v["ports"] = stringList(portTexts(h.PortBindings))

	v["mem_limit"] = cty.NullVal(cty.String)
	if h.Memory > 0 {
		v["mem_limit"] = cty.StringVal(sizeText(h.Memory))
	}
	v["cpus"] = cty.NullVal(cty.Number)
	switch {
	case h.NanoCPUs > 0:
		v["cpus"] = cpusValue(h.NanoCPUs)
	case h.CPUQuota > 0:
		v["cpus"] = cpusValue(h.CPUQuota * 1e9 / cmp.Or(h.CPUPeriod, 100_000))
	}
	v["pids_limit"] = cty.NullVal(cty.Number)
	if h.PidsLimit != nil && *h.PidsLimit > 0 {
		v["pids_limit"] = cty.NumberIntVal(*h.PidsLimit)
	}
}

func cpusValue(nano int64) cty.Value {
	return cty.NumberIntVal(nano).Divide(cty.NumberIntVal(1e9))
}

// environmentMap reads KEY=value entries; the last of several wins, one without
// a value counts as not set.
func environmentMap(entries []string) map[string]string {
	out := map[string]string{}
	for _, entry := range entries {
		if name, value, ok := strings.Cut(entry, "="); ok {
			out[name] = value
		}
	}
	return out
}

func foreignLabels(labels map[string]string) map[string]string {
	out := map[string]string{}
	for name, value := range labels {
		if !ourLabel(name) {
			out[name] = value
		}
	}
	return out
}

func sorted(list []string) []string {
	out := slices.Clone(list)
	sort.Strings(out)
	return slices.Compact(out)
}

// securityOptions leaves out what the engine adds by itself.
func securityOptions(h *container.HostConfig) []string {
	var out []string
	for _, option := range h.SecurityOpt {
		added := option == "label=disable" && (h.Privileged || h.PidMode.IsHost() || h.IpcMode.IsHost())
		if !added {
			out = append(out, strings.TrimSuffix(strings.Replace(option, "no-new-privileges=", "no-new-privileges:", 1), ":true"))
		}
	}
	return sorted(out)
}

func tmpfsTexts(m map[string]string) []string {
	var out []string
	for target, options := range m {
		text := cleanPath(target)
		if options != "" {
			text += ":" + strings.Join(sorted(strings.Split(options, ",")), ",")
		}
		out = append(out, text)
	}
	return sorted(out)
}

func hostsMap(entries []string) map[string]string {
	out := map[string]string{}
	for _, entry := range entries {
		if i := strings.IndexAny(entry, ":="); i > 0 {
			out[entry[:i]] = entry[i+1:]
		}
	}
	return out
}

func portTexts(ports nat.PortMap) []string {
	var out []string
	for port, bindings := range ports {
		for _, b := range bindings {
			text := b.HostPort + "->" + port.Port() + "/" + port.Proto()
			if b.HostIP != "" && b.HostIP != "0.0.0.0" {
				text = b.HostIP + ":" + text
			}
			out = append(out, text)
		}
	}
	return sorted(out)
}

func restartText(p container.RestartPolicy) string {
	name := cmp.Or(string(p.Name), "no")
	if p.MaximumRetryCount > 0 {
		b, _ := json.Marshal(p.MaximumRetryCount)
		return name + ":" + string(b)
	}
	return name
}

func healthValue(h *container.HealthConfig) cty.Value {
	if h == nil || len(h.Test) == 0 {
		return cty.StringVal("none")
	}
	if h.Test[0] == "NONE" {
		return cty.StringVal("none")
	}
	content, _ := json.Marshal(map[string]any{
		"test": h.Test, "interval": cmp.Or(h.Interval, 30*time.Second).String(), "timeout": cmp.Or(h.Timeout, 30*time.Second).String(),
		"start_period": h.StartPeriod.String(), "retries": cmp.Or(h.Retries, 3),
	})
	return cty.StringVal(string(content))
}

// imageDefaults is what a container takes from its image.
type imageDefaults struct {
	Env         []string                `json:",omitempty"`
	Cmd         []string                `json:",omitempty"`
	Entrypoint  []string                `json:",omitempty"`
	User        string                  `json:",omitempty"`
	WorkingDir  string                  `json:",omitempty"`
	StopSignal  string                  `json:",omitempty"`
	Labels      map[string]string       `json:",omitempty"`
	Healthcheck *container.HealthConfig `json:",omitempty"`
	Known       bool                    // false: the image is gone
}

func defaultsOf(i image.InspectResponse) imageDefaults {
	config := i.Config
	if config == nil {
		return imageDefaults{}
	}
	return imageDefaults{
		Env: config.Env, Cmd: config.Cmd, Entrypoint: config.Entrypoint, User: config.User, WorkingDir: config.WorkingDir,
		StopSignal: config.StopSignal, Labels: foreignLabels(config.Labels), Healthcheck: config.Healthcheck, Known: true,
	}
}

// merge adds an image's defaults to what a request says, as engines do.
func merge(c container.Config, i imageDefaults) container.Config {
	set := environmentMap(c.Env)
	env := slices.Clone(c.Env)
	for _, entry := range i.Env {
		if name, _, _ := strings.Cut(entry, "="); set[name] == "" {
			if _, declared := set[name]; !declared {
				env = append(env, entry)
			}
		}
	}
	c.Env = env
	// An entrypoint of one's own drops the image's command.
	if len(c.Entrypoint) == 0 {
		if len(c.Cmd) == 0 {
			c.Cmd = i.Cmd
		}
		if c.Entrypoint == nil {
			c.Entrypoint = i.Entrypoint
		}
	}
	c.User = cmp.Or(c.User, i.User)
	c.WorkingDir = cmp.Or(c.WorkingDir, i.WorkingDir)
	c.StopSignal = cmp.Or(c.StopSignal, i.StopSignal)
	labels := map[string]string{}
	for name, value := range i.Labels {
		labels[name] = value
	}
	for name, value := range c.Labels {
		labels[name] = value
	}
	c.Labels = labels
	c.Healthcheck = mergeHealth(c.Healthcheck, i.Healthcheck)
	return c
}

func mergeHealth(own, image *container.HealthConfig) *container.HealthConfig {
	if own == nil || image == nil {
		return cmp.Or(own, image)
	}
	merged := *own
	if len(merged.Test) == 0 {
		merged.Test = image.Test
	}
	merged.Interval = cmp.Or(merged.Interval, image.Interval)
	merged.Timeout = cmp.Or(merged.Timeout, image.Timeout)
	merged.StartPeriod = cmp.Or(merged.StartPeriod, image.StartPeriod)
	merged.Retries = cmp.Or(merged.Retries, image.Retries)
	return &merged
}

func sortViews(views []provider.View) {
	slices.SortFunc(views, func(a, b provider.View) int { return strings.Compare(a.Target, b.Target) })
}
