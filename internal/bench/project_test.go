package bench_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// project is what clients make: containers with a volume each on the default
// bridge, and others on two networks of their own each. No two containers share a
// network: Engine 20.10 under load now and then loses count of a network's endpoints,
// and then refuses to remove it for ever.
type project struct {
	name            string
	simple, joining int
	// inside says that there is a daemon besides, with the same objects inside once more.
	inside bool
}

// objects is how many objects of each kind there are in one place. Joining are those of the
// containers that join two networks.
type objects struct{ containers, joining, networks, volumes int }

// objects are the project's in each of its places, without the daemon.
func (p project) objects() objects {
	return objects{containers: p.simple + p.joining, joining: p.joining, networks: 2 * p.joining, volumes: p.simple}
}

func (p project) encoded() string { return fmt.Sprintf("%s %d %d", p.name, p.simple, p.joining) }

func decodedProject(text string) (p project, err error) {
	_, err = fmt.Sscanf(text, "%s %d %d", &p.name, &p.simple, &p.joining)
	return p, err
}

// write writes the project's configuration and returns its file.
func (p project) write(tb testing.TB) string {
	tb.Helper()
	var text strings.Builder
	p.blocks(&text, "", "")
	if p.inside {
		fmt.Fprintf(&text, "daemon \"inner\" {\n  image = %q\n}\n\n", dindImage)
		p.blocks(&text, "inner-", "  inside = daemon.inner\n")
	}
	file := filepath.Join(tb.TempDir(), p.name+".hcl")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		tb.Fatal(err)
	}
	return file
}

// blocks writes the blocks of one place, whose labels begin with prefix.
func (p project) blocks(text *strings.Builder, prefix, place string) {
	const command = "  command = [\"sleep\", \"1000\"]\n  init    = true\n"
	for i := range p.simple {
		label := fmt.Sprintf("%s%03d", prefix, i)
		fmt.Fprintf(text, "volume \"v%s\" {\n%s}\n\n", label, place)
		fmt.Fprintf(text, "container \"c%s\" {\n%s  image   = %q\n%s  network_mode = \"bridge\"\n\n", label, place, bashImage, command)
		fmt.Fprintf(text, "  mount {\n    source = volume.v%s\n    target = \"/data\"\n  }\n}\n\n", label)
	}
	for i := range p.joining {
		label := fmt.Sprintf("%s%03d", prefix, i)
		fmt.Fprintf(text, "network \"m%s\" {\n%s}\n\nnetwork \"n%s\" {\n%s}\n\n", label, place, label, place)
		fmt.Fprintf(text, "container \"j%s\" {\n%s  image   = %q\n%s  networks = [network.m%s, network.n%s]\n}\n\n", label, place, bashImage, command, label, label)
	}
}
