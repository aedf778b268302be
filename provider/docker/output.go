package docker

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/go-units"

	"github.com/dindctl/dindctl/provider"
)

// outputKept bounds what of a job's output becomes a value. Of more there is no value: a
// part would be another one.
const outputKept = 1 << 20

// output is what a job wrote; nil where it was not read. What is not there whole is
// withheld, by the stream's name, with the reason.
type output struct {
	stdout, stderr *string
	withheld       map[string]string
}

// into puts the output among the values of its object.
func (o output) into(v *provider.Values) {
	v.Stdout, v.Stderr, v.Withheld = o.stdout, o.stderr, o.withheld
}

func (o *output) withhold(stream, why string) {
	if o.withheld == nil {
		o.withheld = map[string]string{}
	}
	o.withheld[stream] = why
	if stream == "stdout" {
		o.stdout = nil
	} else {
		o.stderr = nil
	}
}

// kept keeps the first outputKept bytes of what is written to it. It knows how much that
// was, and how much room a log takes for it at most. The buffer has a name: of one that is
// embedded io.Copy would find ReadFrom, and go round Write.
type kept struct {
	first           bytes.Buffer
	written, logged int64
}

func (k *kept) Write(b []byte) (int, error) {
	k.first.Write(b[:min(len(b), outputKept-k.first.Len())])
	k.written += int64(len(b))
	k.logged += loggedAs(b)
	return len(b), nil
}

func (k *kept) text() string { return k.first.String() }

const rotatedAway = "its log was rotated, and its beginning is lost"

// outputFrom is the output of a container that ended, as its record or its own voice has it.
func outputFrom(c container.InspectResponse, stdout, stderr *kept) output {
	o, s := stdout.text(), stderr.text()
	out := output{stdout: &o, stderr: &s}
	lost := rotationOf(c).mayHaveLost(stdout.logged + stderr.logged)
	for _, one := range []struct {
		stream string
		kept   *kept
	}{{"stdout", stdout}, {"stderr", stderr}} {
		switch {
		case one.kept.written > outputKept:
			out.withhold(one.stream, fmt.Sprintf("it has %d bytes, and a value has at most 1 MiB", one.kept.written))
		case lost:
			out.withhold(one.stream, rotatedAway)
		}
	}
	return out
}

// recorded reads what a container that has ended wrote, from its log.
func (e *engine) recorded(ctx context.Context, c container.InspectResponse) (output, error) {
	stdout, stderr, err := e.readOutput(ctx, c)
	if err != nil {
		return output{}, err
	}
	return outputFrom(c, stdout, stderr), nil
}

// outputOf reads the first of what a container that has ended wrote.
func (e *engine) outputOf(ctx context.Context, c container.InspectResponse) (stdout, stderr *string, err error) {
	out, errs, err := e.readOutput(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	o, s := out.text(), errs.text()
	return &o, &s, nil
}

func (e *engine) readOutput(ctx context.Context, c container.InspectResponse) (stdout, stderr *kept, err error) {
	// A log may be long, and it takes its time to read it through.
	logs, err := e.read.ContainerLogs(byName(ctx), c.ID, container.LogsOptions{ShowStdout: true, ShowStderr: true})
	if err != nil {
		return nil, nil, e.problem(err, "reading the output of", "", c.ID)
	}
	defer func() { _ = logs.Close() }()
	stdout, stderr = &kept{}, &kept{}
	tty := c.Config != nil && c.Config.Tty
	if err := demultiplex(logs, tty, stdout, stderr); err != nil {
		return nil, nil, e.problem(err, "reading the output of", "", c.ID)
	}
	return stdout, stderr, nil
}

// rotation is how a container's log is bounded: it has at most so many files, each of at
// least a size, and the oldest goes for a new one. The zero value is not bounded.
type rotation struct {
	size  int64
	files int64
}

// What the driver "local" takes where nothing else is said.
// https://docs.docker.com/engine/logging/drivers/local/#options
const (
	localSize  = 20 << 20
	localFiles = 5
)

func rotationOf(c container.InspectResponse) rotation {
	if c.ContainerJSONBase == nil || c.HostConfig == nil {
		return rotation{}
	}
	var r rotation
	switch c.HostConfig.LogConfig.Type {
	case "json-file":
		r.files = 1
	case "local":
		r = rotation{localSize, localFiles}
	default:
		return r
	}
	options := c.HostConfig.LogConfig.Config
	if size, err := units.RAMInBytes(options["max-size"]); err == nil {
		r.size = max(size, 0)
	}
	if files, err := strconv.ParseInt(options["max-file"], 10, 64); err == nil {
		r.files = files
	}
	return r
}

// mayHaveLost tells of what is left of a log, in bytes, whether something may have gone
// before it: then all files but the last are full. Of a log of one file nothing tells.
func (r rotation) mayHaveLost(left int64) bool {
	return r.size > 0 && r.files > 1 && left >= r.size*(r.files-1)
}

// entryLogged is what a log has beside the text of an entry, at most, unless it is told
// to note labels.
const entryLogged = 80

// loggedAs is the room that a log takes for a piece of output, at most: every line is an
// entry, and what is no plain text may take six bytes for one.
func loggedAs(b []byte) int64 {
	n := int64(len(b))
	for _, c := range b {
		switch {
		case c == '\n':
			n += entryLogged
		case c < ' ' || c >= utf8.RuneSelf || c == '<' || c == '>' || c == '&':
			n += 5
		case c == '"' || c == '\\':
			n++
		}
	}
	return n
}
