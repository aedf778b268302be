package docker

import (
	"cmp"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"

	"github.com/dindctl/dindctl/provider"
)

// others are what the lists have that is not the project's. On the root engine that is
// everybody's: of what is there, only those count that may write to what they mount.
func (l lists) others(place provider.Place, project string) []provider.Other {
	var out []provider.Other
	for i, c := range l.containers {
		if owner := l.whose[i].owner; project == "" || owner.Project == project || strings.HasSuffix(owner.Address, helperSuffix) {
			continue
		}
		o := provider.Other{Kind: provider.Container, Name: containerName(c.Names), Whose: l.whose[i].words(), Running: runsNow(c)}
		if o.Running {
			o.Views = l.writableViews(c)
			o.Data = dataAt(cmp.Or(launch{image: c.Image, words: []string{c.Command}}.dataRoot(), defaultDataRoot), o.Views, memoryAmong(l.volumes))
			if o.Data.Source == "" {
				o.Data = provider.Data{} // it hosts nothing that others could have, too
			}
		}
		if place != provider.Root || len(o.Views) > 0 {
			out = append(out, o)
		}
	}
	if place == provider.Root {
		return sortedOthers(out)
	}
	for _, v := range l.volumes {
		w := listedVolume(v)
		if project == "" || w.owner.Project == project || anonymous(v.Name) || strings.HasPrefix(v.Name, ourVolumes) {
			continue
		}
		out = append(out, provider.Other{Kind: provider.Volume, Name: v.Name, Whose: w.words()})
	}
	return sortedOthers(out)
}

// ourVolumes is how the names of locks and notes begin, which are nobody's data.
const ourVolumes = "dindctl."

func sortedOthers(list []provider.Other) []provider.Other {
	slices.SortFunc(list, func(a, b provider.Other) int { return strings.Compare(a.Words(), b.Words()) })
	return list
}

// words say whose something is, for people; empty where nobody's.
func (w whose) words() string {
	if w.owner.Project == "" {
		return ""
	}
	return w.owner.Address + " of project " + w.owner.Project
}

// runsNow tells of a listed container that it has processes, or is about to have some.
func runsNow(c container.Summary) bool {
	return slices.Contains([]container.ContainerState{container.StateRunning, container.StatePaused, container.StateRestarting}, c.State)
}

// writableViews are what a listed container mounts and may write to; a
// volume that is a directory of the host is that one.
func (l lists) writableViews(c container.Summary) []provider.View {
	var out []provider.View
	for _, m := range c.Mounts {
		switch {
		case !m.RW:
		case m.Type == mount.TypeVolume && l.device(m.Name) != "":
			out = append(out, provider.View{Type: "bind", Source: l.device(m.Name), Target: cleanPath(m.Destination)})
		case m.Type == mount.TypeVolume:
			out = append(out, provider.View{Type: "volume", Source: m.Name, Target: cleanPath(m.Destination)})
		case m.Type == mount.TypeBind:
			out = append(out, provider.View{Type: "bind", Source: m.Source, Target: cleanPath(m.Destination)})
		}
	}
	sortViews(out)
	return out
}

// device is the directory of the host that a listed volume is; empty for a volume of its own.
func (l lists) device(name string) string {
	for _, v := range l.volumes {
		options := strings.Split(v.Options["o"], ",")
		if v.Name == name && v.Driver == "local" && (slices.Contains(options, "bind") || slices.Contains(options, "rbind")) {
			return v.Options["device"]
		}
	}
	return ""
}
