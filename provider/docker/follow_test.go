package docker_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A record of order is read with the container that it is about, and only where that
// one has namespaces of another one; whatever else bears its name is none.
func TestARecordOfOrderIsForWhatSharesNamespaces(t *testing.T) {
	t.Parallel()
	const start = "2026-12-01T11:00:00Z"
	for _, row := range []struct {
		name, network string
		labels        func(id string) map[string]any
		want          []string
	}{
		{"it lives in another one's", "container:owner", func(id string) map[string]any {
			return map[string]any{"dev.dindctl.follows.id": id, "dev.dindctl.follows.starts": start}
		}, []string{start}},
		{"it lives in nobody's", "bridge", func(id string) map[string]any {
			return map[string]any{"dev.dindctl.follows.id": id, "dev.dindctl.follows.starts": start}
		}, nil},
		{"the record is somebody else's", "container:owner", func(string) map[string]any {
			return map[string]any{"dev.dindctl.follows.id": "other", "dev.dindctl.follows.starts": start}
		}, nil},
	} {
		all := recorded(t, "28.5", "case1")
		id := ""
		for _, path := range slices.Sorted(maps.Keys(all)) {
			if parts := strings.Split(path, "/"); len(parts) == 4 && parts[1] == "containers" && parts[3] == "json" {
				id = parts[2]
				all[path].(map[string]any)["HostConfig"].(map[string]any)["NetworkMode"] = row.network
			}
		}
		list := all["/volumes"].(map[string]any)
		list["Volumes"] = append(list["Volumes"].([]any), map[string]any{"Name": "dindctl.follows." + id, "Driver": "local", "Labels": row.labels(id)})
		got := look(t, readyProvider(t, all), "upgrade-case1", false)
		found := map[string][]string{}
		for _, o := range got.objects {
			if o.Kind.Runs() && o.ID == id {
				found[o.ID] = o.Condition.Follows
			}
		}
		if diff := cmp.Diff(map[string][]string{id: row.want}, found); diff != "" || got.err != nil {
			t.Errorf("%s: error %v (-want +got):\n%s", row.name, got.err, diff)
		}
	}
}
