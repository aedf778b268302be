package docker_test

import (
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// What a job wrote is a value where all of it is there: each stream up to the bound, and
// none where the log may have lost its beginning.
func TestAnOutputIsAValueWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	most := strings.Repeat("x", 1<<20)
	const tooLong, rotated = "it has 1048577 bytes, and a value has at most 1 MiB", "its log was rotated, and its beginning is lost"
	short := "one\n"
	const inOneFile = "its log is bounded to one file, of which nothing tells whether its beginning is lost: give it max-file = 2 or more"
	bounded := map[string]string{"max-size": "1k", "max-file": "2"}
	umlauts := strings.Repeat("ü", 350)
	for _, row := range []struct {
		name           string
		driver         string
		options        map[string]string
		stdout, stderr string
		want           provider.Values
	}{
		{"short", "json-file", nil, short, "", provider.Values{Stdout: &short, Stderr: new(string)}},
		{"at the bound", "json-file", nil, most, short, provider.Values{Stdout: &most, Stderr: &short}},
		{"over the bound", "json-file", nil, most + "x", short, provider.Values{Stderr: &short, Withheld: map[string]string{"stdout": tooLong}}},
		{"errors over the bound", "journald", nil, short, most + "x", provider.Values{Stdout: &short, Withheld: map[string]string{"stderr": tooLong}}},
		{"a bounded log", "json-file", bounded, short, "", provider.Values{Stdout: &short, Stderr: new(string)}},
		{"a text that is not ASCII", "json-file", bounded, umlauts, "", provider.Values{Stdout: &umlauts, Stderr: new(string)}},
		{"bytes that are no text", "json-file", bounded, strings.Repeat("\xff", 350), "", provider.Values{Withheld: map[string]string{"stdout": rotated, "stderr": rotated}}},
		{"one file", "json-file", map[string]string{"max-size": "10m"}, short, "", provider.Values{Withheld: map[string]string{"stdout": inOneFile, "stderr": inOneFile}}},
		{"a copy of what is sent elsewhere", "fluentd", nil, short, "", provider.Values{Stdout: &short, Stderr: new(string)}},
		{
			"a copy of one file", "fluentd",
			map[string]string{"cache-max-size": "1m", "cache-max-file": "1"},
			short, "",
			provider.Values{Withheld: map[string]string{"stdout": inOneFile, "stderr": inOneFile}},
		},
		{
			"a copy with a full file", "fluentd",
			map[string]string{"cache-max-size": "1k", "cache-max-file": "2", "max-size": "1g"},
			strings.Repeat(short, 20), "",
			provider.Values{Withheld: map[string]string{"stdout": rotated, "stderr": rotated}},
		},
		{
			"a log with a full file", "json-file",
			bounded,
			strings.Repeat(short, 20), "",
			provider.Values{Withheld: map[string]string{"stdout": rotated, "stderr": rotated}},
		},
		{
			"the driver's own bound", "local", nil, short, strings.Repeat(most, 80),
			provider.Values{Withheld: map[string]string{"stdout": rotated, "stderr": "it has 83886080 bytes, and a value has at most 1 MiB"}},
		},
	} {
		var c container.InspectResponse
		c.ContainerJSONBase = &container.ContainerJSONBase{HostConfig: &container.HostConfig{
			LogConfig: container.LogConfig{Type: row.driver, Config: row.options},
		}}
		if diff := cmp.Diff(row.want, docker.OutputFrom(c, row.stdout, row.stderr, false)); diff != "" {
			t.Errorf("%s (-want +got):\n%.500s", row.name, diff)
		}
	}
}
